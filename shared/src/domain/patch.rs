//! What somebody says of a contact, and what that makes of it: an application that upserts it, or an import.
//!
//! What is not said stays as it is. A verification counts by the one rule, so that none is ever cleared or postponed.

use std::collections::BTreeMap;

use super::{
    AudienceSlug, Contact, NewMethod, Subscription, SubscriptionStatus, Timestamp,
    ValidationStatus, Verification,
};

/// What somebody says of a contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactPatch {
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// Phone numbers and e-mail addresses that it has, perhaps among others.
    pub methods: Vec<NewMethod>,
    /// Further phone numbers, kept as plain texts; none says nothing.
    pub secondary_phone_numbers: Vec<String>,
    /// The CRM's status.
    pub status: Option<String>,
    /// The CRM's pipeline.
    pub pipeline_id: Option<String>,
    /// The stage in that pipeline.
    pub pipeline_stage: Option<String>,
    /// The CRM user who owns it.
    pub user_id: Option<String>,
    /// The CRM user who created it.
    pub created_by: Option<String>,
    /// The CRM users it is assigned to; none says nothing.
    pub assignees: Vec<String>,
    /// Since when the contact itself is verified.
    pub verification: Option<Verification>,
    /// What a validation service found out about its e-mail address.
    pub email_validation: Option<ValidationPatch>,
    /// Whether the person unsubscribed from everything.
    pub globally_unsubscribed: Option<SuppressionPatch>,
    /// Why.
    pub global_unsubscribe_reason: Option<String>,
    /// Whether the mailbox refused for good.
    pub hard_bounced: Option<SuppressionPatch>,
    /// Whether the person reported a message as spam.
    pub complained: Option<SuppressionPatch>,
    /// All tags in each of these audiences.
    pub tags: BTreeMap<AudienceSlug, Vec<String>>,
    /// A time at which it existed already.
    pub created_at: Option<Timestamp>,
}

/// What a validation service found out about an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationPatch {
    /// The finding.
    pub status: ValidationStatus,
    /// Why, in the service's words; may be empty. Where it is not said: none, unless the finding is the stored one.
    pub reason: Option<String>,
    /// When it was found out, which may not be known. Where it is not said: now, unless the finding is the stored one.
    pub validated_at: Option<Option<Timestamp>>,
}

/// Whether something holds mail back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuppressionPatch {
    /// It does, and did at this time.
    Since(Timestamp),
    /// It does not any more.
    Lifted,
}

/// What somebody says of a subscription.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubscriptionPatch {
    /// Where it stands.
    pub status: Option<SubscriptionStatus>,
    /// Why it ends now, if it does; may be empty.
    pub reason: String,
    /// How it ended, where that is known from elsewhere.
    pub ending: Option<Ending>,
    /// Since when it is verified.
    pub verification: Option<Verification>,
    /// Whether this may be older than what is stored, so that no later state goes back to an earlier one: one that has
    /// ended stays so, and one that is confirmed does not wait for that again.
    pub is_history: bool,
}

/// How a subscription ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ending {
    /// When, if that is known.
    pub at: Option<Timestamp>,
    /// Why; may be empty.
    pub reason: String,
}

impl ContactPatch {
    /// Makes of a contact what is said of it, at this time.
    pub fn apply(self, contact: &mut Contact, now: Timestamp) {
        replace(&mut contact.first_name, self.first_name);
        replace(&mut contact.last_name, self.last_name);
        replace(&mut contact.status, self.status);
        replace(&mut contact.pipeline_id, self.pipeline_id);
        replace(&mut contact.pipeline_stage, self.pipeline_stage);
        replace(&mut contact.user_id, self.user_id);
        replace(&mut contact.created_by, self.created_by);
        for (stored, said) in [
            (
                &mut contact.secondary_phone_numbers,
                self.secondary_phone_numbers,
            ),
            (&mut contact.assignees, self.assignees),
        ] {
            if !said.is_empty() {
                *stored = said;
            }
        }
        for method in self.methods {
            contact.add_method(method);
        }
        if let Some(verification) = self.verification {
            verification.record(&mut contact.verification);
        }
        if let Some(validation) = self.email_validation {
            validation.apply(contact, now);
        }
        let suppression = &mut contact.suppression;
        let was_unsubscribed = suppression.globally_unsubscribed_at.is_some();
        for (stored, said) in [
            (
                &mut suppression.globally_unsubscribed_at,
                self.globally_unsubscribed,
            ),
            (&mut suppression.hard_bounced_at, self.hard_bounced),
            (&mut suppression.complained_at, self.complained),
        ] {
            match said {
                Some(SuppressionPatch::Since(at)) => {
                    *stored = Some(stored.map_or(at, |stored| stored.min(at)));
                }
                Some(SuppressionPatch::Lifted) => *stored = None,
                None => {}
            }
        }
        match suppression.globally_unsubscribed_at {
            Some(_) if !was_unsubscribed => {
                suppression.global_unsubscribe_reason =
                    self.global_unsubscribe_reason.unwrap_or_default();
            }
            Some(_) => {}
            None => {
                // One without a time is of a file that knows no more.
                suppression.global_unsubscribe_reason = match self.global_unsubscribe_reason {
                    Some(reason) => reason,
                    None if was_unsubscribed => String::new(),
                    None => std::mem::take(&mut suppression.global_unsubscribe_reason),
                };
            }
        }
        for (audience, tags) in self.tags {
            if tags.is_empty() {
                contact.tags.remove(&audience);
            } else {
                contact.tags.insert(audience, tags);
            }
        }
        if let Some(created_at) = self.created_at {
            contact.created_at = contact.created_at.min(created_at);
        }
    }
}

