//! The sizes of items. DynamoDB holds items of up to 400 KB.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Item, contact_item};
use crate::domain::{AddressSuppression, Contact, Suppression, VerificationState};

/// The maximum size of a DynamoDB item, in bytes.
const MAX_ITEM_BYTES: usize = 400 * 1024;

/// The bytes reserved for a verification: attribute names, two times, a subject of 255 characters and a label of 100
/// characters. A character has up to 4 bytes.
const VERIFICATION_BYTES: usize = 1536;

/// The bytes reserved for the three times that block mail to an address, with their attribute names.
const ADDRESS_SUPPRESSION_BYTES: usize = 256;

/// The bytes reserved for the facts about a person that block mail, with their attribute names. The facts are two times, and
/// a reason as long as a request's body (contract section 6).
const SUPPRESSION_BYTES: usize = 17 * 1024;

/// The bytes reserved for the attributes about the last change and the last writes.
const METADATA_BYTES: usize = 2 * 1024;

/// Whether a contact is too large for an item. The item needs room for a verification of each method, and for the facts that
/// block mail.
#[must_use]
pub fn is_too_large(contact: &Contact) -> bool {
    bytes_with_reserves(contact) > MAX_ITEM_BYTES
}

/// Whether a contact is too large, and larger than before. A contact that is already too large may get smaller.
pub(in crate::store) fn grows_too_large(before: Option<&Contact>, after: &Contact) -> bool {
    let is_larger = |before| bytes_with_reserves(after) > bytes_with_reserves(before);
    is_too_large(after) && before.is_none_or(is_larger)
}

/// The size of a contact with the reserved bytes: for a verification of each method, for the three times of each address, and
/// for the facts about the person. So every contact has room for these facts.
fn bytes_with_reserves(contact: &Contact) -> usize {
    let suppression = contact.suppression.global_unsubscribe_reason.len() + 1024;
    let mut contact = contact.clone();
    contact.suppression = Suppression::default();
    for method in contact.phones.iter_mut().chain(&mut contact.emails) {
        method.verification = VerificationState::default();
        let validation = std::mem::take(&mut method.suppression.validation);
        method.suppression = AddressSuppression {
            validation,
            ..AddressSuppression::default()
        };
    }
    let methods = contact.phones.len() + contact.emails.len();
    // A contact that cannot become an item is not too large: its write fails with the reason.
    contact_item(&contact).map_or(0, |item| {
        bytes_of_item(&item)
            + METADATA_BYTES
            + methods * VERIFICATION_BYTES
            + contact.emails.len() * ADDRESS_SUPPRESSION_BYTES
            + suppression.max(SUPPRESSION_BYTES)
    })
}

/// The size of an item.
pub(in crate::store) fn bytes_of_item(item: &Item) -> usize {
    item.iter()
        .map(|(name, value)| name.len() + bytes_of(value))
        .sum()
}

