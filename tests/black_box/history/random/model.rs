//! The expected history, computed from the contact's exports before and after each step.

use std::collections::{BTreeMap, BTreeSet};

use black_box_tests::Api;
use serde_json::{Value, json};
use shared::domain::{
    Actor, ClientSlug, Contact, ContactId, ContactMethod, Subscription, SubscriptionId,
    Suppression, Timestamp, VerificationSource, VerificationState,
};
use shared::store::ExportedContact;

use super::steps::{CONTACTS, Step};

/// A thing that can change: the kind of event, and the members that name the thing.
type Subject = (&'static str, String);

/// The values of all subjects of a contact.
type State = BTreeMap<Subject, Value>;

/// The histories of all contacts.
#[derive(Default)]
pub(super) struct Model {
    states: BTreeMap<&'static str, State>,
    /// The entries of each step that changed something, in the order of the steps. The number is the version of the change.
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
                    // The fact stays with the address, which left the contact.
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

    /// The methods that the entries of a history name.
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

    /// Asserts that a history has the entries of the model, the newest step first. The entries of one step may be in any order.
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

/// An entry without the members that the model does not know: its id, time, actor and request id.
fn comparable(entry: &Value) -> Value {
    let mut entry = entry.clone();
    let members = entry.as_object_mut().unwrap();
    for name in ["id", "at", "actor", "requestId"] {
        members.remove(name);
    }
    entry
}

/// The state of a contact in an export.
fn state(exported: &ExportedContact) -> State {
    let contact = &exported.contact.contact;
    let mut state = State::new();
    add_person(&mut state, &contact.suppression);
    for (kind, methods) in [("phone", &contact.phones), ("email", &contact.emails)] {
        for method in methods {
            add_method(&mut state, kind, method);
        }
    }
    for (id, subscription) in &exported.contact.subscriptions {
        add_subscription(&mut state, contact, id, subscription);
    }
    state
}

fn set(state: &mut State, event: &'static str, subject: &Value, value: Option<Value>) {
    if let Some(value) = value {
        state.insert((event, subject.to_string()), value);
    }
}

/// The subject of a fact of this kind that blocks mail.
fn fact(kind: &str, subject: &Value) -> Value {
    let mut subject = subject.clone();
    subject["fact"] = json!(kind);
    subject
}

fn since(kind: &str, at: Option<Timestamp>) -> Option<Value> {
    at.map(|at| json!({ "kind": kind, "since": at }))
}

/// Adds a text, unless it is empty.
fn with(mut value: Value, member: &str, text: &str) -> Value {
    if !text.is_empty() {
        value[member] = json!(text);
    }
    value
}

fn verification(found: &VerificationState) -> Option<Value> {
    found.current.as_ref().map(|found| {
        let by = found.by.as_ref().map_or("", Actor::as_str);
        let source = found.source.as_ref().map_or("", VerificationSource::as_str);
        let value = with(json!({ "verifiedAt": found.at }), "verifiedBy", by);
        with(value, "verificationSource", source)
    })
}

fn about_method(kind: &str, value: &str) -> Value {
    json!({ "level": null, "audience": null, "client": null, "type": kind, "value": value })
}

fn add_person(state: &mut State, person: &Suppression) {
    let nobody =
        json!({ "level": null, "audience": null, "client": null, "type": null, "value": null });
    let globally = since("globally_unsubscribed", person.globally_unsubscribed_at)
        .map(|value| with(value, "reason", &person.global_unsubscribe_reason));
    set(
        state,
        "suppression",
        &fact("globally_unsubscribed", &nobody),
        globally,
    );
    let complained = since("complained", person.complained_at);
    set(
        state,
        "suppression",
        &fact("complained", &nobody),
        complained,
    );
}

fn add_method(state: &mut State, kind: &str, method: &ContactMethod) {
    let subject = about_method(kind, &method.normal_form);
    let mut at_contact = subject.clone();
    at_contact["level"] = json!("contact");
    set(
        state,
        "verification",
        &at_contact,
        verification(&method.verification),
    );
    let facts = &method.suppression;
    for (name, at) in [
        ("hard_bounced", facts.hard_bounced_at),
        ("globally_unsubscribed", facts.globally_unsubscribed_at),
        ("complained", facts.complained_at),
    ] {
        set(state, "suppression", &fact(name, &subject), since(name, at));
    }
    let finding = &facts.validation;
    let blocks = finding.status.is_undeliverable().then(|| {
        let mut value = json!({ "kind": "validation", "status": finding.status });
        if let Some(at) = finding.validated_at {
            value["since"] = json!(at);
        }
        with(value, "reason", &finding.reason)
    });
    set(state, "suppression", &fact("validation", &subject), blocks);
}

fn add_subscription(
    state: &mut State,
    contact: &Contact,
    id: &SubscriptionId,
    subscription: &Subscription,
) {
    let client = id.client.as_ref().map(ClientSlug::as_str);
    let of_subscription = |mut subject: Value| {
        subject["audience"] = json!(id.audience);
        subject["client"] = json!(client);
        subject
    };
    let subject = json!({ "level": null, "type": null, "value": null });
    let status = json!({ "status": subscription.status });
    let status = with(status, "reason", &subscription.unsubscribe_reason);
    set(
        state,
        "subscription",
        &of_subscription(subject),
        Some(status),
    );
    for email in &contact.emails {
        let mut subject = of_subscription(about_method("email", &email.normal_form));
        subject["level"] = json!(if client.is_some() {
            "client"
        } else {
            "audience"
        });
        let found = verification(&subscription.verification(email));
        set(state, "verification", &subject, found);
    }
}
