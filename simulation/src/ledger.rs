//! All writes of a history: the truth with which the checks compare answers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

/// The partition key and the sort key of an item.
pub type Key = (String, String);

/// An item in DynamoDB's JSON.
pub type Item = Value;

/// A write of one item.
#[derive(Debug, Clone)]
pub struct Write {
    /// The item's key.
    pub key: Key,
    /// The item before the write, if it existed.
    pub before: Option<Item>,
    /// The item after the write; `None` if the write deleted it.
    pub after: Option<Item>,
}

/// Writes that became visible to transactions at the same time.
#[derive(Debug, Clone)]
pub struct Commit {
    /// When they became visible to transactions.
    pub at: Duration,
    /// When all of them were visible to reads of single items too.
    pub visible_at: Duration,
    /// The writes.
    pub writes: Vec<Write>,
}

/// All commits, in their order.
#[derive(Debug, Default)]
pub struct Ledger {
    /// All commits, in their order.
    pub commits: Vec<Commit>,
    /// The order in which the partitions were first written. The order of the keys would differ between runs, since new contacts have
    /// random ids.
    ranks: BTreeMap<String, usize>,
}

impl Ledger {
    /// Adds a commit.
    pub fn add(&mut self, commit: Commit) {
        for write in &commit.writes {
            let next = self.ranks.len();
            self.ranks.entry(write.key.0.clone()).or_insert(next);
        }
        self.commits.push(commit);
    }

    /// The place of an item in an order that is the same in every run of a seed.
    #[must_use]
    pub fn rank(&self, key: &Key) -> (usize, String) {
        let rank = self.ranks.get(&key.0).copied();
        (rank.unwrap_or(usize::MAX), key.1.clone())
    }
}

/// A text attribute of an item.
#[must_use]
pub fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.get("S")?.as_str()
}

/// The `version` of an item.
#[must_use]
pub fn version(item: &Item) -> Option<u64> {
    item.get("version")?.get("N")?.as_str()?.parse().ok()
}

/// The entries of a map attribute of an item, in the order of their names.
pub fn entries<'a>(item: &'a Item, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let map = item.get(name).and_then(|map| map.get("M"));
    let entries = map.and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name, value.get("M")?)))
}

/// The key of an item, from the item or from the key in a request.
#[must_use]
pub fn key_of(item: &Value) -> Key {
    let part = |name| text(item, name).unwrap_or_default().to_owned();
    (part("pk"), part("sk"))
}
