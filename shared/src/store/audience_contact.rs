//! Changes the contact that owns an e-mail address, for a client in an audience: upsert, subscribe, unsubscribe.

use std::collections::BTreeMap;

use super::address::{AddressEdit, Inherited};
use super::change::{Change, Found};
use super::edit::Edit;
use super::error::lost_race;
use super::read::Snapshot;
use super::{ChangeError, ChangeMetadata, Store};
use crate::domain::{
    Address, AudienceContact, AudiencePatch, AudienceSlug, ClientSlug, Contact, ContactId,
    EmailAddress, ExpectedVersion, Level, Outcome, SubscribedContact, SubscriptionId, Tenant,
};

/// A request to change the contact that owns an e-mail address, and its subscriptions in an audience.
#[derive(Debug, Clone)]
pub struct ChangeAudienceContact {
    /// The address.
    pub address: EmailAddress,
    /// The audience.
    pub audience: AudienceSlug,
    /// The client.
    pub client: ClientSlug,
    /// The changes of the contact and its subscriptions.
    pub patch: AudiencePatch,
    /// The action if there is no such contact, or the client has not onboarded it.
    pub if_missing: IfMissing,
    /// The versions of the contact that the caller accepts.
    pub expected_version: ExpectedVersion,
    /// The actor, time, route and request of the change.
    pub metadata: ChangeMetadata,
}

/// The action if there is no such contact, or the client has not onboarded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMissing {
    /// Create the contact, with this id, and the client's subscription.
    Create(ContactId),
    /// Refuse.
    Refuse,
}

/// The outcome of a change, and the contact after it.
#[derive(Debug)]
pub struct AudienceContactChanged {
    /// Whether the contact is new.
    pub is_new: bool,
    /// The outcome for the contact and its subscriptions.
    pub outcome: Outcome,
    /// The outcome for the verification, if the change verifies.
    pub verification_outcome: Option<Outcome>,
    /// The contact.
    pub contact: AudienceContact,
}

impl Store {
    /// Changes the contact that owns an e-mail address, and its subscriptions in an audience, all of it or nothing.
    ///
    /// # Errors
    /// The reason. Nothing was written, unless it is [`ChangeError::FateUnknown`] or `DatabaseError::InDoubt`.
    pub async fn change_audience_contact(
        &self,
        tenant: &Tenant,
        request: &ChangeAudienceContact,
    ) -> Result<AudienceContactChanged, ChangeError> {
        let change = ChangingAudienceContact {
            tenant,
            request,
            subscriptions: SubscriptionId::levels(&request.audience, &request.client),
        };
        Box::pin(self.change(&change, &request.metadata)).await
    }
}

struct ChangingAudienceContact<'a> {
    tenant: &'a Tenant,
    request: &'a ChangeAudienceContact,
    /// The client's subscription, and the one at audience level.
    subscriptions: [SubscriptionId; 2],
}

