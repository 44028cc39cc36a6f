use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{AttributeValue, Update};

use super::*;
use crate::domain::{
    Actor, Address, AddressHash, AudienceSlug, ClientSlug, Contact, ContactId, EmailAddress,
    MethodValue, OrganizationId, PhoneNumber, PhoneRegion, SubscriptionStatus, Verification,
};
use crate::store::address::FoundAddress;
use crate::store::items::{address_item, text};

const T1: &str = "2024-01-01T00:00:00.000Z";
const NOW: &str = "2026-05-20T15:04:02.000Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn metadata() -> ChangeMetadata {
    ChangeMetadata::new(
        Actor::subject("client:website"),
        at(NOW),
        "POST /x",
        "request_1".to_owned(),
    )
}

fn phone(number: &str) -> MethodValue {
    MethodValue::Phone(PhoneNumber::parse(number, PhoneRegion::CANADA).unwrap())
}

fn email(address: &str) -> MethodValue {
    MethodValue::Email(EmailAddress::parse(address).unwrap())
}

fn of_client() -> SubscriptionId {
    SubscriptionId {
        audience: AudienceSlug::parse("newsletter").unwrap(),
        client: Some(ClientSlug::parse("website").unwrap()),
    }
}

/// A contact at version 7 with a subscription of the client.
fn state() -> SubscribedContact {
    let organization = OrganizationId::parse("org_a").unwrap();
    let mut contact = Contact::new(organization, ContactId::parse("c_1").unwrap(), at(T1));
    contact.version = Version::new(7);
    contact.add_method(&phone("+14165550100"), None);
    contact.add_method(&email("jane@example.com"), None);
    contact.subscription_count = 1;
    SubscribedContact {
        contact,
        subscriptions: BTreeMap::from([(of_client(), Subscription::default())]),
    }
}

fn snapshot(state: &SubscribedContact) -> Snapshot {
    let contact = &state.contact;
    let subscriptions = state.subscriptions.iter().map(|(id, subscription)| {
        let key = Key::subscription(&contact.organization_id, &contact.id, id);
        (id.clone(), subscription_item(key, subscription).unwrap())
    });
    Snapshot::new(contact_item(contact).unwrap(), subscriptions.collect()).unwrap()
}

fn edit(
    before: Option<&SubscribedContact>,
    after: &SubscribedContact,
    addresses: Vec<AddressEdit>,
) -> Vec<TransactWriteItem> {
    let edit = Edit::new(before.map(snapshot), after.clone(), addresses, at(NOW));
    let edit = edit.unwrap();
    edit.transact_items("contacts", &metadata()).unwrap()
}

fn address_partition() -> String {
    let organization = OrganizationId::parse("org_a").unwrap();
    let hash = AddressHash::of(&organization, "jane@example.com");
    format!("ORG#org_a#ADDRESS#{hash}")
}

fn assert_all_placeholders_are_used(update: &Update) {
    let text = format!(
        "{} {}",
        update.update_expression(),
        update.condition_expression().unwrap()
    );
    let used: BTreeSet<_> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '#' || c == ':' || c == '_'))
        .filter(|word| word.starts_with(['#', ':']))
        .collect();
    let names = update.expression_attribute_names().unwrap().keys();
    let values = update.expression_attribute_values().unwrap().keys();
    let defined: BTreeSet<_> = names.chain(values).map(String::as_str).collect();
    assert_eq!(used, defined);
}

#[test]
fn only_the_difference_is_written_at_the_version_that_was_read() {
    let before = state();
    let mut after = before.clone();
    after.contact.first_name = Some("Jane".to_owned());
    after.contact.suppression.complained_at = Some(at(T1));
    let items = edit(Some(&before), &after, Vec::new());
    let [contact] = &items[..] else {
        panic!("not one item")
    };
    let contact = contact.update().unwrap();
    assert_all_placeholders_are_used(contact);
    assert_eq!(
        contact.condition_expression(),
        Some("#version = :stored_version")
    );
    assert_eq!(
        contact.update_expression(),
        "SET #changeRequestId = :changeRequestId, #changeRoute = :changeRoute, #changedBy = :changedBy, \
         #complainedAt = :complainedAt, #firstName = :firstName, #recentRequests = :recentRequests, \
         #updatedAt = :updatedAt, #version = :version"
    );
    let values = contact.expression_attribute_values().unwrap();
    assert_eq!(values[":stored_version"], AttributeValue::N("7".to_owned()));
    assert_eq!(values[":version"], AttributeValue::N("8".to_owned()));
    assert_eq!(values[":firstName"], text("Jane"));
    assert_eq!(values[":updatedAt"], text(NOW));
    assert_eq!(values[":changeRoute"], text("POST /x"));
    assert_eq!(values[":recentRequests"].as_l().unwrap().len(), 8);
}

#[test]
fn the_methods_of_a_kind_are_written_whole_where_they_differ() {
    let before = state();
    let mut after = before.clone();
    after.contact.add_method(&phone("+14165550101"), None);
    let items = edit(Some(&before), &after, Vec::new());
    let values = items[0].update().unwrap().expression_attribute_values();
    let phones = values.unwrap()[":phones"].as_m().unwrap();
    assert_eq!(phones.len(), 2);
    assert!(!values.unwrap().contains_key(":emails"));
}

