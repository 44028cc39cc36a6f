use super::*;
use crate::domain::{
    Actor, Address, AddressHash, EmailAddress, HistoryEvent, HistoryState, Level, MethodKind,
    Timestamp,
};
use crate::store::history::stream_record::{ItemWrite, States};
use crate::store::items::{CHANGE_REQUEST_ID, ERASED_AT, RECENT_REQUESTS, VERSION, address_item};
use crate::store::{ChangeMetadata, WriteId};
use aws_sdk_dynamodb::types::AttributeValue;

fn organization() -> OrganizationId {
    OrganizationId::parse("org_a").unwrap()
}

fn contact() -> ContactId {
    ContactId::parse("c_1").unwrap()
}

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-05-20T15:04:02.135Z").unwrap()
}

fn subscription(status: &str, request: &str) -> Item {
    let key = Key {
        partition: contact_partition(&organization(), &contact()),
        sort: "SUBSCRIPTION#newsletter".to_owned(),
    };
    let metadata = ChangeMetadata {
        actor: Actor::subject("user_1"),
        now: now(),
        route: "POST /x",
        request_id: request.to_owned(),
        write_id: WriteId::draw(now()),
    };
    let mut item = key.attributes();
    item.extend(metadata.attributes(crate::domain::Version::new(7)));
    item.insert("status".to_owned(), text(status));
    item
}

fn record(before: Option<Item>, after: Option<Item>) -> StreamRecord {
    StreamRecord {
        sequence_number: "4711".to_owned(),
        written_at: Timestamp::EPOCH,
        before,
        after,
    }
}

fn read(before: Option<Item>, after: Option<Item>) -> ItemWrite {
    ItemWrite::read(record(before, after)).unwrap().unwrap()
}

#[test]
fn the_place_of_an_entry_is_the_version_and_the_number_in_the_stream() {
    let write = read(None, Some(subscription("pending", "r_1")));
    assert_eq!(write.place, format!("000000000007#{}4711", "0".repeat(36)));
    assert_eq!(
        (write.organization, write.contact),
        (organization(), contact())
    );
    assert_eq!(write.origin.at, now());
}

