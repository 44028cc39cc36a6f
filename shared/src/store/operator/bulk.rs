//! Bulk work of the operator's tool: batch reads by key, and retries of temporary failures.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder, Retryable};
use futures_util::future::try_join_all;

use crate::store::items::Item;
use crate::store::keys::Key;
use crate::store::{DatabaseError, Store};

/// The maximum number of keys in a batch read.
pub(super) const MAX_KEYS: usize = 100;

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
    /// Reads items by any number of keys, with consistent reads. The result omits items that do not exist.
    ///
    /// # Errors
    /// When the database does not answer, or throttles all reads.
    pub(super) async fn read_many(
        &self,
        keys: HashSet<Key>,
    ) -> Result<HashMap<Key, Item>, DatabaseError> {
        let keys: Vec<_> = keys.into_iter().collect();
        let batches = keys.chunks(MAX_KEYS).map(|keys| self.read_batch(keys));
        let items = try_join_all(batches).await?.into_iter().flatten();
        items
            .map(|item| {
                let key = Key::of_item(&item);
                let key = key.ok_or(DatabaseError::UnexpectedAnswer("an item without a key"))?;
                Ok((key, item))
            })
            .collect()
    }

    /// Repeats a batch read until it has read all keys.
    async fn read_batch(&self, keys: &[Key]) -> Result<Vec<Item>, DatabaseError> {
        let mut request = batch_request(&self.table, keys)?;
        let mut items = Vec::new();
        loop {
            let output = Box::pin(request.clone().send_with(&self.client))
                .await
                .map_err(DatabaseError::from_sdk)?;
            let found: Vec<_> = output
                .responses
                .into_iter()
                .flat_map(HashMap::into_values)
                .flatten()
                .collect();
            // DynamoDB also leaves keys unread when an answer would exceed 16 MB, so unread keys do not prove
            // throttling.
            let unread = output
                .unprocessed_keys
                .filter(|tables| tables.values().any(|wanted| !wanted.keys().is_empty()));
            match unread {
                None => {
                    items.extend(found);
                    return Ok(items);
                }
                Some(_) if found.is_empty() => {
                    return Err(DatabaseError::PartlyThrottled(
                        "the table throttles a read".into(),
                    ));
                }
                Some(_) => {
                    items.extend(found);
                    request = request.set_request_items(unread);
                }
            }
        }
    }
}

/// The request for a consistent batch read, as a pure function.
fn batch_request(table: &str, keys: &[Key]) -> Result<BatchGetItemInputBuilder, DatabaseError> {
    let wanted = keys
        .iter()
        .fold(KeysAndAttributes::builder(), |wanted, key| {
            wanted.keys(key.clone().attributes())
        })
        .consistent_read(true)
        .build()?;
    Ok(BatchGetItemInputBuilder::default().request_items(table, wanted))
}
