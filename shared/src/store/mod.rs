//! Every DynamoDB key, attribute name and expression. Nothing else knows them.
//!
//! Each operation builds its request as a pure function, sends it, and turns the answer into a domain outcome.

mod attributes;
mod bulk;
mod client;
mod connections;
mod contact_methods;
mod edit;
mod error;
mod export;
mod expression;
mod import;
mod items;
mod keys;
mod provision;
mod reach;
mod read;
mod status;
mod table;
mod tally;
mod upsert_contact;
mod verify_contact;
mod verify_method;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use backon::{ExponentialBuilder, Retryable};

pub use bulk::RetryBudget;
pub use client::{ClientTimeouts, configure};
pub use connections::Connections;
pub use contact_methods::{EditMethod, EditMethodKind};
pub use error::{ChangeError, DatabaseError};
pub use export::{ExportedContact, Registered};
pub use import::{Import, ImportOutcome, ImportRecord, ImportRefusal};
pub use items::is_too_large;
pub use provision::Addition;
pub use reach::Found;
pub use table::{ChangeStream, create_table};
pub(crate) use tally::{Tally, tallied};
pub use upsert_contact::{AudienceContactChanged, ChangeAudienceContact, IfMissing};
pub use verify_contact::VerifyContact;
pub use verify_method::VerifyMethod;

use self::tally::note_conflict_retried;
use crate::domain::{Actor, Timestamp};

/// How long a change may wait for its turn between attempts. It leaves the attempts themselves enough of the 10 seconds
/// that a request has.
const CONTENTION_BUDGET: Duration = Duration::from_secs(5);

/// The table, seen through what the endpoints need of it.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
    contention_budget: Duration,
}

/// Who changes something, when, and on which request: kept with the change, so that the table's stream can tell.
#[derive(Debug, Clone)]
pub struct ChangeMetadata {
    /// Who.
    pub actor: Actor,
    /// When.
    pub now: Timestamp,
    /// On which route: method and path of the template, or `import` or `seed` for the tool.
    pub route: &'static str,
    /// On which request.
    pub request_id: String,
}

impl Store {
    /// A store in the table of this name.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self {
            client,
            table,
            contention_budget: CONTENTION_BUDGET,
        }
    }

    /// The same store, but one that gives up on a change that keeps losing races once its waits between the attempts
    /// add up to this time.
    #[must_use]
    pub fn with_contention_budget(self, contention_budget: Duration) -> Self {
        Self {
            contention_budget,
            ..self
        }
    }

    /// Runs `attempt` until it is not refused for a reason that may be gone the next time: a lost race, a transaction
    /// on the same item, throttling inside a transaction. The SDK retries none of these.
    async fn retried<T, F>(&self, attempt: impl FnMut() -> F) -> Result<T, ChangeError>
    where
        F: Future<Output = Result<T, ChangeError>>,
    {
        // Under contention each round has one winner, so what is bounded is the waiting and not the number of rounds.
        let backoff = ExponentialBuilder::new()
            .with_jitter()
            .with_min_delay(Duration::from_millis(5))
            .with_factor(2.0)
            .with_max_delay(Duration::from_millis(100))
            .without_max_times()
            .with_total_delay(Some(self.contention_budget));
        attempt
            .retry(backoff)
            .when(ChangeError::is_worth_another_attempt)
            .notify(|error, _| {
                if error.is_conflict() {
                    note_conflict_retried();
                }
            })
            .await
    }
}
