//! What the operator's tool does with many items: it reads them by many keys at a time, and goes on for as long as what
//! fails may pass.

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

/// Most keys that a batch reads.
pub(super) const MAX_KEYS: usize = 100;

/// Most items of a transaction.
pub(super) const MAX_ITEMS: usize = 100;

/// Most bytes of the items of a transaction. It has 4 MB; the rest is for what is around the items.
pub(super) const MAX_BYTES: usize = 3 * 1024 * 1024;

/// How long work on many items goes on against throttling and outages. It waits longer and longer in between, so that it
/// slows down to what the table takes.
#[derive(Debug, Clone)]
pub struct RetryBudget {
    /// Waits without any success in between add up to this time at most.
    budget: Duration,
    waits: Arc<AtomicU64>,
}

impl RetryBudget {
    /// That of work which gives up after this time without success.
    #[must_use]
    pub fn new(budget: Duration) -> Self {
        Self {
            budget,
            waits: Arc::default(),
        }
    }

    /// How often it has waited so far.
    #[must_use]
    pub fn waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    pub(super) fn note_wait(&self) {
        self.waits.fetch_add(1, Ordering::Relaxed);
    }

    /// The times to wait, one after the other.
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

    /// Does the work until it succeeds, or fails for a reason that does not pass.
    ///
    /// # Errors
    /// As the work, or as its last attempt when there is no time left.
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
    /// Reads items by any number of keys, consistently; those that are not there are missing.
    ///
    /// # Errors
    /// When the database does not answer, or throttles so much that nothing is read.
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

    /// Reads a batch again and again, until nothing of it is left to read.
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
            // A batch has 16 MB at most, so that what was not read need not be throttled.
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

/// A consistent read of items, each by itself, as a pure function.
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
