use super::*;
use crate::domain::{Actor, PhoneRegion, Verification};

fn contact() -> Contact {
    Contact::new(
        OrganizationId::parse("org_a").unwrap(),
        ContactId::parse("c_1").unwrap(),
        Timestamp::EPOCH,
    )
}

fn phone(last: u8) -> MethodValue {
    let number = format!("+1416555010{last}");
    MethodValue::Phone(PhoneNumber::parse(&number, PhoneRegion::CANADA).unwrap())
}

fn shown(contact: &Contact) -> Vec<(&str, u32, bool)> {
    contact
        .phones
        .iter()
        .map(|method| (&method.value[9..], method.position, method.is_primary))
        .collect()
}

#[test]
fn the_first_method_is_primary_until_another_is_made_primary() {
    let mut contact = contact();
    contact.add_method(&phone(0), None);
    contact.add_method(&phone(1), None);
    assert_eq!(shown(&contact), [("100", 0, true), ("101", 1, false)]);
    contact.add_method(&phone(1), Some(true));
    assert_eq!(shown(&contact), [("100", 0, false), ("101", 1, true)]);
    contact.add_method(&phone(1), Some(false));
    assert_eq!(shown(&contact), [("100", 0, false), ("101", 1, true)]);
}

#[test]
fn the_oldest_remaining_method_replaces_a_removed_primary_one() {
    let mut contact = contact();
    for last in 0..3 {
        contact.add_method(&phone(last), None);
    }
    for _ in 0..2 {
        contact.remove_method(&phone(0));
        assert_eq!(shown(&contact), [("101", 1, true), ("102", 2, false)]);
    }
    contact.add_method(&phone(0), None);
    assert_eq!(
        shown(&contact),
        [("101", 1, true), ("102", 2, false), ("100", 3, false)]
    );
}

#[test]
fn a_method_that_is_removed_and_added_again_is_unverified_and_has_another_id() {
    let mut contact = contact();
    let method = contact.add_method(&phone(0), None);
    method.verification.record(Verification {
        at: Timestamp::EPOCH,
        by: Some(Actor::subject("user_1")),
        source: None,
    });
    let first = contact.add_method(&phone(0), Some(true)).clone();
    assert!(first.verification.current.is_some());
    contact.version = contact.version.next();
    contact.remove_method(&phone(0));
    contact.version = contact.version.next();
    let second = contact.add_method(&phone(0), None);
    assert_eq!(second.verification, VerificationState::default());
    assert_ne!(second.id, first.id);
}

#[test]
fn the_methods_of_one_change_have_different_ids() {
    let mut contact = contact();
    contact.version = Version::new(7);
    let email = MethodValue::Email(EmailAddress::parse("a@b.example").unwrap());
    let ids = [phone(0), email, phone(1)].map(|value| {
        let id = &contact.add_method(&value, None).id;
        id.as_str().to_owned()
    });
    assert_eq!(ids, ["8-0", "8-1", "8-2"]);
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the fields that take it are options"
)]
fn at(text: &str) -> Option<Timestamp> {
    Some(Timestamp::parse_rfc3339(text).unwrap())
}

/// The address that a contact leaves behind after a complaint and a hard bounce.
fn left_behind(contact: &mut Contact, email: &MethodValue) -> Address {
    contact.suppression.complained_at = at("2024-01-01T00:00:00Z");
    let entry = contact.add_method(email, None);
    entry.suppression.hard_bounced_at = at("2024-02-02T00:00:00Z");
    let kept = contact.remove_method(email).unwrap();
    Address::unknown(email.normal_form()).released(Some(&contact.id), kept)
}

#[test]
fn another_contact_gets_the_complaint_and_the_bounce_with_the_address() {
    let email = MethodValue::Email(EmailAddress::parse("a@b.example").unwrap());
    let address = left_behind(&mut contact(), &email);
    let mut other = contact();
    other.id = ContactId::parse("c_2").unwrap();
    other.add_method(&email, None);
    other.receive(&address);
    let received = &other.emails[0].suppression;
    assert_eq!(received.complained_at, at("2024-01-01T00:00:00Z"));
    assert_eq!(received.hard_bounced_at, at("2024-02-02T00:00:00Z"));
    assert_eq!(other.suppression, Suppression::default());
}

#[test]
fn the_same_contact_gets_the_bounce_back_and_has_its_complaint_only_once() {
    let email = MethodValue::Email(EmailAddress::parse("a@b.example").unwrap());
    let mut contact = contact();
    let address = left_behind(&mut contact, &email);
    contact.add_method(&email, None);
    contact.receive(&address);
    let received = &contact.emails[0].suppression;
    assert_eq!(received.complained_at, None);
    assert_eq!(received.hard_bounced_at, at("2024-02-02T00:00:00Z"));
    assert_eq!(
        contact.suppression.complained_at,
        at("2024-01-01T00:00:00Z")
    );
}
