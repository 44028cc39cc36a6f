use super::*;
use crate::domain::{
    Actor, AudienceSlug, ClientSlug, ContactPatch, EmailAddress, NewMethod, SubscriptionPatch,
    ValidationStatus, Verification,
};
use crate::store::RetryBudget;
use crate::store::items::contact_item;
use std::time::Duration;

fn id(text: &str) -> ContactId {
    ContactId::parse(text).unwrap()
}

fn address(text: &str) -> NewMethod {
    NewMethod {
        value: MethodValue::Email(EmailAddress::parse(text).unwrap()),
        is_primary: None,
        verification: None,
    }
}

fn record(addresses: &[&str]) -> ContactRecord {
    ContactRecord {
        id: Some(id("c_1")),
        patch: ContactPatch {
            methods: addresses.iter().map(|text| address(text)).collect(),
            ..ContactPatch::default()
        },
        ..ContactRecord::default()
    }
}

fn state(contact: Option<Contact>, owners: &[(&str, &str)]) -> State {
    State {
        id: id("c_1"),
        snapshot: contact.map(|contact| {
            Snapshot::new(contact_item(&contact).unwrap(), BTreeMap::new()).unwrap()
        }),
        leftovers: BTreeSet::new(),
        owners: owners
            .iter()
            .map(|(address, owner)| ((*address).to_owned(), Some(id(owner))))
            .collect(),
    }
}

fn planned(record: &ContactRecord, state: State) -> Plan {
    planned_with(Existing::Update, record, state)
}

fn planned_with(existing: Existing, record: &ContactRecord, state: State) -> Plan {
    let organization = OrganizationId::parse("org_a").unwrap();
    let import = Import {
        organization: &organization,
        actor: Actor::subject("contacts import"),
        route: "import",
        existing,
        clock: &|| Timestamp::parse_rfc3339("2026-05-20T15:04:01Z").unwrap(),
        dry_run: false,
        retry_budget: &RetryBudget::new(Duration::ZERO),
    };
    plan(&import, record, state, (import.clock)())
}

fn write(plan: Plan) -> Write {
    match plan {
        Plan::Write(write) => *write,
        Plan::Nothing => panic!("nothing is to be written"),
        Plan::Refuse(refusal) => panic!("{refusal:?}"),
    }
}

/// The addresses that a write claims.
fn claimed(write: &Write) -> Vec<&str> {
    let owners = write.edit.owners().iter().map(|owner| match owner {
        OwnerEdit::Claim(address) => address.as_str(),
        OwnerEdit::Release(_) => panic!("{owner:?}"),
    });
    owners.collect()
}

fn slug(n: usize) -> SubscriptionId {
    SubscriptionId {
        audience: AudienceSlug::parse("newsletter").unwrap(),
        client: Some(ClientSlug::parse(&format!("client-{n:03}")).unwrap()),
    }
}

#[test]
fn an_address_that_nobody_owns_is_claimed_and_one_of_another_contact_refused() {
    let created = write(planned(&record(&["a@b.ca"]), state(None, &[])));
    assert_eq!(claimed(&created), ["a@b.ca"]);
    assert!(created.is_last);
    let plan = planned(
        &record(&["a@b.ca", "c@b.ca"]),
        state(None, &[("c@b.ca", "c_2")]),
    );
    assert!(matches!(plan, Plan::Refuse(ImportRefusal::AddressTaken(1))));
}

#[test]
fn an_address_that_another_contact_is_said_to_own_is_kept_without_claiming_it() {
    let mut record = record(&["a@b.ca"]);
    record.owned_elsewhere.insert("a@b.ca".to_owned());
    let created = write(planned(&record, state(None, &[])));
    assert!(claimed(&created).is_empty());
    assert_eq!(created.edit.after().contact.emails.len(), 1);
}

#[test]
fn a_contact_that_is_as_the_record_says_is_not_written() {
    let record = record(&["a@b.ca"]);
    let created = write(planned(&record, state(None, &[])));
    let again = planned(
        &record,
        state(
            Some(created.edit.after().contact.clone()),
            &[("a@b.ca", "c_1")],
        ),
    );
    assert!(matches!(again, Plan::Nothing));
}

#[test]
fn more_addresses_than_a_write_claims_come_one_write_after_the_other_in_their_order() {
    let addresses: Vec<_> = (0..100).map(|n| format!("{n:03}@b.ca")).collect();
    let texts: Vec<_> = addresses.iter().map(String::as_str).collect();
    let mut record = record(&texts);
    record.patch.methods[99].is_primary = Some(true);
    let mut owners = Vec::new();
    let mut contact = None;
    let mut sizes = Vec::new();
    loop {
        let owned: Vec<_> = owners
            .iter()
            .map(|address: &String| (address.as_str(), "c_1"))
            .collect();
        match planned(&record, state(contact.clone(), &owned)) {
            Plan::Nothing => break,
            plan => {
                let write = write(plan);
                sizes.push((claimed(&write).len(), write.is_last));
                owners.extend(claimed(&write).into_iter().map(str::to_owned));
                contact = Some(write.edit.after().contact.clone());
            }
        }
    }
    assert_eq!(sizes, [(99, false), (1, true)]);
    let emails = contact.unwrap().emails;
    let values: Vec<_> = emails.iter().map(|email| email.value.as_str()).collect();
    assert_eq!(values, texts);
    assert_eq!(emails.iter().filter(|email| email.is_primary).count(), 1);
    assert!(emails[99].is_primary);
}

