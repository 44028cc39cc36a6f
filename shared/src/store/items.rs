//! Items and their attributes: the names, and the conversion between items and domain values.

mod address;
mod contact;
mod erased;
mod method;
mod reader;
mod size;
mod subscription;
mod writer;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

pub(super) use self::address::{address, address_item};
pub(super) use self::contact::{contact, contact_item};
pub(super) use self::erased::{
    ERASED_AT, ErasedContact, UNFINISHED, Unfinished, erased_contact, erased_contact_item,
};
pub(super) use self::reader::Reader;
pub(super) use self::size::{bytes_of_item, grows_too_large};
pub(super) use self::subscription::{subscription, subscription_item};

pub use self::size::is_too_large;

/// An item in the SDK's form.
pub type Item = HashMap<String, AttributeValue>;

/// The phone numbers of a contact, by normal form.
pub(super) const PHONES: &str = "phones";
/// The e-mail addresses of a contact, by normal form.
pub(super) const EMAILS: &str = "emails";
/// The partition key of the index over contacts of all organizations, and the sort key of the index over an organization's
/// contacts. Only contacts, unfinished erasures, and addresses that nobody owns have it.
pub(super) const CONTACT_ID: &str = "contactId";
/// The partition key of the index over an organization's contacts. The same items have it.
pub(super) const ORGANIZATION_SHARD: &str = "organizationShard";
/// On the item of an e-mail address: the id of the contact that owns it. The name is not `contactId`, because that attribute
/// would put the item into the indexes.
pub(super) const OWNER_ID: &str = "ownerId";
/// On the item of an e-mail address: the ids of its former owners, the last one first.
pub(super) const FORMER_OWNER_IDS: &str = "formerOwnerIds";
/// On a contact: the hashes of its former e-mail addresses.
pub(super) const FORMER_ADDRESSES: &str = "formerAddresses";
/// The attributes of a verification, on every entry that holds one.
pub(super) const VERIFIED_AT: &str = "verifiedAt";
pub(super) const VERIFIED_BY: &str = "verifiedBy";
pub(super) const VERIFICATION_SOURCE: &str = "verificationSource";
/// When the verification was last cleared.
pub(super) const CLEARED_AT: &str = "clearedAt";
/// The contact's version at the last change of the item.
pub(super) const VERSION: &str = "version";
/// The time, actor, route and request of the item's last change.
pub(super) const UPDATED_AT: &str = "updatedAt";
pub(super) const CHANGED_BY: &str = "changedBy";
pub(super) const CHANGE_ROUTE: &str = "changeRoute";
pub(super) const CHANGE_REQUEST_ID: &str = "changeRequestId";
/// On a contact: the ids of its last eight writes, newest first.
pub(super) const RECENT_REQUESTS: &str = "recentRequests";
/// On a contact: the time of the last single update that the store gave up, in milliseconds since 1970. DynamoDB applies neither
/// this update nor an older one any more.
pub(super) const FENCE: &str = "fence";

