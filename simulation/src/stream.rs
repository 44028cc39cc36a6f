//! The table's stream. It delivers the changes of each item to `record-history` in their order, but late, twice and in any batches.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use record_history::{BatchResponse, Event, Outlets, Recorder, SendError, UnreadableRecord};
use serde_json::{Value, json};
use shared::store::{Store, is_history_key};
use tokio::time::sleep;

use crate::database::TABLE;
use crate::invocation::Invocation;
use crate::ledger::{Key, Write};
use crate::network::Network;
use crate::random::Random;
use crate::scene::BEGAN_AT_MS;

/// The stream of a history, and the function that reads it.
pub struct Stream {
    function: Recorder,
    network: Network,
    random: Random,
    /// The number of commits that the stream has read.
    read: usize,
    /// The number of records so far.
    count: u64,
    /// The records to deliver, by item and in the order of the item. The items are in the order of their changes.
    waiting: Vec<(Key, VecDeque<Value>)>,
    /// Recorded records, some of which the stream delivers again.
    done: Vec<Value>,
    events: Arc<Kept>,
}

/// Accepts all events, and keeps the reports of unreadable records.
#[derive(Default)]
struct Kept {
    unreadable: Mutex<Vec<String>>,
}

impl Outlets for Kept {
    fn deliver<'a>(&'a self, events: &'a [Event]) -> BoxFuture<'a, Vec<bool>> {
        std::future::ready(vec![true; events.len()]).boxed()
    }

    fn report<'a>(&'a self, record: &'a UnreadableRecord) -> BoxFuture<'a, Result<(), SendError>> {
        let mut unreadable = self
            .unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        unreadable.push(format!("{:?} {}", record.sort_key, record.reason));
        std::future::ready(Ok(())).boxed()
    }
}

impl Stream {
    /// The stream of the database behind this network.
    #[must_use]
    pub fn new(network: &Network) -> Self {
        let events = Arc::new(Kept::default());
        Self {
            function: Recorder {
                store: Store::new(network.client(), TABLE.to_owned()),
                outlets: Arc::clone(&events) as _,
                events_with_addresses: true,
            },
            network: network.clone(),
            random: network.random.clone(),
            read: 0,
            count: 0,
            waiting: Vec::new(),
            done: Vec::new(),
            events,
        }
    }

    /// Records that the function could not read.
    #[must_use]
    pub fn unreadable(&self) -> Vec<String> {
        let unreadable = self.events.unreadable.lock();
        unreadable.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Delivers records until all callers are done.
    pub async fn deliver_until(&mut self, is_over: &AtomicBool) {
        while !is_over.load(Ordering::Relaxed) {
            sleep(self.random.milliseconds(20..3000)).await;
            self.deliver_batch().await;
        }
    }

    /// Delivers all remaining records.
    pub async fn deliver_all(&mut self) {
        self.collect();
        while !self.waiting.is_empty() {
            self.deliver_batch().await;
        }
    }

    async fn deliver_batch(&mut self) {
        self.collect();
        if self.waiting.is_empty() {
            return;
        }
        let batch = self.batch();
        let invocation = Invocation::draw(&self.random, self.network.database.weather());
        let work = self.function.record(json!({ "Records": batch }));
        let done = match invocation.run(work).await {
            None => 0,
            Some(response) => recorded(&batch, self.response(response)),
        };
        self.network
            .trace
            .note("stream", || format!("{done} of {}", batch.len()));
        self.finish(batch, done);
    }

    /// The function's answer, changed by the planted fault.
    fn response(&self, response: BatchResponse) -> BatchResponse {
        match self.network.fault {
            Some(fault) if fault.hides_failures() => BatchResponse::default(),
            _ => response,
        }
    }

    /// Makes records of the new commits.
    fn collect(&mut self) {
        let commits = self.network.database.commits_from(self.read);
        self.read += commits.len();
        for commit in commits {
            let seconds = BEGAN_AT_MS / 1000 + i64::try_from(commit.at.as_secs()).unwrap();
            let mut writes = commit.writes;
            self.random.shuffle(&mut writes);
            for write in writes {
                if write.before != write.after && !is_history_key(&write.key.1) {
                    self.count += 1;
                    let record = record(&write, self.count, seconds);
                    self.queue(write.key).push_back(record);
                }
            }
        }
    }

    /// The records of an item.
    fn queue(&mut self, key: Key) -> &mut VecDeque<Value> {
        let place = self.waiting.iter().position(|(item, _)| *item == key);
        let place = place.unwrap_or_else(|| {
            self.waiting.push((key, VecDeque::new()));
            self.waiting.len() - 1
        });
        &mut self.waiting[place].1
    }

    /// The next records of some items, and some records that are recorded already.
    fn batch(&mut self) -> Vec<Value> {
        let mut batch = Vec::new();
        if !self.done.is_empty() {
            for _ in 0..self.random.number(0..2) {
                batch.push(self.random.of_these(&self.done));
            }
        }
        for _ in 0..self.random.number(1..15) {
            if self.waiting.is_empty() {
                break;
            }
            let place = self.random.number(0..self.waiting.len() as u64);
            let place = usize::try_from(place).unwrap_or_default();
            let (_, queue) = &mut self.waiting[place];
            batch.extend(queue.pop_front());
            if queue.is_empty() {
                self.waiting.remove(place);
            }
        }
        batch
    }

    /// Keeps the recorded records. Puts the others back, so that they come before the later records of their items.
    fn finish(&mut self, mut batch: Vec<Value>, done: usize) {
        let again = batch.split_off(done);
        self.done.extend(batch);
        for record in again.into_iter().rev() {
            if !self.done.iter().any(|done| number(done) == number(&record)) {
                let key = crate::ledger::key_of(&record["dynamodb"]["Keys"]);
                self.queue(key).push_front(record);
            }
        }
    }
}

/// The number of recorded records of a batch: those before the first failure.
fn recorded(batch: &[Value], response: BatchResponse) -> usize {
    let failure = response.batch_item_failures.into_iter().next();
    let place = failure.and_then(|failure| {
        batch
            .iter()
            .position(|record| number(record) == failure.item_identifier)
    });
    place.unwrap_or(batch.len())
}

fn number(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"]
        .as_str()
        .unwrap_or_default()
}

fn record(write: &Write, number: u64, seconds: i64) -> Value {
    let (partition, sort) = &write.key;
    let mut change = json!({
        "Keys": { "pk": { "S": partition }, "sk": { "S": sort } },
        "SequenceNumber": number.to_string(), "ApproximateCreationDateTime": seconds,
    });
    for (name, image) in [("OldImage", &write.before), ("NewImage", &write.after)] {
        if let Some(image) = image {
            change[name] = image.clone();
        }
    }
    json!({ "eventID": number.to_string(), "eventSourceARN": "arn:simulated", "dynamodb": change })
}
