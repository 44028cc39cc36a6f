//! The keys of the table. The organization is the first thing in each partition key, so none can be built without one.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::{AudienceSlug, ClientSlug, ContactId, OrganizationId};

/// The name of the partition key.
pub(super) const PARTITION_KEY: &str = "pk";

/// The name of the sort key.
pub(super) const SORT_KEY: &str = "sk";

/// A whole primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) partition: String,
    pub(super) sort: String,
}

impl Key {
    /// The contact itself.
    pub(super) fn contact(organization: &OrganizationId, contact: &ContactId) -> Self {
        Self {
            partition: contact_partition(organization, contact),
            sort: "CONTACT".to_owned(),
        }
    }

    /// A contact's subscription of a client in an audience.
    pub(super) fn client_subscription(
        organization: &OrganizationId,
        contact: &ContactId,
        audience: &AudienceSlug,
        client: &ClientSlug,
    ) -> Self {
        Self {
            partition: contact_partition(organization, contact),
            sort: format!("SUBSCRIPTION#{audience}#{client}"),
        }
    }

    /// A contact's subscription at audience level.
    pub(super) fn audience_subscription(
        organization: &OrganizationId,
        contact: &ContactId,
        audience: &AudienceSlug,
    ) -> Self {
        Self {
            partition: contact_partition(organization, contact),
            sort: format!("SUBSCRIPTION#{audience}"),
        }
    }

    /// An audience that is registered in an organization.
    pub(super) fn audience(organization: &OrganizationId, audience: &AudienceSlug) -> Self {
        Self {
            partition: format!("ORG#{organization}"),
            sort: format!("AUDIENCE#{audience}"),
        }
    }

    /// A client that is registered in an organization.
    pub(super) fn client(organization: &OrganizationId, client: &ClientSlug) -> Self {
        Self {
            partition: format!("ORG#{organization}"),
            sort: format!("CLIENT#{client}"),
        }
    }

    /// The key as requests take it.
    pub(super) fn attributes(self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            (PARTITION_KEY.to_owned(), AttributeValue::S(self.partition)),
            (SORT_KEY.to_owned(), AttributeValue::S(self.sort)),
        ])
    }

    /// Whether this is the key of `item`.
    pub(super) fn is_of(&self, item: &HashMap<String, AttributeValue>) -> bool {
        let holds = |name: &str, value: &String| {
            item.get(name)
                .is_some_and(|found| found.as_s() == Ok(value))
        };
        holds(PARTITION_KEY, &self.partition) && holds(SORT_KEY, &self.sort)
    }
}

fn contact_partition(organization: &OrganizationId, contact: &ContactId) -> String {
    format!("ORG#{organization}#CONTACT#{contact}")
}

/// The organization in a contact's partition key.
pub(super) fn organization_of(contact_partition: &str) -> Option<OrganizationId> {
    let (organization, _) = contact_partition
        .strip_prefix("ORG#")?
        .split_once("#CONTACT#")?;
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
        assert_eq!(
            Key::client_subscription(&organization(), &contact(), &audience, &client),
            key("ORG#org_a#CONTACT#c_1", "SUBSCRIPTION#newsletter#website")
        );
        assert_eq!(
            Key::audience_subscription(&organization(), &contact(), &audience),
            key("ORG#org_a#CONTACT#c_1", "SUBSCRIPTION#newsletter")
        );
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
    fn the_organization_is_read_back_from_a_contacts_key() {
        let key = Key::contact(&organization(), &contact());
        assert_eq!(organization_of(&key.partition), Some(organization()));
        assert_eq!(organization_of("ORG#org_a"), None);
    }
}
