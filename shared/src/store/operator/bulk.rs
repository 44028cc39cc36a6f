//! Bulk work of the operator's tool: batch reads by key, and retries of temporary failures.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder, Retryable};
use futures_util::future::try_join_all;

use crate::domain::{ContactId, SubscriptionId, Tenant};
use crate::store::items::Item;
use crate::store::keys::Key;
use crate::store::read::Snapshot;
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
        let keys = keys.iter().cloned().map(Key::attributes).collect();
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .build()?;
        let mut unread = HashMap::from([(self.table.clone(), wanted)]);
        let mut items = Vec::new();
        loop {
            let request = BatchGetItemInputBuilder::default().set_request_items(Some(unread));
            let output = Box::pin(request.send_with(&self.client))
                .await
                .map_err(DatabaseError::from_sdk)?;
            let found = output.responses.into_iter().flat_map(HashMap::into_values);
            let count = items.len();
            items.extend(found.flatten());
            unread = output.unprocessed_keys.unwrap_or_default();
            if unread.values().all(|wanted| wanted.keys().is_empty()) {
                return Ok(items);
            }
            // DynamoDB also leaves keys unread when an answer would exceed 16 MB, so unread keys do not prove
            // throttling.
            if items.len() == count {
                let why = "the table throttles a read";
                return Err(DatabaseError::PartlyThrottled(why.into()));
            }
        }
    }

    /// A contact with any number of subscriptions, in one of its states. Each of the reads includes the contact; all are of
    /// one state if they found the same contact.
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
