//! The one function that decides whether a client may send to a contact (contract section 7).

use serde::Serialize;

use super::{Contact, Subscription, SubscriptionStatus};

/// A level that can hold a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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

/// Whether a client may send to a contact, with the reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eligibility {
    /// The levels that hold a verification.
    pub verified_by: Vec<Level>,
    /// The reasons not to send marketing.
    pub blocked_by: Vec<Block>,
    /// Whether the client may send transactional messages.
    pub can_send_transactional: bool,
}

impl Eligibility {
    /// The eligibility of a contact, from its subscription at audience level and the client's subscription, if they
    /// exist.
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
        let suppression = &contact.suppression;
        let hard_bounced = suppression.hard_bounced_at.is_some();
        let complained = suppression.complained_at.is_some();
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
                suppression.globally_unsubscribed_at.is_some(),
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

    /// The eligibility of an address that no contact has, or only a contact that the client has not onboarded. The
    /// client may send nothing.
    #[must_use]
    pub fn of_unknown() -> Self {
        Self {
            verified_by: Vec::new(),
            blocked_by: vec![Block::NotVerified, Block::NotSubscribed],
            can_send_transactional: false,
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
mod tests {
    use super::*;
    use crate::domain::{
        ContactId, EmailValidation, OrganizationId, Suppression, Timestamp, ValidationStatus,
        Verification,
    };

    fn contact() -> Contact {
        Contact::new(
            OrganizationId::parse("org_a").unwrap(),
            ContactId::parse("c_1").unwrap(),
            Timestamp::EPOCH,
        )
    }

    #[expect(clippy::unnecessary_wraps, reason = "what it is put into is an option")]
    fn verification() -> Option<Verification> {
        Some(Verification {
            at: Timestamp::EPOCH,
            by: None,
            source: None,
        })
    }

    fn subscription(
        status: SubscriptionStatus,
        verification: Option<Verification>,
    ) -> Subscription {
        Subscription {
            status,
            verification,
            ..Subscription::default()
        }
    }

    fn subscribed() -> Subscription {
        subscription(SubscriptionStatus::Subscribed, None)
    }

    #[test]
    fn any_one_level_that_is_verified_is_enough() {
        let verified = subscription(SubscriptionStatus::Subscribed, verification());
        let verified_contact = Contact {
            verification: verification(),
            ..contact()
        };
        for (eligibility, levels) in [
            (
                Eligibility::of(&verified_contact, None, Some(&subscribed())),
                vec![Level::Contact],
            ),
            (
                Eligibility::of(&contact(), Some(&verified), Some(&subscribed())),
                vec![Level::Audience],
            ),
            (
                Eligibility::of(&contact(), None, Some(&verified)),
                vec![Level::Client],
            ),
            (
                Eligibility::of(&verified_contact, Some(&verified), Some(&verified)),
                vec![Level::Contact, Level::Audience, Level::Client],
            ),
        ] {
            assert_eq!(eligibility.verified_by, levels);
            assert!(eligibility.can_send_marketing());
        }
    }

    #[test]
    fn without_a_verification_marketing_is_blocked() {
        let eligibility = Eligibility::of(&contact(), None, Some(&subscribed()));
        assert_eq!(eligibility.blocked_by, [Block::NotVerified]);
        assert!(!eligibility.can_send_marketing());
        assert!(eligibility.can_send_transactional);
    }

    #[test]
    fn an_unknown_address_gets_no_message_of_either_kind() {
        let eligibility = Eligibility::of_unknown();
        assert_eq!(
            eligibility.blocked_by,
            [Block::NotVerified, Block::NotSubscribed]
        );
        assert!(!eligibility.can_send_marketing());
        assert!(!eligibility.can_send_transactional);
    }

    #[test]
    fn a_client_subscription_that_is_not_subscribed_blocks() {
        for status in [
            SubscriptionStatus::Pending,
            SubscriptionStatus::Unsubscribed,
        ] {
            let eligibility = Eligibility::of(
                &contact(),
                None,
                Some(&subscription(status, verification())),
            );
            assert_eq!(eligibility.blocked_by, [Block::NotSubscribed]);
        }
        assert!(
            Eligibility::of(&contact(), None, None)
                .blocked_by
                .contains(&Block::NotSubscribed)
        );
    }

    #[test]
    fn at_audience_level_only_an_end_of_the_subscription_blocks() {
        let client = subscription(SubscriptionStatus::Subscribed, verification());
        let blocks = |status| {
            Eligibility::of(&contact(), Some(&subscription(status, None)), Some(&client)).blocked_by
        };
        assert_eq!(
            blocks(SubscriptionStatus::Unsubscribed),
            [Block::AudienceUnsubscribed]
        );
        assert_eq!(blocks(SubscriptionStatus::Pending), []);
    }

    #[test]
    fn a_suppression_blocks_and_a_bounce_or_complaint_blocks_transactional_messages_too() {
        let client = subscription(SubscriptionStatus::Subscribed, verification());
        let now = Some(Timestamp::EPOCH);
        for (suppression, block, can_send_transactional) in [
            (
                Suppression {
                    globally_unsubscribed_at: now,
                    ..Suppression::default()
                },
                Block::GloballyUnsubscribed,
                true,
            ),
            (
                Suppression {
                    hard_bounced_at: now,
                    ..Suppression::default()
                },
                Block::HardBounced,
                false,
            ),
            (
                Suppression {
                    complained_at: now,
                    ..Suppression::default()
                },
                Block::Complained,
                false,
            ),
        ] {
            let eligibility = Eligibility::of(
                &Contact {
                    suppression,
                    ..contact()
                },
                None,
                Some(&client),
            );
            assert_eq!(eligibility.blocked_by, [block]);
            assert_eq!(eligibility.can_send_transactional, can_send_transactional);
        }
    }

    #[test]
    fn an_address_that_is_known_not_to_work_blocks() {
        let client = subscription(SubscriptionStatus::Subscribed, verification());
        for (status, blocks) in [
            (ValidationStatus::Unknown, false),
            (ValidationStatus::Valid, false),
            (ValidationStatus::InvalidSyntax, true),
            (ValidationStatus::NoMx, true),
            (ValidationStatus::Disposable, true),
            (ValidationStatus::Risky, true),
            (ValidationStatus::ManuallyInvalid, true),
        ] {
            let email_validation = EmailValidation {
                status,
                ..EmailValidation::default()
            };
            let eligibility = Eligibility::of(
                &Contact {
                    email_validation,
                    ..contact()
                },
                None,
                Some(&client),
            );
            assert_eq!(
                eligibility.blocked_by == [Block::Undeliverable],
                blocks,
                "{status:?}"
            );
            assert!(eligibility.can_send_transactional);
        }
    }

    #[test]
    fn blocks_come_in_the_order_of_the_contract() {
        let now = Some(Timestamp::EPOCH);
        let contact = Contact {
            suppression: Suppression {
                global_unsubscribe_reason: String::new(),
                globally_unsubscribed_at: now,
                hard_bounced_at: now,
                complained_at: now,
            },
            email_validation: EmailValidation {
                status: ValidationStatus::Risky,
                ..EmailValidation::default()
            },
            ..contact()
        };
        let ended = subscription(SubscriptionStatus::Unsubscribed, None);
        assert_eq!(
            Eligibility::of(&contact, Some(&ended), Some(&ended)).blocked_by,
            [
                Block::NotVerified,
                Block::NotSubscribed,
                Block::AudienceUnsubscribed,
                Block::GloballyUnsubscribed,
                Block::HardBounced,
                Block::Complained,
                Block::Undeliverable,
            ]
        );
    }
}
