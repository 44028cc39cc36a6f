use serde_json::json;
use shared::domain::{
    Actor, EmailValidation, PhoneRegion, TimeZone, ValidationStatus, Verification,
};

use super::*;

const EARLY: &str = "2024-01-01T00:00:00.000Z";
const LATE: &str = "2025-01-01T00:00:00.000Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn context() -> ReadContext {
    ReadContext {
        region: PhoneRegion::CANADA,
        time_zone: TimeZone::UTC,
        now: at("2026-01-01T00:00:00Z"),
    }
}

fn read(contact: Value) -> Result<ContactRecord, Fault> {
    let row = super::contact(serde_json::from_value(contact).unwrap(), &context());
    row.map(|row| row.record)
}

/// The member at fault and the reason.
fn fault(contact: Value) -> (String, String) {
    let Fault { field, reason } = read(contact).unwrap_err();
    (field, reason)
}

/// The entry of an address.
fn entry<'r>(record: &'r ContactRecord, address: &str) -> &'r NewMethod {
    let mut methods = record.patch.methods.iter();
    let entry = methods.find(|method| method.value.normal_form() == address);
    entry.unwrap()
}

/// The only subscription.
fn subscription(record: &ContactRecord) -> &SubscriptionPatch {
    assert_eq!(record.subscriptions.len(), 1);
    record.subscriptions.values().next().unwrap()
}

fn verified(text: &str, by: &str) -> VerificationState {
    VerificationState::from(Some(Verification {
        at: at(text),
        by: Some(Actor::subject(by)),
        source: None,
    }))
}

/// The finding after a patch, for an address without an earlier finding.
fn finding(address: &AddressPatch) -> EmailValidation {
    let mut found = EmailValidation::default();
    if let Some(validation) = address.validation.clone() {
        validation.apply(&mut found, at(LATE));
    }
    found
}

/// A contact with these members and the addresses `a@b.ca` and `c@b.ca`. The second address is primary.
fn with_addresses(members: Value) -> Value {
    let mut contact = json!({
        "id": "c_1",
        "emails": [{ "value": "a@b.ca" }, { "value": "c@b.ca", "isPrimary": true }],
    });
    let Value::Object(members) = members else {
        panic!("no members")
    };
    contact.as_object_mut().unwrap().extend(members);
    contact
}

/// The contact of [`with_addresses`] with one subscription, which has these members.
fn subscribed(members: Value) -> Value {
    let mut subscription = json!({ "audience": "news", "client": "web" });
    let Value::Object(members) = members else {
        panic!("no members")
    };
    subscription.as_object_mut().unwrap().extend(members);
    with_addresses(json!({ "subscriptions": [subscription] }))
}

#[test]
fn the_short_form_of_a_contact_is_about_its_primary_address() {
    let record = read(with_addresses(json!({
        "verifiedAt": EARLY, "verifiedBy": "u", "clearedAt": LATE, "hardBouncedAt": LATE,
        "emailValidation": { "status": "no_mx", "reason": "none", "validatedAt": EARLY },
    })));
    let record = record.unwrap();
    let primary = entry(&record, "c@b.ca");
    let expected = VerificationState {
        cleared_at: Some(at(LATE)),
        ..verified(EARLY, "u")
    };
    assert_eq!(primary.verification, expected);
    let bounced = Some(SuppressionPatch::Since(at(LATE)));
    assert_eq!(primary.address.hard_bounced, bounced);
    let found = EmailValidation {
        status: ValidationStatus::NoMx,
        reason: "none".to_owned(),
        validated_at: Some(at(EARLY)),
    };
    assert_eq!(finding(&primary.address), found);
    let other = entry(&record, "a@b.ca");
    assert_eq!(other.verification, VerificationState::default());
    assert_eq!(other.address, AddressPatch::default());
}

#[test]
fn the_short_form_is_about_the_first_address_where_none_is_primary() {
    let record = read(json!({
        "id": "c_1", "verifiedAt": EARLY, "verifiedBy": "u",
        "emails": [{ "value": "a@b.ca", "isPrimary": false }, { "value": "c@b.ca" }],
    }));
    let record = record.unwrap();
    assert_eq!(entry(&record, "a@b.ca").verification, verified(EARLY, "u"));
    assert_eq!(
        entry(&record, "c@b.ca").verification,
        VerificationState::default()
    );
}

#[test]
fn the_short_form_of_a_contact_with_one_address_in_a_member_is_about_it() {
    let record = read(json!({ "email": "A@b.ca", "verifiedAt": EARLY, "verifiedBy": "u" }));
    let record = record.unwrap();
    assert_eq!(entry(&record, "a@b.ca").verification, verified(EARLY, "u"));
}

#[test]
fn the_earlier_of_two_verifications_of_the_primary_address_counts() {
    for (of_contact, of_entry, expected) in [
        (EARLY, LATE, verified(EARLY, "contact")),
        (LATE, EARLY, verified(EARLY, "entry")),
        (EARLY, EARLY, verified(EARLY, "entry")),
    ] {
        let record = read(json!({
            "id": "c_1", "verifiedAt": of_contact, "verifiedBy": "contact",
            "emails": [{ "value": "a@b.ca", "verifiedAt": of_entry, "verifiedBy": "entry" }],
        }));
        let record = record.unwrap();
        assert_eq!(entry(&record, "a@b.ca").verification, expected);
    }
}