/// The size of a value by the rules of DynamoDB ("item sizes and formats" in its developer guide), numbers rounded up.
fn bytes_of(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::L(values) => {
            let elements = values.iter().map(|value| 1 + bytes_of(value));
            3 + elements.sum::<usize>()
        }
        AttributeValue::M(members) => {
            let members = members
                .iter()
                .map(|(name, value)| 1 + name.len() + bytes_of(value));
            3 + members.sum::<usize>()
        }
        AttributeValue::N(_) => 21,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Actor, ContactId, EmailAddress, EmailValidation, MethodValue, OrganizationId, PhoneNumber,
        PhoneRegion, Timestamp, Verification, VerificationSource,
    };
    use crate::store::items::text;

    fn contact() -> Contact {
        let organization = OrganizationId::parse("org_a").unwrap();
        let id = ContactId::parse("c_1").unwrap();
        let mut contact = Contact::new(organization, id, Timestamp::EPOCH);
        let phone = PhoneNumber::parse_new("+14165550100", PhoneRegion::CANADA).unwrap();
        contact.add_method(&MethodValue::Phone(phone), None);
        for address in ["jane@example.com", "jane@work.example"] {
            let address = EmailAddress::parse(address).unwrap();
            contact.add_method(&MethodValue::Email(address), None);
        }
        contact
    }

    /// A contact of this size, including the reserved bytes.
    fn of_bytes(bytes: usize) -> Contact {
        let mut contact = contact();
        contact.first_name = Some("x".to_owned());
        let name = bytes - bytes_with_reserves(&contact) + 1;
        contact.first_name = Some("x".repeat(name));
        assert_eq!(bytes_with_reserves(&contact), bytes);
        contact
    }

    #[test]
    fn an_item_has_the_size_that_dynamodb_says() {
        let number = || AttributeValue::N("1".to_owned());
        let map = [
            ("key".to_owned(), text("value")),
            ("n".to_owned(), number()),
        ];
        for (value, bytes) in [
            (text("Zoë"), 4),
            (number(), 21),
            (AttributeValue::Bool(true), 1),
            (AttributeValue::Null(true), 1),
            (AttributeValue::L(vec![]), 3),
            // A list has three bytes of its own, and one more for each element.
            (AttributeValue::L(vec![text("ab"), number()]), 3 + 3 + 22),
            (AttributeValue::M(map.into()), 3 + 1 + 3 + 5 + 1 + 1 + 21),
        ] {
            let item = Item::from([("name".to_owned(), value), ("a".to_owned(), text("b"))]);
            assert_eq!(bytes_of_item(&item), 4 + bytes + 2, "{item:?}");
        }
    }

    #[test]
    fn the_longest_verification_fits_into_its_reserve() {
        let mut contact = contact();
        let unverified = bytes_of_item(&contact_item(&contact).unwrap());
        // Each character has four bytes. A subject has at most 255 (`MAX_SUBJECT_CHARACTERS`).
        let source = VerificationSource::parse(&"\u{1f600}".repeat(100)).unwrap();
        contact.phones[0].verification = VerificationState {
            current: Some(Verification {
                at: Timestamp::EPOCH,
                by: Some(Actor::subject(&"\u{1f600}".repeat(255))),
                source: Some(source),
            }),
            cleared_at: Some(Timestamp::EPOCH),
        };
        let verified = bytes_of_item(&contact_item(&contact).unwrap());
        assert!(verified - unverified <= VERIFICATION_BYTES);
    }

    #[test]
    fn each_method_has_room_for_a_verification_and_each_address_for_its_facts() {
        let contact = contact();
        let item = bytes_of_item(&contact_item(&contact).unwrap());
        let reserves = 2 * 1024 + 3 * 1536 + 2 * 256 + 17 * 1024;
        assert_eq!(bytes_with_reserves(&contact), item + reserves);
    }

    #[test]
    fn facts_with_reserved_room_do_not_count_twice() {
        let contact = contact();
        let mut full = contact.clone();
        let at = Timestamp::EPOCH;
        full.suppression.complained_at = Some(at);
        full.suppression.global_unsubscribe_reason = "x".repeat(16 * 1024);
        for method in full.phones.iter_mut().chain(&mut full.emails) {
            let by = Some(Actor::subject("user_1"));
            method.verification.record(Verification {
                at,
                by,
                source: None,
            });
            method.suppression.hard_bounced_at = Some(at);
        }
        assert_eq!(bytes_with_reserves(&full), bytes_with_reserves(&contact));
        // A reason that is longer than a request's body does not come from a request. It counts in full.
        full.suppression.global_unsubscribe_reason = "x".repeat(20_000);
        let more = 20_000 + 1024 - 17 * 1024;
        assert_eq!(
            bytes_with_reserves(&full),
            bytes_with_reserves(&contact) + more
        );
    }

    #[test]
    fn the_finding_of_a_validation_counts() {
        let mut contact = contact();
        let before = bytes_with_reserves(&contact);
        contact.emails[0].suppression.validation = EmailValidation {
            reason: "x".repeat(1000),
            ..EmailValidation::default()
        };
        let more = bytes_with_reserves(&contact) - before;
        assert!((1000..1100).contains(&more), "{more}");
    }

    #[test]
    fn a_contact_may_have_400_kb_and_no_byte_more() {
        assert!(!is_too_large(&of_bytes(400 * 1024)));
        assert!(is_too_large(&of_bytes(400 * 1024 + 1)));
        assert!(is_too_large(&of_bytes(500 * 1024)));
    }

    #[test]
    fn a_contact_that_is_too_large_may_get_smaller_or_stay() {
        let [small, large, larger] = [300, 410, 420].map(|kb| of_bytes(kb * 1024));
        assert!(!grows_too_large(None, &small));
        assert!(!grows_too_large(Some(&of_bytes(200 * 1024)), &small));
        assert!(grows_too_large(None, &large));
        assert!(grows_too_large(Some(&small), &large));
        assert!(grows_too_large(Some(&large), &larger));
        assert!(!grows_too_large(Some(&large), &large));
        assert!(!grows_too_large(Some(&larger), &large));
    }
}