impl ValidationPatch {
    fn apply(self, contact: &mut Contact, now: Timestamp) {
        let stored = &mut contact.email_validation;
        let is_reason = |reason: &String| *reason == stored.reason;
        let is_stored = self.status == stored.status && self.reason.as_ref().is_none_or(is_reason);
        let since = is_stored.then_some(stored.validated_at).flatten();
        stored.validated_at = match self.validated_at {
            Some(validated_at) => validated_at,
            None if self.status == ValidationStatus::Unknown => since,
            None => since.or(Some(now)),
        };
        if !is_stored {
            stored.status = self.status;
            stored.reason = self.reason.unwrap_or_default();
        }
    }
}

impl SubscriptionPatch {
    /// Makes of a subscription, or of none, what is said of it, at this time.
    #[must_use]
    pub fn apply(self, stored: Option<Subscription>, now: Timestamp) -> Subscription {
        let is_new = stored.is_none();
        let mut subscription = stored.unwrap_or_default();
        if let Some(status) = self.status
            && (is_new || status != subscription.status)
            && !(self.is_history && is_earlier(status, subscription.status))
        {
            let ending = match (self.ending, status) {
                (Some(ending), _) => ending,
                (None, SubscriptionStatus::Unsubscribed) => Ending {
                    at: Some(now),
                    reason: self.reason,
                },
                (None, SubscriptionStatus::Pending | SubscriptionStatus::Subscribed) => {
                    Ending::default()
                }
            };
            subscription.status = status;
            subscription.unsubscribed_at = ending.at;
            subscription.unsubscribe_reason = ending.reason;
        }
        if let Some(verification) = self.verification {
            verification.record(&mut subscription.verification);
        }
        subscription
    }
}

/// Whether a subscription stands at `status` before it stands at `other`.
fn is_earlier(status: SubscriptionStatus, other: SubscriptionStatus) -> bool {
    let order = |status| match status {
        SubscriptionStatus::Pending => 0,
        SubscriptionStatus::Subscribed => 1,
        SubscriptionStatus::Unsubscribed => 2,
    };
    order(status) < order(other)
}

