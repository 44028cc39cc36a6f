//! Each change follows the one rule: a request changes the verifications that it may change, both levels or neither, and nothing else.

use std::collections::BTreeMap;

use super::Violations;
use super::content::{
    CONTACT_LEVEL, Level, Verification, client_level, known_address, levels, method,
};
use super::timeline::{State, Timelines};
use crate::history::ContactKey;
use crate::ledger::text;
use crate::requests::{Asked, Sent};

const CHECK: &str = "the one rule";

/// The levels of an entry, by entry and level.
type Levels = BTreeMap<(String, String), Level>;

pub(super) fn check(sent: &BTreeMap<&str, &Sent>, timelines: &Timelines, found: &mut Violations) {
    for (contact, states) in timelines {
        for (place, after) in states.iter().enumerate() {
            let Some(sent) = after.request.as_deref().and_then(|id| sent.get(id)) else {
                continue;
            };
            if !after.is_erased() {
                let before = place.checked_sub(1).map(|place| &states[place]);
                transition(contact, before, after, sent, found);
            }
        }
    }
}

fn transition(
    contact: &ContactKey,
    before: Option<&State>,
    after: &State,
    sent: &Sent,
    found: &mut Violations,
) {
    let old = before.map(levels).unwrap_or_default();
    let new = levels(after);
    let mut expected: Levels = new
        .keys()
        .map(|key| (key.clone(), old.get(key).cloned().unwrap_or_default()))
        .collect();
    expect(contact, before, after, sent, &mut expected);
    for (key, expected) in &expected {
        let level = &new[key];
        if level.current != expected.current {
            found.add(
                CHECK,
                format!(
                    "{contact:?} {key:?}: {sent:?} made {level:?} of {:?}",
                    old.get(key)
                ),
            );
        }
        if old.get(key).is_some_and(|old| old.current.is_some())
            && level.current.is_none()
            && level.cleared_at.is_none()
        {
            found.add(
                "a clear keeps its time",
                format!("{contact:?} {key:?}: {sent:?}"),
            );
        }
    }
    if !matches!(sent.request.asked, Asked::Subscribe { .. }) {
        restarts(contact, before, after, sent, found);
    }
    let may_remove = matches!(sent.request.asked, Asked::Remove { .. });
    for (entry, level) in old.keys() {
        let is_lost = !new.keys().any(|(other, _)| other == entry);
        if is_lost && !may_remove {
            found.add(
                "only a removal removes a method",
                format!("{contact:?} {entry} {level}: {sent:?}"),
            );
        }
    }
}

/// Only `subscribe` restarts an ended subscription.
fn restarts(
    contact: &ContactKey,
    before: Option<&State>,
    after: &State,
    sent: &Sent,
    found: &mut Violations,
) {
    for (sort, item) in before.iter().flat_map(|before| &before.subscriptions) {
        let status = |item| text(item, "status").map(str::to_owned);
        let now = after.subscriptions.get(sort).and_then(status);
        if status(item).as_deref() == Some("unsubscribed") && now.as_deref() != Some("unsubscribed")
        {
            found.add(
                "only subscribing restarts a subscription",
                format!("{contact:?} {sort}: {sent:?}"),
            );
        }
    }
}

/// Applies the request to the levels that it is about.
fn expect(
    contact: &ContactKey,
    before: Option<&State>,
    after: &State,
    sent: &Sent,
    levels: &mut Levels,
) {
    let verification = |at: &Option<String>, label: &Option<String>| Verification {
        at: at.clone().unwrap_or_else(|| sent.clock()),
        by: Some(sent.request.actor.clone()),
        label: label.clone(),
    };
    let mut change = |entry: &str, level: &str, change: &dyn Fn(&mut Level)| {
        if let Some(level) = levels.get_mut(&(entry.to_owned(), level.to_owned())) {
            change(level);
        }
    };
    match &sent.request.asked {
        Asked::VerifyMethod {
            kind,
            value,
            at,
            label,
        } => {
            let Some(entry) = before.and_then(|before| method(&before.contact, kind, value)) else {
                return;
            };
            change(entry.id, CONTACT_LEVEL, &|level| match at {
                Some(_) => drop(level.record(&verification(at, label))),
                None => level.current = None,
            });
        }
        Asked::VerifyContact {
            audience,
            client,
            address,
            verified,
            at,
        } => {
            let sort = client_level(audience, client);
            let entry = before.and_then(|before| match address {
                Some(address) => method(&before.contact, "email", address),
                None => known_address(before, &contact.0, &sort),
            });
            let Some(entry) = entry else {
                return;
            };
            for name in [CONTACT_LEVEL, &sort] {
                change(entry.id, name, &|level| {
                    if *verified {
                        level.record(&verification(at, &None));
                    } else {
                        level.current = None;
                    }
                });
            }
        }
        Asked::Upsert {
            audience,
            client,
            address,
            verified_at: Some(at),
            ..
        } => {
            let Some(entry) = method(&after.contact, "email", address) else {
                return;
            };
            for name in [CONTACT_LEVEL, &client_level(audience, client)] {
                change(entry.id, name, &|level| {
                    level.report(&verification(&Some(at.clone()), &None));
                });
            }
        }
        Asked::Import { address, at } => {
            if let Some(entry) = method(&after.contact, "email", address) {
                change(entry.id, CONTACT_LEVEL, &|level| {
                    level.report(&verification(&Some(at.clone()), &None));
                });
            }
        }
        _ => {}
    }
}
