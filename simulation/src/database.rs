//! A DynamoDB in the process that gives no more guarantees than AWS documents.
//!
//! `dynoxide` executes each request at one moment. This module adds the time that a request takes, and the view of other requests
//! in that time:
//!
//! - It refuses a write of one item while a transaction works on the item, and the other way round.
//! - It refuses a transaction that reads while any write to one of its items is in flight.
//! - Transactions are serializable, but reads of single items are not ordered with them. After a commit, the new image of each item
//!   becomes visible to such reads at its own time.
//! - An unfinished transaction blocks its items for seconds. Then it is completed or undone.
//! - A read that does not ask for consistency, and every index, can show the past.

mod engine;
mod reads;
mod transactions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use self::engine::Engine;
use self::transactions::Token;
use crate::ledger::{Commit, Item, Key, Ledger, Write, key_of};
use crate::random::Random;
use crate::trace::Trace;
use crate::weather::Weather;

/// The name of the table.
pub const TABLE: &str = "contacts";

/// An operation that reads several items one after another, and answers as a transaction does. Only a planted fault uses it.
pub const READ_ONE_BY_ONE: &str = "ReadOneByOne";

/// A request to the database.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The operation, such as `UpdateItem`.
    pub operation: String,
    /// The body.
    pub body: Value,
}

/// An answer of the database.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl Answer {
    fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }

    /// An error with this code.
    #[must_use]
    pub fn error(status: u16, code: &str) -> Self {
        let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
        let body = json!({ "__type": kind, "message": "simulated" });
        Self { status, body }
    }

    /// The cancellation of a transaction, for these reasons.
    #[must_use]
    pub fn cancelled(codes: &[&str]) -> Self {
        let mut answer = Self::error(400, "TransactionCanceledException");
        let reasons: Vec<_> = codes.iter().map(|code| json!({ "Code": code })).collect();
        answer.body["CancellationReasons"] = json!(reasons);
        answer
    }

    /// Whether the request succeeded.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status == 200
    }
}

/// The database of a history.
#[derive(Clone)]
pub struct Database {
    state: Arc<Mutex<State>>,
    random: Random,
    trace: Trace,
    weather: Arc<Mutex<Weather>>,
}

struct State {
    engine: Engine,
    /// The items that a transaction works on.
    locked: BTreeSet<Key>,
    /// How many writes of single items are in flight.
    writing: BTreeMap<Key, usize>,
    /// Items that a transaction has changed, with the earlier images that reads of single items still see.
    hidden: BTreeMap<Key, Option<Item>>,
    /// Earlier images, each with the time of its replacement.
    past: BTreeMap<Key, Vec<(Duration, Option<Item>)>>,
    tokens: BTreeMap<String, Token>,
    ledger: Ledger,
}

impl Database {
    /// A database with these items, in this weather.
    #[must_use]
    pub fn new(items: &[Item], random: &Random, trace: &Trace, weather: Weather) -> Self {
        let engine = Engine::new();
        let mut ledger = Ledger::default();
        for item in items {
            engine.put(item);
            let (key, after) = (key_of(item), Some(item.clone()));
            let writes = vec![Write {
                key,
                before: None,
                after,
            }];
            ledger.add(Commit {
                at: Duration::ZERO,
                visible_at: Duration::ZERO,
                writes,
            });
        }
        ledger.commits.clear();
        Self {
            state: Arc::new(Mutex::new(State {
                engine,
                locked: BTreeSet::new(),
                writing: BTreeMap::new(),
                hidden: BTreeMap::new(),
                past: BTreeMap::new(),
                tokens: BTreeMap::new(),
                ledger,
            })),
            random: random.clone(),
            trace: trace.clone(),
            weather: Arc::new(Mutex::new(weather)),
        }
    }

