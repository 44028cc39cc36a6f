//! The entries of each contact's history are the differences between its states.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Violations;
use super::content::{CONTACT_LEVEL, Level, at_subscription, methods};
use super::timeline::{State, Timelines};
use crate::history::History;
use crate::ledger::{Item, text};

const CHECK: &str = "the history matches the states";

/// The facts that can change, by their subjects.
type Facts = BTreeMap<String, Value>;

pub(super) fn check(history: &History, timelines: &Timelines, found: &mut Violations) {
    for (contact, states) in timelines {
        if states.last().is_some_and(State::is_erased) {
            continue;
        }
        let Some(entries) = history.entries.get(contact) else {
            if states.len() > 1 {
                found.add(
                    CHECK,
                    format!("the history of {contact:?} was not answered"),
                );
            }
            continue;
        };
        let mut expected = Vec::new();
        for (place, state) in states.iter().enumerate() {
            let before = match place.checked_sub(1) {
                Some(place) => facts(&states[place]),
                // The stream does not deliver the items of the start.
                None if state
                    .request
                    .as_deref()
                    .is_none_or(|id| !id.starts_with('r')) =>
                {
                    continue;
                }
                None => Facts::new(),
            };
            let mut changed = changes(&before, &facts(state), state);
            changed.sort_by_key(ToString::to_string);
            expected.push((state.version, changed));
        }
        compare(&format!("{contact:?}"), entries, expected, found);
    }
}

/// Compares the entries, newest first, with those of each version, oldest first.
fn compare(
    contact: &str,
    entries: &[Value],
    expected: Vec<(u64, Vec<Value>)>,
    found: &mut Violations,
) {
    let mut rest = entries;
    for (version, expected) in expected.into_iter().rev() {
        let (of_version, older) = rest.split_at(expected.len().min(rest.len()));
        let mut of_version: Vec<_> = of_version.iter().map(comparable).collect();
        of_version.sort_by_key(ToString::to_string);
        if of_version != expected {
            let what = format!(
                "{contact} at version {version}: {} instead of {}",
                json!(of_version),
                json!(expected)
            );
            found.add(CHECK, what);
            return;
        }
        rest = older;
    }
    if !rest.is_empty() {
        found.add(CHECK, format!("{contact} has more: {}", json!(rest)));
    }
}

/// An entry without the members that states do not show.
fn comparable(entry: &Value) -> Value {
    let mut entry = entry.clone();
    if let Some(members) = entry.as_object_mut() {
        for name in ["id", "at", "actor", "route"] {
            members.remove(name);
        }
    }
    entry
}

fn changes(before: &Facts, after: &Facts, state: &State) -> Vec<Value> {
    let subjects: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let mut entries = Vec::new();
    for subject in subjects {
        let (old, new) = (before.get(subject), after.get(subject));
        if old == new {
            continue;
        }
        let mut entry: Value = serde_json::from_str(subject).unwrap();
        let members = entry.as_object_mut().unwrap();
        let about = members.remove("about").unwrap_or_default();
        members.remove("kind");
        let value = members["value"].as_str().unwrap_or_default();
        let has_left = !value.is_empty()
            && methods(&state.contact, "email")
                .iter()
                .all(|it| it.normal_form != value);
        if about == "suppression" && has_left {
            // The suppression stays with the address.
            continue;
        }
        entry["event"] = match (about.as_str(), new) {
            (Some("verification"), Some(_)) => json!("verification.recorded"),
            (Some("verification"), None) => json!("verification.cleared"),
            (Some("subscription"), _) => json!("subscription.changed"),
            _ => json!("suppression.changed"),
        };
        entry["before"] = json!(old);
        entry["after"] = json!(new);
        entry["requestId"] = json!(state.request);
        entries.push(entry);
    }
    entries
}

/// The facts of a state, by their subjects.
fn facts(state: &State) -> Facts {
    let mut facts = Facts::new();
    let mut set = |about: &str, subject: &Value, kind: &str, value: Option<Value>| {
        if let Some(value) = value {
            let mut subject = subject.clone();
            subject["about"] = json!(about);
            subject["kind"] = json!(kind);
            facts.insert(subject.to_string(), value);
        }
    };
    let nobody = subject(None, None, None);
    for (kind, fact) in suppressions(&state.contact) {
        set("suppression", &nobody, kind, Some(fact));
    }
    for (sort, item) in &state.subscriptions {
        set(
            "subscription",
            &subject(None, None, Some(sort)),
            "",
            status(item),
        );
    }
    for kind in ["phone", "email"] {
        for entry in methods(&state.contact, kind) {
            let method = Some((kind, entry.normal_form));
            for (name, fact) in suppressions(entry.item) {
                set(
                    "suppression",
                    &subject(None, method, None),
                    name,
                    Some(fact),
                );
            }
            let level = verification(&Level::of(entry.item));
            set(
                "verification",
                &subject(Some(CONTACT_LEVEL), method, None),
                "",
                level,
            );
            for (sort, item) in &state.subscriptions {
                let level = verification(&at_subscription(Some(item), entry.id));
                set(
                    "verification",
                    &subject(Some(sort), method, Some(sort)),
                    "",
                    level,
                );
            }
        }
    }
    facts
}

/// The subject of an entry: the level, the method, the subscription.
fn subject(level: Option<&str>, method: Option<(&str, &str)>, sort: Option<&str>) -> Value {
    let mut parts = sort.unwrap_or_default().split('#').skip(1);
    let (audience, client) = (parts.next(), parts.next());
    let level = level.map(|level| match client {
        _ if level == CONTACT_LEVEL => "contact",
        Some(_) => "client",
        None => "audience",
    });
    let (kind, value) = method.unzip();
    json!({ "level": level, "audience": audience, "client": client, "type": kind, "value": value })
}

fn with_reason(mut value: Value, reason: Option<&str>) -> Value {
    if let Some(reason) = reason {
        value["reason"] = json!(reason);
    }
    value
}

fn status(item: &Item) -> Option<Value> {
    let status = text(item, "status")?;
    Some(with_reason(
        json!({ "status": status }),
        text(item, "unsubscribeReason"),
    ))
}

fn verification(level: &Level) -> Option<Value> {
    let current = level.current.as_ref()?;
    let mut value = json!({ "verifiedAt": current.at });
    for (name, member) in [
        ("verifiedBy", &current.by),
        ("verificationSource", &current.label),
    ] {
        if let Some(member) = member {
            value[name] = json!(member);
        }
    }
    Some(value)
}

/// The suppressions of an item or of an entry.
fn suppressions(item: &Item) -> Vec<(&'static str, Value)> {
    let mut facts = Vec::new();
    for (kind, name) in [
        ("globally_unsubscribed", "globallyUnsubscribedAt"),
        ("complained", "complainedAt"),
        ("hard_bounced", "hardBouncedAt"),
    ] {
        if let Some(since) = text(item, name) {
            let reason =
                text(item, "globalUnsubscribeReason").filter(|_| kind == "globally_unsubscribed");
            facts.push((
                kind,
                with_reason(json!({ "kind": kind, "since": since }), reason),
            ));
        }
    }
    if let Some(finding) = item.pointer("/emailValidation/M")
        && let Some(status @ "no_mx") = text(finding, "status")
    {
        let mut fact = json!({ "kind": "validation", "status": status });
        if let Some(since) = text(finding, "validatedAt") {
            fact["since"] = json!(since);
        }
        facts.push(("validation", with_reason(fact, text(finding, "reason"))));
    }
    facts
}
