//! Reads of single items, of several items each by itself, and of items by a query.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{Answer, Database, State, TABLE};
use crate::ledger::{Item, Key, key_of};

/// The longest time that a read without consistency may lag behind.
const MAX_LAG: Duration = Duration::from_secs(2);

impl Database {
    pub(super) async fn get(&self, body: &Value) -> Answer {
        let key = key_of(&body["Key"]);
        sleep(self.random.milliseconds(1..5)).await;
        let item = self.seen(&key, is_consistent(body));
        self.trace.note("read", || key.1.clone());
        sleep(self.random.milliseconds(1..5)).await;
        Answer::ok(item.map_or_else(|| json!({}), |item| json!({ "Item": item })))
    }

    pub(super) async fn read_one_by_one(&self, body: &Value) -> Answer {
        let mut responses = Vec::new();
        for get in body["TransactItems"].as_array().into_iter().flatten() {
            sleep(self.random.milliseconds(1..5)).await;
            let item = self.seen(&key_of(&get["Get"]["Key"]), true);
            responses.push(item.map_or_else(|| json!({}), |item| json!({ "Item": item })));
        }
        Answer::ok(json!({ "Responses": responses }))
    }

    pub(super) async fn batch_get(&self, body: &Value) -> Answer {
        let wanted = &body["RequestItems"][TABLE];
        let mut keys = wanted["Keys"].as_array().cloned().unwrap_or_default();
        // The program takes the keys from a set, in an order that differs between runs.
        {
            let state = self.state();
            keys.sort_by_cached_key(|key| state.ledger.rank(&key_of(key)));
        }
        let (mut items, mut unread) = (Vec::new(), Vec::new());
        for key in keys {
            sleep(self.random.milliseconds(1..3)).await;
            if self.random.chance(self.weather().throttled) {
                unread.push(key);
            } else {
                items.extend(self.seen(&key_of(&key), is_consistent(wanted)));
            }
        }
        let mut answer = json!({ "Responses": { TABLE: items }, "UnprocessedKeys": {} });
        if !unread.is_empty() {
            let mut left = wanted.clone();
            left["Keys"] = json!(unread);
            answer["UnprocessedKeys"] = json!({ TABLE: left });
        }
        self.trace.note("batch read", || format!("{answer}"));
        Answer::ok(answer)
    }

    pub(super) async fn query(&self, body: Value) -> Answer {
        sleep(self.random.milliseconds(1..8)).await;
        let is_index = body.get("IndexName").is_some();
        let is_consistent = is_consistent(&body);
        let now = self.trace.now();
        let mut answer = {
            let state = self.state();
            let mut answer = state.engine.execute("Query", body);
            let lag = self.random.milliseconds(0..2000);
            let items = answer.body.get_mut("Items").and_then(Value::as_array_mut);
            if let Some(items) = items {
                items.retain_mut(|item| {
                    let key = key_of(item);
                    if is_index {
                        return !state.is_younger_than(&key, now.saturating_sub(lag));
                    }
                    match state.hidden.get(&key) {
                        None => true,
                        Some(None) => false,
                        Some(Some(old)) => {
                            *item = old.clone();
                            true
                        }
                    }
                });
            }
            answer
        };
        if !is_index && !is_consistent {
            let items = answer.body["Items"].as_array().cloned().unwrap_or_default();
            let seen = items
                .iter()
                .filter_map(|item| self.seen(&key_of(item), false));
            answer.body["Items"] = seen.collect();
        }
        if let Some(items) = answer.body.get("Items").and_then(Value::as_array) {
            answer.body["Count"] = json!(items.len());
        }
        self.trace.note("query", String::new);
        sleep(self.random.milliseconds(1..5)).await;
        answer
    }

    /// The image of an item that a read of the single item sees.
    fn seen(&self, key: &Key, is_consistent: bool) -> Option<Item> {
        let now = self.trace.now();
        let state = self.state();
        if !is_consistent && self.random.chance(0.3) {
            let past = state.past.get(key).into_iter().flatten();
            let mut recent = past.filter(|(replaced, _)| *replaced + MAX_LAG > now);
            if let Some((_, image)) = recent.next() {
                return image.clone();
            }
        }
        match state.hidden.get(key) {
            Some(image) => image.clone(),
            None => state.engine.image(key),
        }
    }
}

impl State {
    /// Whether an item was created after this time.
    fn is_younger_than(&self, key: &Key, time: Duration) -> bool {
        let mut past = self.past.get(key).into_iter().flatten();
        past.any(|(created, before)| before.is_none() && *created > time)
    }
}

fn is_consistent(body: &Value) -> bool {
    body["ConsistentRead"].as_bool().unwrap_or_default()
}
