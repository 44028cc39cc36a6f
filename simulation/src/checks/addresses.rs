//! An address has one owner, and suppressions stay with the address.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use shared::domain::{AddressHash, OrganizationId};

use super::Violations;
use super::content::{method, methods};
use super::timeline::{State, Timelines, parts};
use crate::history::History;
use crate::ledger::{Item, Key, Write, key_of, text};
use crate::requests::{Asked, Sent};
use crate::scene::{ADDRESSES, ORGANIZATIONS, STABLE_ADDRESS};
use crate::start;

/// The attributes of suppressions of an address.
const FACTS: [&str; 3] = ["hardBouncedAt", "complainedAt", UNSUBSCRIBED];

/// The suppression that an address keeps when its contact ended a subscription and was then erased.
const UNSUBSCRIBED: &str = "globallyUnsubscribedAt";

/// The attribute of a validation, of which `no_mx` is a suppression.
const FINDING: &str = "emailValidation";

/// The suppressions of each address of each organization.
type Facts = BTreeMap<(&'static str, &'static str), BTreeSet<&'static str>>;

pub(super) fn check(
    history: &History,
    sent: &BTreeMap<&str, &Sent>,
    timelines: &Timelines,
    found: &mut Violations,
) {
    let mut items: BTreeMap<Key, Item> = start::items()
        .iter()
        .map(|item| (key_of(item), item.clone()))
        .collect();
    let mut facts = facts_of_all(&items);
    let mut lifted = BTreeSet::new();
    for commit in &history.commits {
        let mut request = None;
        for write in &commit.writes {
            match &write.after {
                Some(after) => {
                    request = text(after, "changeRequestId")
                        .and_then(|id| sent.get(id))
                        .or(request);
                    items.insert(write.key.clone(), after.clone());
                }
                None => drop(items.remove(&write.key)),
            }
        }
        if commit
            .writes
            .iter()
            .all(|write| write.key.1.starts_with("HISTORY#"))
        {
            continue;
        }
        owners(&items, request.copied(), found);
        let now = facts_of_all(&items);
        for (address, before) in &facts {
            for fact in before.difference(&now[address]) {
                if !request.is_some_and(|request| may_lift(request, address, fact)) {
                    found.add(
                        "facts that block mail are not lost",
                        format!("{fact} of {address:?}: {request:?}"),
                    );
                }
            }
        }
        if let Some(request) = request {
            let is_lifted = |address: &&_| may_lift(request, address, UNSUBSCRIBED);
            lifted.extend(now.keys().filter(is_lifted).copied());
            for write in &commit.writes {
                let Some(revived) = revived(write, request, timelines, commit.at) else {
                    continue;
                };
                // If the former owner is erased, its ended subscriptions come back as a global unsubscription.
                let address = (revived.organization, revived.address);
                let is_held = now[&address].contains(UNSUBSCRIBED) || lifted.contains(&address);
                if !(revived.is_of_erased && is_held) {
                    found.add(
                        "ended subscriptions come back",
                        format!("{:?} after {}: {request:?}", write.key, revived.former),
                    );
                }
            }
        }
        facts = now;
    }
}

fn address_item<'a>(
    items: &'a BTreeMap<Key, Item>,
    organization: &str,
    address: &str,
) -> Option<&'a Item> {
    let parsed = OrganizationId::parse(organization).ok()?;
    let hash = AddressHash::of(&parsed, address);
    items.get(&(
        format!("ORG#{organization}#ADDRESS#{hash}"),
        "ADDRESS".to_owned(),
    ))
}

fn contacts<'a>(
    items: &'a BTreeMap<Key, Item>,
    organization: &str,
) -> impl Iterator<Item = (&'a str, &'a Item)> {
    let prefix = format!("ORG#{organization}#CONTACT#");
    let contacts = items.iter().filter(|((_, sort), _)| sort == "CONTACT");
    contacts
        .filter_map(move |((partition, _), item)| Some((partition.strip_prefix(&prefix)?, item)))
}

