//! Verifications, and the one rule that decides between two of them (contract section 2).

use serde::Serialize;

use super::{Actor, Timestamp, VerificationSource};

/// The time, author and source of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The time.
    pub at: Timestamp,
    /// The author. Only an import may omit it.
    pub by: Option<Actor>,
    /// The source, if the caller gave one.
    pub source: Option<VerificationSource>,
}

impl Verification {
    /// The one rule: whether a verification at `at` replaces the stored one. It does if there is no stored
    /// verification, or if the stored one is later. An equal or earlier stored verification stays unchanged.
    ///
    /// The condition of each write to the database contains the same rule (`store`). The tests compare the two.
    #[must_use]
    pub fn replaces(at: Timestamp, stored: Option<&Self>) -> bool {
        stored.is_none_or(|stored| stored.at > at)
    }

    /// Records this verification if the one rule allows it. Returns whether it did.
    pub fn record(self, stored: &mut Option<Self>) -> bool {
        let replaces = Self::replaces(self.at, stored.as_ref());
        if replaces {
            *stored = Some(self);
        }
        replaces
    }
}

/// What a successful request did (contract section 2). The first four speak of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(description = "What a successful request did. The first four speak of a verification.")
)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The stored verification is now this one.
    Recorded,
    /// An equal or earlier one stands. Nothing of it was written, nor of anything else but by an upsert that says more.
    Kept,
    /// There was a verification, now there is none.
    Cleared,
    /// A clear found nothing to clear, or a change nothing to change. Nothing was written.
    Unchanged,
    /// There was no such contact, now there is one. Nothing of it was verified by this request.
    Created,
    /// Something else than a verification was changed.
    Updated,
}

impl Outcome {
    /// The outcome of a request that verifies, or clears a verification, where it wrote that or had nothing to write.
    #[must_use]
    pub fn of_verification(verifies: bool, is_written: bool) -> Self {
        match (verifies, is_written) {
            (true, true) => Self::Recorded,
            (true, false) => Self::Kept,
            (false, true) => Self::Cleared,
            (false, false) => Self::Unchanged,
        }
    }

    /// The outcome as answers and logs write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Kept => "kept",
            Self::Cleared => "cleared",
            Self::Unchanged => "unchanged",
            Self::Created => "created",
            Self::Updated => "updated",
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_datetime(DateTime::from_timestamp_millis(ms).unwrap()).unwrap()
    }

    fn verification(ms: i64) -> Verification {
        Verification {
            at: at(ms),
            by: Some(Actor::subject("u")),
            source: None,
        }
    }

    #[test]
    fn an_equal_or_earlier_verification_is_kept() {
        assert!(Verification::replaces(at(5), None));
        assert!(Verification::replaces(at(5), Some(&verification(6))));
        assert!(!Verification::replaces(at(5), Some(&verification(5))));
        assert!(!Verification::replaces(at(5), Some(&verification(4))));
    }

    proptest! {
        #[test]
        fn any_order_and_repetition_ends_in_the_minimum(
            times in prop::collection::vec(0_i64..50, 1..30).prop_shuffle(), repeats in prop::collection::vec(0_usize..30, 0..30),
        ) {
            let repeated = repeats.iter().map(|i| times[i % times.len()]);
            let stored = times.iter().copied().chain(repeated).fold(None, |stored: Option<Verification>, ms| {
                if Verification::replaces(at(ms), stored.as_ref()) { Some(verification(ms)) } else { stored }
            });
            prop_assert_eq!(stored.map(|stored| stored.at), times.iter().min().map(|ms| at(*ms)));
        }
    }
}
