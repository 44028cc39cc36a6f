use super::*;
use crate::domain::{
    Address, AddressHash, AddressSuppression, Contact, ContactId, EmailAddress, EmailValidation,
    MethodId, MethodValue, OrganizationId, PhoneNumber, PhoneRegion, Subscription, SubscriptionId,
    ValidationStatus, Verification, VerificationState,
};

const EARLY: &str = "2024-01-01T00:00:00.000Z";
const LATE: &str = "2025-01-01T00:00:00.000Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn verified(text: &str) -> VerificationState {
    let verification = Verification {
        at: at(text),
        by: Some(Actor::subject("user_1")),
        source: None,
    };
    Some(verification).into()
}

fn email(text: &str) -> MethodValue {
    MethodValue::Email(EmailAddress::parse(text).unwrap())
}

/// A contact with a number and an address.
fn contact() -> Contact {
    let organization = OrganizationId::parse("org_a").unwrap();
    let id = ContactId::parse("c_1").unwrap();
    let mut contact = Contact::new(organization, id, Timestamp::EPOCH);
    let phone = PhoneNumber::parse("+14165550100", PhoneRegion::CANADA).unwrap();
    contact.add_method(&MethodValue::Phone(phone), None);
    contact.add_method(&email("Jane@Example.com"), None);
    contact
}

/// The events and values of changes.
fn events(changes: &[HistoryChange]) -> Vec<(HistoryEvent, Option<&str>)> {
    let events = changes.iter();
    events
        .map(|change| (change.event, change.value.as_deref()))
        .collect()
}

#[test]
fn a_new_an_earlier_and_a_removed_verification_are_changes() {
    let none = contact();
    let with = |text: &str| {
        let mut contact = contact();
        contact.emails[0].verification = verified(text);
        contact
    };
    let jane = Some("jane@example.com");
    for (before, after, event) in [
        (&none, &with(LATE), HistoryEvent::VerificationRecorded),
        (
            &with(LATE),
            &with(EARLY),
            HistoryEvent::VerificationRecorded,
        ),
        (&with(EARLY), &none, HistoryEvent::VerificationCleared),
    ] {
        let changes = contact_changes(Some(before), Some(after));
        assert_eq!(events(&changes), [(event, jane)]);
        assert_eq!(changes[0].level, Some(Level::Contact));
    }
    assert_eq!(contact_changes(Some(&none), Some(&none)), []);
}

#[test]
fn the_removal_of_a_method_clears_its_verification_and_lifts_no_suppression() {
    let mut before = contact();
    before.emails[0].verification = verified(EARLY);
    before.emails[0].suppression.hard_bounced_at = Some(at(EARLY));
    let mut after = before.clone();
    after.remove_method(&email("jane@example.com"));
    let gone = [(HistoryEvent::VerificationCleared, Some("jane@example.com"))];
    let changes = contact_changes(Some(&before), Some(&after));
    assert_eq!(events(&changes), gone);
    // A deletion of the contact by hand is the same change.
    let changes = contact_changes(Some(&before), None);
    assert_eq!(events(&changes), gone);
}

#[test]
fn an_address_that_is_added_again_counts_as_another_address() {
    let mut before = contact();
    before.emails[0].verification = verified(EARLY);
    let mut after = before.clone();
    after.emails[0].id = MethodId::parse("5-0").unwrap();
    let changes = contact_changes(Some(&before), Some(&after));
    let mut events: Vec<_> = changes.iter().map(|change| change.event).collect();
    events.sort();
    assert_eq!(
        events,
        [
            HistoryEvent::VerificationRecorded,
            HistoryEvent::VerificationCleared
        ]
    );
    let removed = removed_emails(Some(&before), Some(&after));
    assert_eq!(removed.len(), 1);
    assert_eq!(removed[0].method, Some(before.emails[0].id.clone()));
}

#[test]
fn only_a_finding_that_blocks_holds_mail_back() {
    let with = |status| {
        let mut contact = contact();
        contact.emails[0].suppression.validation = EmailValidation {
            status,
            ..EmailValidation::default()
        };
        contact
    };
    let (valid, risky) = (with(ValidationStatus::Valid), with(ValidationStatus::Risky));
    assert_eq!(contact_changes(Some(&contact()), Some(&valid)), []);
    let changes = contact_changes(Some(&valid), Some(&risky));
    assert_eq!(changes.len(), 1);
    let after = changes[0].after.clone().unwrap();
    assert_eq!(after.kind, Some(SuppressionKind::Validation));
    assert_eq!(after.status.as_deref(), Some("risky"));
    assert_eq!(changes[0].before, None);
}

