//! All requests about the stable phone number and the stable address, with their answers, are linearizable: each is a register.
//!
//! This check looks only at requests and answers, not at writes.

use serde_json::Value;

use super::Violations;
use super::content::{Level, Reported, Verification};
use super::linearizability::{Operation, Register, is_linearizable};
use crate::history::History;
use crate::requests::{Asked, Response, Sent};
use crate::scene::{
    AUDIENCES, CLIENTS, ORGANIZATIONS, STABLE_ADDRESS, STABLE_CONTACT, STABLE_PHONE,
};

/// The levels of a method: the contact's, and those of the two clients.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Method {
    contact: Level,
    clients: [Level; 2],
}

/// The contact's level as an answer shows it.
#[derive(Debug, Clone)]
struct Shown(Option<Verification>);

/// A request about a method, and its answer as the caller saw it.
#[derive(Debug, Clone)]
struct Seen {
    change: Change,
    /// The outcome; `None` without an answer.
    outcome: Option<String>,
    /// The contact's level, if the answer shows all of it.
    contact: Option<Shown>,
    /// The client, and the times at the contact's level and at the client's, if the answer shows them.
    times: Option<(usize, [Option<String>; 2])>,
}

#[derive(Debug, Clone)]
enum Change {
    None,
    Record(Verification),
    Clear(String),
    RecordBoth(usize, Verification),
    ClearBoth(usize, String),
    Report(usize, Verification),
    Import(Verification),
}

impl Register for Method {
    type Asked = Seen;

    fn apply(&mut self, seen: &Seen) -> bool {
        let outcome = match &seen.change {
            Change::None => None,
            Change::Record(verification) => Some(if self.contact.record(verification) {
                "recorded"
            } else {
                "kept"
            }),
            Change::Clear(_) if self.contact.current.is_none() => Some("unchanged"),
            Change::Clear(now) => {
                clear(&mut self.contact, now);
                Some("cleared")
            }
            Change::RecordBoth(client, verification) => {
                let recorded = [
                    self.contact.record(verification),
                    self.clients[*client].record(verification),
                ];
                Some(if recorded.contains(&true) {
                    "recorded"
                } else {
                    "kept"
                })
            }
            Change::ClearBoth(client, now) => {
                let levels = [&mut self.contact, &mut self.clients[*client]];
                // If one level has a verification, the request clears both at this time.
                let is_verified = levels.iter().any(|level| level.current.is_some());
                if is_verified {
                    for level in levels {
                        clear(level, now);
                    }
                }
                Some(if is_verified { "cleared" } else { "unchanged" })
            }
            Change::Import(verification) => {
                self.contact.report(verification);
                None
            }
            Change::Report(client, verification) => {
                let reported = [
                    self.contact.report(verification),
                    self.clients[*client].report(verification),
                ];
                Some(if reported.contains(&Reported::Recorded) {
                    "recorded"
                } else if reported.contains(&Reported::Cleared) {
                    "cleared"
                } else {
                    "kept"
                })
            }
        };
        let time = |level: &Level| level.current.as_ref().map(|current| current.at.clone());
        seen.outcome
            .as_deref()
            .is_none_or(|answered| outcome == Some(answered))
            && seen
                .contact
                .as_ref()
                .is_none_or(|Shown(shown)| *shown == self.contact.current)
            && seen.times.as_ref().is_none_or(|(client, shown)| {
                *shown == [time(&self.contact), time(&self.clients[*client])]
            })
    }
}

/// Clears a level, and keeps the latest time of a clear.
fn clear(level: &mut Level, now: &str) {
    level.current = None;
    let latest = level
        .cleared_at
        .take()
        .unwrap_or_default()
        .max(now.to_owned());
    level.cleared_at = Some(latest);
}

pub(super) fn check(history: &History, found: &mut Violations) {
    for organization in ORGANIZATIONS {
        for (kind, value) in [("phone", STABLE_PHONE), ("email", STABLE_ADDRESS)] {
            let mut operations = Vec::new();
            for sent in history
                .sent
                .iter()
                .filter(|sent| sent.request.organization == organization)
            {
                if let Some(change) = change(sent, kind, value) {
                    add(sent, change, kind, value, &mut operations);
                }
            }
            if operations.len() <= 64 && !is_linearizable(&Method::default(), &operations) {
                found.add(
                    "requests and answers are linearizable",
                    format!("{organization} {value}: {operations:?}"),
                );
            }
        }
    }
}

