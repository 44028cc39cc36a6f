//! These tests kill `contacts serve --data DIR` under load, while it starts, and while it records the history.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

use crate::common::Folder;
use crate::history::{History, wait_for};
use crate::model::{Answer, State, Write, possible};
use crate::process::Data;
use crate::table::{Table, text};
use crate::writers::{CONTACTS, Sent, VICTIMS, Writers};
use crate::{kills, random};

/// The number of kills under load for each database. A check reads the whole database, so it must stay small.
const ROUNDS: u32 = 12;

/// The number of these kills between two checks of the history. In between, kills hit the reader of the stream before it has
/// caught up.
const ROUNDS_WITHOUT_HISTORY: u32 = 4;

/// The maximum time that the clients write, on an idle machine.
const LOAD: Duration = Duration::from_millis(1200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_kill_of_the_server_loses_halves_or_repeats_a_write() {
    let (mut random, kills) = (random(), kills(60));
    let mut counts = Counts::default();
    while counts.kills < kills {
        let mut test = KillTest::start(&mut random).await;
        let rest = (kills - counts.kills).div_ceil(3).min(ROUNDS);
        for round in 1..=rest {
            test.round(&mut random, round % ROUNDS_WITHOUT_HISTORY == 0)
                .await;
        }
        test.finish().await;
        counts.kills += test.data.kills;
        counts.add(&test.counts);
        eprintln!("{counts:?}");
    }
    assert!(
        counts.changed > u64::from(kills / 4) && counts.unknown > 0,
        "{counts:?}"
    );
}

/// The numbers of writes and checks.
#[derive(Debug, Default)]
struct Counts {
    kills: u32,
    acknowledged: u64,
    changed: u64,
    unknown: u64,
    new_contacts: u64,
    erased: u64,
    history_entries: u64,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.acknowledged += other.acknowledged;
        self.changed += other.changed;
        self.unknown += other.unknown;
        self.new_contacts += other.new_contacts;
        self.erased += other.erased;
        self.history_entries += other.history_entries;
    }
}

struct KillTest {
    _folder: Folder,
    data: Data,
    writers: Arc<Writers>,
    /// The states of the seed's contacts at the last check.
    states: BTreeMap<String, State>,
    history: History,
    counts: Counts,
}

impl KillTest {
    /// Creates a database, with up to two kills while the server creates it.
    async fn start(random: &mut Rng) -> Self {
        let folder = Folder::new();
        let seed = folder.file("seed.json", &seed().to_string());
        let mut data = Data::new(&folder.0.join("data"), &seed);
        for _ in 0..random.u8(..3) {
            data.kill_while_it_starts(random, &[]);
        }
        let running = data.start(&["--database-only"]);
        let table = Table::read(&running.url).await;
        table.assert_whole();
        data.kill(running);
        let states = states(&table);
        for (id, state) in &states {
            assert_eq!((state.version, state.statuses.len()), (1, 2), "{id}");
        }
        assert_eq!(states.len(), CONTACTS + VICTIMS as usize);
        Self {
            _folder: folder,
            data,
            writers: Writers::new(),
            states,
            history: History::default(),
            counts: Counts::default(),
        }
    }

    /// Kills the server under load, starts it again, and checks the table.
    async fn round(&mut self, random: &mut Rng, checks_history: bool) {
        if random.u8(..4) == 0 {
            self.data.kill_while_it_starts(random, &[]);
        }
        let running = self.data.start(&[]);
        let writers = self.writers.start(&running.url, random);
        // A busy machine needs longer for as many writes.
        let longest = LOAD.max(self.data.start * 3);
        tokio::time::sleep(longest.mul_f64(random.f64())).await;
        self.data.kill(running);
        for writer in writers {
            writer.await.unwrap();
        }
        if random.u8(..4) == 0 {
            self.data.kill_while_it_starts(random, &["--database-only"]);
        }
        let running = self.data.start(&["--database-only"]);
        self.check(&running.url).await;
        if checks_history {
            self.counts.history_entries = self.history.check(&running.url).await;
        }
        self.data.kill(running);
    }

    /// Completes the erasures, and checks all of the history.
    async fn finish(&mut self) {
        let running = self.data.start(&[]);
        for (id, _) in self.states.iter().filter(|(_, state)| state.is_erased) {
            let status = self.writers.erase(&running.url, id).await;
            // The erasure is already complete (404), or this request completes it (200).
            assert!([404, 200].contains(&status), "{id}: {status}");
            assert_eq!(self.writers.erase(&running.url, id).await, 404);
            self.counts.erased += 1;
        }
        self.data.kill(running);
        let running = self.data.start(&["--database-only"]);
        self.counts.history_entries = self.history.check(&running.url).await;
        let erased = self.states.iter().filter(|(_, state)| state.is_erased);
        let erased: Vec<_> = erased.map(|(id, _)| id.as_str()).collect();
        // The reader first writes a batch of entries, and then removes personal data from entries of erased contacts.
        wait_for(&running.url, |table| {
            erased.iter().try_for_each(|id| nothing_is_left(table, id))
        })
        .await
        .assert_whole();
        self.data.kill(running);
    }

