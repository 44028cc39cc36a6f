use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, Put, Update};

use super::*;
use crate::domain::{
    Actor, AddressHash, AudienceSlug, ClientSlug, EmailValidation, MethodId, SubscriptionStatus,
    Timestamp, ValidationStatus, Verification,
};
use crate::store::items::{subscription_item, text};

const JANE: &str = "jane@example.com";
const T1: &str = "2024-01-01T00:00:00.000Z";

fn organization() -> OrganizationId {
    OrganizationId::parse("org_a").unwrap()
}

fn id(text: &str) -> ContactId {
    ContactId::parse(text).unwrap()
}

/// A contact that has a subscription.
fn owner(text: &str) -> Contact {
    Contact {
        subscription_count: 1,
        ..Contact::new(organization(), id(text), Timestamp::EPOCH)
    }
}

fn metadata(request: &str) -> ChangeMetadata {
    let now = Timestamp::parse_rfc3339("2026-05-20T15:04:02Z").unwrap();
    let actor = Actor::subject("user_1");
    ChangeMetadata::new(actor, now, "POST /x", request.to_owned())
}

/// All facts that can block mail to an address.
fn kept() -> AddressSuppression {
    let since = Some(Timestamp::parse_rfc3339(T1).unwrap());
    AddressSuppression {
        validation: EmailValidation {
            status: ValidationStatus::NoMx,
            reason: "no mail exchanger".to_owned(),
            validated_at: since,
        },
        hard_bounced_at: since,
        globally_unsubscribed_at: since,
        complained_at: since,
    }
}

/// The address as an earlier write at version 3 left it.
fn found(address: &Address) -> FoundAddress {
    let hash = AddressHash::of(&organization(), &address.normal_form);
    let mut item = address_item(&organization(), &hash, address).unwrap();
    item.extend(metadata("request_0").attributes(Version::new(3)));
    FoundAddress::new(&address.normal_form, Some(item)).unwrap()
}

/// The address after `c_2` lost it.
fn released() -> Address {
    Address::unknown(JANE).released(Some(&id("c_2")), kept())
}

fn write(edit: &AddressEdit) -> TransactWriteItem {
    let version = Version::new(8);
    let write = edit.write("contacts", &organization(), version, &metadata("request_1"));
    write.unwrap()
}

fn put(edit: &AddressEdit) -> Put {
    write(edit).put().unwrap().clone()
}

fn update(edit: &AddressEdit) -> Update {
    write(edit).update().unwrap().clone()
}

/// The attributes that the item has after the update.
fn after(stored: &FoundAddress, update: &Update) -> Item {
    let mut item = stored.item.clone().unwrap();
    let names = update.expression_attribute_names().unwrap();
    let values = update.expression_attribute_values().unwrap();
    let text = update.update_expression();
    let (set, removed) = text.split_once(" REMOVE ").unwrap_or((text, ""));
    for assignment in set.trim_start_matches("SET ").split(", ") {
        let (name, value) = assignment.split_once(" = ").unwrap();
        item.insert(names[name].clone(), values[value].clone());
    }
    for name in removed.split(", ").filter(|name| !name.is_empty()) {
        item.remove(&names[name]);
    }
    item
}

/// The condition of an update, by attribute name: the required value, or `None` if the attribute must be absent.
fn required(update: &Update) -> BTreeMap<String, Option<AttributeValue>> {
    let names = update.expression_attribute_names().unwrap();
    let values = update.expression_attribute_values().unwrap();
    let clauses = update.condition_expression().unwrap().split(" AND ");
    let clauses = clauses.map(|clause| {
        if let Some((name, value)) = clause.split_once(" = ") {
            return (names[name].clone(), Some(values[value].clone()));
        }
        let name = clause.strip_prefix("attribute_not_exists(").unwrap();
        (names[name.strip_suffix(')').unwrap()].clone(), None)
    });
    clauses.collect()
}

