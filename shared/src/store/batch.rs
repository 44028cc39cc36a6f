//! Batches: reads and writes of many items without a transaction.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::batch_write_item::builders::BatchWriteItemInputBuilder;
use aws_sdk_dynamodb::types::{DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest};
use futures_util::future::try_join_all;

use super::items::Item;
use super::keys::Key;
use super::{DatabaseError, Store};

/// The maximum number of keys in a batch read.
pub(super) const MAX_KEYS: usize = 100;

/// The maximum number of items in a batch write.
const MAX_WRITES: usize = 25;

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

    /// Writes or deletes items, without a transaction and without conditions, until all are done.
    ///
    /// # Errors
    /// When the database does not answer, or throttles for too long. Then any of the writes may be done.
    pub(super) async fn write_many(&self, writes: Vec<WriteRequest>) -> Result<(), DatabaseError> {
        for chunk in writes.chunks(MAX_WRITES) {
            let mut left = HashMap::from([(self.table.clone(), chunk.to_vec())]);
            let mut delays = self.delays();
            loop {
                let request = BatchWriteItemInputBuilder::default().set_request_items(Some(left));
                let output = Box::pin(request.send_with(&self.client))
                    .await
                    .map_err(DatabaseError::from_sdk)?;
                left = output.unprocessed_items.unwrap_or_default();
                if left.values().all(Vec::is_empty) {
                    break;
                }
                let Some(delay) = delays.next() else {
                    let why = "the table throttles a write";
                    return Err(DatabaseError::PartlyThrottled(why.into()));
                };
                tokio::time::sleep(delay).await;
            }
        }
        Ok(())
    }
}

/// The write of an item in a batch.
pub(super) fn put(item: Item) -> Result<WriteRequest, DatabaseError> {
    let put = PutRequest::builder().set_item(Some(item)).build()?;
    Ok(WriteRequest::builder().put_request(put).build())
}

/// The deletion of an item in a batch.
pub(super) fn delete(key: Key) -> Result<WriteRequest, DatabaseError> {
    let delete = DeleteRequest::builder()
        .set_key(Some(key.attributes()))
        .build()?;
    Ok(WriteRequest::builder().delete_request(delete).build())
}
