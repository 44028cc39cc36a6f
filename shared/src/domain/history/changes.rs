//! The changes between two states of an item: a contact, a subscription, or an address.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{HistoryEvent, HistoryState, SuppressionKind};
use crate::domain::{
    Address, AddressSuppression, Contact, ContactMethod, Level, MethodId, MethodKind, Subscription,
    SubscriptionId, Suppression, Timestamp, Verification, VerificationState,
};

/// A change between two states of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryChange {
    /// The kind of event.
    pub event: HistoryEvent,
    /// The level of a verification.
    pub level: Option<Level>,
    /// The subscription.
    pub subscription: Option<SubscriptionId>,
    /// The kind of the method, if the change is about one.
    pub kind: Option<MethodKind>,
    /// The id of the method, if the change is about one.
    pub method: Option<MethodId>,
    /// The normal form of the method, if the item has it. A subscription has the ids of methods only.
    pub value: Option<String>,
    /// The state before.
    pub before: Option<HistoryState>,
    /// The state after.
    pub after: Option<HistoryState>,
}

/// The changes of a contact, in this order: the person, the phone numbers, the addresses.
///
/// The facts that block mail to a removed address stay with the address, so its removal does not change them.
#[must_use]
pub fn contact_changes(before: Option<&Contact>, after: Option<&Contact>) -> Vec<HistoryChange> {
    let mut changes = Vec::new();
    let person = |contact: Option<&Contact>| contact.map(|contact| contact.suppression.clone());
    suppression_changes(
        &states_of_person(&person(before).unwrap_or_default()),
        &states_of_person(&person(after).unwrap_or_default()),
        &HistoryChange::of(HistoryEvent::SuppressionChanged),
        &mut changes,
    );
    for kind in [MethodKind::Phone, MethodKind::Email] {
        let (old, new) = (methods(before, kind), methods(after, kind));
        let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
        for key in keys {
            method_changes(
                kind,
                old.get(key).copied(),
                new.get(key).copied(),
                &mut changes,
            );
        }
    }
    changes
}

/// The methods of a kind. Two states have the same method if its id and its normal form are equal.
fn methods(
    contact: Option<&Contact>,
    kind: MethodKind,
) -> BTreeMap<(&MethodId, &str), &ContactMethod> {
    let methods = contact.map(|contact| match kind {
        MethodKind::Phone => &contact.phones,
        MethodKind::Email => &contact.emails,
    });
    let methods = methods.into_iter().flatten();
    methods
        .map(|method| ((&method.id, method.normal_form.as_str()), method))
        .collect()
}

fn method_changes(
    kind: MethodKind,
    before: Option<&ContactMethod>,
    after: Option<&ContactMethod>,
    changes: &mut Vec<HistoryChange>,
) {
    let Some(method) = after.or(before) else {
        return;
    };
    let verification = |method: &ContactMethod| method.verification.current.clone();
    let subject = HistoryChange {
        kind: Some(kind),
        method: Some(method.id.clone()),
        value: Some(method.normal_form.clone()),
        ..HistoryChange::of(HistoryEvent::SuppressionChanged)
    };
    changes.extend(verification_change(
        before.and_then(verification),
        after.and_then(verification),
        HistoryChange {
            level: Some(Level::Contact),
            ..subject.clone()
        },
    ));
    if let Some(after) = after {
        let none = AddressSuppression::default();
        let before = before.map_or(&none, |before| &before.suppression);
        let [before, after] = [before, &after.suppression].map(states_of_address);
        suppression_changes(&before, &after, &subject, changes);
    }
}

/// The changes of a subscription: its status first, then the verifications at its level, by the ids of their addresses.
///
/// A write of this program drops verifications of addresses that the contact no longer has ([`Subscription::set_verification`]).
/// These are no changes: the history recorded their end when the contact lost the address. If an edit by hand drops a
/// verification, the edit clears it.
#[must_use]
pub fn subscription_changes(
    id: &SubscriptionId,
    before: Option<&Subscription>,
    after: Option<&Subscription>,
    is_by_hand: bool,
) -> Vec<HistoryChange> {
    let status = |subscription: &Subscription| HistoryState {
        status: word(&subscription.status),
        reason: non_empty(&subscription.unsubscribe_reason),
        ..HistoryState::default()
    };
    let subject = HistoryChange {
        subscription: Some(id.clone()),
        before: before.map(status),
        after: after.map(status),
        ..HistoryChange::of(HistoryEvent::SubscriptionChanged)
    };
    let mut changes = Vec::from_iter((subject.before != subject.after).then(|| subject.clone()));

    let none = BTreeMap::new();
    let verifications = |subscription: Option<_>| {
        subscription.map_or(&none, |subscription: &Subscription| {
            &subscription.verifications
        })
    };
    let (old, new) = (verifications(before), verifications(after));
    let methods: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for method in methods {
        if !new.contains_key(method) && !is_by_hand {
            continue;
        }
        let current = |held: &BTreeMap<MethodId, VerificationState>| {
            held.get(method).and_then(|state| state.current.clone())
        };
        changes.extend(verification_change(
            current(old),
            current(new),
            HistoryChange {
                kind: Some(MethodKind::Email),
                method: Some(method.clone()),
                ..HistoryChange::of_level(id)
            },
        ));
    }
    changes
}

