//! The one function that decides whether a client may send to an address (contract section 7).

use serde::Serialize;

use super::{AudienceContact, Level, SubscriptionStatus};

/// A reason not to send marketing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        description = "A reason not to send marketing. `not_verified`: no level holds a verification. `not_subscribed`: the \
                       client's subscription is not `subscribed`. `audience_unsubscribed`: the subscription at audience level is \
                       `unsubscribed`. `globally_unsubscribed`: the person unsubscribed from everything. `hard_bounced`: the \
                       mailbox refused a message permanently. `complained`: the person reported a message as spam. \
                       `undeliverable`: the validation found that the address does not work, or is risky."
    )
)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// No level holds a verification.
    NotVerified,
    /// The client's subscription is not `subscribed`.
    NotSubscribed,
    /// The subscription at audience level is `unsubscribed`.
    AudienceUnsubscribed,
    /// The person unsubscribed from everything.
    GloballyUnsubscribed,
    /// The mailbox refused a message permanently.
    HardBounced,
    /// The person reported a message as spam.
    Complained,
    /// The validation found that the address does not work, or is risky.
    Undeliverable,
}

/// Whether a client may send to an address, with the reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eligibility {
    /// The levels that hold a verification of the address.
    pub verified_by: Vec<Level>,
    /// The reasons not to send marketing.
    pub blocked_by: Vec<Block>,
    /// Whether the client may send transactional messages.
    pub can_send_transactional: bool,
}

impl Eligibility {
    /// The eligibility of an address of a contact. If no contact has the address, or the client has not onboarded the
    /// contact, the client may send nothing.
    #[must_use]
    pub fn of(seen: Option<&AudienceContact>) -> Self {
        let Some(seen) = seen else {
            return Self {
                verified_by: Vec::new(),
                blocked_by: vec![Block::NotVerified, Block::NotSubscribed],
                can_send_transactional: false,
            };
        };
        let is_verified = |level| (level, seen.verification(level).current.is_some());
        let verified_by =
            present([Level::Contact, Level::Audience, Level::Client].map(is_verified));
        let of_audience = seen.audience_subscription.as_ref();
        let audience_status = of_audience.map(|subscription| subscription.status);
        let hard_bounced = seen.hard_bounced();
        let complained = seen.complained();
        let blocked_by = present([
            (Block::NotVerified, verified_by.is_empty()),
            (
                Block::NotSubscribed,
                seen.client_subscription.status != SubscriptionStatus::Subscribed,
            ),
            (
                Block::AudienceUnsubscribed,
                audience_status == Some(SubscriptionStatus::Unsubscribed),
            ),
            (Block::GloballyUnsubscribed, seen.globally_unsubscribed()),
            (Block::HardBounced, hard_bounced),
            (Block::Complained, complained),
            (
                Block::Undeliverable,
                seen.email.suppression.validation.status.is_undeliverable(),
            ),
        ]);
        Self {
            verified_by,
            blocked_by,
            can_send_transactional: !hard_bounced && !complained,
        }
    }

    /// Whether the client may send marketing: a level holds a verification, and there is no reason not to send.
    #[must_use]
    pub fn can_send_marketing(&self) -> bool {
        !self.verified_by.is_empty() && self.blocked_by.is_empty()
    }
}

fn present<T, const N: usize>(candidates: [(T, bool); N]) -> Vec<T> {
    candidates
        .into_iter()
        .filter_map(|(candidate, holds)| holds.then_some(candidate))
        .collect()
}

#[cfg(test)]
mod tests;
