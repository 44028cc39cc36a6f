//! Changes of a contact and its subscriptions, from an upsert by an application or from an import.
//!
//! Omitted fields keep their value. The one rule decides about a verification, so a patch never clears or postpones
//! one.

use std::collections::BTreeMap;

use super::{
    AudienceSlug, Contact, NewMethod, Subscription, SubscriptionStatus, Timestamp,
    ValidationStatus, Verification,
};

/// A change of a contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactPatch {
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// Phone numbers and e-mail addresses to add or to update. The contact keeps all others.
    pub methods: Vec<NewMethod>,
    /// All further phone numbers, stored as plain text. An empty list changes nothing.
    pub secondary_phone_numbers: Vec<String>,
    /// The CRM's status.
    pub status: Option<String>,
    /// The CRM's pipeline.
    pub pipeline_id: Option<String>,
    /// The stage in that pipeline.
    pub pipeline_stage: Option<String>,
    /// The CRM user who owns the contact.
    pub user_id: Option<String>,
    /// The CRM user who created the contact.
    pub created_by: Option<String>,
    /// The CRM users to whom the contact is assigned. An empty list changes nothing.
    pub assignees: Vec<String>,
    /// A verification of the contact itself.
    pub verification: Option<Verification>,
    /// The result of the validation of its e-mail address.
    pub email_validation: Option<ValidationPatch>,
    /// Whether the person unsubscribed from everything.
    pub globally_unsubscribed: Option<SuppressionPatch>,
    /// The reason to unsubscribe from everything.
    pub global_unsubscribe_reason: Option<String>,
    /// Whether the mailbox refused a message permanently.
    pub hard_bounced: Option<SuppressionPatch>,
    /// Whether the person reported a message as spam.
    pub complained: Option<SuppressionPatch>,
    /// The tags in these audiences. They replace all stored tags of the audience.
    pub tags: BTreeMap<AudienceSlug, Vec<String>>,
    /// A time at which the contact already existed.
    pub created_at: Option<Timestamp>,
}

/// The result of the validation of an e-mail address by a validation service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationPatch {
    /// The status.
    pub status: ValidationStatus,
    /// The reason that the service gives; may be empty. With `None`, a new status has no reason, and the stored status
    /// keeps its reason.
    pub reason: Option<String>,
    /// The time of the validation; `Some(None)` if it is unknown. With `None`, a new result gets the current time, the
    /// stored result keeps its time, and a new `unknown` gets none.
    pub validated_at: Option<Option<Timestamp>>,
}

/// A change of a suppression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuppressionPatch {
    /// It blocks mail, since this time or earlier.
    Since(Timestamp),
    /// It no longer blocks mail.
    Lifted,
}

/// A change of a subscription.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubscriptionPatch {
    /// The status.
    pub status: Option<SubscriptionStatus>,
    /// The time and reason of the end, if the status is a new one. With `None`, a subscription ends now, without a
    /// reason.
    pub ending: Option<Ending>,
    /// A verification of the subscription.
    pub verification: Option<Verification>,
    /// Whether the patch may be older than the stored subscription. Then the status only moves forward: an ended
    /// subscription stays ended, and a confirmed subscription does not become pending.
    pub is_history: bool,
}

/// How a subscription ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ending {
    /// The time, if known.
    pub at: Option<Timestamp>,
    /// The reason; may be empty.
    pub reason: String,
}

/// The changes of a contact and its subscriptions in one audience.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AudiencePatch {
    /// The change of the contact.
    pub contact: ContactPatch,
    /// The change of the subscription at audience level. `None` neither changes nor creates the subscription.
    pub audience: Option<SubscriptionPatch>,
    /// The change of the client's subscription. A missing subscription is created.
    pub client: SubscriptionPatch,
}

impl ContactPatch {
    /// Applies the patch to a contact at the time `now`.
    pub fn apply(self, contact: &mut Contact, now: Timestamp) {
        replace(&mut contact.first_name, self.first_name);
        replace(&mut contact.last_name, self.last_name);
        replace(&mut contact.status, self.status);
        replace(&mut contact.pipeline_id, self.pipeline_id);
        replace(&mut contact.pipeline_stage, self.pipeline_stage);
        replace(&mut contact.user_id, self.user_id);
        replace(&mut contact.created_by, self.created_by);
        replace_list(
            &mut contact.secondary_phone_numbers,
            self.secondary_phone_numbers,
        );
        replace_list(&mut contact.assignees, self.assignees);
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
        SuppressionPatch::apply(self.hard_bounced, &mut suppression.hard_bounced_at);
        SuppressionPatch::apply(self.complained, &mut suppression.complained_at);
        let unsubscribed_at = &mut suppression.globally_unsubscribed_at;
        let was_unsubscribed = unsubscribed_at.is_some();
        SuppressionPatch::apply(self.globally_unsubscribed, unsubscribed_at);
        let is_unsubscribed = unsubscribed_at.is_some();
        if is_unsubscribed != was_unsubscribed {
            suppression.global_unsubscribe_reason =
                self.global_unsubscribe_reason.unwrap_or_default();
        } else if !is_unsubscribed && let Some(reason) = self.global_unsubscribe_reason {
            // An import may know the reason without the time.
            suppression.global_unsubscribe_reason = reason;
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

impl SuppressionPatch {
    /// Applies a patch, if there is one. The earliest known time of a suppression counts.
    fn apply(patch: Option<Self>, stored: &mut Option<Timestamp>) {
        match patch {
            Some(Self::Since(at)) => *stored = Some(stored.map_or(at, |stored| stored.min(at))),
            Some(Self::Lifted) => *stored = None,
            None => {}
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
    /// Applies the patch to a subscription at the time `now`. Without a stored subscription, it makes a new one.
    #[must_use]
    pub fn apply(self, stored: Option<Subscription>, now: Timestamp) -> Subscription {
        let is_new = stored.is_none();
        let mut subscription = stored.unwrap_or_default();
        if let Some(status) = self.status
            && (is_new || status != subscription.status)
            && !(self.is_history && status < subscription.status)
        {
            let ending = self.ending.unwrap_or(Ending {
                at: (status == SubscriptionStatus::Unsubscribed).then_some(now),
                reason: String::new(),
            });
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

fn replace(stored: &mut Option<String>, new: Option<String>) {
    if new.is_some() {
        *stored = new;
    }
}

fn replace_list(stored: &mut Vec<String>, new: Vec<String>) {
    if !new.is_empty() {
        *stored = new;
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

    #[expect(
        clippy::unnecessary_wraps,
        reason = "the fields that take it are options"
    )]
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
    fn omitted_fields_keep_their_value() {
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
            ending: Some(Ending {
                at: Some(at(EARLY)),
                reason: "too many".to_owned(),
            }),
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
