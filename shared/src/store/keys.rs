//! The keys of the table. Each partition key begins with the organization, so no code can build a key without one.

use std::collections::HashMap;
use std::hash::Hasher;

use aws_sdk_dynamodb::types::AttributeValue;
use fnv::FnvHasher;

use crate::domain::{
    AddressHash, AudienceSlug, ClientSlug, ContactId, OrganizationId, SubscriptionId,
};

/// The name of the partition key.
pub(super) const PARTITION_KEY: &str = "pk";

/// The name of the sort key.
pub(super) const SORT_KEY: &str = "sk";

/// A primary key: partition key and sort key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) partition: String,
    pub(super) sort: String,
}

impl Key {
    /// The key of a contact's item.
    pub(super) fn contact(organization: &OrganizationId, contact: &ContactId) -> Self {
        Self {
            partition: contact_partition(organization, contact),
            sort: CONTACT.to_owned(),
        }
    }

    /// The key of a contact's subscription.
    pub(super) fn subscription(
        organization: &OrganizationId,
        contact: &ContactId,
        SubscriptionId { audience, client }: &SubscriptionId,
    ) -> Self {
        let client = client.as_ref().map(|client| format!("#{client}"));
        Self {
            partition: contact_partition(organization, contact),
            sort: format!(
                "{SUBSCRIPTION_PREFIX}{audience}{}",
                client.unwrap_or_default()
            ),
        }
    }

    /// The key of an entry at this place in a contact's history.
    pub(super) fn history(organization: &OrganizationId, contact: &ContactId, place: &str) -> Self {
        Self {
            partition: contact_partition(organization, contact),
            sort: format!("{HISTORY_PREFIX}{place}"),
        }
    }

    /// The key of the item of the e-mail address with this hash.
    pub(super) fn address(organization: &OrganizationId, hash: &AddressHash) -> Self {
        Self {
            partition: format!("ORG#{organization}#{ADDRESS_PREFIX}{hash}"),
            sort: ADDRESS.to_owned(),
        }
    }

    /// The key of the item of the e-mail address with this normal form.
    pub(super) fn address_of(organization: &OrganizationId, normal_form: &str) -> Self {
        Self::address(organization, &AddressHash::of(organization, normal_form))
    }

    /// The key of an organization's audience.
    pub(super) fn audience(organization: &OrganizationId, audience: &AudienceSlug) -> Self {
        Self {
            partition: organization_partition(organization),
            sort: format!("{AUDIENCE_PREFIX}{audience}"),
        }
    }

    /// The key of an organization's client.
    pub(super) fn client(organization: &OrganizationId, client: &ClientSlug) -> Self {
        Self {
            partition: organization_partition(organization),
            sort: format!("{CLIENT_PREFIX}{client}"),
        }
    }

    /// A key that no item has.
    pub(super) fn of_nothing() -> Self {
        Self {
            partition: "-".to_owned(),
            sort: "-".to_owned(),
        }
    }

    /// The key in the form that DynamoDB's requests need.
    pub(super) fn attributes(self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            (PARTITION_KEY.to_owned(), AttributeValue::S(self.partition)),
            (SORT_KEY.to_owned(), AttributeValue::S(self.sort)),
        ])
    }

    /// The key of `item`, if it has one.
    pub(super) fn of_item(item: &HashMap<String, AttributeValue>) -> Option<Self> {
        let text = |name: &str| item.get(name)?.as_s().ok().cloned();
        Some(Self {
            partition: text(PARTITION_KEY)?,
            sort: text(SORT_KEY)?,
        })
    }
}

pub(super) fn contact_partition(organization: &OrganizationId, contact: &ContactId) -> String {
    format!("ORG#{organization}#CONTACT#{contact}")
}

/// The sort key of a contact.
pub(super) const CONTACT: &str = "CONTACT";

/// The sort key of an e-mail address.
pub(super) const ADDRESS: &str = "ADDRESS";

/// The prefix of the sort keys of a contact's history.
pub(super) const HISTORY_PREFIX: &str = "HISTORY#";

/// The prefix of the sort keys of an organization's audiences.
pub(super) const AUDIENCE_PREFIX: &str = "AUDIENCE#";

/// The prefix of the sort keys of an organization's clients.
pub(super) const CLIENT_PREFIX: &str = "CLIENT#";

/// The prefix of the sort keys of a contact's subscriptions.
pub(super) const SUBSCRIPTION_PREFIX: &str = "SUBSCRIPTION#";

/// The prefix of an address's hash in its partition key, and in the index over the organization.
const ADDRESS_PREFIX: &str = "ADDRESS#";

/// The id, in the index over the organization, of an address that nobody owns. No contact's id has a `#`.
pub(super) fn id_in_index(hash: &AddressHash) -> String {
    format!("{ADDRESS_PREFIX}{hash}")
}

/// The address with this id in the index over the organization; `None` if it is the id of a contact.
pub(super) fn address_in_index(id: &str) -> Option<AddressHash> {
    id.strip_prefix(ADDRESS_PREFIX).map(AddressHash::stored)
}

/// The partition of an organization's audiences and clients.
pub(super) fn organization_partition(organization: &OrganizationId) -> String {
    format!("ORG#{organization}")
}

