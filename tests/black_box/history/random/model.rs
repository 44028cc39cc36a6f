//! What the history must be, from what an export shows before and after each step.

use std::collections::{BTreeMap, BTreeSet};

use black_box_tests::Api;
use serde_json::{Value, json};
use shared::domain::{ContactId, Level};
use shared::store::ExportedContact;

use super::steps::{CONTACTS, Step};

/// What can change: the event, and the members that say what it is about.
type Subject = (&'static str, String);

/// All that a contact has of that.
type State = BTreeMap<Subject, Value>;

/// The histories of all contacts.
#[derive(Default)]
pub(super) struct Model {
    states: BTreeMap<&'static str, State>,
    /// The entries of each step that changed something, with the version at which it did, the oldest first.
    histories: BTreeMap<&'static str, Vec<(u64, Vec<Value>)>>,
}

impl Model {
    /// Notes what a step did to each contact.
    pub(super) async fn note(&mut self, api: &Api, step: &Step) {
        let store = api.database.store().await;
        for contact in CONTACTS {
            let id = ContactId::parse(contact).unwrap();
            let exported = store.exported(&api.organization, &id).await.unwrap();
            let after = exported.as_ref().map(state).unwrap_or_default();
            let before = self
                .states
                .insert(contact, after.clone())
                .unwrap_or_default();
            let has_address = |value: &Value| {
                let contact = exported.as_ref().map(|exported| &exported.contact.contact);
                contact.is_some_and(|contact| {
                    contact.email(value.as_str().unwrap_or_default()).is_some()
                })
            };
            let subjects: BTreeSet<_> = before.keys().chain(after.keys()).collect();
            let mut entries = Vec::new();
            for subject in subjects {
                let (old, new) = (before.get(subject), after.get(subject));
                if old == new {
                    continue;
                }
                let mut entry: Value = serde_json::from_str(&subject.1).unwrap();
                let is_of_address = !entry["value"].is_null();
                if subject.0 == "suppression" && is_of_address && !has_address(&entry["value"]) {
                    // It stays with the address, which left.
                    continue;
                }
                let event = match (subject.0, new) {
                    ("verification", Some(_)) => "verification.recorded",
                    ("verification", None) => "verification.cleared",
                    ("subscription", _) => "subscription.changed",
                    _ => "suppression.changed",
                };
                entry["event"] = json!(event);
                entry["before"] = json!(old);
                entry["after"] = json!(new);
                entry["route"] = match step {
                    Step::Route(route) => json!(route),
                    Step::Edit(_) | Step::None => Value::Null,
                };
                if event == "suppression.changed" {
                    entry.as_object_mut().unwrap().remove("fact");
                }
                entries.push(entry);
            }
            if !entries.is_empty() {
                let version = match step {
                    Step::Edit(version) => *version,
                    _ => exported.as_ref().unwrap().contact.contact.version.number(),
                };
                self.histories
                    .entry(contact)
                    .or_default()
                    .push((version, entries));
            }
        }
    }

    /// The methods that a history is about.
    pub(super) fn methods(&self, contact: &str) -> BTreeSet<(String, String)> {
        let steps = self.histories.get(contact).into_iter().flatten();
        let entries = steps.flat_map(|(_, entries)| entries);
        let methods = entries.filter_map(|entry| {
            Some((
                entry["type"].as_str()?.to_owned(),
                entry["value"].as_str()?.to_owned(),
            ))
        });
        methods.collect()
    }

    /// Asserts that a history has these entries: those of each step together, in any order, the newest step first.
    pub(super) fn assert_equal(&self, contact: &str, found: &[Value], context: &str) {
        let mut rest = found;
        let mut steps = self.histories.get(contact).cloned().unwrap_or_default();
        steps.sort_by_key(|(version, _)| *version);
        for (number, (_, mut expected)) in steps.into_iter().enumerate().rev() {
            let count = expected.len().min(rest.len());
            let (of_step, older) = rest.split_at(count);
            let mut of_step: Vec<Value> = of_step.iter().map(comparable).collect();
            of_step.sort_by_key(ToString::to_string);
            let mut comparable_expected: Vec<Value> =
                expected.iter_mut().map(|it| comparable(it)).collect();
            comparable_expected.sort_by_key(ToString::to_string);
            assert_eq!(
                of_step, comparable_expected,
                "{context}: {contact}, step {number}"
            );
            rest = older;
        }
        assert_eq!(rest, &[] as &[Value], "{context}: {contact} has more");
    }
}

/// An entry without what the model does not know: its id, the time, and the request beside its route.
fn comparable(entry: &Value) -> Value {
    let mut entry = entry.clone();
    let members = entry.as_object_mut().unwrap();
    for name in ["id", "at", "actor", "requestId"] {
        members.remove(name);
    }
    entry
}

/// What an export shows of a contact.
fn state(exported: &ExportedContact) -> State {
    let subscribed = &exported.contact;
    let contact = &subscribed.contact;
    let mut state = State::new();
    let mut set = |event, subject: Value, value: Option<Value>| {
        if let Some(value) = value {
            state.insert((event, subject.to_string()), value);
        }
    };
    let verification = |found: &shared::domain::VerificationState| {
        found.current.as_ref().map(|found| {
            let mut value = json!({ "verifiedAt": found.at });
            if let Some(by) = &found.by {
                value["verifiedBy"] = json!(by);
            }
            if let Some(source) = &found.source {
                value["verificationSource"] = json!(source.as_str());
            }
            value
        })
    };
    let about = |level: Option<Level>,
                 audience: Option<&str>,
                 client: Option<&str>,
                 kind: Option<&str>,
                 value: Option<&str>| {
        json!({ "level": level, "audience": audience, "client": client, "type": kind, "value": value })
    };
    let fact = |mut subject: Value, kind: &str| {
        subject["fact"] = json!(kind);
        subject
    };
    let person = &contact.suppression;
    let nobody = || about(None, None, None, None, None);
    let globally = person.globally_unsubscribed_at.map(|at| {
        let mut value = json!({ "kind": "globally_unsubscribed", "since": at });
        if !person.global_unsubscribe_reason.is_empty() {
            value["reason"] = json!(person.global_unsubscribe_reason);
        }
        value
    });
    set(
        "suppression",
        fact(nobody(), "globally_unsubscribed"),
        globally,
    );
    let since = |kind: &str, at: Option<shared::domain::Timestamp>| {
        at.map(|at| json!({ "kind": kind, "since": at }))
    };
    set(
        "suppression",
        fact(nobody(), "complained"),
        since("complained", person.complained_at),
    );
    for (kind, methods) in [("phone", &contact.phones), ("email", &contact.emails)] {
        for method in methods {
            let value = Some(method.normal_form.as_str());
            let at_contact = about(Some(Level::Contact), None, None, Some(kind), value);
            set(
                "verification",
                at_contact,
                verification(&method.verification),
            );
            let subject = || about(None, None, None, Some(kind), value);
            let facts = &method.suppression;
            for (name, at) in [
                ("hard_bounced", facts.hard_bounced_at),
                ("globally_unsubscribed", facts.globally_unsubscribed_at),
                ("complained", facts.complained_at),
            ] {
                set("suppression", fact(subject(), name), since(name, at));
            }
            let finding = &facts.validation;
            let blocks = finding.status.is_undeliverable().then(|| {
                let mut value = json!({ "kind": "validation", "status": finding.status });
                if let Some(at) = finding.validated_at {
                    value["since"] = json!(at);
                }
                if !finding.reason.is_empty() {
                    value["reason"] = json!(finding.reason);
                }
                value
            });
            set("suppression", fact(subject(), "validation"), blocks);
        }
    }
    for (id, subscription) in &subscribed.subscriptions {
        let (audience, client) = (
            id.audience.as_str(),
            id.client.as_ref().map(|it| it.as_str()),
        );
        let mut value = json!({ "status": subscription.status });
        if !subscription.unsubscribe_reason.is_empty() {
            value["reason"] = json!(subscription.unsubscribe_reason);
        }
        let subject = about(None, Some(audience), client, None, None);
        set("subscription", subject, Some(value));
        let level = if client.is_some() {
            Level::Client
        } else {
            Level::Audience
        };
        for email in &contact.emails {
            let normal_form = Some(email.normal_form.as_str());
            let subject = about(
                Some(level),
                Some(audience),
                client,
                Some("email"),
                normal_form,
            );
            set(
                "verification",
                subject,
                verification(&subscription.verification(email)),
            );
        }
    }
    state
}
