use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::*;
use crate::domain::{Contact, Timestamp};
use crate::store::items::{RECENT_REQUESTS, contact_item, text};

/// The item of a contact at this version that remembers these writes.
fn item(id: &str, version: u64, writes: &[&WriteId]) -> Item {
    let organization = OrganizationId::parse("org_a").unwrap();
    let id = ContactId::parse(id).unwrap();
    let mut contact = Contact::new(organization, id, Timestamp::EPOCH);
    contact.version = Version::new(version);
    let mut item = contact_item(&contact).unwrap();
    let writes = writes.iter().map(|id| text(id.as_str()));
    let writes = AttributeValue::L(writes.collect());
    item.insert(RECENT_REQUESTS.to_owned(), writes);
    item
}

fn snapshot(item: Item) -> Snapshot {
    Snapshot::new(item, BTreeMap::new()).unwrap()
}

/// An attempt at a write of contact `c_1` that requires version 3.
fn attempt() -> Attempt<()> {
    Attempt {
        organization: OrganizationId::parse("org_a").unwrap(),
        contact: ContactId::parse("c_1").unwrap(),
        version: Some(Version::new(3)),
        answer: (),
    }
}

/// Whether the attempt was applied, according to the contact's item and to the contact that was found; `None` if they do not
/// show it.
fn was_applied(write: &WriteId, item: Option<&Item>, found: Option<&Snapshot>) -> Option<bool> {
    let last = attempt().last_writes(item, found).unwrap();
    match attempt().was_applied(last.as_ref(), write) {
        Ok(was_applied) => Some(was_applied),
        Err(ChangeError::FateUnknown) => None,
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn the_later_of_two_reads_of_the_same_contact_decides() {
    let write = WriteId::draw(Timestamp::EPOCH);
    let earlier = item("c_1", 3, &[]);
    let found = snapshot(item("c_1", 4, &[&write]));
    assert_eq!(
        was_applied(&write, Some(&earlier), Some(&found)),
        Some(true)
    );
}

#[test]
fn the_contact_of_the_attempt_decides_if_another_contact_or_none_is_found() {
    let (write, other) = (
        WriteId::draw(Timestamp::EPOCH),
        snapshot(item("c_2", 9, &[])),
    );
    let (with, without) = (item("c_1", 4, &[&write]), item("c_1", 4, &[]));
    for found in [None, Some(&other)] {
        assert_eq!(was_applied(&write, Some(&with), found), Some(true));
        assert_eq!(was_applied(&write, Some(&without), found), Some(false));
    }
    assert_eq!(was_applied(&write, None, None), Some(false));
    assert_eq!(was_applied(&write, None, Some(&other)), None);
}

#[test]
fn the_fate_is_unknown_after_more_changes_than_a_contact_remembers() {
    let write = WriteId::draw(Timestamp::EPOCH);
    let after = |changes: u64| item("c_1", 3 + changes, &[]);
    assert_eq!(was_applied(&write, Some(&after(8)), None), Some(false));
    assert_eq!(was_applied(&write, Some(&after(9)), None), None);
}
