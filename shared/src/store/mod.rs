//! Every DynamoDB key, attribute name and expression. Nothing else knows them.
//!
//! Each operation builds its request as a pure function, sends it, and turns the answer into a domain outcome. A single
//! verification is one conditional update (`verify_method`); everything else is read, computed and written on condition of the
//! version that was read (`change`). What only the command-line tool does is in `operator`.

mod audience_contact;
mod change;
mod client;
mod conditions;
mod connection;
mod contact_methods;
mod difference;
mod edit;
mod error;
mod expression;
mod find_contact;
mod items;
mod keys;
mod metadata;
mod operator;
mod read;
mod recent_requests;
mod retry;
mod status;
mod tally;
mod verify_contact;
mod verify_method;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

pub use audience_contact::{AudienceContactChanged, ChangeAudienceContact, IfMissing};
pub use client::{ClientTimeouts, configure};
pub use contact_methods::{EditMethod, EditMethodKind};
pub use error::{ChangeError, DatabaseError};
pub use items::is_too_large;
pub use metadata::ChangeMetadata;
pub use operator::{
    ChangeStream, Existing, ExportedContact, Import, ImportOutcome, ImportRecord, ImportRefusal,
    Registered, RetryBudget, create_table,
};
pub use recent_requests::WriteId;
pub(crate) use tally::{Tally, tallied};
pub use verify_contact::VerifyContact;
pub use verify_method::VerifyMethod;

use self::retry::NeverAfterAmbiguousFailure;
use self::tally::note_conflict_retried;

/// How long a request may wait for its turn between attempts. It leaves the attempts themselves enough of the 10 seconds
/// that a request has.
const CONTENTION_BUDGET: Duration = Duration::from_secs(5);

/// How often a write whose answer was lost is repeated.
const MAX_REPEATS_IN_DOUBT: u32 = 3;

/// The table, seen through what the endpoints need of it.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    /// The same client, which never sends a request again after an ambiguous failure.
    writes: Client,
    table: String,
    contention_budget: Duration,
}

impl Store {
    /// A store in the table of this name.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        let writes = client.config().to_builder();
        let writes = writes.retry_classifier(NeverAfterAmbiguousFailure).build();
        Self {
            writes: Client::from_conf(writes),
            client,
            table,
            contention_budget: CONTENTION_BUDGET,
        }
    }

    /// The same store, which gives up on a request that keeps losing races once its waits between the attempts add up to this
    /// time.
    #[must_use]
    pub fn with_contention_budget(self, contention_budget: Duration) -> Self {
        Self {
            contention_budget,
            ..self
        }
    }

    /// Repeats `attempt` while it fails for a reason that may be gone the next time: a lost race, another request for the same
    /// items, throttling inside a transaction. The SDK retries none of these. A write in doubt is repeated as well, a few
    /// times: whoever attempts it looks first what became of it.
    async fn retried<T, F>(&self, mut attempt: impl FnMut() -> F) -> Result<T, ChangeError>
    where
        F: Future<Output = Result<T, ChangeError>>,
    {
        let mut delays = self.delays();
        let mut writes_in_doubt = 0;
        loop {
            let error = match attempt().await {
                Err(error) if error.is_worth_another_attempt() => error,
                Err(error) if error.is_in_doubt() && writes_in_doubt < MAX_REPEATS_IN_DOUBT => {
                    writes_in_doubt += 1;
                    error
                }
                done => return done,
            };
            let Some(delay) = delays.next() else {
                return Err(error);
            };
            if error.is_lost_race() {
                note_conflict_retried();
            }
            tokio::time::sleep(delay).await;
        }
    }

    /// The times between attempts. Under contention each round has one winner, so the waiting is bounded and not the number of
    /// rounds.
    fn delays(&self) -> ExponentialBackoff {
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
