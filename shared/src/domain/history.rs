//! The history of a contact (contract section 13): its entries, and the changes between the states of an item before and after a
//! write.

mod changes;

use serde::{Deserialize, Serialize};

use super::{Actor, AudienceSlug, ClientSlug, Level, MethodKind, Timestamp, VerificationSource};

pub use self::changes::{
    HistoryChange, address_changes, contact_changes, removed_emails, subscription_changes,
    verification_ended,
};

/// The kind of event that an entry describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HistoryEvent {
    /// A verification was recorded, or moved to an earlier time.
    #[serde(rename = "verification.recorded")]
    VerificationRecorded,
    /// A verification was cleared, or its method was removed.
    #[serde(rename = "verification.cleared")]
    VerificationCleared,
    /// The status of a subscription changed.
    #[serde(rename = "subscription.changed")]
    SubscriptionChanged,
    /// A fact that blocks mail changed.
    #[serde(rename = "suppression.changed")]
    SuppressionChanged,
    /// The contact was erased. No caller reads it: the history of an erased contact is not shown.
    #[serde(rename = "erased")]
    Erased,
}

/// The values of [`HistoryEvent`] that callers can read.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
#[schema(
    as = HistoryEvent,
    description = "The event. `verification.recorded`: a number or address was verified, or its verification got an earlier time. \
                   `verification.cleared`: a verification was cleared, or its number or address was removed. \
                   `subscription.changed`: the status of a subscription changed. `suppression.changed`: a fact that blocks mail \
                   changed."
)]
#[expect(dead_code, reason = "the type exists only for its schema")]
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
    /// The type of the event that is sent to other systems.
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

/// Kinds of facts that block mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        description = "A kind of fact that blocks mail. `validation`: the finding of a validation says that the address does \
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

/// The state before or after a change. It has the members of a verification, of a subscription, or of a fact that blocks
/// mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(as = HistoryState, description = "The state before or after a change: of a verification (`verifiedAt`, `verifiedBy`, \
        `verificationSource`), of a subscription (`status`, `reason`), or of a fact that blocks mail (`kind`, `since`, `reason`; \
        `status` is the finding of a validation). Members that do not apply are absent.")
)]
#[serde(rename_all = "camelCase")]
pub struct HistoryState {
    /// The time of the verification.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub verified_at: Option<Timestamp>,
    /// The caller who recorded the verification, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub verified_by: Option<Actor>,
    /// The source of the verification, if the caller gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub verification_source: Option<VerificationSource>,
    /// The kind of the fact that blocks mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub kind: Option<SuppressionKind>,
    /// The time since which the fact blocks mail, if known.
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

/// An entry of a contact's history, as callers see it (contract section 13).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(description = "An entry of a contact's history. Members that do not apply are null.")
)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// The id of the entry. It never changes. The event that is sent to other systems about the entry has the same id.
    #[serde(default)]
    pub id: String,
    /// The time of the change. If the table was edited by hand, it is in whole seconds.
    pub at: Timestamp,
    /// The kind of event that happened to the contact.
    #[cfg_attr(feature = "openapi", schema(value_type = ShownHistoryEvent))]
    pub event: HistoryEvent,
    /// The level of the verification.
    pub level: Option<Level>,
    /// The audience of the subscription.
    pub audience: Option<AudienceSlug>,
    /// The client of the subscription.
    pub client: Option<ClientSlug>,
    /// Whether the entry is about a phone number or an e-mail address.
    #[serde(rename = "type")]
    pub kind: Option<MethodKind>,
    /// The phone number in E.164, or the normal form of the address.
    pub value: Option<String>,
    /// The state before the change. Null if there was none.
    pub before: Option<HistoryState>,
    /// The state after the change. Null if there is none.
    pub after: Option<HistoryState>,
    /// The caller who made the change: a token's subject, or `client:` and an application's slug. Null if the table was edited by
    /// hand.
    pub actor: Option<Actor>,
    /// The route of the request, or `import` or `seed` for the command-line tool. Null if the table was edited by hand.
    pub route: Option<String>,
    /// The id of the request. Null if the table was edited by hand.
    pub request_id: Option<String>,
}

impl HistoryEntry {
    /// The entry without personal data: a dated fact. It has no value, no texts that a person wrote, no request id, and only
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

#[cfg(test)]
mod tests;