#[test]
fn the_claim_of_an_address_without_an_item_requires_that_there_still_is_none() {
    let unknown = FoundAddress::new(JANE, None).unwrap();
    assert!(!unknown.is_stored());
    let put = put(&AddressEdit::claim(unknown, &id("c_1")));
    assert_eq!(
        put.condition_expression(),
        Some("attribute_not_exists(#pk)")
    );
    let item = put.item();
    assert_eq!(item["ownerId"], text("c_1"));
    assert_eq!(item["value"], text(JANE));
    assert_eq!(item["version"], AttributeValue::N("8".to_owned()));
    assert_eq!(item["changeRequestId"], text("request_1"));
    for absent in ["formerOwnerIds", "contactId", "organizationShard"] {
        assert!(!item.contains_key(absent), "{absent}");
    }
}

#[test]
fn the_claim_of_a_released_address_requires_that_all_its_attributes_are_unchanged() {
    let found = found(&released());
    let update = update(&AddressEdit::claim(found.clone(), &id("c_1")));
    let required = required(&update);
    let stored = found.item.clone().unwrap();
    for (name, value) in &stored {
        assert_eq!(required[name], Some(value.clone()), "{name}");
    }
    assert_eq!(required["ownerId"], None);
    assert_eq!(required.len(), stored.len() + 1);
    for kept in [
        "emailValidation",
        "hardBouncedAt",
        "globallyUnsubscribedAt",
        "complainedAt",
        "formerOwnerIds",
    ] {
        assert!(stored.contains_key(kept), "{kept}");
    }
}

/// The claim must not lose a fact that another write added after the read.
#[test]
fn a_claim_requires_that_there_is_no_owner_even_if_the_address_has_no_facts() {
    let released = Address::unknown(JANE).released(Some(&id("c_2")), AddressSuppression::default());
    let update = update(&AddressEdit::claim(found(&released), &id("c_1")));
    let required = required(&update);
    assert_eq!(required["ownerId"], None);
    // Every change of the facts also changes these attributes.
    for name in ["version", "changeRequestId", "updatedAt"] {
        assert!(required[name].is_some(), "{name}");
    }
}

#[test]
fn a_claimed_address_has_its_former_owners_and_no_facts_and_is_in_no_index() {
    let found = found(&released());
    let update = update(&AddressEdit::claim(found.clone(), &id("c_1")));
    let item = after(&found, &update);
    let names: BTreeSet<_> = item.keys().map(String::as_str).collect();
    let expected = [
        "pk",
        "sk",
        "value",
        "ownerId",
        "formerOwnerIds",
        "version",
        "updatedAt",
        "changedBy",
        "changeRoute",
        "changeRequestId",
    ];
    assert_eq!(names, expected.into());
    assert_eq!(address(item).unwrap(), released().claimed_by(&id("c_1")));
}

#[test]
fn an_address_is_released_only_while_the_contact_owns_it() {
    let owned = found(&Address::unknown(JANE).claimed_by(&id("c_1")));
    let update = update(&AddressEdit::release(owned, &owner("c_1"), kept()));
    let required = required(&update);
    assert_eq!(required["ownerId"], Some(text("c_1")));
    for name in ["hardBouncedAt", "complainedAt", "emailValidation"] {
        assert_eq!(required[name], None, "{name}");
    }
}

#[test]
fn a_released_address_keeps_the_facts_and_is_in_the_index_over_the_organization() {
    let owned = found(&released().claimed_by(&id("c_1")));
    let update = update(&AddressEdit::release(owned.clone(), &owner("c_1"), kept()));
    let item = after(&owned, &update);
    let hash = AddressHash::of(&organization(), JANE);
    assert_eq!(item["contactId"], text(format!("ADDRESS#{hash}")));
    let shard = item["organizationShard"].as_s().unwrap();
    assert!(shard.starts_with("ORG#org_a#"), "{shard}");
    let address = address(item).unwrap();
    assert_eq!(address.owner, None);
    assert_eq!(address.former_owners, [id("c_1"), id("c_2")]);
    assert_eq!(address.suppression, kept());
}

#[test]
fn former_owners_of_a_record_come_after_those_of_the_table() {
    let former = [id("c_3"), id("c_2")];
    let edit = AddressEdit::claim(found(&released()), &id("c_1")).with_former_owners(&former);
    assert_eq!(edit.after.former_owners, [id("c_2"), id("c_3")]);
}

