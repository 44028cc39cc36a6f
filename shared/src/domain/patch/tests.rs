use super::*;
use crate::domain::{
    Actor, AddressSuppression, ContactId, ContactMethod, EmailValidation, OrganizationId, Outcome,
    ValidationPatch, ValidationStatus,
};

const EARLY: &str = "2024-01-01T00:00:00.000Z";
const LATE: &str = "2025-01-01T00:00:00.000Z";

const JANE: &str = "jane@example.com";
const OTHER: &str = "other@example.com";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn verified(text: &str) -> VerificationState {
    VerificationState::from(Some(Verification {
        at: at(text),
        by: Some(Actor::subject(text)),
        source: None,
    }))
}

/// A verification and a later clear of it.
fn cleared(verified_at: &str, cleared_at: &str) -> VerificationState {
    let mut state = verified(verified_at);
    state.clear(at(cleared_at));
    state
}

fn email(address: &str) -> EmailAddress {
    EmailAddress::parse(address).unwrap()
}

fn method(address: &str) -> NewMethod {
    NewMethod::of(MethodValue::Email(email(address)))
}

/// A contact with two addresses, of which the first is verified.
fn contact() -> Contact {
    let mut contact = Contact::new(
        OrganizationId::parse("org_a").unwrap(),
        ContactId::parse("c_1").unwrap(),
        at(EARLY),
    );
    contact.first_name = Some("Jane".to_owned());
    for address in [JANE, OTHER] {
        contact.add_method(&MethodValue::Email(email(address)), None);
    }
    contact.emails[0].verification = verified(EARLY);
    contact
}

fn applied(patch: ContactPatch) -> Contact {
    let mut contact = contact();
    patch.apply(&mut contact, &[], at(LATE));
    contact
}

/// The entry of an address after the change of one method.
fn entry_after(method: NewMethod) -> ContactMethod {
    let normal_form = method.value.normal_form().to_owned();
    let patch = ContactPatch {
        methods: vec![method],
        ..ContactPatch::default()
    };
    applied(patch).email(&normal_form).unwrap().clone()
}

#[test]
fn omitted_fields_keep_their_value() {
    assert_eq!(applied(ContactPatch::default()), contact());
    let patch = ContactPatch {
        methods: vec![method(JANE)],
        ..ContactPatch::default()
    };
    assert_eq!(applied(patch), contact());
    let contact = contact();
    let mut stored = Subscription {
        status: SubscriptionStatus::Subscribed,
        address: Some(AddressHash::of(&contact.organization_id, OTHER)),
        ..Subscription::default()
    };
    stored.set_verification(&contact, &contact.emails[0], verified(EARLY));
    let patch = SubscriptionPatch::default();
    assert_eq!(
        patch.apply(Some(stored.clone()), &contact, at(LATE)),
        stored
    );
}

#[test]
fn a_verification_is_neither_cleared_nor_postponed() {
    let earlier = "2023-01-01T00:00:00.000Z";
    for (reported, expected) in [
        (VerificationState::default(), EARLY),
        (verified(LATE), EARLY),
        (verified(EARLY), EARLY),
        (verified(earlier), earlier),
    ] {
        let entry = entry_after(NewMethod {
            verification: reported,
            ..method(JANE)
        });
        assert_eq!(entry.verification, verified(expected));
    }
}

#[test]
fn a_patch_about_one_address_leaves_the_other_as_it_was() {
    let patch = ContactPatch {
        methods: vec![NewMethod {
            verification: verified(EARLY),
            address: AddressPatch {
                hard_bounced: Some(SuppressionPatch::Since(at(EARLY))),
                ..AddressPatch::default()
            },
            ..method(OTHER)
        }],
        ..ContactPatch::default()
    };
    let after = applied(patch);
    assert_eq!(after.emails[0], contact().emails[0]);
    assert_eq!(after.emails[1].verification, verified(EARLY));
    let bounced_at = after.emails[1].suppression.hard_bounced_at;
    assert_eq!(bounced_at, Some(at(EARLY)));
}

/// The upsert verifies an address whose verification was cleared at both levels.
#[test]
fn an_upsert_does_not_bring_back_a_cleared_verification_at_either_level() {
    let clear = "2024-06-01T00:00:00.000Z";
    for (reported, expected) in [
        (EARLY, Outcome::Cleared),
        (clear, Outcome::Cleared),
        (LATE, Outcome::Recorded),
    ] {
        let mut contact = contact();
        contact.emails[0].verification = cleared(EARLY, clear);
        let mut stored = Subscription::default();
        stored.set_verification(&contact, &contact.emails[0], cleared(EARLY, clear));
        let upsert = AudiencePatch {
            verification: verified(reported).current,
            ..AudiencePatch::default()
        };
        let (of_contact, _, of_client) = upsert.for_address(&email(JANE));
        of_contact.apply(&mut contact, &[], at(LATE));
        let stored = of_client.apply(Some(stored), &contact, at(LATE));
        let entry = &contact.emails[0];
        let is_recorded = expected == Outcome::Recorded;
        for state in [entry.verification.clone(), stored.verification(entry)] {
            let current = verified(reported).current;
            assert_eq!(state.current, current.filter(|_| is_recorded), "{reported}");
            assert_eq!(state.cleared_at, Some(at(clear)), "{reported}");
        }
    }
}

