mod addresses;

use std::time::Duration;

use super::*;
use crate::domain::AddressHash;
use crate::domain::{
    Actor, AudienceSlug, ClientSlug, ContactPatch, NewMethod, SubscriptionPatch, Verification,
};
use crate::store::items::{address_item, contact_item, subscription_item};
use crate::store::keys::Key;
use crate::store::{ChangeMetadata, RetryBudget};

fn id(text: &str) -> ContactId {
    ContactId::parse(text).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn organization() -> OrganizationId {
    OrganizationId::parse("org_a").unwrap()
}

fn email(text: &str) -> MethodValue {
    MethodValue::Email(EmailAddress::parse(text).unwrap())
}

fn record(addresses: &[&str]) -> ContactRecord {
    ContactRecord {
        id: Some(id("c_1")),
        patch: ContactPatch {
            methods: addresses
                .iter()
                .map(|text| NewMethod::of(email(text)))
                .collect(),
            ..ContactPatch::default()
        },
        ..ContactRecord::default()
    }
}

/// The table's state if these addresses of the record have owners. The other addresses have no items.
fn state(record: &ContactRecord, contact: Option<Contact>, owners: &[(&str, &str)]) -> State {
    let known = owners
        .iter()
        .map(|(address, owner)| Address::unknown(address).claimed_by(&id(owner)));
    let known: Vec<_> = known.collect();
    state_with(record, contact, &known)
}

/// The table's state with the items of these addresses.
fn state_with(record: &ContactRecord, contact: Option<Contact>, known: &[Address]) -> State {
    let found = |normal_form: &str| {
        let known = known.iter().find(|known| known.normal_form == normal_form);
        let item = known.map(|known| {
            let hash = AddressHash::of(&organization(), normal_form);
            address_item(&organization(), &hash, known).unwrap()
        });
        Ok(FoundAddress::new(normal_form, item).unwrap())
    };
    let methods = record.patch.methods.iter();
    let addresses = methods.map(|method| method.value.normal_form().to_owned());
    State {
        id: id("c_1"),
        snapshot: contact.map(|contact| {
            Snapshot::new(contact_item(&contact).unwrap(), BTreeMap::new()).unwrap()
        }),
        addresses: addresses.map(|it| (it.clone(), found(&it))).collect(),
        inherited: BTreeMap::new(),
    }
}

fn planned(record: &ContactRecord, state: State) -> Plan {
    planned_with(Existing::Update, record, state)
}

fn planned_with(existing: Existing, record: &ContactRecord, state: State) -> Plan {
    let organization = organization();
    let import = Import {
        organization: &organization,
        actor: Actor::subject("contacts import"),
        route: "import",
        existing,
        clock: &|| Timestamp::parse_rfc3339("2026-05-20T15:04:01Z").unwrap(),
        dry_run: false,
        retry_budget: &RetryBudget::new(Duration::ZERO),
    };
    plan(&import, record, state, false, (import.clock)())
}

fn write(plan: Plan) -> Write {
    match plan {
        Plan::Write(write) => *write,
        Plan::Nothing => panic!("nothing is to be written"),
        Plan::Refuse(refusal) => panic!("{refusal:?}"),
    }
}

/// The change of the contact.
fn contact_edit(write: &Write) -> &Edit {
    match &write.edit {
        WriteEdit::Contact(edit) => edit,
        WriteEdit::Address(edit) => panic!("{edit:?}"),
    }
}

/// The contact after a write.
fn contact_after(write: &Write) -> &Contact {
    &contact_edit(write).after().contact
}

/// How many of the contact's subscriptions a write changes.
fn written_subscriptions(write: &Write) -> usize {
    contact_edit(write).after().subscriptions.len()
}

/// The items of a write.
fn items(write: &Write) -> Vec<aws_sdk_dynamodb::types::TransactWriteItem> {
    let actor = Actor::subject("contacts import");
    let metadata = ChangeMetadata::new(actor, Timestamp::EPOCH, "import", "import-1".to_owned());
    contact_edit(write)
        .transact_items("contacts", &metadata)
        .unwrap()
}

/// The addresses that a write of a contact claims. None of them has an item yet.
fn claimed(write: &Write) -> Vec<String> {
    let items = items(write);
    let puts = items.iter().filter_map(|item| Some(item.put()?.item()));
    let claims = puts.filter(|item| item.contains_key("ownerId"));
    claims
        .map(|item| item["value"].as_s().unwrap().clone())
        .collect()
}

fn slug(n: usize) -> SubscriptionId {
    SubscriptionId {
        audience: AudienceSlug::parse("newsletter").unwrap(),
        client: Some(ClientSlug::parse(&format!("client-{n:03}")).unwrap()),
    }
}

#[test]
fn an_address_that_nobody_owns_is_claimed_and_one_of_another_contact_refused() {
    let one = record(&["a@b.ca"]);
    let created = write(planned(&one, state(&one, None, &[])));
    assert_eq!(claimed(&created), ["a@b.ca"]);
    assert!(created.is_last);
    let two = record(&["a@b.ca", "c@b.ca"]);
    let plan = planned(&two, state(&two, None, &[("c@b.ca", "c_2")]));
    assert!(matches!(plan, Plan::Refuse(ImportRefusal::AddressTaken(1))));
}

#[test]
fn a_not_owned_address_of_a_record_is_kept_without_a_claim() {
    let mut record = record(&["a@b.ca"]);
    record.not_owned.insert("a@b.ca".to_owned());
    let created = write(planned(&record, state(&record, None, &[])));
    assert!(claimed(&created).is_empty());
    assert_eq!(contact_after(&created).emails.len(), 1);
}

#[test]
fn a_contact_that_agrees_with_the_record_is_not_written() {
    let record = record(&["a@b.ca"]);
    let created = write(planned(&record, state(&record, None, &[])));
    let again = planned(
        &record,
        state(
            &record,
            Some(contact_after(&created).clone()),
            &[("a@b.ca", "c_1")],
        ),
    );
    assert!(matches!(again, Plan::Nothing));
}

#[test]
fn addresses_that_have_no_room_in_a_write_come_in_the_next_one_in_their_order() {
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
        match planned(&record, state(&record, contact.clone(), &owned)) {
            Plan::Nothing => break,
            plan => {
                let write = write(plan);
                sizes.push((claimed(&write).len(), write.is_last));
                owners.extend(claimed(&write));
                contact = Some(contact_after(&write).clone());
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
fn the_contact_comes_first_and_then_the_subscriptions_that_had_no_room() {
    let mut record = record(&["a@b.ca"]);
    record.subscriptions = (0..250)
        .map(|n| (slug(n), SubscriptionPatch::default()))
        .collect();
    let mut stored = None;
    let mut written: BTreeMap<SubscriptionId, Subscription> = BTreeMap::new();
    let mut sizes = Vec::new();
    loop {
        let mut state = state(&record, stored.clone(), &[]);
        if let Some(stored) = &stored {
            state = self::state(&record, Some(stored.clone()), &[("a@b.ca", "c_1")]);
        }
        let snapshot = state.snapshot.map(|snapshot| {
            let key = |id| Key::subscription(&organization(), &snapshot.state.contact.id, id);
            let items = written
                .iter()
                .map(|(id, stored)| (id.clone(), subscription_item(key(id), stored).unwrap()));
            Snapshot::new(snapshot.contact.clone(), items.collect()).unwrap()
        });
        state.snapshot = snapshot;
        match planned(&record, state) {
            Plan::Nothing => break,
            plan => {
                let write = write(plan);
                assert!(items(&write).len() <= MAX_ITEMS);
                sizes.push((written_subscriptions(&write), write.is_last));
                written.extend(contact_edit(&write).after().subscriptions.clone());
                stored = Some(contact_after(&write).clone());
            }
        }
    }
    assert_eq!(sizes, [(98, false), (99, false), (53, true)]);
    assert_eq!(stored.unwrap().subscription_count, 250);
}

#[test]
fn a_kept_contact_gets_the_subscriptions_that_it_lacks_and_nothing_else() {
    let mut record = record(&["a@b.ca"]);
    record.patch.first_name = Some("Jane".to_owned());
    let verification = Verification {
        at: Timestamp::EPOCH,
        by: None,
        source: None,
    };
    record.patch.methods[0].verification = Some(verification).into();
    record.subscriptions = (0..2)
        .map(|n| (slug(n), SubscriptionPatch::default()))
        .collect();
    let stored = Contact::new(
        OrganizationId::parse("org_a").unwrap(),
        id("c_1"),
        Timestamp::EPOCH,
    );
    let before = state(&record, Some(stored.clone()), &[]);
    let updated = write(planned_with(Existing::Keep, &record, before));
    assert_eq!(written_subscriptions(&updated), 2);
    assert!(claimed(&updated).is_empty() && updated.is_last);
    let after = contact_after(&updated);
    assert_eq!(
        *after,
        Contact {
            subscription_count: 2,
            version: after.version,
            updated_at: after.updated_at,
            ..stored.clone()
        }
    );
    record.subscriptions.clear();
    let before = state(&record, Some(stored), &[]);
    let plan = planned_with(Existing::Keep, &record, before);
    assert!(matches!(plan, Plan::Nothing));
}

#[test]
fn a_new_contact_of_an_import_that_keeps_has_an_address_that_another_contact_owns() {
    let record = record(&["a@b.ca", "c@b.ca"]);
    let owners = [("a@b.ca", "c_2")];
    let created = write(planned_with(
        Existing::Keep,
        &record,
        state(&record, None, &owners),
    ));
    assert_eq!(contact_after(&created).emails.len(), 2);
    assert_eq!(claimed(&created), ["c@b.ca"]);
    let refused = planned(&record, state(&record, None, &owners));
    assert!(matches!(
        refused,
        Plan::Refuse(ImportRefusal::AddressTaken(0))
    ));
}

#[test]
fn a_kept_contact_gets_the_addresses_that_had_no_room_in_the_transaction_that_created_it() {
    let addresses: Vec<_> = (0..150).map(|n| format!("{n:03}@b.ca")).collect();
    let record = record(&addresses.iter().map(String::as_str).collect::<Vec<_>>());
    let created = write(planned_with(
        Existing::Keep,
        &record,
        state(&record, None, &[]),
    ));
    let contact = contact_after(&created);
    assert_eq!((contact.emails.len(), claimed(&created).len()), (150, 99));
    assert!(!created.is_last);
    // An address that left the contact in the meantime does not come back.
    let mut contact = contact.clone();
    let lost = email("149@b.ca");
    assert!(contact.method(&lost).is_some());
    contact.remove_method(&lost);
    let completed = planned_with(Existing::Keep, &record, state(&record, Some(contact), &[]));
    let completed = write(completed);
    let claims = claimed(&completed);
    assert_eq!((claims.len(), claims[0].as_str()), (50, "099@b.ca"));
    assert!(completed.is_last);
}
