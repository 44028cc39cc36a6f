//! One owner for an address, and what holds mail back stays.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::domain::{AddressHash, OrganizationId};

use super::Violations;
use super::content::{method, methods};
use super::timeline::{State, Timelines, parts};
use crate::history::History;
use crate::ledger::{Item, Key, key_of, text};
use crate::requests::{Asked, Sent};
use crate::scene::{ADDRESSES, ORGANIZATIONS, STABLE_ADDRESS};
use crate::start;

/// The facts that hold mail back from an address, as attributes.
const FACTS: [&str; 3] = ["hardBouncedAt", "complainedAt", "globallyUnsubscribedAt"];

/// A finding that holds mail back.
const FINDING: &str = "emailValidation";

/// The facts of each address of each organization.
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
        for write in &commit.writes {
            if write.before.is_none()
                && write.key.1.starts_with("SUBSCRIPTION#")
                && let Some(request) = request
            {
                created(
                    &write.key,
                    write.after.as_ref(),
                    request,
                    timelines,
                    commit.at,
                    found,
                );
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
                        "what holds mail back is not lost",
                        format!("{fact} of {address:?}: {request:?}"),
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
            // It is the person's: all addresses of the contact are lifted.
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

/// A subscription that is created for an address begins as ended where a former owner had ended it.
fn created(
    key: &Key,
    after: Option<&Item>,
    sent: &Sent,
    timelines: &Timelines,
    at: std::time::Duration,
    found: &mut Violations,
) {
    let Asked::Upsert {
        audience, address, ..
    } = &sent.request.asked
    else {
        return;
    };
    let Some((organization, _, owner)) = parts(&key.0) else {
        return;
    };
    if after.and_then(|item| text(item, "status")) == Some("unsubscribed") {
        return;
    }
    for ((other, id), states) in timelines {
        if other != organization || id == owner {
            continue;
        }
        let had = states
            .iter()
            .any(|state| state.since < at && method(&state.contact, "email", address).is_some());
        // The function reads the subscriptions some time before it writes.
        let seen: Vec<_> = states
            .iter()
            .filter(|state| state.is_seen_between(sent.began, at))
            .collect();
        let is_ended = |sort: &String| {
            let status = |state: &State| {
                state
                    .subscriptions
                    .get(sort)
                    .and_then(|item| text(item, "status").map(str::to_owned))
            };
            seen.iter()
                .all(|state| status(state).as_deref() == Some("unsubscribed"))
        };
        let sorts = [key.1.clone(), format!("SUBSCRIPTION#{audience}")];
        if had && !seen.is_empty() && sorts.iter().any(is_ended) {
            found.add(
                "ended subscriptions come back",
                format!("{key:?} after {id}: {sent:?}"),
            );
        }
    }
}