#[test]
fn a_number_in_the_stream_has_at_most_40_digits() {
    let read = |number: &str| {
        ItemWrite::read(StreamRecord {
            sequence_number: number.to_owned(),
            ..record(None, Some(subscription("pending", "r_1")))
        })
    };
    assert!(read(&"9".repeat(40)).is_ok());
    for bad in ["", "4711a", &"9".repeat(41)] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn facts_of_an_address_that_nobody_owns_are_in_the_history_of_its_last_owner() {
    let jane = EmailAddress::parse("Jane@Example.com").unwrap();
    let hash = AddressHash::of(&organization(), jane.normal_form());
    let item = |former: &[&str]| {
        let mut address = Address::unknown(jane.normal_form());
        let former = former.iter().map(|id| ContactId::parse(id).unwrap());
        address.former_owners = former.collect();
        address.suppression.hard_bounced_at = Some(now());
        address_item(&organization(), &hash, &address).unwrap()
    };
    let write = read(None, Some(item(&["c_1", "c_2"])));
    assert_eq!(
        (write.organization, write.contact),
        (organization(), contact())
    );
    assert!(matches!(write.states, States::Address(None, Some(_))));
    let nobodys = ItemWrite::read(record(None, Some(item(&[]))));
    assert!(nobodys.unwrap().is_none());
}

#[test]
fn an_entry_is_known_by_its_key() {
    let key = Key::history(&organization(), &contact(), "000000000007#1#0000");
    assert!(is_history_key(&key.sort));
    assert!(!is_history_key(
        &Key::contact(&organization(), &contact()).sort
    ));
}

#[test]
fn a_write_with_an_unchanged_request_id_is_an_edit_by_hand() {
    let by_program =
        |before: Option<Item>, after: Item| read(before, Some(after)).origin.request.is_some();
    let before = subscription("pending", "r_1");
    assert!(by_program(None, before.clone()));
    assert!(by_program(
        Some(before.clone()),
        subscription("subscribed", "r_2")
    ));
    assert!(!by_program(
        Some(before.clone()),
        subscription("subscribed", "r_1")
    ));
    // A request that is sent again, such as a sample event, raises the version.
    let mut again = subscription("subscribed", "r_1");
    again.insert(VERSION.to_owned(), AttributeValue::N("8".to_owned()));
    assert!(by_program(Some(before.clone()), again));
    // A person made or deleted an item.
    let mut made = before.clone();
    made.remove(CHANGE_REQUEST_ID);
    assert!(!by_program(None, made));
    let deleted = read(Some(before), None);
    assert!(deleted.origin.request.is_none() && deleted.is_deletion_of_subscription());
    assert_eq!(deleted.origin.at, Timestamp::EPOCH);
}

#[test]
fn a_version_that_is_raised_by_hand_does_not_make_an_edit_a_request() {
    let contact = crate::domain::Contact::new(organization(), contact(), now());
    let mut before = crate::store::items::contact_item(&contact).unwrap();
    before.insert(CHANGE_REQUEST_ID.to_owned(), text("r_1"));
    let ids = vec![text("0000000000000000"); 8];
    before.insert(RECENT_REQUESTS.to_owned(), AttributeValue::L(ids));
    let mut after = before.clone();
    after.insert(VERSION.to_owned(), AttributeValue::N("9".to_owned()));
    assert!(read(Some(before), Some(after)).origin.request.is_none());
}

#[test]
fn a_marker_in_place_of_a_contact_is_an_erasure_once() {
    let contact = crate::domain::Contact::new(organization(), contact(), now());
    let before = crate::store::items::contact_item(&contact).unwrap();
    let mut marker = Key::contact(&organization(), &self::contact()).attributes();
    marker.insert(ERASED_AT.to_owned(), text(now()));
    let erased = read(Some(before), Some(marker.clone()));
    assert!(matches!(erased.states, States::Erased));
    let later = ItemWrite::read(record(Some(marker.clone()), Some(marker)));
    assert!(later.unwrap().is_none());
}

#[test]
fn an_entry_is_read_back_with_the_id_of_its_key() {
    let key = Key::history(&organization(), &contact(), "000000000007#1#0000");
    let written = HistoryEntry {
        id: String::new(),
        at: now(),
        event: HistoryEvent::VerificationRecorded,
        level: Some(Level::Contact),
        audience: None,
        client: None,
        kind: Some(MethodKind::Email),
        value: Some("jane@example.com".to_owned()),
        before: None,
        after: Some(HistoryState {
            verified_at: Some(now()),
            ..HistoryState::default()
        }),
        actor: Some(Actor::subject("user_1")),
        route: None,
        request_id: None,
    };
    let item = item(key, &written).unwrap();
    // Members without a value are not stored.
    assert!(!item.contains_key("before") && !item.contains_key("id"));
    let read = entry(item.clone()).unwrap();
    assert_eq!(read.id.len(), 22);
    assert_eq!(read, entry(item).unwrap());
    assert_eq!(
        HistoryEntry {
            id: String::new(),
            ..read
        },
        written
    );
}

#[test]
fn a_page_is_one_query_from_the_newest_entry_on() {
    let address = EmailAddress::parse("Jane@Example.com").unwrap();
    let mut query = HistoryQuery {
        method: None,
        limit: 50,
        cursor: None,
    };
    let request = page_request("contacts", &organization(), &contact(), &query, None);
    let request = request.build().unwrap();
    assert_eq!(
        (
            request.key_condition_expression(),
            request.scan_index_forward(),
            request.limit(),
            request.filter_expression(),
            request.exclusive_start_key(),
        ),
        (
            Some("#pk = :pk AND begins_with(#sk, :prefix)"),
            Some(false),
            Some(51),
            None,
            None
        )
    );
    query.method = Some(MethodValue::Email(address));
    let place = Some("000000000007#1#0000".to_owned());
    let request = page_request("contacts", &organization(), &contact(), &query, place);
    let request = request.build().unwrap();
    assert_eq!(
        request.filter_expression(),
        Some("#type = :type AND #value = :value")
    );
    let values = request.expression_attribute_values().unwrap();
    assert_eq!(
        (
            &values[":pk"],
            &values[":prefix"],
            &values[":type"],
            &values[":value"]
        ),
        (
            &text("ORG#org_a#CONTACT#c_1"),
            &text("HISTORY#"),
            &text("email"),
            &text("jane@example.com")
        )
    );
    assert_eq!(
        request.exclusive_start_key().unwrap()["sk"],
        text("HISTORY#000000000007#1#0000")
    );
}