#[test]
fn an_unchanged_address_is_not_written() {
    assert!(AddressEdit::replace(found(&released()), released()).is_empty());
    let mut other = released();
    other.suppression.complained_at = None;
    assert!(!AddressEdit::replace(found(&released()), other).is_empty());
    // An address without an item is written, even if it has no facts.
    let unknown = FoundAddress::new(JANE, None).unwrap();
    assert!(!AddressEdit::replace(unknown, Address::unknown(JANE)).is_empty());
}

fn levels() -> [SubscriptionId; 2] {
    SubscriptionId::levels(
        &AudienceSlug::parse("newsletter").unwrap(),
        &ClientSlug::parse("website").unwrap(),
    )
}

fn ended(reason: &str) -> Subscription {
    Subscription {
        status: SubscriptionStatus::Unsubscribed,
        unsubscribed_at: Some(Timestamp::parse_rfc3339(T1).unwrap()),
        unsubscribe_reason: reason.to_owned(),
        ..Subscription::default()
    }
}

/// The ends that a contact inherits from former owners with these subscriptions: the client's, and the one at audience level.
/// Returns the reasons of the two ends.
fn inherited(former: &[[Option<Subscription>; 2]]) -> [Option<String>; 2] {
    let levels = levels();
    let items = former.iter().flat_map(|former| levels.iter().zip(former));
    let items = items.map(|(level, former)| {
        let key = Key::subscription(&organization(), &id("c_2"), level);
        let item = former
            .as_ref()
            .map(|former| subscription_item(key, former).unwrap());
        (level, item)
    });
    let inherited = Inherited::of(&levels, items).unwrap();
    levels.each_ref().map(|level| {
        let inherited = inherited.get(level)?;
        assert_eq!(inherited.status, SubscriptionStatus::Unsubscribed);
        Some(inherited.unsubscribe_reason)
    })
}

#[test]
fn a_contact_inherits_the_ended_subscriptions_of_former_owners_with_the_address() {
    let reason = |text: &str| Some(text.to_owned());
    let at = |status| {
        Some(Subscription {
            status,
            ..Subscription::default()
        })
    };
    let running = || at(SubscriptionStatus::Subscribed);
    let end = |reason| Some(ended(reason));
    for (former, expected) in [
        (vec![], [None, None]),
        (vec![[None, None]], [None, None]),
        (
            vec![[running(), at(SubscriptionStatus::Pending)]],
            [None, None],
        ),
        // The end of the client's subscription does not end the audience level.
        (vec![[end("client"), running()]], [reason("client"), None]),
        // An end at audience level also ends the subscription of each client.
        (
            vec![[running(), end("audience")]],
            [reason("audience"), reason("audience")],
        ),
        (
            vec![[end("client"), end("audience")]],
            [reason("client"), reason("audience")],
        ),
        // The end of any former owner counts. Of several ends, that of the last owner counts.
        (
            vec![[running(), None], [end("earlier"), None]],
            [reason("earlier"), None],
        ),
        (
            vec![[end("last"), None], [end("earlier"), end("audience")]],
            [reason("last"), reason("audience")],
        ),
    ] {
        assert_eq!(inherited(&former), expected, "{former:?}");
    }
}

#[test]
fn an_inherited_end_brings_no_verification_and_no_address() {
    let mut former = ended("too many");
    let hash = AddressHash::of(&organization(), JANE);
    former.address = Some(hash);
    let method = MethodId::new(Version::new(1), 0);
    former.verifications.insert(
        method,
        Some(Verification {
            at: Timestamp::EPOCH,
            by: None,
            source: None,
        })
        .into(),
    );
    assert_eq!(former.ended_alike(), Some(ended("too many")));
}

#[test]
fn a_released_address_does_not_remember_an_owner_without_subscriptions() {
    let owned = found(&released().claimed_by(&id("c_1")));
    let without = Contact {
        subscription_count: 0,
        ..owner("c_1")
    };
    let update = update(&AddressEdit::release(owned.clone(), &without, kept()));
    let address = address(after(&owned, &update)).unwrap();
    assert_eq!(address.former_owners, [id("c_2")]);
}
