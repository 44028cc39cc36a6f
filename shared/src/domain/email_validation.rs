//! The finding of a validation service about an e-mail address (contract section 7).

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// The result of the validation of an e-mail address by a validation service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmailValidation {
    /// The status.
    pub status: ValidationStatus,
    /// The reason that the service gives; may be empty.
    pub reason: String,
    /// The time of the validation, if known.
    pub validated_at: Option<Timestamp>,
}

/// The finding of an e-mail validation (contract section 7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        description = "The finding of an e-mail validation. `unknown`: there is none. `valid`: deliverable. `invalid_syntax`: not an \
                       address. `no_mx`: the domain takes no mail. `disposable`: a throw-away address. `risky`: likely to bounce \
                       or to complain. `manually_invalid`: marked by a person. All but `unknown` and `valid` block marketing."
    )
)]
#[serde(rename_all = "snake_case")]
pub enum ValidationStatus {
    /// There was no validation, or it had no finding.
    #[default]
    Unknown,
    /// Deliverable.
    Valid,
    /// Not an address.
    InvalidSyntax,
    /// The domain takes no mail.
    NoMx,
    /// A throw-away address.
    Disposable,
    /// Likely to bounce or to complain.
    Risky,
    /// Marked by a person.
    ManuallyInvalid,
}

impl ValidationStatus {
    /// Whether the status blocks mail to the address (contract section 7).
    #[must_use]
    pub fn is_undeliverable(self) -> bool {
        !matches!(self, Self::Unknown | Self::Valid)
    }
}

impl EmailValidation {
    /// Whether this finding is newer than a finding of the time `validated_at`. A finding with a time is newer than one without.
    /// The default finding is never newer.
    #[must_use]
    pub fn is_newer_than(&self, validated_at: Option<Timestamp>) -> bool {
        *self != Self::default() && self.validated_at > validated_at
    }
}

/// A new finding about an e-mail address.
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
    /// Whether the patch may be older than the stored finding. If so, the later finding counts.
    pub is_history: bool,
}

impl ValidationPatch {
    /// Applies the patch to the stored finding at the time `now`.
    pub fn apply(self, stored: &mut EmailValidation, now: Timestamp) {
        if self.is_history && stored.is_newer_than(self.validated_at.unwrap_or(Some(now))) {
            return;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    const EARLY: &str = "2024-01-01T00:00:00.000Z";
    const LATE: &str = "2025-01-01T00:00:00.000Z";
    const LATER: &str = "2026-01-01T00:00:00.000Z";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn patch(status: ValidationStatus, reason: Option<&str>) -> ValidationPatch {
        ValidationPatch {
            status,
            reason: reason.map(str::to_owned),
            validated_at: None,
            is_history: false,
        }
    }

    #[test]
    fn a_repeated_finding_keeps_its_reason_and_time() {
        let (valid, risky) = (ValidationStatus::Valid, ValidationStatus::Risky);
        for (status, reason, since, expected_reason) in [
            (valid, Some("mx"), LATE, "mx"),
            (valid, None, LATE, "mx"),
            (valid, Some(""), LATER, ""),
            (risky, None, LATER, ""),
        ] {
            let mut stored = EmailValidation::default();
            patch(valid, Some("mx")).apply(&mut stored, at(LATE));
            assert_eq!(stored.validated_at, Some(at(LATE)));
            patch(status, reason).apply(&mut stored, at(LATER));
            assert_eq!(stored.status, status);
            assert_eq!(
                stored.validated_at,
                Some(at(since)),
                "{status:?} {reason:?}"
            );
            assert_eq!(stored.reason, expected_reason);
        }
    }

    #[test]
    fn an_old_finding_does_not_replace_a_later_one() {
        let (valid, no_mx) = (ValidationStatus::Valid, ValidationStatus::NoMx);
        for (said_at, expected) in [
            (Some(at(EARLY)), no_mx),
            (None, no_mx),
            (Some(at(LATE)), valid),
            (Some(at(LATER)), valid),
        ] {
            let mut stored = EmailValidation::default();
            let mut first = patch(no_mx, None);
            first.validated_at = Some(Some(at(LATE)));
            first.apply(&mut stored, at(LATE));
            let old = ValidationPatch {
                validated_at: Some(said_at),
                is_history: true,
                ..patch(valid, None)
            };
            old.apply(&mut stored, at(LATER));
            assert_eq!(stored.status, expected, "{said_at:?}");
        }
    }

    #[test]
    fn an_unknown_finding_gets_no_invented_time() {
        let (valid, unknown) = (ValidationStatus::Valid, ValidationStatus::Unknown);
        let mut stored = EmailValidation::default();
        patch(unknown, None).apply(&mut stored, at(LATE));
        assert_eq!(stored.validated_at, None);
        patch(valid, None).apply(&mut stored, at(LATE));
        patch(unknown, None).apply(&mut stored, at(LATER));
        assert_eq!((stored.status, stored.validated_at), (unknown, None));
    }
}