    async fn check(&mut self, url: &str) {
        let table = Table::read(url).await;
        table.assert_whole();
        let sent = std::mem::take(&mut *self.writers.sent.lock().unwrap());
        let found = states(&table);
        for (id, after) in &found {
            let sent = sent.iter().filter(|sent| sent.contact == *id);
            let writes: Vec<_> = sent
                .map(|it| (it.write.clone(), it.answer.clone()))
                .collect();
            let possible = possible(&self.states[id], &writes);
            assert!(
                possible.contains(after),
                "{id} was {:?}\nis {after:?}\nafter {writes:#?}\nmay be {possible:#?}",
                self.states[id]
            );
            let is_acknowledged =
                writes.contains(&(Write::Erase, Answer::Done("erased".to_owned(), None)));
            let is_unfinished = table.contacts()[id.as_str()].contains_key("unfinished");
            assert!(!(is_acknowledged && is_unfinished), "{id}");
        }
        self.check_new_contacts(&table);
        for sent in &sent {
            self.count(sent);
        }
        self.history.note(sent);
        self.states = found;
    }

    /// Asserts that every acknowledged new contact exists, and has its address.
    fn check_new_contacts(&mut self, table: &Table) {
        let owners = self.writers.owners.lock().unwrap();
        let contacts = table.contacts();
        for (email, owner) in owners.iter() {
            assert!(
                contacts[owner.as_str()]["emails"].get(email).is_some(),
                "{email}"
            );
            assert_ne!(
                table.of_contact(owner, "SUBSCRIPTION#").count(),
                0,
                "{email}"
            );
        }
        let distinct: BTreeSet<_> = owners.iter().collect();
        let addresses: BTreeSet<_> = owners.iter().map(|(email, _)| email).collect();
        assert_eq!(
            distinct.len(),
            addresses.len(),
            "an address made two contacts"
        );
        self.counts.new_contacts = distinct.len() as u64;
    }

    fn count(&mut self, sent: &Sent) {
        match &sent.answer {
            Answer::Done(outcome, _) => {
                self.counts.acknowledged += 1;
                let is_change = !["kept", "unchanged"].contains(&outcome.as_str());
                self.counts.changed += u64::from(is_change);
            }
            Answer::Refused(_) => self.counts.acknowledged += 1,
            Answer::Unknown => self.counts.unknown += 1,
        }
    }
}

fn states(table: &Table) -> BTreeMap<String, State> {
    let contacts = table.contacts();
    let ids = contacts
        .keys()
        .filter(|id| id.starts_with("v_") || is_seeded(id));
    ids.map(|id| ((*id).to_owned(), table.state(id))).collect()
}

/// Whether this contact is in the seed. The ids of new contacts are longer.
fn is_seeded(id: &str) -> bool {
    id.starts_with("c_") && id.len() == 3
}

/// Checks that the table has no personal data of an erased contact. The error names the data.
fn nothing_is_left(table: &Table, id: &str) -> Result<(), String> {
    let number = id.trim_start_matches("v_");
    let personal = [
        format!("victim{number}@example.com"),
        format!("+1604555{number:0>4}"),
        format!("Victim{number}\""),
    ];
    for (key, item) in &table.0 {
        let stored = format!("{key:?} {}", json!(item));
        if let Some(left) = personal.iter().find(|left| stored.contains(*left)) {
            return Err(format!("{left} is in {stored}"));
        }
    }
    for (sort, entry) in table.of_contact(id, "HISTORY#") {
        let actor = text(entry, "actor");
        let is_person =
            !(actor.is_empty() || actor == "contacts seed" || actor.starts_with("client:"));
        if is_person || !text(entry, "requestId").is_empty() {
            return Err(format!("{id} {sort} {}", json!(entry)));
        }
    }
    Ok(())
}

/// The contacts for writes, and the contacts for erasures.
fn seed() -> Value {
    let subscriptions = json!([
        { "audience": "newsletter", "client": "website", "status": "subscribed" },
        { "audience": "newsletter", "client": "app", "status": "subscribed" },
    ]);
    let contacts = (0..CONTACTS).map(|n| {
        json!({
            "id": format!("c_{n}"), "firstName": "Jane", "subscriptions": subscriptions,
            "phoneNumber": [{ "value": format!("+1416555010{n}") }, { "value": format!("+1416555020{n}") }],
            "emails": [{ "value": format!("a{n}@example.com"), "isPrimary": true }, { "value": format!("b{n}@example.com") }],
        })
    });
    let victims = (0..VICTIMS).map(|n| {
        json!({
            "id": format!("v_{n}"), "firstName": format!("Victim{n}"), "subscriptions": subscriptions,
            "phoneNumber": [{ "value": format!("+1604555{n:04}") }],
            "emails": [{ "value": format!("victim{n}@example.com") }],
        })
    });
    let contacts: Vec<_> = contacts.chain(victims).collect();
    json!({ "organizations": [{
        "id": "org_x", "audiences": ["newsletter"], "clients": ["website", "app"], "contacts": contacts,
    }] })
}