/// The subscription that a sort key names, if it is the sort key of a subscription.
pub(super) fn subscription_of(sort: &str) -> Option<SubscriptionId> {
    let id = sort.strip_prefix(SUBSCRIPTION_PREFIX)?;
    let (audience, client) = match id.split_once('#') {
        Some((audience, client)) => (audience, Some(client)),
        None => (id, None),
    };
    Some(SubscriptionId {
        audience: AudienceSlug::parse(audience).ok()?,
        client: client.map(ClientSlug::parse).transpose().ok()?,
    })
}

/// The number of parts (shards) of the index over an organization's contacts. Each new contact writes once to the
/// index, and a partition of an index takes 1,000 writes per second.
pub(super) const SHARDS: u64 = 16;

/// The part of the index over an organization's contacts that contains this id. The part of an id must never change.
pub(super) fn organization_shard(organization: &OrganizationId, id: &str) -> String {
    let mut hasher = FnvHasher::default();
    hasher.write(id.as_bytes());
    shard(organization, hasher.finish() % SHARDS)
}

/// A part of the index over an organization's contacts.
pub(super) fn shard(organization: &OrganizationId, number: u64) -> String {
    format!("ORG#{organization}#{number}")
}

/// The organization in a contact's partition key.
pub(super) fn organization_of(contact_partition: &str) -> Option<OrganizationId> {
    contact_of(contact_partition).map(|(organization, _)| organization)
}

/// The organization and the contact in a contact's partition key.
pub(super) fn contact_of(contact_partition: &str) -> Option<(OrganizationId, ContactId)> {
    let (organization, contact) = contact_partition
        .strip_prefix("ORG#")?
        .split_once("#CONTACT#")?;
    Some((
        OrganizationId::parse(organization).ok()?,
        ContactId::parse(contact).ok()?,
    ))
}

/// The organization in an address's partition key.
pub(super) fn organization_of_address(partition: &str) -> Option<OrganizationId> {
    let (organization, _) = partition
        .strip_prefix("ORG#")?
        .split_once(&format!("#{ADDRESS_PREFIX}"))?;
    OrganizationId::parse(organization).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organization() -> OrganizationId {
        OrganizationId::parse("org_a").unwrap()
    }

    fn contact() -> ContactId {
        ContactId::parse("c_1").unwrap()
    }

    #[test]
    fn keys_are_those_of_the_data_model() {
        let audience = AudienceSlug::parse("newsletter").unwrap();
        let client = ClientSlug::parse("website").unwrap();
        let key = |partition: &str, sort: &str| Key {
            partition: partition.to_owned(),
            sort: sort.to_owned(),
        };
        assert_eq!(
            Key::contact(&organization(), &contact()),
            key("ORG#org_a#CONTACT#c_1", "CONTACT")
        );
        let [of_client, of_audience] = SubscriptionId::levels(&audience, &client)
            .map(|id| Key::subscription(&organization(), &contact(), &id));
        assert_eq!(
            of_client,
            key("ORG#org_a#CONTACT#c_1", "SUBSCRIPTION#newsletter#website")
        );
        assert_eq!(
            of_audience,
            key("ORG#org_a#CONTACT#c_1", "SUBSCRIPTION#newsletter")
        );
        let hash = AddressHash::of(&organization(), "jane.doe@example.com");
        assert_eq!(
            Key::address_of(&organization(), "jane.doe@example.com"),
            key(&format!("ORG#org_a#ADDRESS#{hash}"), "ADDRESS")
        );
        assert_eq!(address_in_index(&id_in_index(&hash)), Some(hash));
        assert_eq!(address_in_index("c_1"), None);
        assert_eq!(
            Key::audience(&organization(), &audience),
            key("ORG#org_a", "AUDIENCE#newsletter")
        );
        assert_eq!(
            Key::client(&organization(), &client),
            key("ORG#org_a", "CLIENT#website")
        );
    }

    #[test]
    fn a_subscription_is_read_back_from_its_key() {
        let audience = AudienceSlug::parse("newsletter").unwrap();
        for client in [None, Some(ClientSlug::parse("website").unwrap())] {
            let id = SubscriptionId {
                audience: audience.clone(),
                client,
            };
            let key = Key::subscription(&organization(), &contact(), &id);
            assert_eq!(subscription_of(&key.sort), Some(id));
        }
        assert_eq!(subscription_of("CONTACT"), None);
    }

    /// Contacts keep the shard with which they were written. With another hash, the index could not find them.
    #[test]
    fn the_shard_of_a_contact_is_always_the_same() {
        assert_eq!(
            organization_shard(&organization(), contact().as_str()),
            "ORG#org_a#2"
        );
    }

    #[test]
    fn contacts_spread_over_all_shards() {
        let mut counts = HashMap::new();
        for n in 0..16_000 {
            let id = ContactId::parse(&format!("c_{n}")).unwrap();
            *counts
                .entry(organization_shard(&organization(), id.as_str()))
                .or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 16);
        assert!(
            counts.values().all(|count| (800..1200).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn the_organization_is_read_back_from_a_contacts_key() {
        let key = Key::contact(&organization(), &contact());
        assert_eq!(organization_of(&key.partition), Some(organization()));
        assert_eq!(organization_of("ORG#org_a"), None);
    }
}
