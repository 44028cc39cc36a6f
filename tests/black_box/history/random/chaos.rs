//! The stream and Lambda at their worst. They deliver batches of any size, different items in any order, and the same record
//! again. Calls fail, and the process dies in the middle.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::task::Poll;

use black_box_tests::proxy::{Fault, PATIENT, Proxy};
use black_box_tests::stream::{Kept, key, recorder, sequence_number};
use black_box_tests::{Api, Database};
use fastrand::Rng;
use record_history::{BatchResponse, Recorder};
use serde_json::{Value, json};

use super::super::history_of;
use super::steps::CONTACTS;

/// The records of a stream on their way to the function.
pub(super) struct Chaos {
    function: Recorder,
    kept: Arc<Kept>,
    proxy: Proxy,
    /// The sequence numbers of all records so far.
    known: BTreeSet<String>,
    /// The records that are still to be delivered, by item, in the order of the stream.
    waiting: BTreeMap<(String, String), VecDeque<Value>>,
    /// The records that the function has recorded. Some of them come again.
    done: Vec<Value>,
}

impl Chaos {
    pub(super) async fn new(database: &Database) -> Self {
        let proxy = Proxy::start(&database.url).await;
        let store = database.store_through(&proxy.url, PATIENT).await;
        let (function, kept) = recorder(store);
        Self {
            function,
            kept,
            proxy,
            known: BTreeSet::new(),
            waiting: BTreeMap::new(),
            done: Vec::new(),
        }
    }

    /// Notes the records of the stream that are new.
    pub(super) fn collect(&mut self, records: Vec<Value>) {
        for record in records {
            if self.known.insert(sequence_number(&record).to_owned()) {
                self.waiting
                    .entry(key(&record))
                    .or_default()
                    .push_back(record);
            }
        }
    }

    /// Delivers some of the records, or all of them.
    pub(super) async fn deliver(&mut self, random: &mut Rng, all: bool) {
        let mut batches = random.usize(1..6);
        while !self.waiting.is_empty() && (all || batches > 0) {
            batches = batches.saturating_sub(1);
            let batch = self.batch(random);
            self.fail_somewhere(random);
            let response = self.invoke(random, &batch).await;
            self.proxy.heal();
            *self.kept.failures.lock().unwrap() = 0;
            let done = match response {
                None => 0,
                Some(response) => match response.batch_item_failures.first() {
                    None => batch.len(),
                    Some(failed) => batch
                        .iter()
                        .position(|record| sequence_number(record) == failed.item_identifier)
                        .unwrap(),
                },
            };
            self.finish(batch, done);
        }
    }

    /// The next records of some items, and some that were recorded before.
    fn batch(&mut self, random: &mut Rng) -> Vec<Value> {
        let mut batch = Vec::new();
        for _ in 0..random.usize(..3).min(self.done.len()) {
            batch.push(self.done[random.usize(..self.done.len())].clone());
        }
        for _ in 0..random.usize(1..12) {
            let items: Vec<_> = self.waiting.keys().cloned().collect();
            let Some(item) = items.get(random.usize(..items.len().max(1))) else {
                break;
            };
            let queue = self.waiting.get_mut(item).unwrap();
            batch.extend(queue.pop_front());
            if queue.is_empty() {
                self.waiting.remove(item);
            }
        }
        batch
    }

    /// Queues the records that the function did not record, before the later records of their items.
    fn finish(&mut self, mut batch: Vec<Value>, done: usize) {
        let again = batch.split_off(done);
        self.done.extend(batch);
        let known: BTreeSet<_> = self
            .done
            .iter()
            .map(|it| sequence_number(it).to_owned())
            .collect();
        for record in again.into_iter().rev() {
            if !known.contains(sequence_number(&record)) {
                self.waiting
                    .entry(key(&record))
                    .or_default()
                    .push_front(record);
            }
        }
    }

    fn fail_somewhere(&self, random: &mut Rng) {
        let fault = || Fault::Error(400, "ThrottlingException");
        match random.u8(..8) {
            0 => *self.kept.failures.lock().unwrap() = 1,
            1 => self
                .proxy
                .fail("PutItem", [fault(), Fault::AfterDoing(&Fault::Reset)]),
            2 => self.proxy.fail(
                "PutItem",
                [Fault::AfterDoing(&Fault::Error(500, "InternalServerError"))],
            ),
            3 => self
                .proxy
                .fail("BatchGetItem", std::iter::repeat_with(fault).take(8)),
            4 => self
                .proxy
                .fail("Query", std::iter::repeat_with(fault).take(8)),
            5 => self
                .proxy
                .fail("PutItem", std::iter::repeat_with(fault).take(8)),
            _ => {}
        }
    }

    /// Invokes the function. In every third case the process dies somewhere in the middle.
    async fn invoke(&self, random: &mut Rng, batch: &[Value]) -> Option<BatchResponse> {
        let work = self.function.record(json!({ "Records": batch }));
        let mut work = std::pin::pin!(work);
        let mut polls = if random.u8(..3) == 0 {
            random.usize(..30)
        } else {
            usize::MAX
        };
        std::future::poll_fn(|context| {
            if polls == 0 {
                return Poll::Ready(None);
            }
            polls -= 1;
            work.as_mut().poll(context).map(Some)
        })
        .await
    }

    /// Asserts that there was an event for each entry.
    pub(super) async fn assert_events_are_entries(&self, api: &Api) {
        let of_events: BTreeSet<_> = self
            .kept
            .events()
            .into_iter()
            .map(|event| id(&event))
            .collect();
        let mut of_entries = BTreeSet::new();
        for contact in CONTACTS {
            let entries = history_of(api, contact, "limit=100").await;
            of_entries.extend(entries.iter().map(id));
        }
        let missing: Vec<_> = of_entries.difference(&of_events).collect();
        assert!(missing.is_empty(), "entries without an event: {missing:?}");
    }
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}
