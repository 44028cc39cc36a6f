//! The one function that decides whether a client may send to a contact (contract section 7).

use serde::Serialize;

use super::{Contact, Subscription, SubscriptionStatus, Suppression};

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
    /// exist. Without a contact, or with one that the client has not onboarded, the client may send nothing.
    #[must_use]
    pub fn of(
        contact: Option<&Contact>,
        audience: Option<&Subscription>,
        client: Option<&Subscription>,
    ) -> Self {
        let is_verified = |subscription: Option<&Subscription>| {
            subscription.is_some_and(|subscription| subscription.verification.is_some())
        };
        let status = |subscription: Option<&Subscription>| subscription.map(|found| found.status);
        let verified_by = present([
            (
                Level::Contact,
                contact.is_some_and(|contact| contact.verification.is_some()),
            ),
            (Level::Audience, is_verified(audience)),
            (Level::Client, is_verified(client)),
        ]);
        let no_suppression = Suppression::default();
        let suppression = contact.map_or(&no_suppression, |contact| &contact.suppression);
        let not_subscribed = status(client) != Some(SubscriptionStatus::Subscribed);
        let audience_unsubscribed = status(audience) == Some(SubscriptionStatus::Unsubscribed);
        let globally_unsubscribed = suppression.globally_unsubscribed_at.is_some();
        let hard_bounced = suppression.hard_bounced_at.is_some();
        let complained = suppression.complained_at.is_some();
        let undeliverable =
            contact.is_some_and(|contact| contact.email_validation.status.is_undeliverable());
        let blocked_by = present([
            (Block::NotVerified, verified_by.is_empty()),
            (Block::NotSubscribed, not_subscribed),
            (Block::AudienceUnsubscribed, audience_unsubscribed),
            (Block::GloballyUnsubscribed, globally_unsubscribed),
            (Block::HardBounced, hard_bounced),
            (Block::Complained, complained),
            (Block::Undeliverable, undeliverable),
        ]);
        Self {
            verified_by,
            blocked_by,
            can_send_transactional: contact.is_some() && !hard_bounced && !complained,
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
        ContactId, EmailValidation, OrganizationId, Timestamp, ValidationStatus, Verification,
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
                Eligibility::of(Some(&verified_contact), None, Some(&subscribed())),
                vec![Level::Contact],
            ),
            (
                Eligibility::of(Some(&contact()), Some(&verified), Some(&subscribed())),
                vec![Level::Audience],
            ),
            (
                Eligibility::of(Some(&contact()), None, Some(&verified)),
                vec![Level::Client],
            ),
            (
                Eligibility::of(Some(&verified_contact), Some(&verified), Some(&verified)),
                vec![Level::Contact, Level::Audience, Level::Client],
            ),
        ] {
            assert_eq!(eligibility.verified_by, levels);
            assert!(eligibility.can_send_marketing());
        }
    }

    #[test]
    fn without_a_verification_marketing_is_blocked() {
        let eligibility = Eligibility::of(Some(&contact()), None, Some(&subscribed()));
        assert_eq!(eligibility.blocked_by, [Block::NotVerified]);
        assert!(!eligibility.can_send_marketing());
        assert!(eligibility.can_send_transactional);
    }

    #[test]
    fn an_unknown_address_gets_no_message_of_either_kind() {
        let eligibility = Eligibility::of(None, None, None);
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
                Some(&contact()),
                None,
                Some(&subscription(status, verification())),
            );
            assert_eq!(eligibility.blocked_by, [Block::NotSubscribed]);
        }
        assert!(
            Eligibility::of(Some(&contact()), None, None)
                .blocked_by
                .contains(&Block::NotSubscribed)
        );
    }

    #[test]
    fn at_audience_level_only_an_end_of_the_subscription_blocks() {
        let client = subscription(SubscriptionStatus::Subscribed, verification());
        let blocks = |status| {
            Eligibility::of(
                Some(&contact()),
                Some(&subscription(status, None)),
                Some(&client),
            )
            .blocked_by
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
                Some(&Contact {
                    suppression,
                    ..contact()
                }),
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
                Some(&Contact {
                    email_validation,
                    ..contact()
                }),
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
            Eligibility::of(Some(&contact), Some(&ended), Some(&ended)).blocked_by,
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
