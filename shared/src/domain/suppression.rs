//! The facts that block mail: those of a person, and those of one e-mail address (contract section 7).

use super::{EmailValidation, Timestamp, ValidationPatch};

/// The facts about a person that block mail to all addresses of the contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suppression {
    /// When the person unsubscribed from everything.
    pub globally_unsubscribed_at: Option<Timestamp>,
    /// The person's reason to unsubscribe from everything; may be empty.
    pub global_unsubscribe_reason: String,
    /// When the person reported a message as spam.
    pub complained_at: Option<Timestamp>,
}

/// The facts about one e-mail address that block mail to it.
///
/// They outlive the removal of the address from its contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressSuppression {
    /// The validation of the address.
    pub validation: EmailValidation,
    /// When the mailbox refused a message permanently.
    pub hard_bounced_at: Option<Timestamp>,
    /// When a former owner of the address unsubscribed from everything.
    pub globally_unsubscribed_at: Option<Timestamp>,
    /// When a former owner of the address reported a message as spam.
    pub complained_at: Option<Timestamp>,
}

impl AddressSuppression {
    /// The facts that stay with the address when a person with the suppression `person` loses it.
    #[must_use]
    pub fn of_former_owner(mut self, person: &Suppression) -> Self {
        add(
            &mut self.globally_unsubscribed_at,
            person.globally_unsubscribed_at,
        );
        add(&mut self.complained_at, person.complained_at);
        self
    }

    /// Removes the facts that the person's own suppression already has.
    #[must_use]
    pub fn without(mut self, person: &Suppression) -> Self {
        let is_new = |at: &Timestamp, own: Option<Timestamp>| own != Some(*at);
        self.globally_unsubscribed_at = self
            .globally_unsubscribed_at
            .filter(|at| is_new(at, person.globally_unsubscribed_at));
        self.complained_at = self
            .complained_at
            .filter(|at| is_new(at, person.complained_at));
        self
    }

    /// Adds other facts about the same address. The earliest time of each fact counts, and the later finding.
    pub fn merge(&mut self, other: Self) {
        if !self.validation.is_newer_than(other.validation.validated_at)
            && other.validation != EmailValidation::default()
        {
            self.validation = other.validation;
        }
        add(&mut self.hard_bounced_at, other.hard_bounced_at);
        add(
            &mut self.globally_unsubscribed_at,
            other.globally_unsubscribed_at,
        );
        add(&mut self.complained_at, other.complained_at);
    }
}

/// Adds a known time of a fact. The earliest one counts.
fn add(stored: &mut Option<Timestamp>, at: Option<Timestamp>) {
    *stored = (*stored).into_iter().chain(at).min();
}

/// A change of one fact that blocks mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuppressionPatch {
    /// The fact blocks mail, since this time or earlier.
    Since(Timestamp),
    /// The fact no longer blocks mail.
    Lifted,
}

impl SuppressionPatch {
    /// Applies a patch, if there is one.
    pub(super) fn apply(patch: Option<Self>, stored: &mut Option<Timestamp>) {
        match patch {
            Some(Self::Since(at)) => add(stored, Some(at)),
            Some(Self::Lifted) => *stored = None,
            None => {}
        }
    }
}

/// A change of the facts about one e-mail address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressPatch {
    /// A finding about the address.
    pub validation: Option<ValidationPatch>,
    /// Whether the mailbox refused a message permanently.
    pub hard_bounced: Option<SuppressionPatch>,
    /// Whether a former owner of the address unsubscribed from everything.
    pub globally_unsubscribed: Option<SuppressionPatch>,
    /// Whether a former owner of the address reported a message as spam.
    pub complained: Option<SuppressionPatch>,
}

impl AddressPatch {
    /// Applies the patch at the time `now`.
    pub fn apply(self, stored: &mut AddressSuppression, now: Timestamp) {
        if let Some(validation) = self.validation {
            validation.apply(&mut stored.validation, now);
        }
        SuppressionPatch::apply(self.hard_bounced, &mut stored.hard_bounced_at);
        SuppressionPatch::apply(
            self.globally_unsubscribed,
            &mut stored.globally_unsubscribed_at,
        );
        SuppressionPatch::apply(self.complained, &mut stored.complained_at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ValidationStatus;

    #[expect(
        clippy::unnecessary_wraps,
        reason = "the fields that take it are options"
    )]
    fn at(text: &str) -> Option<Timestamp> {
        Some(Timestamp::parse_rfc3339(text).unwrap())
    }

    fn early() -> Option<Timestamp> {
        at("2024-01-01T00:00:00Z")
    }

    fn late() -> Option<Timestamp> {
        at("2025-01-01T00:00:00Z")
    }

    #[test]
    fn mail_is_held_back_since_the_earliest_known_time() {
        let mut stored = None;
        let since = |at: Option<Timestamp>| at.map(SuppressionPatch::Since);
        for (patch, expected) in [
            (since(late()), late()),
            (since(early()), early()),
            (since(late()), early()),
            (Some(SuppressionPatch::Lifted), None),
        ] {
            SuppressionPatch::apply(patch, &mut stored);
            assert_eq!(stored, expected);
        }
    }

    #[test]
    fn merged_facts_are_the_earliest_ones_and_the_later_finding() {
        let finding = |status, validated_at| EmailValidation {
            status,
            validated_at,
            ..EmailValidation::default()
        };
        let one = AddressSuppression {
            validation: finding(ValidationStatus::NoMx, late()),
            hard_bounced_at: late(),
            complained_at: early(),
            globally_unsubscribed_at: None,
        };
        let other = AddressSuppression {
            validation: finding(ValidationStatus::Valid, early()),
            hard_bounced_at: early(),
            complained_at: late(),
            globally_unsubscribed_at: late(),
        };
        let expected = AddressSuppression {
            validation: finding(ValidationStatus::NoMx, late()),
            hard_bounced_at: early(),
            complained_at: early(),
            globally_unsubscribed_at: late(),
        };
        for (one, other) in [(&one, &other), (&other, &one)] {
            let mut merged = one.clone();
            merged.merge(other.clone());
            assert_eq!(merged, expected);
        }
    }

    #[test]
    fn an_address_keeps_the_persons_facts_and_the_person_gets_no_copy_of_them() {
        let person = Suppression {
            complained_at: early(),
            globally_unsubscribed_at: late(),
            ..Suppression::default()
        };
        let kept = AddressSuppression::default().of_former_owner(&person);
        assert_eq!(kept.complained_at, early());
        assert_eq!(kept.globally_unsubscribed_at, late());
        assert_eq!(kept.without(&person), AddressSuppression::default());
    }
}