#[test]
fn the_later_clear_and_the_earlier_bounce_of_the_primary_address_count() {
    for [of_contact, of_entry] in [[EARLY, LATE], [LATE, EARLY]] {
        let record = read(json!({
            "id": "c_1", "clearedAt": of_contact, "hardBouncedAt": of_contact,
            "emails": [{ "value": "a@b.ca", "clearedAt": of_entry, "hardBouncedAt": of_entry }],
        }));
        let record = record.unwrap();
        let primary = entry(&record, "a@b.ca");
        assert_eq!(primary.verification.cleared_at, Some(at(LATE)));
        let bounced = Some(SuppressionPatch::Since(at(EARLY)));
        assert_eq!(primary.address.hard_bounced, bounced);
    }
}

#[test]
fn two_findings_about_the_primary_address_are_refused() {
    let finding = json!({ "status": "valid" });
    let contact = |of_entry: &str| {
        let mut contact = with_addresses(json!({ "emailValidation": finding }));
        let entries = contact["emails"].as_array_mut().unwrap().iter_mut();
        for entry in entries.filter(|entry| entry["value"] == of_entry) {
            entry["emailValidation"] = finding.clone();
        }
        contact
    };
    let expected = "must not be given twice: the entry of the primary address has it too";
    let refused = fault(contact("c@b.ca"));
    assert_eq!(refused, ("emailValidation".to_owned(), expected.to_owned()));
    // A finding about another address is no second finding.
    assert!(read(contact("a@b.ca")).is_ok());
}

#[test]
fn the_short_form_of_a_contact_without_address_is_refused() {
    for (name, value) in [
        ("verifiedAt", json!(EARLY)),
        ("clearedAt", json!(EARLY)),
        ("emailValidation", json!({ "status": "valid" })),
        ("hardBouncedAt", json!(EARLY)),
    ] {
        let phone = json!([{ "value": "+14165550100" }]);
        let (field, reason) = fault(json!({ "id": "c_1", "phoneNumber": phone, name: value }));
        assert_eq!(field, name);
        assert!(reason.contains("the contact has none"), "{reason}");
    }
}

#[test]
fn the_facts_of_an_entry_are_about_that_address_and_those_of_the_contact_about_the_person() {
    let record = read(json!({
        "id": "c_1", "complainedAt": EARLY,
        "emails": [
            { "value": "a@b.ca" },
            { "value": "c@b.ca", "globallyUnsubscribedAt": EARLY, "complainedAt": LATE,
              "hardBouncedAt": LATE, "formerOwners": ["c_2", "c_3"] },
        ],
    }));
    let record = record.unwrap();
    let since = |text| Some(SuppressionPatch::Since(at(text)));
    assert_eq!(record.patch.complained, since(EARLY));
    assert_eq!(record.patch.globally_unsubscribed, None);
    assert_eq!(entry(&record, "a@b.ca").address, AddressPatch::default());
    let address = &entry(&record, "c@b.ca").address;
    assert_eq!(address.globally_unsubscribed, since(EARLY));
    assert_eq!(address.complained, since(LATE));
    assert_eq!(address.hard_bounced, since(LATE));
    let former = ["c_2", "c_3"].map(|id| ContactId::parse(id).unwrap());
    let former = BTreeMap::from([("c@b.ca".to_owned(), former.to_vec())]);
    assert_eq!(record.former_owners, former);
}

#[test]
fn a_subscription_is_by_the_primary_address_unless_it_names_another() {
    for (members, expected) in [
        (json!({}), "c@b.ca"),
        (json!({ "email": "A@b.ca" }), "a@b.ca"),
    ] {
        let record = read(subscribed(members)).unwrap();
        let address = subscription(&record).address.as_deref();
        assert_eq!(address, Some(expected));
    }
    let record = read(json!({ "id": "c_1", "subscriptions": [{ "audience": "news" }] }));
    assert_eq!(subscription(&record.unwrap()).address, None);
}

#[test]
fn a_subscription_by_an_address_that_the_contact_does_not_have_is_refused() {
    let expected = "must be one of the contact's addresses";
    let (field, reason) = fault(subscribed(json!({ "email": "x@b.ca" })));
    assert_eq!(
        (field.as_str(), reason.as_str()),
        ("subscriptions[0].email", expected)
    );
}

#[test]
fn a_subscription_holds_verifications_of_each_address() {
    let record = read(subscribed(json!({
        "verifiedAt": LATE, "verifiedBy": "short",
        "verifications": [{ "email": "A@b.ca", "verifiedAt": EARLY, "verifiedBy": "long" }],
    })));
    let record = record.unwrap();
    let expected = BTreeMap::from([
        ("a@b.ca".to_owned(), verified(EARLY, "long")),
        ("c@b.ca".to_owned(), verified(LATE, "short")),
    ]);
    assert_eq!(subscription(&record).verifications, expected);
}

