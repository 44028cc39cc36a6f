//! Verifications, and the one rule that decides between two of them (contract section 2).

use serde::{Deserialize, Serialize};

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
}

/// A level that can hold a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        description = "A level that holds a verification of an address: `contact` for the whole organization, `audience` for the \
                       subscription at audience level, `client` for the client's own subscription."
    )
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The contact's entry of the address.
    Contact,
    /// The subscription at audience level.
    Audience,
    /// The client's subscription.
    Client,
}

/// The verification state of one contact method at one level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerificationState {
    /// The verification, if the method is verified.
    pub current: Option<Verification>,
    /// The time of the last clear, if there was one.
    pub cleared_at: Option<Timestamp>,
}

impl VerificationState {
    /// Records a verification if the one rule allows it.
    pub fn record(&mut self, verification: Verification) {
        if Verification::replaces(verification.at, self.current.as_ref()) {
            self.current = Some(verification);
        }
    }

    /// Clears the verification.
    pub fn clear(&mut self, now: Timestamp) {
        self.current = None;
        self.cleared_at = self.cleared_at.max(Some(now));
    }

    /// The outcome of a report of the past with a verification at `at` (contract section 12). An upsert or an import does not
    /// restore a verification from before the last clear.
    #[must_use]
    pub fn outcome_of_history(&self, at: Timestamp) -> Outcome {
        if !Verification::replaces(at, self.current.as_ref()) {
            Outcome::Kept
        } else if self.cleared_at >= Some(at) {
            Outcome::Cleared
        } else {
            Outcome::Recorded
        }
    }

    /// Applies a report of the past: its verification, if [`Self::outcome_of_history`] allows it, and the time of its last clear.
    pub fn add_history(&mut self, reported: Self) {
        if let Some(verification) = reported.current
            && self.outcome_of_history(verification.at) == Outcome::Recorded
        {
            self.current = Some(verification);
        }
        self.cleared_at = self.cleared_at.max(reported.cleared_at);
    }
}

impl From<Option<Verification>> for VerificationState {
    fn from(current: Option<Verification>) -> Self {
        Self {
            current,
            cleared_at: None,
        }
    }
}

/// The outcome of a successful request (contract sections 2 and 12). The first three are about a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        description = "The outcome of a request. `recorded`: the request's verification is now stored. `kept`: an equal or \
                       earlier verification is stored. `cleared`: a verification was cleared. `unchanged`: there was nothing to clear or to \
                       change. `created`: the contact is new. `updated`: the contact or a subscription changed. `kept` and \
                       `unchanged` mean that nothing was written."
    )
)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The stored verification is now this one.
    Recorded,
    /// An equal or earlier verification is stored. The verification was not written.
    Kept,
    /// A clear removed a verification. In an upsert: the verification is from before the last clear, and was not written.
    Cleared,
    /// There was nothing to clear, or nothing to change. Nothing was written.
    Unchanged,
    /// The contact is new.
    Created,
    /// The contact or a subscription changed.
    Updated,
}

impl Outcome {
    /// The outcome of a request that verifies or clears. `is_written` is false if the request had nothing to write.
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

    #[test]
    fn a_report_of_the_past_brings_back_nothing_from_before_the_last_clear() {
        let mut state = VerificationState::from(Some(verification(5)));
        state.clear(at(10));
        for (ms, outcome) in [
            (3, Outcome::Cleared),
            (10, Outcome::Cleared),
            (11, Outcome::Recorded),
        ] {
            assert_eq!(state.outcome_of_history(at(ms)), outcome, "{ms}");
        }
        // Unlike a report of the past, an endpoint that verifies also records a time before the last clear.
        state.record(verification(7));
        for (ms, outcome) in [
            (6, Outcome::Cleared),
            (7, Outcome::Kept),
            (8, Outcome::Kept),
        ] {
            assert_eq!(state.outcome_of_history(at(ms)), outcome, "{ms}");
        }
        state.add_history(Some(verification(6)).into());
        assert_eq!(state.current, Some(verification(7)));
        assert_eq!(state.cleared_at, Some(at(10)));
    }

    #[test]
    fn a_reported_clear_counts_for_later_reports_and_clears_nothing() {
        let mut state = VerificationState::default();
        let reported = VerificationState {
            current: Some(verification(5)),
            cleared_at: Some(at(10)),
        };
        for _ in 0..2 {
            state.add_history(reported.clone());
            assert_eq!(state, reported);
        }
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