fn replace(stored: &mut Option<String>, said: Option<String>) {
    if said.is_some() {
        *stored = said;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Actor, ContactId, OrganizationId};

    const EARLY: &str = "2024-01-01T00:00:00.000Z";
    const LATE: &str = "2025-01-01T00:00:00.000Z";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[expect(clippy::unnecessary_wraps, reason = "what it is put into is an option")]
    fn verified(text: &str) -> Option<Verification> {
        Some(Verification {
            at: at(text),
            by: Some(Actor::subject(text)),
            source: None,
        })
    }

    fn contact() -> Contact {
        Contact {
            first_name: Some("Jane".to_owned()),
            verification: verified(EARLY),
            ..Contact::new(
                OrganizationId::parse("org_a").unwrap(),
                ContactId::parse("c_1").unwrap(),
                at(EARLY),
            )
        }
    }

    fn applied(patch: ContactPatch) -> Contact {
        let mut contact = contact();
        patch.apply(&mut contact, at(LATE));
        contact
    }

    #[test]
    fn what_is_not_said_stays() {
        assert_eq!(applied(ContactPatch::default()), contact());
        let stored = Subscription {
            status: SubscriptionStatus::Subscribed,
            verification: verified(EARLY),
            ..Subscription::default()
        };
        let patch = SubscriptionPatch::default();
        assert_eq!(patch.apply(Some(stored.clone()), at(LATE)), stored);
    }

    #[test]
    fn a_verification_is_neither_cleared_nor_postponed() {
        let patch = |at| ContactPatch {
            verification: verified(at),
            ..ContactPatch::default()
        };
        assert_eq!(applied(patch(LATE)).verification, verified(EARLY));
        let earlier = "2023-01-01T00:00:00.000Z";
        assert_eq!(applied(patch(earlier)).verification, verified(earlier));
    }

    #[test]
    fn mail_has_been_held_back_since_the_first_time_that_is_known() {
        let hard_bounced = |fact| ContactPatch {
            hard_bounced: Some(fact),
            ..ContactPatch::default()
        };
        let mut contact = applied(hard_bounced(SuppressionPatch::Since(at(LATE))));
        assert_eq!(contact.suppression.hard_bounced_at, Some(at(LATE)));
        hard_bounced(SuppressionPatch::Since(at(EARLY))).apply(&mut contact, at(LATE));
        assert_eq!(contact.suppression.hard_bounced_at, Some(at(EARLY)));
        hard_bounced(SuppressionPatch::Since(at(LATE))).apply(&mut contact, at(LATE));
        assert_eq!(contact.suppression.hard_bounced_at, Some(at(EARLY)));
        hard_bounced(SuppressionPatch::Lifted).apply(&mut contact, at(LATE));
        assert_eq!(contact.suppression.hard_bounced_at, None);
    }

    #[test]
    fn a_finding_that_is_repeated_keeps_its_reason_and_time() {
        let said = |status, reason: Option<&str>| ContactPatch {
            email_validation: Some(ValidationPatch {
                status,
                reason: reason.map(str::to_owned),
                validated_at: None,
            }),
            ..ContactPatch::default()
        };
        let (valid, risky) = (ValidationStatus::Valid, ValidationStatus::Risky);
        let later = at("2026-01-01T00:00:00.000Z");
        for (status, reason, since, expected_reason) in [
            (valid, Some("mx"), LATE, "mx"),
            (valid, None, LATE, "mx"),
            (valid, Some(""), "2026-01-01T00:00:00.000Z", ""),
            (risky, None, "2026-01-01T00:00:00.000Z", ""),
        ] {
            let mut contact = applied(said(valid, Some("mx")));
            assert_eq!(contact.email_validation.validated_at, Some(at(LATE)));
            said(status, reason).apply(&mut contact, later);
            let found = contact.email_validation;
            assert_eq!(found.status, status);
            assert_eq!(found.validated_at, Some(at(since)), "{status:?} {reason:?}");
            assert_eq!(found.reason, expected_reason);
        }
    }

    fn status(status: SubscriptionStatus) -> SubscriptionPatch {
        SubscriptionPatch {
            status: Some(status),
            ..SubscriptionPatch::default()
        }
    }

    #[test]
    fn a_subscription_ends_once_and_begins_anew() {
        let ended = SubscriptionPatch {
            reason: "too many".to_owned(),
            ..status(SubscriptionStatus::Unsubscribed)
        };
        let first = ended.apply(None, at(EARLY));
        assert_eq!(
            (first.unsubscribed_at, first.unsubscribe_reason.as_str()),
            (Some(at(EARLY)), "too many")
        );
        let again = status(SubscriptionStatus::Unsubscribed).apply(Some(first.clone()), at(LATE));
        assert_eq!(again, first);
        let anew = status(SubscriptionStatus::Subscribed).apply(Some(again), at(LATE));
        assert_eq!(
            anew,
            Subscription {
                status: SubscriptionStatus::Subscribed,
                ..Subscription::default()
            }
        );
    }

    #[test]
    fn history_does_not_bring_an_earlier_state_back() {
        use SubscriptionStatus::{Pending, Subscribed, Unsubscribed};
        for (stored, said, then) in [
            (Pending, Subscribed, Subscribed),
            (Subscribed, Unsubscribed, Unsubscribed),
            (Subscribed, Pending, Subscribed),
            (Unsubscribed, Subscribed, Unsubscribed),
            (Unsubscribed, Pending, Unsubscribed),
        ] {
            let stored = status(stored).apply(None, at(EARLY));
            let said = SubscriptionPatch {
                is_history: true,
                ..status(said)
            };
            assert_eq!(said.apply(Some(stored), at(LATE)).status, then);
        }
    }
}