impl Change for ChangingAudienceContact<'_> {
    type Answer = AudienceContactChanged;

    async fn read(
        &self,
        store: &Store,
        attempted: Option<&ContactId>,
    ) -> Result<Found, ChangeError> {
        let Self {
            tenant,
            request,
            subscriptions,
        } = self;
        let normal_form = request.address.normal_form();
        let address = store.read_address(tenant, normal_form).await?;
        let mut snapshot = None;
        if let Some(id) = attempted {
            snapshot = store.read_contact(tenant, id, subscriptions).await?;
        }
        if snapshot.is_none() {
            snapshot = store.read_owner(tenant, &address, subscriptions).await?;
        }
        let mut inherited = Inherited::default();
        // A subscription in the audience proves that the audience exists.
        if !self.is_onboarded(snapshot.as_ref()) {
            store.require_audience(tenant, &request.audience).await?;
            if matches!(request.if_missing, IfMissing::Create(_)) {
                inherited = store
                    .read_inherited(tenant, &address, subscriptions)
                    .await?;
            }
        }
        Ok(Found {
            snapshot,
            address: Some(address),
            inherited,
        })
    }

    fn plan(&self, found: Found) -> Result<Edit, ChangeError> {
        let request = self.request;
        let before = found.snapshot;
        let is_onboarded = self.is_onboarded(before.as_ref());
        let id = match (&before, &request.if_missing) {
            (_, IfMissing::Refuse) if !is_onboarded => return Err(ChangeError::ContactNotFound),
            (Some(before), _) => before.state.contact.id.clone(),
            (None, IfMissing::Create(id)) => id.clone(),
            (None, IfMissing::Refuse) => return Err(ChangeError::ContactNotFound),
        };
        if let Some(before) = &before
            && !before.state.contact.has_address(&request.address)
        {
            return Err(lost_race(
                "the address was removed after an attempt to change its owner",
            ));
        }
        match (&before, &request.expected_version) {
            (None, ExpectedVersion::AnyExisting | ExpectedVersion::OneOf(_)) => {
                return Err(ChangeError::VersionMismatch(None));
            }
            (Some(before), expected) if !expected.allows(before.state.contact.version) => {
                // A client must learn nothing about a contact that only other clients have onboarded.
                let version = is_onboarded.then_some(before.state.contact.version);
                return Err(ChangeError::VersionMismatch(version));
            }
            _ => {}
        }
        let stored = before.as_ref().map(|before| &before.state);
        let claimed = match (stored, found.address) {
            (None, Some(address)) if address.owner().is_none() => Some(address),
            (None, _) => return Err(lost_race("another contact got the address")),
            (Some(_), _) => None,
        };
        let received = claimed.as_ref().map(|claimed| &claimed.address);
        let after = self.applied(id, stored, received, &found.inherited);
        let claim = claimed.map(|address| AddressEdit::claim(address, &after.contact.id));
        let addresses = claim.into_iter().collect();
        Edit::new(before, after, addresses, request.metadata.now)
    }

    fn answer(&self, edit: &Edit) -> Result<Self::Answer, ChangeError> {
        let request = self.request;
        let seen = |state: &SubscribedContact| {
            let address = request.address.normal_form();
            AudienceContact::new(state.clone(), address, &request.audience, &request.client)
        };
        let before = edit.stored();
        let contact = seen(edit.after()).ok_or(ChangeError::ContactNotFound)?;
        let verification_outcome = request.patch.verification.as_ref().map(|verification| {
            let stored = before.and_then(seen);
            let outcomes = [Level::Contact, Level::Client].map(|level| {
                let state = stored.as_ref().map(|stored| stored.verification(level));
                state
                    .unwrap_or_default()
                    .outcome_of_history(verification.at)
            });
            let is_one = |outcome| outcomes.contains(&outcome).then_some(outcome);
            is_one(Outcome::Recorded)
                .or(is_one(Outcome::Cleared))
                .unwrap_or(Outcome::Kept)
        });
        let outcome = match before {
            _ if edit.is_empty() => Outcome::Unchanged,
            None => Outcome::Created,
            Some(_) => Outcome::Updated,
        };
        Ok(AudienceContactChanged {
            is_new: before.is_none(),
            outcome,
            verification_outcome,
            contact,
        })
    }
}

impl ChangingAudienceContact<'_> {
    /// Whether the client has onboarded the contact in the audience.
    fn is_onboarded(&self, found: Option<&Snapshot>) -> bool {
        found.is_some_and(|found| found.subscriptions.contains_key(&self.subscriptions[0]))
    }

    /// The stored contact, or a new one, with the patches applied. `received` is the address that a new contact gets.
    fn applied(
        &self,
        id: ContactId,
        stored: Option<&SubscribedContact>,
        received: Option<&Address>,
        inherited: &Inherited,
    ) -> SubscribedContact {
        let request = self.request;
        let now = request.metadata.now;
        let organization = self.tenant.organization();
        let mut after = stored.cloned().unwrap_or_else(|| SubscribedContact {
            contact: Contact::new(organization.clone(), id, now),
            subscriptions: BTreeMap::new(),
        });
        let (contact, audience, client) = request.patch.clone().for_address(&request.address);
        let received: Vec<_> = received.cloned().into_iter().collect();
        contact.apply(&mut after.contact, &received, now);
        for (id, patch) in self.subscriptions.iter().zip([Some(client), audience]) {
            let stored = after.subscriptions.remove(id).or_else(|| inherited.get(id));
            let subscription = match patch {
                Some(patch) => Some(patch.apply(stored, &after.contact, now)),
                None => stored,
            };
            let subscription = subscription.map(|subscription| (id.clone(), subscription));
            after.subscriptions.extend(subscription);
        }
        after
    }
}