/// A text as the value of an attribute.
pub(super) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Actor, AddressHash, AddressSuppression, AudienceSlug, Contact, ContactId, EmailAddress,
        EmailValidation, MethodValue, OrganizationId, Subscription, SubscriptionId,
        SubscriptionStatus, Timestamp, ValidationStatus, Verification, VerificationSource,
        VerificationState,
    };
    use crate::store::keys::Key;

    fn stored_contact() -> Item {
        let contact = Contact::new(
            OrganizationId::parse("org_a").unwrap(),
            ContactId::parse("c_1").unwrap(),
            Timestamp::EPOCH,
        );
        contact_item(&contact).unwrap()
    }

    #[test]
    fn an_unreadable_attribute_is_named_by_its_path_without_personal_data() {
        let mut item = stored_contact();
        let entry = AttributeValue::M(Item::from([
            ("id".to_owned(), text("1-0")),
            ("position".to_owned(), AttributeValue::N("0".to_owned())),
            ("isPrimary".to_owned(), AttributeValue::Bool(true)),
            ("value".to_owned(), text("+14165550100")),
            (VERIFIED_AT.to_owned(), text("jane@example.com")),
        ]));
        let phones = Item::from([("+14165550100".to_owned(), entry)]);
        item.insert(PHONES.to_owned(), AttributeValue::M(phones));
        let error = contact(item).unwrap_err().to_string();
        assert_eq!(
            error,
            "cannot read phones.*.verifiedAt of a contact item: must be a date and time with an offset, from 1970 to \
             9999, such as 2026-05-20T15:04:01.135Z"
        );
    }

    #[test]
    fn an_attribute_of_another_type_is_named_without_its_value() {
        let mut item = stored_contact();
        item.insert(VERSION.to_owned(), text("jane@example.com"));
        let error = contact(item).unwrap_err().to_string();
        assert!(
            error.starts_with("cannot read version of a contact item: "),
            "{error}"
        );
        assert!(!error.contains("jane"), "{error}");
    }

    #[test]
    fn the_highest_version_is_unreadable_because_none_can_follow_it() {
        let mut item = stored_contact();
        let highest = AttributeValue::N(u64::MAX.to_string());
        item.insert(VERSION.to_owned(), highest);
        assert_eq!(
            contact(item).unwrap_err().to_string(),
            "cannot read version of a contact item: must be below 18446744073709551615, because each change raises it"
        );
        let mut item = stored_contact();
        let before = AttributeValue::N((u64::MAX - 1).to_string());
        item.insert(VERSION.to_owned(), before);
        assert_eq!(contact(item).unwrap().version.number(), u64::MAX - 1);
    }

    /// A verification that was recorded after a clear.
    fn verification() -> VerificationState {
        let current = Verification {
            at: Timestamp::EPOCH,
            by: Some(Actor::subject("user_1")),
            source: Some(VerificationSource::parse("admin-manual").unwrap()),
        };
        VerificationState {
            current: Some(current),
            cleared_at: Some(Timestamp::EPOCH),
        }
    }

    #[test]
    fn the_entry_of_an_address_is_read_back_whole() {
        let mut stored = contact(stored_contact()).unwrap();
        let address = EmailAddress::parse("Jane@Example.com").unwrap();
        let entry = stored.add_method(&MethodValue::Email(address), None);
        entry.verification = verification();
        let now = Some(Timestamp::EPOCH);
        entry.suppression = AddressSuppression {
            validation: EmailValidation {
                status: ValidationStatus::Risky,
                reason: "catch-all".to_owned(),
                validated_at: now,
            },
            hard_bounced_at: now,
            globally_unsubscribed_at: now,
            complained_at: now,
        };
        stored.subscription_count = 3;
        let read = contact(contact_item(&stored).unwrap()).unwrap();
        assert_eq!(read.emails[0].verification, verification());
        assert_eq!(read.emails[0].suppression, stored.emails[0].suppression);
        assert!(read == stored);
    }

    #[test]
    fn a_subscription_is_read_back_whole() {
        let mut contact = contact(stored_contact()).unwrap();
        let mut subscription = Subscription {
            status: SubscriptionStatus::Unsubscribed,
            address: Some(AddressHash::of(&contact.organization_id, "a@b.ca")),
            unsubscribed_at: Some(Timestamp::EPOCH),
            unsubscribe_reason: "too many".to_owned(),
            ..Subscription::default()
        };
        for address in ["a@b.ca", "c@b.ca"] {
            let address = EmailAddress::parse(address).unwrap();
            contact.add_method(&MethodValue::Email(address), None);
        }
        let cleared = VerificationState {
            current: None,
            ..verification()
        };
        subscription.set_verification(&contact, &contact.emails[0], verification());
        subscription.set_verification(&contact, &contact.emails[1], cleared);
        let id = SubscriptionId {
            audience: AudienceSlug::parse("newsletter").unwrap(),
            client: None,
        };
        let key = Key::subscription(&contact.organization_id, &contact.id, &id);
        let item = subscription_item(key, &subscription).unwrap();
        assert_eq!(self::subscription(item).unwrap(), subscription);
    }

    #[test]
    fn members_without_a_value_are_not_stored() {
        let item = stored_contact();
        assert!(!item.contains_key("firstName"));
        assert!(item.values().all(|value| !value.is_null()));
    }
}