    /// The current weather.
    #[must_use]
    pub fn weather(&self) -> Weather {
        *self.weather.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all bad weather: from now on, nothing fails.
    pub fn calm(&self) {
        *self.weather.lock().unwrap_or_else(PoisonError::into_inner) = Weather::CALM;
    }

    /// All items, in the order of their keys.
    #[must_use]
    pub fn items(&self) -> Vec<Item> {
        self.state().engine.items()
    }

    /// The items, in an order that is the same in every run of a seed.
    #[must_use]
    pub fn items_in_order(&self) -> Vec<Item> {
        let mut items = self.items();
        let state = self.state();
        items.sort_by_cached_key(|item| state.ledger.rank(&key_of(item)));
        items
    }

    /// The commits from this one on.
    #[must_use]
    pub fn commits_from(&self, first: usize) -> Vec<Commit> {
        let state = self.state();
        state
            .ledger
            .commits
            .get(first..)
            .unwrap_or_default()
            .to_vec()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Executes a request, in the time that it takes.
    pub async fn answer(&self, call: Call) -> Answer {
        let Call { operation, body } = call;
        match operation.as_str() {
            "GetItem" => self.get(&body).await,
            "BatchGetItem" => self.batch_get(&body).await,
            "Query" => self.query(body).await,
            "PutItem" | "UpdateItem" | "DeleteItem" => self.write(&operation, body).await,
            "BatchWriteItem" => self.batch_write(&body).await,
            "TransactGetItems" => self.transact_get(&body).await,
            READ_ONE_BY_ONE => self.read_one_by_one(&body).await,
            "TransactWriteItems" => self.transact_write(body).await,
            other => panic!("the simulated database does not know {other}"),
        }
    }

    /// Writes one item.
    async fn write(&self, operation: &str, body: Value) -> Answer {
        let key = key_of(body.get("Item").unwrap_or(&body["Key"]));
        {
            let mut state = self.state();
            if state.locked.contains(&key) {
                drop(state);
                self.trace.note("conflict", || key.1.clone());
                return Answer::error(400, "TransactionConflictException");
            }
            *state.writing.entry(key.clone()).or_default() += 1;
        }
        sleep(self.random.milliseconds(1..6)).await;
        let answer = {
            let now = self.trace.now();
            let mut state = self.state();
            let before = state.engine.image(&key);
            let answer = state.engine.execute(operation, body);
            if answer.is_ok() {
                let after = state.engine.image(&key);
                state.commit(
                    now,
                    vec![Write {
                        key: key.clone(),
                        before,
                        after,
                    }],
                );
            }
            answer
        };
        self.trace
            .note(if answer.is_ok() { "written" } else { "refused" }, || {
                format!("{} {}", key.0, key.1)
            });
        sleep(self.random.milliseconds(1..4)).await;
        self.state().end_write(&key);
        answer
    }

    /// Writes each item by itself. Returns those that it did not write as unprocessed.
    async fn batch_write(&self, body: &Value) -> Answer {
        let mut requests = body["RequestItems"][TABLE]
            .as_array()
            .cloned()
            .unwrap_or_default();
        requests.sort_by_cached_key(|request| {
            let item = request.pointer("/PutRequest/Item");
            key_of(item.unwrap_or(&request["DeleteRequest"]["Key"])).1
        });
        let mut left = Vec::new();
        for request in requests {
            let is_left = self.random.chance(self.weather().throttled);
            let (operation, write) = if let Some(put) = request.get("PutRequest") {
                (
                    "PutItem",
                    json!({ "TableName": TABLE, "Item": put["Item"] }),
                )
            } else {
                let key = &request["DeleteRequest"]["Key"];
                ("DeleteItem", json!({ "TableName": TABLE, "Key": key }))
            };
            if is_left || !self.write(operation, write).await.is_ok() {
                left.push(request);
            }
        }
        let left = if left.is_empty() {
            json!({})
        } else {
            json!({ TABLE: left })
        };
        Answer::ok(json!({ "UnprocessedItems": left }))
    }
}

impl State {
    fn commit(&mut self, now: Duration, writes: Vec<Write>) {
        for write in &writes {
            let past = self.past.entry(write.key.clone()).or_default();
            past.push((now, write.before.clone()));
        }
        self.ledger.add(Commit {
            at: now,
            visible_at: now,
            writes,
        });
    }

    fn end_write(&mut self, key: &Key) {
        if let Some(count) = self.writing.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                self.writing.remove(key);
            }
        }
    }

    /// Whether a write to the item is in flight.
    fn is_busy(&self, key: &Key) -> bool {
        self.locked.contains(key) || self.writing.contains_key(key)
    }
}
