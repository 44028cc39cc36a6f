//! The stream of a table in a test: its records as Lambda sends them, and outlets that keep what they get.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodbstreams::types::ShardIteratorType;
use contacts::client;
use contacts::serve::stream::event_record;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use record_history::{Event, Outlets, Recorder, SendError, UnreadableRecord};
use serde_json::{Value, json};
use shared::store::Store;

use crate::Database;

/// All records of a table's stream, in the order of each shard, as Lambda sends them. The entries of histories are left out, as by
/// the filter of the function.
pub async fn records(database: &Database) -> Vec<Value> {
    let client = client::streams_client(&database.url).await;
    let streams = client.list_streams().table_name(&database.table);
    let streams = streams.send().await.unwrap();
    let stream = streams.streams()[0].stream_arn().unwrap().to_owned();
    let described = client.describe_stream().stream_arn(&stream).send().await;
    let described = described.unwrap().stream_description.unwrap();
    assert_eq!(described.last_evaluated_shard_id(), None);
    let mut records = Vec::new();
    for shard in described.shards() {
        let iterator = client.get_shard_iterator().stream_arn(&stream);
        let iterator = iterator.shard_id(shard.shard_id().unwrap());
        let iterator = iterator.shard_iterator_type(ShardIteratorType::TrimHorizon);
        let mut next = iterator.send().await.unwrap().shard_iterator;
        while let Some(iterator) = next.take() {
            let answer = client.get_records().shard_iterator(iterator);
            let answer = answer.send().await.unwrap();
            if answer.records().is_empty() {
                break;
            }
            records.extend(answer.records.unwrap().into_iter().filter_map(event_record));
            next = answer.next_shard_iterator;
        }
    }
    records
}

/// The number of a record in the stream.
#[must_use]
pub fn sequence_number(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"].as_str().unwrap()
}

/// The key of the item that a record is about.
#[must_use]
pub fn key(record: &Value) -> (String, String) {
    let [pk, sk] = ["pk", "sk"].map(|name| {
        let key = &record["dynamodb"]["Keys"][name]["S"];
        key.as_str().unwrap().to_owned()
    });
    (pk, sk)
}

/// Outlets that keep what they get.
#[derive(Default)]
pub struct Kept {
    /// The events, in the order in which they were delivered.
    pub events: Mutex<Vec<Value>>,
    /// The reports of records that cannot be read.
    pub reports: Mutex<Vec<UnreadableRecord>>,
    /// How many of the next events are not taken.
    pub failures: Mutex<usize>,
}

impl Kept {
    /// The events so far.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.events.lock().unwrap().clone()
    }
}

impl Outlets for Kept {
    fn deliver<'a>(&'a self, events: &'a [Event]) -> BoxFuture<'a, Vec<bool>> {
        let mut delivered = Vec::new();
        for event in events {
            let mut failures = self.failures.lock().unwrap();
            if *failures > 0 {
                *failures -= 1;
                delivered.push(false);
                break;
            }
            self.events.lock().unwrap().push(json!(event));
            delivered.push(true);
        }
        std::future::ready(delivered).boxed()
    }

    fn report<'a>(&'a self, record: &'a UnreadableRecord) -> BoxFuture<'a, Result<(), SendError>> {
        self.reports.lock().unwrap().push(record.clone());
        std::future::ready(Ok(())).boxed()
    }
}

/// The function, with outlets that keep what they get.
#[must_use]
pub fn recorder(store: Store) -> (Recorder, Arc<Kept>) {
    let kept = Arc::new(Kept::default());
    let recorder = Recorder {
        store,
        outlets: Arc::clone(&kept) as _,
        events_with_addresses: true,
    };
    (recorder, kept)
}

/// Records all that the stream of a table has.
pub async fn record_all(database: &Database) -> Arc<Kept> {
    let (recorder, kept) = recorder(database.store().await);
    let response = recorder
        .record(json!({ "Records": records(database).await }))
        .await;
    assert_eq!(response.batch_item_failures, []);
    kept
}