#[test]
fn a_change_of_a_subscription_requires_that_it_is_as_it_was_read_and_changes_the_contact_too() {
    let before = state();
    let mut after = before.clone();
    let subscription = after.subscriptions.get_mut(&of_client()).unwrap();
    subscription.status = SubscriptionStatus::Subscribed;
    let verification = Verification {
        at: at(T1),
        by: None,
        source: None,
    };
    let jane = &before.contact.emails[0];
    subscription.set_verification(&before.contact, jane, Some(verification).into());
    let items = edit(Some(&before), &after, Vec::new());
    let [contact, subscription] = &items[..] else {
        panic!("not two items")
    };
    assert_all_placeholders_are_used(contact.update().unwrap());
    let subscription = subscription.update().unwrap();
    assert_all_placeholders_are_used(subscription);
    assert_eq!(
        subscription.condition_expression(),
        Some(
            "attribute_not_exists(#changeRequestId) AND attribute_not_exists(#changeRoute) AND \
             attribute_not_exists(#changedBy) AND #pk = :stored_pk AND #sk = :stored_sk AND \
             #status = :stored_status AND attribute_not_exists(#updatedAt) AND \
             attribute_not_exists(#verifications) AND attribute_not_exists(#version)"
        )
    );
    let values = subscription.expression_attribute_values().unwrap();
    assert_eq!(values[":version"], AttributeValue::N("8".to_owned()));
    assert_eq!(values[":stored_status"], text("pending"));
    assert_eq!(values[":status"], text("subscribed"));
    let verifications = values[":verifications"].as_m().unwrap();
    let verified = verifications["8-1"].as_m().unwrap();
    assert_eq!(verified["verifiedAt"], text(T1));
    // A subscription holds no personal data.
    assert!(!format!("{values:?}").contains("jane@"), "{values:?}");
}

#[test]
fn a_contact_is_created_with_its_subscription_and_its_address_or_not_at_all() {
    let mut after = state();
    after.contact.version = Version::UNWRITTEN;
    after.contact.subscription_count = 0;
    let found = FoundAddress::new("jane@example.com", None).unwrap();
    let claim = AddressEdit::claim(found, &after.contact.id);
    let items = edit(None, &after, vec![claim]);
    let puts: Vec<_> = items.iter().map(|item| item.put().unwrap()).collect();
    let keys: Vec<_> = puts
        .iter()
        .map(|put| {
            let part = |name: &str| put.item()[name].as_s().unwrap().clone();
            (part("pk"), part("sk"))
        })
        .collect();
    let partition = "ORG#org_a#CONTACT#c_1".to_owned();
    assert_eq!(
        keys,
        [
            (partition.clone(), "CONTACT".to_owned()),
            (partition, "SUBSCRIPTION#newsletter#website".to_owned()),
            (address_partition(), "ADDRESS".to_owned()),
        ]
    );
    let conditions = puts.iter().map(|put| put.condition_expression().unwrap());
    assert_eq!(
        conditions.collect::<Vec<_>>(),
        [
            "attribute_not_exists(#pk)",
            "attribute_not_exists(#pk)",
            "attribute_not_exists(#pk)",
        ]
    );
    for put in &puts {
        let item = put.item();
        assert_eq!(item["version"], AttributeValue::N("1".to_owned()));
        assert_eq!(item["changedBy"], text("client:website"));
        assert_eq!(item["changeRoute"], text("POST /x"));
        assert_eq!(item["changeRequestId"], text("request_1"));
        assert!(item.contains_key("updatedAt"));
    }
    let (contact, owner) = (puts[0].item(), puts[2].item());
    assert_eq!(
        contact["subscriptionCount"],
        AttributeValue::N("1".to_owned())
    );
    assert_eq!(contact["organizationShard"], text("ORG#org_a#2"));
    assert_eq!(contact["recentRequests"].as_l().unwrap().len(), 8);
    assert_eq!(owner["ownerId"], text("c_1"));
    // With `contactId`, the item would be in the indexes over contacts.
    assert!(!owner.contains_key("contactId"));
}

#[test]
fn an_address_is_released_in_the_transaction_that_takes_it_from_its_contact() {
    let before = state();
    let organization = &before.contact.organization_id;
    let mut after = before.clone();
    let kept = after.contact.remove_method(&email("jane@example.com"));
    let owned = Address::unknown("jane@example.com").claimed_by(&before.contact.id);
    let item = address_item(
        organization,
        &AddressHash::of(organization, &owned.normal_form),
        &owned,
    )
    .unwrap();
    let found = FoundAddress::new("jane@example.com", Some(item)).unwrap();
    let release = AddressEdit::release(found, &before.contact, kept.unwrap());
    let items = edit(Some(&before), &after, vec![release]);
    let [contact, address] = &items[..] else {
        panic!("not two items")
    };
    let contact = contact.update().unwrap();
    assert_eq!(
        contact.condition_expression(),
        Some("#version = :stored_version")
    );
    let address = address.update().unwrap();
    assert_all_placeholders_are_used(address);
    assert_eq!(address.key()["pk"], text(address_partition()));
    // The item has the contact's new version, so the stream shows to which change the write belongs.
    let values = address.expression_attribute_values().unwrap();
    assert_eq!(values[":version"], AttributeValue::N("8".to_owned()));
}

#[test]
fn a_contact_counts_its_subscriptions_also_those_that_were_not_read() {
    let mut before = state();
    before.contact.subscription_count = 5;
    let mut after = before.clone();
    let of_audience = SubscriptionId {
        client: None,
        ..of_client()
    };
    after
        .subscriptions
        .insert(of_audience, Subscription::default());
    let items = edit(Some(&before), &after, Vec::new());
    let values = items[0].update().unwrap().expression_attribute_values();
    let count = &values.unwrap()[":subscriptionCount"];
    assert_eq!(*count, AttributeValue::N("6".to_owned()));
}

#[test]
fn equal_states_are_no_change() {
    let before = state();
    let edit = Edit::new(Some(snapshot(&before)), before, Vec::new(), at(NOW));
    assert!(edit.unwrap().is_empty());
}
