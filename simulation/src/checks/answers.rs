//! Each answer shows one state of a contact of the caller's organization, which existed during the request.

use serde_json::{Value, json};

use super::Violations;
use super::content::{Level, at_subscription, client_level, method, methods};
use super::timeline::{State, Timelines};
use crate::history::History;
use crate::ledger::{Item, text};
use crate::requests::{Asked, Response, Sent};
use crate::scene::{LONE_CONTACT, ORGANIZATIONS, STABLE_CONTACT};

/// Texts that only the data of each organization contain: the year of its verifications, and its id.
const MARKS: [[&str; 2]; 2] = [["2021-", "alpha"], ["2011-", "beta"]];

pub(super) fn check(history: &History, timelines: &Timelines, found: &mut Violations) {
    for sent in &history.sent {
        let Some(response) = &sent.response else {
            continue;
        };
        match response.status {
            200 | 201 | 400 | 404 | 412 | 503 => {}
            status => found.add(
                "each answer has a status of the contract",
                format!("{status}: {sent:?}"),
            ),
        }
        if sent.request.actor == "super" {
            super_admin(sent, response, found);
        } else {
            foreign(sent, response, found);
        }
        shows_a_state(sent, response, timelines, found);
        exists(sent, response, timelines, found);
        cursor(sent, response, found);
    }
}

fn super_admin(sent: &Sent, response: &Response, found: &mut Violations) {
    let expected = if sent.request.contact == LONE_CONTACT {
        200
    } else {
        400
    };
    if response.status < 500 && response.status != expected {
        found.add(
            "a super administrator reaches one contact or none",
            format!("{sent:?}"),
        );
    }
}

fn foreign(sent: &Sent, response: &Response, found: &mut Violations) {
    let text = response.body.to_string();
    for (organization, marks) in ORGANIZATIONS.iter().zip(MARKS) {
        if *organization != sent.request.organization
            && marks.iter().any(|mark| text.contains(mark))
        {
            found.add(
                "no answer shows another organization's data",
                format!("{sent:?}"),
            );
        }
    }
}

/// A cursor works for its own history only; for another contact it is refused.
fn cursor(sent: &Sent, response: &Response, found: &mut Violations) {
    let Asked::History {
        cursor_of: Some((organization, contact)),
    } = &sent.request.asked
    else {
        return;
    };
    let is_own = organization == sent.request.organization && *contact == sent.request.contact;
    if (response.status == 400) == is_own && matches!(response.status, 200 | 400) {
        found.add("a cursor works for one history only", format!("{sent:?}"));
    }
}

/// A contact that exists during the whole request is found.
fn exists(sent: &Sent, response: &Response, timelines: &Timelines, found: &mut Violations) {
    let is_by_id = matches!(
        sent.request.asked,
        Asked::VerifyMethod { .. }
            | Asked::Add { .. }
            | Asked::Remove { .. }
            | Asked::Read
            | Asked::History { .. }
    );
    if response.status != 404 || !is_by_id || sent.request.actor == "super" {
        return;
    }
    let key = (
        sent.request.organization.to_owned(),
        sent.request.contact.clone(),
    );
    let states = timelines.get(&key).map_or(&[][..], Vec::as_slice);
    let is_there = states
        .first()
        .is_some_and(|first| first.since <= sent.began)
        && states
            .iter()
            .all(|state| !state.is_erased() || state.since > sent.ended);
    let is_lost = match &sent.request.asked {
        Asked::VerifyMethod { kind, value, .. } => {
            let mut seen = states
                .iter()
                .filter(|state| state.is_seen_between(sent.began, sent.ended));
            is_there && seen.all(|state| method(&state.contact, kind, value).is_some())
        }
        Asked::Remove { .. } => false,
        _ => is_there,
    };
    if is_lost
        || (is_there
            && sent.request.contact == STABLE_CONTACT
            && response.body["error"] == "Contact not found")
    {
        found.add("what exists is found", format!("{sent:?}"));
    }
}

