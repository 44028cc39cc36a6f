//! The stream of a table in a test: its records as Lambda sends them, and outlets that keep the events and reports.

use std::sync::{Arc, Mutex};

use contacts::serve::stream::{Records, Streams, is_for_function};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use record_history::{Event, Outlets, Recorder, SendError, UnreadableRecord};
use serde_json::{Value, json};
use shared::store::Store;

use crate::Database;

/// All records of a table's stream, in the order of each shard, as Lambda sends them. Entries of histories are omitted, as the
/// filter of the function does.
pub async fn records(database: &Database) -> Vec<Value> {
    let streams = Streams::new(&database.url).unwrap();
    let stream = streams.stream_of(&database.table).await.unwrap();
    let mut found = Vec::new();
    for shard in streams.shards(&stream).await.unwrap() {
        let mut next = streams.iterator(&stream, &shard.id, None).await.unwrap();
        while let Some(iterator) = next {
            let Records {
                records,
                next: after,
            } = streams.records(&iterator).await.unwrap();
            next = after.filter(|_| !records.is_empty());
            found.extend(records.into_iter().filter(is_for_function));
        }
    }
    found
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

/// Outlets that keep the events and reports that they get.
#[derive(Default)]
pub struct Kept {
    /// The events, in the order in which they were delivered.
    pub events: Mutex<Vec<Value>>,
    /// The reports of records that cannot be read.
    pub reports: Mutex<Vec<UnreadableRecord>>,
    /// The number of the next events that the outlets do not accept.
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

/// The function, with outlets that keep the events and reports.
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

/// Records everything in the stream of a table.
pub async fn record_all(database: &Database) -> Arc<Kept> {
    let (recorder, kept) = recorder(database.store().await);
    let response = recorder
        .record(json!({ "Records": records(database).await }))
        .await;
    assert_eq!(response.batch_item_failures, []);
    kept
}
