//! Decides when and how often the store attempts a failed request again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use super::tally::note_conflict_retried;
use super::{ChangeError, DatabaseError, Store};

/// The maximum total wait of a request between its attempts. It leaves enough of the request's 10 seconds for the attempts
/// themselves.
pub(super) const CONTENTION_BUDGET: Duration = Duration::from_secs(5);

/// The maximum number of new attempts after the answers to a write were lost.
const MAX_WRITES_IN_DOUBT: u32 = 3;

/// The attempts at one request.
#[derive(Debug)]
pub(super) struct Attempts {
    delays: ExponentialBackoff,
    writes_in_doubt: u32,
}

impl Attempts {
    /// Waits before the next attempt, if a new attempt may succeed: after a lost race, or after throttling inside a transaction.
    /// The SDK retries neither. A write in doubt also gets a few new attempts. Each of them first finds out whether the write was
    /// applied.
    ///
    /// # Errors
    /// The error of the attempt, if it was the last one.
    pub(super) async fn wait_after(&mut self, error: ChangeError) -> Result<(), ChangeError> {
        let (is_worth_it, is_lost_race) = match &error {
            ChangeError::Database(DatabaseError::InDoubt(_)) => {
                self.writes_in_doubt += 1;
                (self.writes_in_doubt <= MAX_WRITES_IN_DOUBT, false)
            }
            ChangeError::Database(error) => {
                (error.is_worth_another_attempt(), error.is_lost_race())
            }
            _ => (false, false),
        };
        let Some(delay) = is_worth_it.then(|| self.delays.next()).flatten() else {
            return Err(error);
        };
        if is_lost_race {
            note_conflict_retried();
        }
        tokio::time::sleep(delay).await;
        Ok(())
    }
}

impl Store {
    /// The attempts at a request that begins now.
    pub(super) fn attempts(&self) -> Attempts {
        Attempts {
            delays: self.delays(),
            writes_in_doubt: 0,
        }
    }

    /// The waits between attempts. Under contention each round has one winner, so the total wait is limited, not the number of
    /// attempts.
    pub(super) fn delays(&self) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_jitter()
            .with_min_delay(Duration::from_millis(5))
            .with_factor(2.0)
            .with_max_delay(Duration::from_millis(100))
            .without_max_times()
            .with_total_delay(Some(self.contention_budget))
            .build()
    }
}