fn shows_a_state(sent: &Sent, response: &Response, timelines: &Timelines, found: &mut Violations) {
    const CHECK: &str = "each answer shows one state that existed";
    let Some(version) = response.version else {
        return;
    };
    let body = &response.body;
    let shown = body.pointer("/data/contact").unwrap_or(body);
    let id = ["_id", "contact_id"]
        .iter()
        .find_map(|name| shown[name].as_str());
    let id = id.unwrap_or(&sent.request.contact);
    let organization = shown["organizationId"]
        .as_str()
        .unwrap_or(sent.request.organization);
    let states = timelines.get(&(organization.to_owned(), id.to_owned()));
    let state = states
        .into_iter()
        .flatten()
        .find(|state| state.version == version);
    let Some(state) = state else {
        // An upsert that is refused names no contact.
        if response.status < 300 || !sent.request.contact.is_empty() {
            found.add(CHECK, format!("no state has this version: {sent:?}"));
        }
        return;
    };
    if response.status >= 300 {
        return;
    }
    if !state.is_seen_between(sent.began, sent.ended) {
        found.add(
            CHECK,
            format!(
                "the state was not there at the time: {sent:?} {:?} to {:?}",
                state.since, state.until
            ),
        );
    }
    let differs = if shown.get("_id").is_some() {
        crm(shown, state)
    } else {
        mailer(shown, state)
    };
    if let Some(differs) = differs {
        found.add(CHECK, format!("{differs}: {sent:?}"));
    }
}

/// The first difference between an answer in the CRM's dialect and the state.
fn crm(shown: &Value, state: &State) -> Option<String> {
    for (kind, member) in [("phone", "phoneNumber"), ("email", "emails")] {
        let expected: Vec<_> = methods(&state.contact, kind)
            .iter()
            .map(|entry| {
                let mut expected =
                    json!({ "value": text(entry.item, "value"), "isPrimary": entry.is_primary });
                if let Some(verification) = Level::of(entry.item).current {
                    expected["verifiedAt"] = json!(verification.at);
                    let others = [
                        ("verifiedBy", verification.by),
                        ("verificationSource", verification.label),
                    ];
                    for (name, value) in others {
                        if let Some(value) = value {
                            expected[name] = json!(value);
                        }
                    }
                }
                expected
            })
            .collect();
        if shown[member] != json!(expected) {
            return Some(format!("{member} is not {}", json!(expected)));
        }
    }
    None
}

/// The first difference between an answer in the mailer's dialect and the state.
fn mailer(shown: &Value, state: &State) -> Option<String> {
    let email = shown["email"].as_str().unwrap_or_default();
    let Some(entry) = method(&state.contact, "email", email) else {
        return Some("the contact does not have the address".to_owned());
    };
    let (audience, client) = (
        shown["audience"]["slug"].as_str()?,
        shown["client"]["slug"].as_str()?,
    );
    let of_client = state.subscriptions.get(&client_level(audience, client));
    let of_audience = state.subscriptions.get(&format!("SUBSCRIPTION#{audience}"));
    let at = |level: Level| json!(level.current.map(|verification| verification.at));
    let status = |item: Option<&Item>| json!(item.and_then(|item| text(item, "status")));
    let is = |name: &str| state.contact.get(name).is_some() || entry.item.get(name).is_some();
    let finding = entry
        .item
        .pointer("/emailValidation/M/status/S")
        .and_then(Value::as_str);
    let expected = [
        ("/verified_at", at(Level::of(entry.item))),
        (
            "/client/verified_at",
            at(at_subscription(of_client, entry.id)),
        ),
        (
            "/audience/verified_at",
            at(at_subscription(of_audience, entry.id)),
        ),
        ("/client/status", status(of_client)),
        ("/audience/status", status(of_audience)),
        (
            "/hard_bounced",
            json!(entry.item.get("hardBouncedAt").is_some()),
        ),
        ("/complained", json!(is("complainedAt"))),
        ("/global_unsubscribed", json!(is("globallyUnsubscribedAt"))),
        (
            "/email_validation/status",
            json!(finding.unwrap_or("unknown")),
        ),
    ];
    let differs = expected
        .iter()
        .find(|(pointer, expected)| shown.pointer(pointer) != Some(expected));
    differs.map(|(pointer, expected)| format!("{pointer} is not {expected}"))
}
