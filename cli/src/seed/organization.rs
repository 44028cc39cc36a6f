//! An organization of a seed file, and the items that it adds to the table.

use std::collections::{BTreeMap, BTreeSet};

use shared::domain::{
    Actor, AudienceSlug, ClientSlug, Contact, OrganizationId, SubscribedContact, Subscription,
    SubscriptionId, Timestamp,
};
use shared::store::{Addition, ChangeMetadata};

/// An organization with its audiences, clients and contacts.
#[derive(Debug)]
pub(super) struct Organization {
    pub(super) id: OrganizationId,
    pub(super) audiences: BTreeSet<AudienceSlug>,
    pub(super) clients: BTreeSet<ClientSlug>,
    pub(super) contacts: Vec<(Contact, Subscriptions)>,
}

/// The subscriptions of a contact.
pub(super) type Subscriptions = BTreeMap<SubscriptionId, Subscription>;

impl Organization {
    /// The items to add to the table, now.
    pub(super) fn additions(self, now: Timestamp) -> impl Iterator<Item = Addition> {
        let Self {
            id,
            audiences,
            clients,
            contacts,
        } = self;
        let (of_audiences, of_clients) = (id.clone(), id.clone());
        let audiences = audiences
            .into_iter()
            .map(move |audience| Addition::Audience(of_audiences.clone(), audience));
        let clients = clients
            .into_iter()
            .map(move |client| Addition::Client(of_clients.clone(), client));
        let mut taken = BTreeSet::new();
        let contacts = contacts.into_iter().map(move |(contact, subscriptions)| {
            // Of several contacts with one address, the first owns it.
            let addresses = contact.emails.iter().map(|email| email.normal_form.clone());
            let owned = addresses.filter(|address| taken.insert(address.clone()));
            Addition::Contact {
                owned: owned.collect(),
                contact: Box::new(SubscribedContact {
                    contact,
                    subscriptions,
                }),
                metadata: ChangeMetadata::new(
                    Actor::subject("contacts seed"),
                    now,
                    "seed",
                    "seed".to_owned(),
                ),
            }
        });
        audiences.chain(clients).chain(contacts)
    }
}