/// Adds a change, and the state that the caller saw after it. For a verification of a method these are two operations: after a lost
/// answer, the outcome is that of the write, but the contact is that of a later read.
fn add(
    sent: &Sent,
    change: Change,
    kind: &str,
    value: &str,
    operations: &mut Vec<Operation<Seen>>,
) {
    let operation = |ended, after, asked| Operation {
        began: sent.began,
        ended,
        after,
        asked,
    };
    let is_read = matches!(change, Change::None);
    let Some(response) = sent.definite() else {
        // A change without an answer may still happen. A read without an answer tells nothing.
        if !is_read {
            operations.push(operation(
                None,
                None,
                Seen {
                    change,
                    outcome: None,
                    contact: None,
                    times: None,
                },
            ));
        }
        return;
    };
    if response.status >= 300 {
        return;
    }
    let mut seen = seen(change, response, kind, value);
    let ended = Some(sent.ended);
    if matches!(seen.change, Change::Record(_) | Change::Clear(_)) {
        let shown = Seen {
            change: Change::None,
            outcome: None,
            contact: seen.contact.take(),
            times: None,
        };
        operations.push(operation(ended, None, seen));
        let change = operations.len() - 1;
        operations.push(operation(ended, Some(change), shown));
    } else {
        operations.push(operation(ended, None, seen));
    }
}

/// The change of a method by a request; `None` if the request is not about this method.
fn change(sent: &Sent, kind: &str, value: &str) -> Option<Change> {
    let client_of = |slug: &str| {
        CLIENTS
            .iter()
            .position(|client| *client == slug)
            .unwrap_or_default()
    };
    let verification = |at: &str, label: &Option<String>| Verification {
        at: at.to_owned(),
        by: Some(sent.request.actor.clone()),
        label: label.clone(),
    };
    let is_about_contact = sent.request.contact == STABLE_CONTACT && sent.request.actor != "super";
    Some(match &sent.request.asked {
        Asked::VerifyMethod {
            kind: of,
            value: named,
            at,
            label,
        } if is_about_contact && *of == kind && named == value => match at {
            Some(at) => Change::Record(verification(at, label)),
            None => Change::Clear(sent.clock()),
        },
        Asked::VerifyContact {
            client,
            address: Some(address),
            verified,
            at,
            ..
        } if address == value && is_about_contact => {
            let at = at.clone().unwrap_or_else(|| sent.clock());
            if *verified {
                Change::RecordBoth(client_of(client), verification(&at, &None))
            } else {
                Change::ClearBoth(client_of(client), sent.clock())
            }
        }
        Asked::Upsert {
            client,
            address,
            verified_at: Some(at),
            ..
        } if address == value => Change::Report(client_of(client), verification(at, &None)),
        Asked::Import { address, at } if address == value && is_about_contact => {
            Change::Import(verification(at, &None))
        }
        Asked::Read if is_about_contact => Change::None,
        Asked::Status {
            address, audience, ..
        } if address == value && audience == AUDIENCES[0] => Change::None,
        _ => return None,
    })
}

fn seen(change: Change, response: &Response, kind: &str, value: &str) -> Seen {
    let body = &response.body;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let outcome = match &change {
        Change::None | Change::Import(_) => None,
        Change::Report(..) => text(&body["verification_outcome"]),
        _ => text(body.pointer("/data/outcome").unwrap_or(&body["outcome"])),
    };
    let shown = body.pointer("/data/contact").unwrap_or(body);
    let entries = shown[if kind == "phone" {
        "phoneNumber"
    } else {
        "emails"
    }]
    .as_array();
    let entry = entries.and_then(|entries| entries.iter().find(|entry| entry["value"] == value));
    let contact = entry.map(|entry| {
        Shown(text(&entry["verifiedAt"]).map(|at| Verification {
            at,
            by: text(&entry["verifiedBy"]),
            label: text(&entry["verificationSource"]),
        }))
    });
    let client = CLIENTS
        .iter()
        .position(|client| body["client"]["slug"] == *client);
    let times = client.map(|client| {
        (
            client,
            [
                text(&body["verified_at"]),
                text(&body["client"]["verified_at"]),
            ],
        )
    });
    Seen {
        change,
        outcome,
        contact,
        times,
    }
}
