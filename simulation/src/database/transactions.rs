//! Transactions that read, and transactions that write.

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{Answer, Database, State};
use crate::ledger::{Key, Write, key_of};

/// The state of a client request token.
pub(super) enum Token {
    /// The transaction is in flight.
    InProgress,
    /// A transaction with these items succeeded.
    Done(Value),
}

impl Database {
    pub(super) async fn transact_get(&self, body: &Value) -> Answer {
        let gets = body["TransactItems"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let keys: Vec<_> = gets.iter().map(|get| key_of(&get["Get"]["Key"])).collect();
        sleep(self.random.milliseconds(1..8)).await;
        let answer = {
            let state = self.state();
            state.conflicts(&keys).unwrap_or_else(|| {
                let read = |key| match state.engine.image(key) {
                    Some(item) => json!({ "Item": item }),
                    None => json!({}),
                };
                Answer::ok(json!({ "Responses": keys.iter().map(read).collect::<Vec<_>>() }))
            })
        };
        let event = if answer.is_ok() {
            "read at once"
        } else {
            "read refused"
        };
        self.trace.note(event, || format!("{keys:?}"));
        sleep(self.random.milliseconds(1..5)).await;
        answer
    }

    pub(super) async fn transact_write(&self, mut body: Value) -> Answer {
        let token = body
            .as_object_mut()
            .and_then(|body| body.remove("ClientRequestToken"));
        let token = token.and_then(|token| Some(token.as_str()?.to_owned()));
        let items = body["TransactItems"].clone();
        let keys: Vec<_> = items
            .as_array()
            .into_iter()
            .flatten()
            .map(key_of_write)
            .collect();
        {
            let mut state = self.state();
            match token.as_ref().and_then(|token| state.tokens.get(token)) {
                Some(Token::InProgress) => {
                    return Answer::error(400, "TransactionInProgressException");
                }
                Some(Token::Done(done)) if *done == items => return Answer::ok(json!({})),
                Some(Token::Done(_)) => {
                    return Answer::error(400, "IdempotentParameterMismatchException");
                }
                None => {}
            }
            if let Some(cancelled) = state.conflicts(&keys) {
                drop(state);
                self.trace.note("conflict", || format!("{keys:?}"));
                return cancelled;
            }
            state.locked.extend(keys.iter().cloned());
            if let Some(token) = &token {
                state.tokens.insert(token.clone(), Token::InProgress);
            }
        }
        sleep(self.random.milliseconds(2..25)).await;
        if !self.random.chance(self.weather().unfinished) {
            return self.finish(body, &keys, token).await;
        }
        self.trace.note("left unfinished", || format!("{keys:?}"));
        let database = self.clone();
        tokio::spawn(async move {
            sleep(database.random.milliseconds(500..8000)).await;
            if database.random.chance(0.5) {
                database.finish(body, &keys, token).await;
            } else {
                let mut state = database.state();
                state.unlock(&keys);
                state.forget(token.as_ref());
            }
        });
        sleep(self.random.milliseconds(1..3000)).await;
        Answer::error(500, "InternalServerError")
    }

    /// Commits a transaction, or cancels it because of its conditions, and makes its items visible one after another.
    async fn finish(&self, body: Value, keys: &[Key], token: Option<String>) -> Answer {
        let now = self.trace.now();
        let items = body["TransactItems"].clone();
        let (answer, commit) = {
            let mut state = self.state();
            let before: Vec<_> = keys.iter().map(|key| state.engine.image(key)).collect();
            let answer = state.engine.execute("TransactWriteItems", body);
            if !answer.is_ok() {
                state.unlock(keys);
                state.forget(token.as_ref());
                drop(state);
                self.trace.note("cancelled", || answer.body.to_string());
                return answer;
            }
            let writes = keys.iter().zip(before).map(|(key, before)| Write {
                key: key.clone(),
                after: state.engine.image(key),
                before,
            });
            let writes: Vec<_> = writes.filter(|write| write.before != write.after).collect();
            for write in &writes {
                state.hidden.insert(write.key.clone(), write.before.clone());
            }
            state.commit(now, writes);
            if let Some(token) = token {
                state.tokens.insert(token, Token::Done(items));
            }
            (answer, state.ledger.commits.len() - 1)
        };
        self.trace.note("committed", || format!("{keys:?}"));
        let mut in_turn = keys.to_vec();
        self.random.shuffle(&mut in_turn);
        for key in &in_turn {
            // Mostly some milliseconds, and sometimes far more.
            let longest = self.random.of_these(&[1, 10, 10, 10, 10, 10, 10, 500]);
            sleep(self.random.milliseconds(0..longest)).await;
            self.state().hidden.remove(key);
        }
        let visible_at = self.trace.now();
        let mut state = self.state();
        state.ledger.commits[commit].visible_at = visible_at;
        state.unlock(keys);
        answer
    }
}

impl State {
    /// The refusal of a transaction on these items, if a write to one of them is in flight.
    fn conflicts(&self, keys: &[Key]) -> Option<Answer> {
        let code = |key| {
            if self.is_busy(key) {
                "TransactionConflict"
            } else {
                "None"
            }
        };
        let codes: Vec<_> = keys.iter().map(code).collect();
        codes
            .contains(&"TransactionConflict")
            .then(|| Answer::cancelled(&codes))
    }

    fn unlock(&mut self, keys: &[Key]) {
        for key in keys {
            self.locked.remove(key);
        }
    }

    fn forget(&mut self, token: Option<&String>) {
        if let Some(token) = token {
            self.tokens.remove(token);
        }
    }
}

/// The key of the item that a part of a transaction writes.
fn key_of_write(part: &Value) -> Key {
    let write = part.as_object().and_then(|part| part.values().next());
    let write = write.unwrap_or(&Value::Null);
    key_of(write.get("Item").unwrap_or(&write["Key"]))
}
