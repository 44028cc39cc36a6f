//! Every DynamoDB key, attribute name and expression. Nothing else knows them.
//!
//! Each operation builds its request as a pure function, sends it, and turns the answer into a domain outcome.

mod client;
mod error;
mod items;
mod keys;
mod provision;
mod reach;
mod table;
mod verify_contact;
mod verify_method;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use backon::{ExponentialBuilder, Retryable};

pub use client::{Patience, configure};
pub use error::{ChangeError, DatabaseError};
pub use reach::Found;
pub use table::{INDEX_CONTACTS_BY_ID, create_table};
pub use verify_contact::ContactChange;
pub use verify_method::MethodChange;

use crate::domain::{Actor, Timestamp};

/// The table, seen through what the endpoints need of it.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
}

/// Who changes something, when, and on which request: kept with the change, so that the table's stream can tell.
#[derive(Debug, Clone)]
pub struct ChangeStamp {
    /// Who.
    pub actor: Actor,
    /// When.
    pub now: Timestamp,
    /// On which request.
    pub request_id: String,
}

impl Store {
    /// A store in the table of this name.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }
}

/// Runs `attempt` until it is not refused for a reason that may be gone the next time: a lost race, a transaction on
/// the same item, throttling inside a transaction. The SDK retries none of these.
async fn retried<T, F>(attempt: impl FnMut() -> F) -> Result<T, ChangeError>
where
    F: Future<Output = Result<T, ChangeError>>,
{
    // Under contention each round has one winner, and everybody who then finds an earlier verification is done: a
    // handful of rounds settles even dozens of callers. The waits add up to about 2 seconds at most.
    let backoff = ExponentialBuilder::new()
        .with_jitter()
        .with_min_delay(Duration::from_millis(5))
        .with_factor(2.0)
        .with_max_delay(Duration::from_millis(250))
        .with_max_times(9);
    attempt
        .retry(backoff)
        .when(ChangeError::is_worth_another_attempt)
        .await
}
