//! May we send? The one function that decides it (contract section 7).

use serde::Serialize;

use super::{Contact, Subscription, SubscriptionStatus};

/// A level that can hold a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The contact itself.
    Contact,
    /// Its subscription at audience level.
    Audience,
    /// The client's subscription.
    Client,
}

/// A reason not to send marketing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
    /// The mailbox refused for good.
    HardBounced,
    /// The person reported a message as spam.
    Complained,
    /// The address is known not to work.
    Undeliverable,
}

/// Whether a contact may be sent to, and why or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eligibility {
    /// The levels that hold a verification.
    pub verified_by: Vec<Level>,
    /// What stands against marketing.
    pub blocked_by: Vec<Block>,
    /// Whether transactional messages may be sent.
    pub can_send_transactional: bool,
}

impl Eligibility {
    /// Decides it for a contact, its subscription at audience level and the client's, where they exist.
    #[must_use]
    pub fn of(
        contact: &Contact,
        audience: Option<&Subscription>,
        client: Option<&Subscription>,
    ) -> Self {
        let is_verified = |subscription: Option<&Subscription>| {
            subscription.is_some_and(|subscription| subscription.verification.is_some())
        };
        let has_status = |subscription: Option<&Subscription>, status| {
            subscription.is_some_and(|subscription| subscription.status == status)
        };
        let verified_by = present([
            (Level::Contact, contact.verification.is_some()),
            (Level::Audience, is_verified(audience)),
            (Level::Client, is_verified(client)),
        ]);
        let hard_bounced = contact.suppression.hard_bounced_at.is_some();
        let complained = contact.suppression.complained_at.is_some();
        let blocked_by = present([
            (Block::NotVerified, verified_by.is_empty()),
            (
                Block::NotSubscribed,
                !has_status(client, SubscriptionStatus::Subscribed),
            ),
            (
                Block::AudienceUnsubscribed,
                has_status(audience, SubscriptionStatus::Unsubscribed),
            ),
            (
                Block::GloballyUnsubscribed,
                contact.suppression.globally_unsubscribed_at.is_some(),
            ),
            (Block::HardBounced, hard_bounced),
            (Block::Complained, complained),
            (
                Block::Undeliverable,
                contact.email_validation.status.is_undeliverable(),
            ),
        ]);
        Self {
            verified_by,
            blocked_by,
            can_send_transactional: !hard_bounced && !complained,
        }
    }

    /// Whether marketing may be sent: something is verified and nothing stands against it.
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