#[test]
fn subscriptions_without_room_come_before_a_new_contact_and_after_one_that_is_there() {
    let mut record = record(&["a@b.ca"]);
    record.subscriptions = (0..250)
        .map(|n| (slug(n), SubscriptionPatch::default()))
        .collect();
    let created = write(planned(&record, state(None, &[])));
    assert_eq!(
        (
            created.edit.after().subscriptions.len(),
            created.surplus.len()
        ),
        (98, 152)
    );
    assert!(created.is_last);

    let contact = Some(created.edit.after().contact.clone());
    let updated = write(planned(&record, state(contact, &[("a@b.ca", "c_1")])));
    assert_eq!(
        (
            updated.edit.after().subscriptions.len(),
            updated.surplus.len()
        ),
        (99, 0)
    );
    assert!(!updated.is_last);
}

#[test]
fn subscriptions_that_an_interrupted_import_has_left_become_those_of_the_contact() {
    let mut record = record(&[]);
    record.subscriptions = (0..2)
        .map(|n| (slug(n), SubscriptionPatch::default()))
        .collect();
    let mut state = state(None, &[]);
    state.leftovers = BTreeSet::from([slug(0)]);
    let created = write(planned(&record, state));
    assert_eq!(created.edit.after().subscriptions.len(), 1);
    assert!(!created.is_last);
}

#[test]
fn of_two_findings_the_later_counts() {
    let at = |text| Some(Timestamp::parse_rfc3339(text).unwrap());
    let early = at("2024-01-01T00:00:00Z");
    let late = at("2025-01-01T00:00:00Z");
    let stored = |validated_at| EmailValidation {
        status: ValidationStatus::Risky,
        reason: String::new(),
        validated_at,
    };
    let said = |validated_at| ValidationPatch {
        status: ValidationStatus::Valid,
        reason: Some(String::new()),
        validated_at: Some(validated_at),
    };
    for (said_at, stored_at, counts) in [
        (late, early, true),
        (early, late, false),
        (early, early, false),
        (None, early, false),
        (early, None, true),
        (None, None, true),
    ] {
        assert_eq!(is_news(&said(said_at), &stored(stored_at)), counts);
    }
    assert!(is_news(&said(None), &EmailValidation::default()));
}

#[test]
fn a_kept_contact_gets_the_subscriptions_that_it_lacks_and_nothing_else() {
    let mut record = record(&["a@b.ca"]);
    record.patch.first_name = Some("Jane".to_owned());
    record.patch.verification = Some(Verification {
        at: Timestamp::EPOCH,
        by: None,
        source: None,
    });
    record.subscriptions = (0..2)
        .map(|n| (slug(n), SubscriptionPatch::default()))
        .collect();
    let stored = Contact::new(
        OrganizationId::parse("org_a").unwrap(),
        id("c_1"),
        Timestamp::EPOCH,
    );
    let state = |contact: &Contact| state(Some(contact.clone()), &[]);
    let updated = write(planned_with(Existing::Keep, &record, state(&stored)));
    assert_eq!(updated.edit.after().subscriptions.len(), 2);
    assert!(claimed(&updated).is_empty() && updated.is_last);
    let after = &updated.edit.after().contact;
    assert_eq!(
        *after,
        Contact {
            version: after.version,
            updated_at: after.updated_at,
            ..stored.clone()
        }
    );
    record.subscriptions.clear();
    let plan = planned_with(Existing::Keep, &record, state(&stored));
    assert!(matches!(plan, Plan::Nothing));
}

#[test]
fn a_new_contact_of_an_import_that_keeps_has_an_address_that_another_contact_owns() {
    let record = record(&["a@b.ca", "c@b.ca"]);
    let owners = [("a@b.ca", "c_2")];
    let created = write(planned_with(Existing::Keep, &record, state(None, &owners)));
    assert_eq!(created.edit.after().contact.emails.len(), 2);
    assert_eq!(claimed(&created), ["c@b.ca"]);
    let refused = planned(&record, state(None, &owners));
    assert!(matches!(
        refused,
        Plan::Refuse(ImportRefusal::AddressTaken(0))
    ));
}

#[test]
fn a_kept_contact_gets_the_addresses_that_had_no_room_in_the_transaction_that_created_it() {
    let addresses: Vec<_> = (0..150).map(|n| format!("{n:03}@b.ca")).collect();
    let record = record(&addresses.iter().map(String::as_str).collect::<Vec<_>>());
    let created = write(planned_with(Existing::Keep, &record, state(None, &[])));
    let contact = &created.edit.after().contact;
    assert_eq!((contact.emails.len(), claimed(&created).len()), (150, 99));
    assert!(!created.is_last);
    // An address that the contact has lost meanwhile does not come back.
    let mut contact = contact.clone();
    let lost = MethodValue::Email(EmailAddress::parse("149@b.ca").unwrap());
    assert!(contact.method(&lost).is_some());
    contact.remove_method(&lost);
    let completed = planned_with(Existing::Keep, &record, state(Some(contact), &[]));
    let completed = write(completed);
    assert_eq!(
        (claimed(&completed).len(), claimed(&completed)[0]),
        (50, "099@b.ca")
    );
    assert!(completed.is_last);
}
