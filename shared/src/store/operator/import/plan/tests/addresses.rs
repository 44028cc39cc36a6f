//! The facts that belong to addresses, in an import.

use super::*;
use crate::domain::{
    AddressHash, AddressPatch, AddressSuppression, SubscriptionStatus, SuppressionPatch,
};

#[test]
fn the_facts_of_an_address_move_to_the_contact_that_claims_it() {
    let record = record(&["a@b.ca"]);
    let left = Address::unknown("a@b.ca").released(
        Some(&id("c_2")),
        AddressSuppression {
            complained_at: Some(at("2024-01-01T00:00:00Z")),
            ..AddressSuppression::default()
        },
    );
    let created = write(planned(&record, state_with(&record, None, &[left])));
    let email = &contact_after(&created).emails[0];
    let complained_at = email.suppression.complained_at;
    assert_eq!(complained_at, Some(at("2024-01-01T00:00:00Z")));
    assert_eq!(contact_after(&created).suppression.complained_at, None);
}

/// A record with a running subscription of `a@b.ca`.
fn subscribing() -> ContactRecord {
    let patch = SubscriptionPatch {
        status: Some(SubscriptionStatus::Subscribed),
        address: Some("a@b.ca".to_owned()),
        is_history: true,
        ..SubscriptionPatch::default()
    };
    ContactRecord {
        subscriptions: [(slug(0), patch)].into(),
        ..record(&["a@b.ca"])
    }
}

#[test]
fn a_subscription_that_a_former_owner_of_its_address_ended_begins_as_ended() {
    let record = subscribing();
    let ended = Subscription {
        status: SubscriptionStatus::Unsubscribed,
        unsubscribed_at: Some(at("2024-01-01T00:00:00Z")),
        unsubscribe_reason: "too many".to_owned(),
        ..Subscription::default()
    };
    for (address, expected) in [
        ("a@b.ca", SubscriptionStatus::Unsubscribed),
        ("c@b.ca", SubscriptionStatus::Subscribed),
    ] {
        let mut state = state(&record, None, &[]);
        state.inherited = [((address.to_owned(), slug(0)), ended.clone())].into();
        let created = write(planned(&record, state));
        let subscription = &contact_edit(&created).after().subscriptions[&slug(0)];
        assert_eq!(subscription.status, expected, "{address}");
        let is_ended = expected == SubscriptionStatus::Unsubscribed;
        let reason = if is_ended { "too many" } else { "" };
        assert_eq!(subscription.unsubscribe_reason, reason, "{address}");
    }
}

#[test]
fn a_file_does_not_change_the_address_that_the_client_has_named_since() {
    let record = subscribing();
    let contact = contact_after(&write(planned(&record, state(&record, None, &[])))).clone();
    for (named, expected) in [(Some("c@b.ca"), "c@b.ca"), (None, "a@b.ca")] {
        let hash = |address| AddressHash::of(&organization(), address);
        let stored = Subscription {
            address: named.map(hash),
            ..Subscription::default()
        };
        let key = Key::subscription(&organization(), &contact.id, &slug(0));
        let item = subscription_item(key, &stored).unwrap();
        let mut state = state(&record, Some(contact.clone()), &[("a@b.ca", "c_1")]);
        let items = [(slug(0), item)].into();
        state.snapshot = Some(Snapshot::new(contact_item(&contact).unwrap(), items).unwrap());
        let updated = write(planned(&record, state));
        let after = &contact_edit(&updated).after().subscriptions[&slug(0)];
        assert_eq!(after.status, SubscriptionStatus::Subscribed);
        assert_eq!(after.address, Some(hash(expected)));
    }
}

/// A record of an address that nobody owns, whose former owner complained.
fn of_address() -> ContactRecord {
    let complained = AddressPatch {
        complained: Some(SuppressionPatch::Since(at("2024-01-01T00:00:00Z"))),
        ..AddressPatch::default()
    };
    let method = NewMethod {
        address: complained,
        ..NewMethod::of(email("a@b.ca"))
    };
    ContactRecord {
        is_address: true,
        former_owners: [("a@b.ca".to_owned(), vec![id("c_2")])].into(),
        patch: ContactPatch {
            methods: vec![method],
            ..ContactPatch::default()
        },
        ..ContactRecord::default()
    }
}

#[test]
fn a_record_of_an_address_creates_no_contact_and_is_written_once() {
    let record = of_address();
    let created = write(planned(&record, state(&record, None, &[])));
    assert!(matches!(created.edit, WriteEdit::Address(_)));
    assert!(matches!(created.outcome, ImportOutcome::Created));
    let complained = AddressSuppression {
        complained_at: Some(at("2024-01-01T00:00:00Z")),
        ..AddressSuppression::default()
    };
    let known = Address::unknown("a@b.ca").released(Some(&id("c_2")), complained.clone());
    let again = planned(&record, state_with(&record, None, &[known]));
    assert!(matches!(again, Plan::Nothing));
    // Only the former owner is new.
    let known = Address::unknown("a@b.ca").released(Some(&id("c_3")), complained);
    let updated = write(planned(&record, state_with(&record, None, &[known])));
    assert!(matches!(updated.edit, WriteEdit::Address(_)));
    assert!(matches!(updated.outcome, ImportOutcome::Updated));
}

#[test]
fn a_record_of_an_address_that_a_contact_owns_changes_the_contacts_entry() {
    let one = record(&["a@b.ca"]);
    let contact = contact_after(&write(planned(&one, state(&one, None, &[])))).clone();
    let record = of_address();
    let owners = [("a@b.ca", "c_1")];
    let updated = write(planned(&record, state(&record, Some(contact), &owners)));
    let email = &contact_after(&updated).emails[0];
    let complained_at = email.suppression.complained_at;
    assert_eq!(complained_at, Some(at("2024-01-01T00:00:00Z")));
}