#[test]
fn a_write_that_forgets_a_former_address_clears_nothing_and_an_edit_by_hand_does() {
    let contact = contact();
    let id = SubscriptionId {
        audience: AudienceSlug::parse("newsletter").unwrap(),
        client: None,
    };
    let mut before = Subscription::default();
    before.set_verification(&contact, &contact.emails[0], verified(EARLY));
    let after = Subscription::default();
    assert_eq!(
        subscription_changes(&id, Some(&before), Some(&after), false),
        []
    );
    let changes = subscription_changes(&id, Some(&before), Some(&after), true);
    assert_eq!(
        events(&changes),
        [(HistoryEvent::VerificationCleared, None)]
    );
    assert_eq!(changes[0].level, Some(Level::Audience));
    assert_eq!(changes[0].method, Some(contact.emails[0].id.clone()));
}

#[test]
fn a_change_names_its_subject_and_the_states_before_and_after() {
    let before = contact();
    let mut after = before.clone();
    after.emails[0].verification = verified(EARLY);
    after.emails[0].suppression.hard_bounced_at = Some(at(LATE));
    let jane = HistoryChange {
        kind: Some(MethodKind::Email),
        method: Some(before.emails[0].id.clone()),
        value: Some("jane@example.com".to_owned()),
        ..HistoryChange::of(HistoryEvent::SuppressionChanged)
    };
    let verification = HistoryState {
        verified_at: Some(at(EARLY)),
        verified_by: Some(Actor::subject("user_1")),
        ..HistoryState::default()
    };
    let bounced = HistoryState {
        kind: Some(SuppressionKind::HardBounced),
        since: Some(at(LATE)),
        ..HistoryState::default()
    };
    let recorded = HistoryChange {
        event: HistoryEvent::VerificationRecorded,
        level: Some(Level::Contact),
        after: Some(verification.clone()),
        ..jane.clone()
    };
    let held_back = HistoryChange {
        after: Some(bounced.clone()),
        ..jane.clone()
    };
    assert_eq!(
        contact_changes(Some(&before), Some(&after)),
        [recorded.clone(), held_back.clone()]
    );
    let cleared = HistoryChange {
        event: HistoryEvent::VerificationCleared,
        before: Some(verification),
        after: None,
        ..recorded
    };
    let lifted = HistoryChange {
        before: Some(bounced),
        after: None,
        ..held_back
    };
    assert_eq!(
        contact_changes(Some(&after), Some(&before)),
        [cleared.clone(), lifted]
    );

    // The verifications at the levels of subscriptions end with the address.
    let removed = removed_emails(Some(&after), None);
    let expected = HistoryChange {
        event: HistoryEvent::VerificationCleared,
        ..jane
    };
    assert_eq!(removed, [expected]);
    let id = SubscriptionId {
        audience: AudienceSlug::parse("newsletter").unwrap(),
        client: Some(ClientSlug::parse("website").unwrap()),
    };
    let mut subscription = Subscription::default();
    subscription.set_verification(&after, &after.emails[0], verified(EARLY));
    let ended = HistoryChange {
        level: Some(Level::Client),
        subscription: Some(id.clone()),
        ..cleared
    };
    assert_eq!(
        verification_ended(&id, &subscription, &removed[0]),
        Some(ended)
    );
}

#[test]
fn a_global_unsubscription_is_a_change_with_its_reason() {
    let mut with = contact();
    with.suppression.globally_unsubscribed_at = Some(at(EARLY));
    with.suppression.global_unsubscribe_reason = "too much mail".to_owned();
    let state = HistoryState {
        kind: Some(SuppressionKind::GloballyUnsubscribed),
        since: Some(at(EARLY)),
        reason: Some("too much mail".to_owned()),
        ..HistoryState::default()
    };
    let change = HistoryChange {
        after: Some(state),
        ..HistoryChange::of(HistoryEvent::SuppressionChanged)
    };
    assert_eq!(contact_changes(Some(&contact()), Some(&with)), [change]);
}

