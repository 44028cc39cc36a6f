//! The history of a contact: what two states of an item, before and after a write, show (contract section 13).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    Actor, Address, AddressSuppression, AudienceSlug, ClientSlug, Contact, ContactMethod, Level,
    MethodId, MethodKind, Subscription, SubscriptionId, SubscriptionStatus, Suppression, Timestamp,
    ValidationStatus, Verification, VerificationSource,
};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HistoryEvent {
    /// A verification was recorded, or moved to an earlier time.
    #[serde(rename = "verification.recorded")]
    VerificationRecorded,
    /// A verification was cleared, or went with its method.
    #[serde(rename = "verification.cleared")]
    VerificationCleared,
    /// The status of a subscription changed.
    #[serde(rename = "subscription.changed")]
    SubscriptionChanged,
    /// What holds mail back changed.
    #[serde(rename = "suppression.changed")]
    SuppressionChanged,
    /// The contact was erased. No caller reads it: the history of an erased contact is not shown.
    #[serde(rename = "erased")]
    Erased,
}

/// What callers read of [`HistoryEvent`].
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
#[schema(
    as = HistoryEvent,
    description = "What happened. `verification.recorded`: a number or address was verified, or is verified since an earlier time. \
                   `verification.cleared`: a verification was cleared, or went with its number or address. \
                   `subscription.changed`: the status of a subscription changed. `suppression.changed`: what holds mail back changed."
)]
#[expect(dead_code, reason = "it is only described")]
enum ShownHistoryEvent {
    #[schema(rename = "verification.recorded")]
    VerificationRecorded,
    #[schema(rename = "verification.cleared")]
    VerificationCleared,
    #[schema(rename = "subscription.changed")]
    SubscriptionChanged,
    #[schema(rename = "suppression.changed")]
    SuppressionChanged,
}

impl HistoryEvent {
    /// The type of the event that tells other systems of it.
    #[must_use]
    pub const fn event_type(self) -> &'static str {
        match self {
            Self::VerificationRecorded => "contact.verification.recorded",
            Self::VerificationCleared => "contact.verification.cleared",
            Self::SubscriptionChanged => "contact.subscription.changed",
            Self::SuppressionChanged => "contact.suppression.changed",
            Self::Erased => "contact.erased",
        }
    }
}

/// Kinds of facts that hold mail back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        description = "A kind of fact that holds mail back. `validation`: the finding of a validation says that the address does \
                       not work, or is risky."
    )
)]
#[serde(rename_all = "snake_case")]
pub enum SuppressionKind {
    /// A global unsubscription.
    GloballyUnsubscribed,
    /// A complaint.
    Complained,
    /// A hard bounce.
    HardBounced,
    /// A finding that the address is undeliverable.
    Validation,
}

/// What was so before a change, or is so after it. It has the members of a verification, of a subscription, or of a fact
/// that holds mail back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(as = HistoryState, description = "The state before or after a change: of a verification (`verifiedAt`, `verifiedBy`, \
        `verificationSource`), of a subscription (`status`, `reason`), or of a fact that holds mail back (`kind`, `since`, `reason`; \
        `status` is the finding of a validation). Members that do not apply are absent.")
)]
#[serde(rename_all = "camelCase")]
pub struct HistoryState {
    /// The time of the verification.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub verified_at: Option<Timestamp>,
    /// The author of the verification, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub verified_by: Option<Actor>,
    /// The source of the verification, if the caller gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub verification_source: Option<VerificationSource>,
    /// The kind of the fact that holds mail back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub kind: Option<SuppressionKind>,
    /// Since when mail is held back, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub since: Option<Timestamp>,
    /// The status of the subscription, or the finding of the validation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub status: Option<String>,
    /// The reason, if one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub reason: Option<String>,
}

/// A change that two states of an item show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryChange {
    /// What happened.
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

