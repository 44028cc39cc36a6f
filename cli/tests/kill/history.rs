//! The history after kills: it has each change once, and its last states are those of the contacts.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::model::{Answer, Write};
use crate::table::{Item, Table, number, text};
use crate::writers::Sent;

/// The time that the reader of the stream may take to catch up, on a busy machine.
const CATCH_UP: Duration = Duration::from_mins(1);

/// The requests so far, whose changes must be in the history.
#[derive(Default)]
pub(crate) struct History {
    acknowledged: BTreeMap<String, Sent>,
    /// The number of writes whose result is unknown.
    unknown: usize,
}

impl History {
    pub(crate) fn note(&mut self, sent: Vec<Sent>) {
        for sent in sent {
            match (&sent.request, &sent.answer) {
                (Some(request), Answer::Done(..) | Answer::Refused(_)) => {
                    self.acknowledged.insert(request.clone(), sent);
                }
                _ => self.unknown += 1,
            }
        }
    }

    /// Waits until the history ends at the state of the table, and checks it. Returns the number of its entries.
    pub(crate) async fn check(&self, url: &str) -> u64 {
        let table = wait_for(url, caught_up).await;
        self.assert_each_change_once(&table)
    }

    fn assert_each_change_once(&self, table: &Table) -> u64 {
        let (mut versions, mut entries) = (BTreeMap::new(), BTreeMap::<String, u64>::new());
        let mut count = 0;
        for id in table.contacts().keys() {
            for (sort, entry) in table.of_contact(id, "HISTORY#") {
                count += 1;
                let request = text(entry, "requestId");
                // An erasure removes the ids of requests from entries. The seed has one request id for all contacts.
                if ["", "seed", "import"].contains(&request.as_str()) {
                    continue;
                }
                let at = ((*id).to_owned(), version(sort));
                let known = versions
                    .entry(request.clone())
                    .or_insert_with(|| at.clone());
                assert_eq!(*known, at, "request {request} took effect twice");
                *entries.entry(request).or_default() += 1;
            }
        }
        let erased = table.contacts();
        for (request, sent) in &self.acknowledged {
            let is_erased = |item: &&Item| item.contains_key("erasedAt");
            if erased.get(sent.contact.as_str()).is_some_and(is_erased) {
                continue;
            }
            let found = entries.remove(request).unwrap_or_default();
            let expected = expected(sent);
            assert!(
                expected.contains(&found),
                "{request}: {found} entries of {:?}",
                sent.write
            );
            if let (Answer::Done(_, Some(version)), Some((_, of_entries))) =
                (&sent.answer, versions.get(request))
            {
                assert_eq!(version, of_entries, "{request}");
            }
        }
        count
    }
}

/// Waits until the reader of the stream has recorded enough for `done`. Returns the table at that time.
pub(crate) async fn wait_for(url: &str, done: impl Fn(&Table) -> Result<(), String>) -> Table {
    let began = Instant::now();
    loop {
        let table = Table::read(url).await;
        let Err(missing) = done(&table) else {
            return table;
        };
        assert!(began.elapsed() < CATCH_UP, "{missing}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The number of entries that a write may leave.
fn expected(sent: &Sent) -> std::ops::RangeInclusive<u64> {
    let Answer::Done(outcome, _) = &sent.answer else {
        return 0..=0;
    };
    match (outcome.as_str(), &sent.write) {
        ("kept" | "unchanged", _) | (_, Write::Add(_)) => 0..=0,
        (_, Write::VerifyMethod(..) | Write::Subscribe(_) | Write::Unsubscribe(..)) => 1..=1,
        (_, Write::VerifyContact(..)) => 1..=2,
        (_, Write::Upsert(..)) => 0..=2,
        // An entry for each level at which the address was verified.
        (_, Write::Remove(_)) => 0..=3,
        (_, Write::Erase) => 0..=u64::MAX,
    }
}

fn version(sort: &str) -> u64 {
    sort.split('#').nth(1).unwrap().parse().unwrap()
}

/// The last state of each subject of entries.
type Subjects = BTreeMap<Vec<String>, Value>;

/// Checks that the history of each contact is a chain from nothing to the state of the contact. The error names the first gap.
pub(crate) fn caught_up(table: &Table) -> Result<(), String> {
    for (id, contact) in table.contacts() {
        if contact.contains_key("erasedAt") {
            erased_is_caught_up(table, id)?;
            continue;
        }
        let mut told = Subjects::new();
        for (sort, entry) in table.of_contact(id, "HISTORY#") {
            let subject = subject(entry);
            let before = entry.get("before").cloned().unwrap_or_default();
            let known = told.remove(&subject).unwrap_or_default();
            if before != known {
                return Err(format!(
                    "{id} {sort} of {subject:?}: {known} was followed by {before}"
                ));
            }
            if let Some(after) = entry.get("after") {
                told.insert(subject, after.clone());
            }
        }
        let stored = stored(table, id);
        if told != stored {
            return Err(format!("{id}: the history tells {told:#?}\nof {stored:#?}"));
        }
    }
    Ok(())
}

/// Checks that the history of an erased contact has an entry of the erasure, which is the last record of the contact.
fn erased_is_caught_up(table: &Table, id: &str) -> Result<(), String> {
    let version_of_contact = number(&table.contacts()[id]["version"]);
    let mut versions = table
        .of_contact(id, "HISTORY#")
        .map(|(sort, _)| version(sort));
    if versions.any(|version| version == version_of_contact) {
        return Ok(());
    }
    Err(format!("{id}: no entry of its erasure"))
}

fn subject(entry: &Item) -> Vec<String> {
    let event = text(entry, "event");
    let (kind, _) = event.split_once('.').unwrap();
    let members = ["level", "audience", "client", "type", "value"].map(|name| text(entry, name));
    [kind.to_owned()].into_iter().chain(members).collect()
}

/// The last states that the entries of a contact must have: its verifications at each level, and its subscriptions.
fn stored(table: &Table, id: &str) -> Subjects {
    let mut stored = Subjects::new();
    let texts = |texts: [&str; 6]| texts.map(str::to_owned).to_vec();
    let verification = |(at, by, source): (String, String, Option<String>)| {
        let members = [
            ("verifiedAt", Some(at)),
            ("verifiedBy", Some(by)),
            ("verificationSource", source),
        ];
        let members = members
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?))));
        Value::Object(members.filter(|(_, value)| *value != "").collect())
    };
    let state = table.state(id);
    for (method, held) in state.methods {
        let kind = if method.starts_with('+') {
            "phone"
        } else {
            "email"
        };
        if let Some(found) = held.verification {
            stored.insert(
                texts(["verification", "contact", "", "", kind, &method]),
                verification(found),
            );
        }
    }
    for ((client, email), held) in state.levels {
        if let Some(found) = held.verification {
            let subject = [
                "verification",
                "client",
                "newsletter",
                &client,
                "email",
                &email,
            ];
            stored.insert(texts(subject), verification(found));
        }
    }
    for (client, (status, reason)) in state.statuses {
        let members = [("status", status), ("reason", reason)];
        let members = members.into_iter().filter(|(_, value)| !value.is_empty());
        let after = members.map(|(name, value)| (name.to_owned(), Value::String(value)));
        stored.insert(
            texts(["subscription", "", "newsletter", &client, "", ""]),
            Value::Object(after.collect()),
        );
    }
    stored
}