#[test]
fn a_patch_for_an_address_is_about_that_address_at_each_level() {
    let verification = verified(EARLY);
    let patch = AudiencePatch {
        verification: verification.current.clone(),
        names_address: true,
        audience: Some(SubscriptionPatch::default()),
        ..AudiencePatch::default()
    };
    let (contact, audience, client) = patch.clone().for_address(&email("Jane@Example.com"));
    assert_eq!(contact.methods[0].value.normal_form(), JANE);
    assert_eq!(contact.methods[0].verification, verification);
    assert_eq!(client.address.as_deref(), Some(JANE));
    let of_client = [(JANE.to_owned(), verification)].into();
    assert_eq!(client.verifications, of_client);
    let audience = audience.unwrap();
    assert_eq!(audience.address.as_deref(), Some(JANE));
    assert_eq!(audience.verifications, BTreeMap::new());
    let unsubscribe = AudiencePatch {
        names_address: false,
        ..patch
    };
    let (_, audience, client) = unsubscribe.for_address(&email(JANE));
    assert_eq!((audience.unwrap().address, client.address), (None, None));
}

#[test]
fn a_verification_of_an_address_that_the_contact_does_not_have_is_not_stored() {
    let patch = SubscriptionPatch {
        verifications: [JANE, "gone@example.com"]
            .map(|address| (address.to_owned(), verified(EARLY)))
            .into(),
        ..SubscriptionPatch::default()
    };
    let contact = contact();
    let subscription = patch.apply(None, &contact, at(LATE));
    let ids: Vec<_> = subscription.verifications.keys().collect();
    assert_eq!(ids, [&contact.emails[0].id]);
}

/// The client does not report the bounce that a former owner left with the address. The address still has it.
#[test]
fn a_received_address_brings_its_facts_and_then_the_patch_applies() {
    let left = Address {
        former_owners: vec![ContactId::parse("c_2").unwrap()],
        suppression: AddressSuppression {
            validation: EmailValidation {
                status: ValidationStatus::NoMx,
                validated_at: Some(at(EARLY)),
                ..EmailValidation::default()
            },
            hard_bounced_at: Some(at(EARLY)),
            ..AddressSuppression::default()
        },
        ..Address::unknown("new@example.com")
    };
    let patch = ContactPatch {
        methods: vec![NewMethod {
            address: AddressPatch {
                validation: Some(ValidationPatch {
                    status: ValidationStatus::Valid,
                    reason: None,
                    validated_at: None,
                    is_history: false,
                }),
                ..AddressPatch::default()
            },
            ..method("new@example.com")
        }],
        ..ContactPatch::default()
    };
    let mut contact = contact();
    patch.apply(&mut contact, &[left], at(LATE));
    let facts = &contact.email("new@example.com").unwrap().suppression;
    assert_eq!(facts.hard_bounced_at, Some(at(EARLY)));
    assert_eq!(facts.validation.status, ValidationStatus::Valid);
    assert_eq!(facts.validation.validated_at, Some(at(LATE)));
}

#[test]
fn the_reason_of_a_global_unsubscription_comes_and_goes_with_it() {
    let unsubscribed = |change, reason: Option<&str>| ContactPatch {
        globally_unsubscribed: Some(change),
        global_unsubscribe_reason: reason.map(str::to_owned),
        ..ContactPatch::default()
    };
    let since = SuppressionPatch::Since(at(EARLY));
    let mut contact = contact();
    for (patch, expected) in [
        (unsubscribed(since, Some("too many")), "too many"),
        (unsubscribed(since, Some("another")), "too many"),
        (unsubscribed(SuppressionPatch::Lifted, None), ""),
        (unsubscribed(since, None), ""),
    ] {
        patch.apply(&mut contact, &[], at(LATE));
        assert_eq!(contact.suppression.global_unsubscribe_reason, expected);
    }
}

fn status(status: SubscriptionStatus) -> SubscriptionPatch {
    SubscriptionPatch {
        status: Some(status),
        ..SubscriptionPatch::default()
    }
}

#[test]
fn a_subscription_ends_once_and_begins_anew() {
    let contact = contact();
    let ended = SubscriptionPatch {
        ending: Some(Ending {
            at: Some(at(EARLY)),
            reason: "too many".to_owned(),
        }),
        ..status(SubscriptionStatus::Unsubscribed)
    };
    let first = ended.apply(None, &contact, at(EARLY));
    assert_eq!(
        (first.unsubscribed_at, first.unsubscribe_reason.as_str()),
        (Some(at(EARLY)), "too many")
    );
    let again = status(SubscriptionStatus::Unsubscribed);
    let again = again.apply(Some(first.clone()), &contact, at(LATE));
    assert_eq!(again, first);
    let anew = status(SubscriptionStatus::Subscribed).apply(Some(again), &contact, at(LATE));
    let expected = Subscription {
        status: SubscriptionStatus::Subscribed,
        ..Subscription::default()
    };
    assert_eq!(anew, expected);
}

#[test]
fn a_report_of_the_past_does_not_restore_an_earlier_status() {
    use SubscriptionStatus::{Pending, Subscribed, Unsubscribed};
    let contact = contact();
    for (stored, reported, then) in [
        (Pending, Subscribed, Subscribed),
        (Subscribed, Unsubscribed, Unsubscribed),
        (Subscribed, Pending, Subscribed),
        (Unsubscribed, Subscribed, Unsubscribed),
        (Unsubscribed, Pending, Unsubscribed),
    ] {
        let stored = status(stored).apply(None, &contact, at(EARLY));
        let reported = SubscriptionPatch {
            is_history: true,
            ..status(reported)
        };
        let after = reported.apply(Some(stored), &contact, at(LATE));
        assert_eq!(after.status, then);
    }
}
