//! Bulk work of the operator's tool: contacts with many subscriptions, and retries of temporary failures.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder, Retryable};

use crate::domain::{ContactId, SubscriptionId, Tenant};
use crate::store::read::Snapshot;
use crate::store::{DatabaseError, Store};

/// The maximum number of items in a transaction.
pub(super) const MAX_ITEMS: usize = 100;

/// The maximum size of a transaction's items, in bytes. DynamoDB's limit is 4 MB; the rest is reserved for overhead.
pub(super) const MAX_BYTES: usize = 3 * 1024 * 1024;

/// Retries of bulk work against throttling and outages. Each wait is longer than the one before, so that the work slows
/// down to the table's capacity.
#[derive(Debug, Clone)]
pub struct RetryBudget {
    /// The maximum total of consecutive waits without a success.
    budget: Duration,
    waits: Arc<AtomicU64>,
}

impl RetryBudget {
    /// Retries that give up after this time without a success.
    #[must_use]
    pub fn new(budget: Duration) -> Self {
        Self {
            budget,
            waits: Arc::default(),
        }
    }

    /// The number of waits so far.
    #[must_use]
    pub fn waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    pub(super) fn note_wait(&self) {
        self.waits.fetch_add(1, Ordering::Relaxed);
    }

    /// The wait times, in order.
    pub(super) fn delays(&self) -> ExponentialBackoff {
        self.backoff().build()
    }

    fn backoff(&self) -> ExponentialBuilder {
        ExponentialBuilder::new()
            .with_jitter()
            .with_min_delay(Duration::from_millis(20))
            .with_factor(2.0)
            .with_max_delay(Duration::from_secs(10))
            .without_max_times()
            .with_total_delay(Some(self.budget))
    }

    /// Repeats the work until it succeeds or fails permanently.
    ///
    /// # Errors
    /// The permanent error of the work, or the error of its last attempt when no time is left.
    pub async fn run<T, F>(&self, work: impl FnMut() -> F) -> Result<T, DatabaseError>
    where
        F: Future<Output = Result<T, DatabaseError>>,
    {
        work.retry(self.backoff())
            .when(DatabaseError::may_pass)
            .notify(|_, _| self.note_wait())
            .await
    }
}

impl Store {
    /// A consistent snapshot of a contact with any number of subscriptions. Each of the reads includes the contact. If all reads
    /// found the same contact, they are of the same state.
    pub(super) async fn read_whole(
        &self,
        tenant: &Tenant,
        id: &ContactId,
        subscriptions: &[SubscriptionId],
    ) -> Result<Option<Snapshot>, DatabaseError> {
        let mut whole: Option<Snapshot> = None;
        for ids in subscriptions.chunks(MAX_ITEMS - 1) {
            let Some(part) = self.read_contact(tenant, id, ids).await? else {
                return Ok(None);
            };
            match &mut whole {
                None => whole = Some(part),
                Some(whole) if whole.contact == part.contact => {
                    whole.subscriptions.extend(part.subscriptions);
                    whole.state.subscriptions.extend(part.state.subscriptions);
                }
                Some(_) => {
                    let why = "changes came in between the reads of a contact";
                    return Err(DatabaseError::LostRace(why.into()));
                }
            }
        }
        Ok(whole)
    }
}
