//! Records the history of contacts from the table's stream, and sends events about it to other systems (contract section 13).
//!
//! DynamoDB sends each change of an item at least once, in order for each item, and in any order for different items. The keys
//! of entries come from the record alone, so a record that arrives again changes nothing. The function reports the position of
//! the first record that failed, and the stream sends that record again, with all records after it.

#[cfg(feature = "aws")]
mod aws;
mod event;
mod outlets;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::causes;
use shared::domain::Timestamp;
use shared::store::{DatabaseError, HistoryItem, Item, Store, StreamRecord};

#[cfg(feature = "aws")]
pub use self::aws::AwsOutlets;
pub use self::event::Event;
pub use self::outlets::{Outlets, SendError, UnreadableRecord};

/// The number of records that the function works on at a time.
const CONCURRENT_RECORDS: usize = 8;

/// The answer to Lambda: the records that must be sent again
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>).
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    /// The first such record, if there is one. Lambda sends it again with all records after it.
    pub batch_item_failures: Vec<BatchItemFailure>,
}

/// A record that must be sent again.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// The record's number in the stream. A blank number means the whole batch.
    pub item_identifier: String,
}

/// The part of a record that the function reads
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html>).
#[derive(Deserialize)]
struct Record {
    dynamodb: ItemChange,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ItemChange {
    sequence_number: String,
    /// In seconds since 1970.
    approximate_creation_date_time: f64,
    old_image: Option<serde_dynamo::Item>,
    new_image: Option<serde_dynamo::Item>,
}

/// Records the batches of the stream.
pub struct Recorder {
    /// The table.
    pub store: Store,
    /// The outlets for events and reports.
    pub outlets: Arc<dyn Outlets>,
    /// Whether events contain their phone number or e-mail address.
    pub events_with_addresses: bool,
}

impl Recorder {
    /// Records a batch of the stream. The answer names the first record that must be sent again.
    pub async fn record(&self, batch: Value) -> BatchResponse {
        let records = match batch {
            Value::Object(mut batch) => batch.remove("Records").unwrap_or_default(),
            _ => Value::Null,
        };
        let Value::Array(records) = records else {
            tracing::error!("a batch has no records");
            return BatchResponse::default();
        };
        let count = records.len();
        let mut recorded = stream::iter(records)
            .map(|record| self.record_one(record))
            .buffered(CONCURRENT_RECORDS);
        let (mut positions, mut items, mut failure) = (Vec::new(), Vec::new(), None);
        while let Some(record) = recorded.next().await {
            match record {
                Ok((position, entries)) => {
                    positions.extend(entries.iter().map(|_| position.clone()));
                    items.extend(entries);
                }
                // Lambda sends the records after it again too.
                Err(position) => {
                    failure = Some(position);
                    break;
                }
            }
        }
        drop(recorded);
        let delivered = match self.store.withdraw_erased(&mut items).await {
            Ok(()) => self.deliver(items).await,
            Err(error) => {
                tracing::error!(error = %causes(&error), "the search for erased contacts failed");
                vec![false]
            }
        };
        let undelivered = delivered.iter().position(|is_delivered| !is_delivered);
        let entries = positions.len();
        let undelivered = undelivered.and_then(|first| positions.into_iter().nth(first));
        let failure = undelivered.or(failure);
        tracing::info!(
            records = count,
            entries,
            is_complete = failure.is_none(),
            "batch recorded"
        );
        BatchResponse {
            batch_item_failures: failure
                .into_iter()
                .map(|item_identifier| BatchItemFailure { item_identifier })
                .collect(),
        }
    }

    /// Delivers the events of these entries. Returns whether each was delivered; the list may end after the first failure.
    async fn deliver(&self, items: Vec<HistoryItem>) -> Vec<bool> {
        let event = |item| Event::new(item, self.events_with_addresses);
        let events: Vec<_> = items.into_iter().map(event).collect();
        self.outlets.deliver(&events).await
    }

    /// Records one record. Returns its position: with the entries, or as the error if the record failed.
    async fn record_one(&self, record: Value) -> Result<(String, Vec<HistoryItem>), String> {
        let mut report = report(&record);
        let position = report.sequence_number.clone().unwrap_or_default();
        let work = AssertUnwindSafe(self.entries(record)).catch_unwind();
        let reason = match work.await {
            Ok(Ok(items)) => return Ok((position, items)),
            Ok(Err(error @ DatabaseError::UnreadableItem { .. })) => error.to_string(),
            // The panic hook has logged the place.
            Err(_) => "the function panicked; its log says where".to_owned(),
            Ok(Err(error)) => {
                tracing::error!(position, error = %causes(&error), "a record was not recorded");
                return Err(position);
            }
        };
        tracing::error!(position, reason, "a record cannot be read");
        report.reason = reason;
        match self.outlets.report(&report).await {
            Ok(()) => Ok((position, Vec::new())),
            Err(error) => {
                tracing::error!(position, error = %causes(&*error), "a report was not sent");
                Err(position)
            }
        }
    }

    async fn entries(&self, record: Value) -> Result<Vec<HistoryItem>, DatabaseError> {
        self.store.record_history(read(record)?).await
    }
}

/// A report of a record without a reason, as far as the record can be read.
fn report(record: &Value) -> UnreadableRecord {
    let text = |pointer| record.pointer(pointer)?.as_str().map(str::to_owned);
    UnreadableRecord {
        stream_arn: text("/eventSourceARN"),
        event_id: text("/eventID"),
        sequence_number: text("/dynamodb/SequenceNumber"),
        partition_key: text("/dynamodb/Keys/pk/S"),
        sort_key: text("/dynamodb/Keys/sk/S"),
        reason: String::new(),
    }
}

/// Reads a record as Lambda sends it.
fn read(record: Value) -> Result<StreamRecord, DatabaseError> {
    let unreadable = |path: &str, reason: &str| DatabaseError::UnreadableItem {
        kind: "stream record",
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    // The error leaves out serde's message, because it may quote personal data.
    let record: Record =
        serde_json::from_value(record).map_err(|_| unreadable("*", "is not a record"))?;
    let change = record.dynamodb;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole seconds, far below 2^53"
    )]
    let seconds = change.approximate_creation_date_time as i64;
    let written_at = Timestamp::of_unix_milliseconds(seconds.saturating_mul(1000));
    Ok(StreamRecord {
        sequence_number: change.sequence_number,
        written_at: written_at.ok_or_else(|| {
            unreadable("ApproximateCreationDateTime", "must be from 1970 to 9999")
        })?,
        before: change.old_image.map(Item::from),
        after: change.new_image.map(Item::from),
    })
}