fn facts_of_all(items: &BTreeMap<Key, Item>) -> Facts {
    let mut facts = Facts::new();
    for organization in ORGANIZATIONS {
        for address in ADDRESSES.into_iter().chain([STABLE_ADDRESS]) {
            let mut held = BTreeSet::new();
            let mut add = |item: &Item| {
                held.extend(FACTS.iter().filter(|fact| item.get(**fact).is_some()));
                let finding = item
                    .pointer("/emailValidation/M/status/S")
                    .and_then(Value::as_str);
                held.extend(finding.filter(|status| *status == "no_mx").map(|_| FINDING));
            };
            if let Some(item) = address_item(items, organization, address) {
                add(item);
            }
            for (_, contact) in contacts(items, organization) {
                if let Some(entry) = method(contact, "email", address) {
                    add(entry.item);
                    add(contact);
                }
            }
            facts.insert((organization, address), held);
        }
    }
    facts
}

fn may_lift(sent: &Sent, (organization, address): &(&str, &str), fact: &str) -> bool {
    sent.request.organization == *organization
        && match &sent.request.asked {
            // A global subscription is the person's: it lifts the suppressions of all addresses of the contact.
            Asked::Subscribe {
                scope: "global", ..
            } => fact != "hardBouncedAt" && fact != FINDING,
            Asked::Upsert {
                address: named,
                lifts_bounce,
                has_finding,
                ..
            } => {
                named == address
                    && ((*lifts_bounce && fact == "hardBouncedAt")
                        || (*has_finding && fact == FINDING))
            }
            _ => false,
        }
}

fn owners(items: &BTreeMap<Key, Item>, sent: Option<&Sent>, found: &mut Violations) {
    for organization in ORGANIZATIONS {
        for address in ADDRESSES.into_iter().chain([STABLE_ADDRESS]) {
            let having = contacts(items, organization)
                .filter(|(_, contact)| method(contact, "email", address).is_some());
            let having: Vec<_> = having.map(|(id, _)| id).collect();
            let owner =
                address_item(items, organization, address).and_then(|item| text(item, "ownerId"));
            if having.len() > 1 || having.first().copied() != owner {
                let what = format!(
                    "{address} of {organization}: owned by {owner:?}, at {having:?} after {sent:?}"
                );
                found.add("an address has one owner", what);
            }
        }
        for (id, contact) in contacts(items, organization) {
            for kind in ["phone", "email"] {
                let primary = methods(contact, kind)
                    .iter()
                    .filter(|entry| entry.is_primary)
                    .count();
                if primary > 1 {
                    found.add(
                        "one method of each kind is primary",
                        format!("{organization} {id} {kind}"),
                    );
                }
            }
        }
    }
}

/// A new subscription that is not ended, although a former owner of the address had ended it.
struct Revived<'a> {
    organization: &'a str,
    address: &'a str,
    former: &'a str,
    is_of_erased: bool,
}

/// The revived subscription, if the write creates one.
fn revived<'a>(
    write: &Write,
    sent: &'a Sent,
    timelines: &'a Timelines,
    at: Duration,
) -> Option<Revived<'a>> {
    let Asked::Upsert {
        audience, address, ..
    } = &sent.request.asked
    else {
        return None;
    };
    let (partition, sort) = &write.key;
    if write.before.is_some() || !sort.starts_with("SUBSCRIPTION#") {
        return None;
    }
    let (_, _, owner) = parts(partition)?;
    if text(write.after.as_ref()?, "status") == Some("unsubscribed") {
        return None;
    }
    let organization = sent.request.organization;
    let levels = [sort.clone(), format!("SUBSCRIPTION#{audience}")];
    timelines.iter().find_map(|((other, id), states)| {
        let had =
            |state: &State| state.since < at && method(&state.contact, "email", address).is_some();
        if other != organization || id == owner || !states.iter().any(had) {
            return None;
        }
        // The function reads the subscriptions at any time between its start and its write.
        let seen: Vec<_> = states
            .iter()
            .filter(|state| state.is_seen_between(sent.began, at))
            .collect();
        let is_ended = |level: &String| {
            seen.iter().all(|state| {
                let subscription = state.subscriptions.get(level);
                subscription.and_then(|item| text(item, "status")) == Some("unsubscribed")
            })
        };
        let last = seen.last()?;
        levels.iter().any(is_ended).then(|| Revived {
            organization,
            address,
            former: id,
            is_of_erased: last.is_erased(),
        })
    })
}