#[test]
fn new_facts_about_an_address_without_an_owner_are_changes_and_moved_facts_are_not() {
    let with = |owner: Option<&str>, bounced: Option<&str>| {
        let mut address = Address::unknown("jane@example.com");
        address.owner = owner.map(|id| ContactId::parse(id).unwrap());
        address.suppression.hard_bounced_at = bounced.map(at);
        address
    };
    let (free, bounced) = (with(None, None), with(None, Some(EARLY)));
    let owned = with(Some("c_1"), None);
    let changes = address_changes(Some(&free), Some(&bounced));
    assert_eq!(changes[0].kind, Some(MethodKind::Email));
    let expected = [(HistoryEvent::SuppressionChanged, Some("jane@example.com"))];
    assert_eq!(events(&changes), expected);
    assert_eq!(events(&address_changes(Some(&bounced), None)), expected);
    for (before, after) in [(&owned, &bounced), (&bounced, &owned)] {
        assert_eq!(address_changes(Some(before), Some(after)), []);
    }
    let mut erased = bounced.clone();
    erased.normal_form.clear();
    assert_eq!(address_changes(Some(&bounced), Some(&erased)), []);
}

#[test]
fn an_entry_without_its_person_is_a_dated_fact() {
    let state = HistoryState {
        verified_at: Some(at(EARLY)),
        verified_by: Some(Actor::subject("jane")),
        verification_source: Some(VerificationSource::parse("Jane said so").unwrap()),
        reason: Some("Jane wants no more".to_owned()),
        ..HistoryState::default()
    };
    let entry = HistoryEntry {
        id: "id".to_owned(),
        at: at(LATE),
        event: HistoryEvent::VerificationRecorded,
        level: Some(Level::Contact),
        audience: None,
        client: None,
        kind: Some(MethodKind::Email),
        value: Some("jane@example.com".to_owned()),
        before: None,
        after: Some(state),
        actor: Some(Actor::subject("jane")),
        route: Some("import".to_owned()),
        request_id: Some("request_1".to_owned()),
    };
    let bare = entry.clone().without_person();
    let text = serde_json::to_string(&bare).unwrap();
    assert!(
        !text.to_lowercase().contains("jane") && !text.contains("request_1"),
        "{text}"
    );
    assert_eq!(
        (bare.at, bare.event, bare.id),
        (entry.at, entry.event, entry.id.clone())
    );
    assert_eq!(bare.after.unwrap().verified_at, Some(at(EARLY)));
    // An application is not a person, so it stays.
    let client = ClientSlug::parse("website").unwrap();
    let by_client = HistoryEntry {
        actor: Some(Actor::client(&client)),
        ..entry
    };
    assert_eq!(
        by_client.without_person().actor,
        Some(Actor::client(&client))
    );
}

#[test]
fn an_erased_address_keeps_its_suppression_and_the_address_of_another_contact_stays() {
    let id = |id: &str| ContactId::parse(id).unwrap();
    let mut address = Address::unknown("jane@example.com").claimed_by(&id("c_1"));
    address.former_owners = vec![id("c_2"), id("c_1")];
    let kept = AddressSuppression {
        hard_bounced_at: Some(at(EARLY)),
        ..AddressSuppression::default()
    };
    let erased = address.without_person(&id("c_1"), kept.clone(), Some(at(LATE)));
    assert_eq!(
        (erased.owner.clone(), erased.normal_form.as_str()),
        (None, "")
    );
    assert_eq!(erased.former_owners, [id("c_2")]);
    assert_eq!(erased.suppression, kept);
    assert_eq!(erased.ended_at, None);
    // A second erasure changes nothing.
    assert!(erased.without_person(&id("c_1"), kept.clone(), Some(at(LATE))) == erased);
    let of_other = address.without_person(&id("c_2"), kept, Some(at(LATE)));
    assert_eq!(of_other.normal_form, "jane@example.com");
    assert_eq!(of_other.owner, Some(id("c_1")));
    assert_eq!(of_other.former_owners, [id("c_1")]);
    assert_eq!(of_other.ended_at, Some(at(LATE)));
    assert_eq!(of_other.suppression, AddressSuppression::default());
}

#[test]
fn a_contact_remembers_the_hashes_of_addresses_that_left_it() {
    let mut contact = contact();
    let hash = AddressHash::of(&contact.organization_id, "jane@example.com");
    contact.remove_method(&email("Jane@example.com"));
    assert_eq!(contact.former_addresses, [hash]);
    contact.add_method(&email("jane@example.com"), None);
    assert_eq!(contact.former_addresses, []);
}