/// The subscription's `email` does not change the address that its short form is about.
#[test]
fn the_short_form_of_a_subscription_is_about_the_primary_address() {
    let record = read(subscribed(json!({
        "email": "a@b.ca", "verifiedAt": EARLY, "verifiedBy": "u",
    })));
    let record = record.unwrap();
    let expected = [("c@b.ca".to_owned(), verified(EARLY, "u"))].into();
    assert_eq!(subscription(&record).verifications, expected);
}

#[test]
fn the_earlier_verification_and_the_later_clear_of_an_address_at_a_subscription_count() {
    for [short, long] in [[EARLY, LATE], [LATE, EARLY]] {
        let record = read(subscribed(json!({
            "verifiedAt": short, "verifiedBy": short, "clearedAt": short,
            "verifications": [{ "email": "c@b.ca", "verifiedAt": long, "verifiedBy": long, "clearedAt": long }],
        })));
        let record = record.unwrap();
        let expected = VerificationState {
            cleared_at: Some(at(LATE)),
            ..verified(EARLY, EARLY)
        };
        assert_eq!(subscription(&record).verifications["c@b.ca"], expected);
    }
}

#[test]
fn the_short_form_of_a_subscription_is_refused_where_the_contact_has_no_address() {
    for name in ["verifiedAt", "clearedAt"] {
        let subscription = json!({ "audience": "news", name: EARLY });
        let (field, reason) = fault(json!({ "id": "c_1", "subscriptions": [subscription] }));
        assert_eq!(field, format!("subscriptions[0].{name}"));
        assert!(reason.contains("the contact has none"), "{reason}");
    }
}

#[test]
fn a_verification_of_an_address_that_the_contact_does_not_have_is_refused() {
    let (field, reason) = fault(subscribed(json!({
        "verifications": [
            { "email": "a@b.ca", "verifiedAt": EARLY },
            { "email": "x@b.ca", "verifiedAt": EARLY },
        ],
    })));
    assert_eq!(field, "subscriptions[0].verifications[1].email");
    assert_eq!(reason, "must be one of the contact's addresses");
}

#[test]
fn a_second_verification_of_an_address_at_a_subscription_is_refused() {
    let (field, reason) = fault(subscribed(json!({
        "verifications": [
            { "email": "a@b.ca", "verifiedAt": EARLY },
            { "email": "A@b.ca", "verifiedAt": EARLY },
        ],
    })));
    assert_eq!(field, "subscriptions[0].verifications[1].email");
    assert_eq!(reason, "is the same as that of an earlier entry");
}

#[test]
fn an_author_without_a_time_is_refused_at_every_place() {
    let by = json!({ "verifiedBy": "u" });
    let of_address = json!({ "email": "a@b.ca", "verifiedBy": "u" });
    let emails = json!([{ "value": "a@b.ca", "verifiedBy": "u" }]);
    for (contact, expected) in [
        (with_addresses(by.clone()), "verifiedAt"),
        (
            json!({ "id": "c_1", "emails": emails }),
            "emails[0].verifiedAt",
        ),
        (subscribed(by), "subscriptions[0].verifiedAt"),
        (
            subscribed(json!({ "verifications": [of_address] })),
            "subscriptions[0].verifications[0].verifiedAt",
        ),
    ] {
        assert_eq!(fault(contact).0, expected);
    }
}

fn address_row(members: Value) -> Result<ContactRow, Fault> {
    address(serde_json::from_value(members).unwrap())
}

#[test]
fn a_record_of_an_address_has_the_facts_and_the_former_owners_and_no_contact() {
    let row = address_row(json!({
        "address": "A@b.ca", "hardBouncedAt": EARLY, "complainedAt": LATE,
        "globallyUnsubscribedAt": LATE, "emailValidation": { "status": "risky" },
        "formerOwners": ["c_2"],
    }));
    let row = row.unwrap();
    let record = row.record;
    assert!(record.is_address);
    assert_eq!(record.id, None);
    assert_eq!(record.patch.methods.len(), 1);
    let address = &entry(&record, "a@b.ca").address;
    let since = |text| Some(SuppressionPatch::Since(at(text)));
    assert_eq!(address.hard_bounced, since(EARLY));
    assert_eq!(address.complained, since(LATE));
    assert_eq!(address.globally_unsubscribed, since(LATE));
    assert_eq!(finding(address).status, ValidationStatus::Risky);
    let former = vec![ContactId::parse("c_2").unwrap()];
    assert_eq!(record.former_owners["a@b.ca"], former);
    // The person is unknown: these are facts about the address.
    assert_eq!(record.patch.complained, None);
    assert_eq!(record.patch.globally_unsubscribed, None);
}

#[test]
fn a_record_of_an_invalid_address_is_refused() {
    let refused = address_row(json!({ "address": "nobody" })).unwrap_err();
    assert_eq!(refused.field, "address");
}