/// What happened to a contact, as callers see it (contract section 13).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(description = "What happened to a contact. Members that do not apply are null.")
)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// The id, the same whenever the entry is read; also the id of the event that tells other systems of it.
    #[serde(default)]
    pub id: String,
    /// The time of the change; for a change by hand in whole seconds.
    pub at: Timestamp,
    /// What happened to the contact.
    #[cfg_attr(feature = "openapi", schema(value_type = ShownHistoryEvent))]
    pub event: HistoryEvent,
    /// The level of the verification.
    pub level: Option<Level>,
    /// The audience of the subscription.
    pub audience: Option<AudienceSlug>,
    /// The client of the subscription.
    pub client: Option<ClientSlug>,
    /// Whether it is about a phone number or an e-mail address.
    #[serde(rename = "type")]
    pub kind: Option<MethodKind>,
    /// The phone number in E.164, or the normal form of the address.
    pub value: Option<String>,
    /// The state before the change. Null if there was nothing.
    pub before: Option<HistoryState>,
    /// The state after the change. Null if there is nothing.
    pub after: Option<HistoryState>,
    /// Who made the change: a token's subject, or `client:` and an application's slug. Null for a change by hand.
    pub actor: Option<Actor>,
    /// The route of the request; `import` or `seed` for the command-line tool. Null for a change by hand.
    pub route: Option<String>,
    /// The id of the request. Null for a change by hand.
    pub request_id: Option<String>,
}

impl HistoryEntry {
    /// The entry without what is personal: a dated fact. It has no value, no texts that a person wrote, no request id, and only
    /// applications as actors.
    #[must_use]
    pub fn without_person(mut self) -> Self {
        let application = |actor: &Actor| actor.is_application();
        self.value = None;
        self.actor = self.actor.filter(application);
        self.request_id = None;
        for state in [&mut self.before, &mut self.after].into_iter().flatten() {
            state.verified_by = state.verified_by.take().filter(application);
            state.verification_source = None;
            state.reason = None;
        }
        self
    }
}

/// Masked: the value is personal data.
impl std::fmt::Debug for HistoryEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HistoryEntry")
            .field("id", &self.id)
            .field("at", &self.at)
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}

/// What changed of a contact, in the order: the person, the phone numbers, the addresses.
///
/// The facts that hold mail back from a removed address stay with the address, so its removal does not change them.
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

/// The methods of a kind. A method is the same one as long as it has the same id and normal form.
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

/// What changed of a subscription: its status first, then the verifications at its level, by the ids of their addresses.
///
/// A write of this program drops what is known of addresses that the contact no longer has ([`Subscription::set_verification`]).
/// The history tells of these when the address is removed. An edit by hand that drops a verification clears it.
#[must_use]
pub fn subscription_changes(
    id: &SubscriptionId,
    before: Option<&Subscription>,
    after: Option<&Subscription>,
    is_by_hand: bool,
) -> Vec<HistoryChange> {
    let status = |subscription: &Subscription| {
        let status = match subscription.status {
            SubscriptionStatus::Pending => "pending",
            SubscriptionStatus::Subscribed => "subscribed",
            SubscriptionStatus::Unsubscribed => "unsubscribed",
        };
        HistoryState {
            status: Some(status.to_owned()),
            reason: non_empty(&subscription.unsubscribe_reason),
            ..HistoryState::default()
        }
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
        let current = |held: &BTreeMap<MethodId, super::VerificationState>| {
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

/// What changed of the facts that an address keeps while nobody owns it. Where it gets an owner or loses one, the facts move
/// and stay as they are.
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
    /// A change about nothing yet.
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

/// A kind of fact, and its state where it holds mail back.
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
    let status = match validation.status {
        ValidationStatus::Unknown | ValidationStatus::Valid => None,
        ValidationStatus::InvalidSyntax => Some("invalid_syntax"),
        ValidationStatus::NoMx => Some("no_mx"),
        ValidationStatus::Disposable => Some("disposable"),
        ValidationStatus::Risky => Some("risky"),
        ValidationStatus::ManuallyInvalid => Some("manually_invalid"),
    };
    let validation = status.map(|status| HistoryState {
        status: Some(status.to_owned()),
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

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