/// The end of a verification at the level of a subscription, because its address left the contact.
#[must_use]
pub fn verification_ended(
    id: &SubscriptionId,
    subscription: &Subscription,
    removed: &HistoryChange,
) -> Option<HistoryChange> {
    let held = subscription.verifications.get(removed.method.as_ref()?)?;
    let subject = HistoryChange {
        kind: removed.kind,
        method: removed.method.clone(),
        value: removed.value.clone(),
        ..HistoryChange::of_level(id)
    };
    verification_change(held.current.clone(), None, subject)
}

/// The addresses that a contact no longer has.
#[must_use]
pub fn removed_emails(before: Option<&Contact>, after: Option<&Contact>) -> Vec<HistoryChange> {
    let (old, new) = (
        methods(before, MethodKind::Email),
        methods(after, MethodKind::Email),
    );
    let removed = old.iter().filter(|(key, _)| !new.contains_key(*key));
    let removed = removed.map(|(_, method)| HistoryChange {
        kind: Some(MethodKind::Email),
        method: Some(method.id.clone()),
        value: Some(method.normal_form.clone()),
        ..HistoryChange::of(HistoryEvent::VerificationCleared)
    });
    removed.collect()
}

/// The changes of the facts that an address keeps while nobody owns it. If the address gets an owner or loses one, the facts
/// move but do not change.
#[must_use]
pub fn address_changes(before: Option<&Address>, after: Option<&Address>) -> Vec<HistoryChange> {
    let mut changes = Vec::new();
    let mut states = [before, after].into_iter().flatten();
    if states.any(|address| address.owner.is_some() || address.normal_form.is_empty()) {
        return changes;
    }
    let Some(address) = after.or(before) else {
        return changes;
    };
    let facts = |address: Option<&Address>| {
        let none = AddressSuppression::default();
        states_of_address(address.map_or(&none, |address| &address.suppression))
    };
    let subject = HistoryChange {
        kind: Some(MethodKind::Email),
        value: Some(address.normal_form.clone()),
        ..HistoryChange::of(HistoryEvent::SuppressionChanged)
    };
    suppression_changes(&facts(before), &facts(after), &subject, &mut changes);
    changes
}

impl HistoryChange {
    /// A change that has only an event.
    #[must_use]
    pub fn of(event: HistoryEvent) -> Self {
        Self {
            event,
            level: None,
            subscription: None,
            kind: None,
            method: None,
            value: None,
            before: None,
            after: None,
        }
    }

    /// A change of a verification at the level of a subscription.
    fn of_level(id: &SubscriptionId) -> Self {
        let level = match id.client {
            Some(_) => Level::Client,
            None => Level::Audience,
        };
        Self {
            level: Some(level),
            subscription: Some(id.clone()),
            ..Self::of(HistoryEvent::VerificationRecorded)
        }
    }
}

/// The change from one verification to another, if they differ.
fn verification_change(
    before: Option<Verification>,
    after: Option<Verification>,
    subject: HistoryChange,
) -> Option<HistoryChange> {
    if before == after {
        return None;
    }
    let event = match after {
        Some(_) => HistoryEvent::VerificationRecorded,
        None => HistoryEvent::VerificationCleared,
    };
    let state = |verification: Verification| HistoryState {
        verified_at: Some(verification.at),
        verified_by: verification.by,
        verification_source: verification.source,
        ..HistoryState::default()
    };
    Some(HistoryChange {
        event,
        before: before.map(state),
        after: after.map(state),
        ..subject
    })
}

/// The state of each kind of fact; `None` if the fact does not block mail.
type SuppressionStates = Vec<Option<HistoryState>>;

fn states_of_person(suppression: &Suppression) -> SuppressionStates {
    let globally_unsubscribed = suppression.globally_unsubscribed_at.map(|at| HistoryState {
        reason: non_empty(&suppression.global_unsubscribe_reason),
        ..held_back(SuppressionKind::GloballyUnsubscribed, Some(at))
    });
    let complained = suppression.complained_at;
    let complained = complained.map(|at| held_back(SuppressionKind::Complained, Some(at)));
    vec![globally_unsubscribed, complained]
}

fn states_of_address(suppression: &AddressSuppression) -> SuppressionStates {
    let at = |kind, at: Option<Timestamp>| at.map(|at| held_back(kind, Some(at)));
    let validation = &suppression.validation;
    let blocks = validation.status.is_undeliverable();
    let validation = blocks.then(|| HistoryState {
        status: word(&validation.status),
        reason: non_empty(&validation.reason),
        ..held_back(SuppressionKind::Validation, validation.validated_at)
    });
    vec![
        at(SuppressionKind::HardBounced, suppression.hard_bounced_at),
        validation,
        at(
            SuppressionKind::GloballyUnsubscribed,
            suppression.globally_unsubscribed_at,
        ),
        at(SuppressionKind::Complained, suppression.complained_at),
    ]
}

fn held_back(kind: SuppressionKind, since: Option<Timestamp>) -> HistoryState {
    HistoryState {
        kind: Some(kind),
        since,
        ..HistoryState::default()
    }
}

fn suppression_changes(
    before: &SuppressionStates,
    after: &SuppressionStates,
    subject: &HistoryChange,
    changes: &mut Vec<HistoryChange>,
) {
    let differing = before.iter().zip(after).filter(|(old, new)| old != new);
    changes.extend(differing.map(|(old, new)| HistoryChange {
        before: old.clone(),
        after: new.clone(),
        ..subject.clone()
    }));
}

/// The word for a status in the API and the table.
fn word(status: &impl Serialize) -> Option<String> {
    let json = serde_json::to_value(status).ok()?;
    json.as_str().map(str::to_owned)
}

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
