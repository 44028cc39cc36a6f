//! These tests kill `contacts import` and its database, and repeat the import. Afterwards the table is as after one undisturbed
//! import.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::{Value, json};

use crate::common::files::{counts, succeeded};
use crate::common::{Folder, contacts, output, text};
use crate::history::{caught_up, wait_for};
use crate::process::{Data, Process, Running};
use crate::table::Table;
use crate::{kills, random};

/// The number of records about contacts in the file.
const RECORDS: usize = 80;

/// The number of rejected records in the file. Their list takes more than one write.
const REJECTS: usize = 2 * RECORDS;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_import_is_completed_by_its_repetition_and_has_no_second_effect() {
    let (mut random, kills) = (random(), kills(20));
    let mut made = 0;
    let mut whole = Whole::new().await;
    while made < kills {
        let mut disturbed = Import::new();
        let running = disturbed.data.start(&["--database-only"]);
        for _ in 0..random.u32(1..16).min(kills - made) {
            disturbed.kill_import(&running, whole.took.mul_f64(random.f64()));
            disturbed.assert_rejects_can_be_replaced(&whole);
            Table::read(&running.url).await.assert_whole();
            made += 1;
        }
        disturbed.complete(&running, &mut whole).await;
        eprintln!("{made} kills of an import");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_outlives_kills_of_its_database() {
    let (mut random, kills) = (random(), kills(18) / 3);
    let mut made = 0;
    let mut whole = Whole::new().await;
    while made < kills {
        let mut disturbed = Import::new();
        let mut running = disturbed.data.start(&["--database-only"]);
        let mut importing = disturbed.start(&running);
        while importing.0.try_wait().unwrap().is_none() {
            let moment = whole.took.mul_f64(random.f64());
            tokio::time::sleep(moment).await;
            running = disturbed.kill_database(running, &mut random);
            made += 1;
        }
        let code = importing.0.wait().unwrap().code();
        assert_eq!(code, Some(1), "as some records are rejected");
        disturbed.complete(&running, &mut whole).await;
        eprintln!("{made} kills of the database of an import");
    }
}

/// The result of one undisturbed import.
struct Whole {
    took: Duration,
    contacts: Vec<String>,
    rejects: String,
}

impl Whole {
    async fn new() -> Self {
        let mut import = Import::new();
        let running = import.data.start(&["--database-only"]);
        let began = Instant::now();
        let imported = output(&mut import.command(&running));
        let took = began.elapsed();
        assert_eq!(
            imported.status.code(),
            Some(1),
            "{}",
            text(&imported.stderr)
        );
        let [created, _, _, rejected] = counts(text(&imported.stdout));
        assert!(created > 20 && rejected == REJECTS as u64);
        let table = Table::read(&running.url).await;
        table.assert_whole();
        Self {
            took,
            contacts: exported(&running),
            rejects: std::fs::read_to_string(import.rejects()).unwrap(),
        }
    }
}

/// A file, and its own database to import it into.
struct Import {
    folder: Folder,
    data: Data,
    source: PathBuf,
}

impl Import {
    fn new() -> Self {
        let folder = Folder::new();
        let seed = folder.file("seed.json", r#"{"organizations":[]}"#);
        let source = folder.file("contacts.jsonl", &records());
        let data = Data::new(&folder.0.join("data"), &seed);
        Self {
            folder,
            data,
            source,
        }
    }

    fn rejects(&self) -> PathBuf {
        self.folder.0.join("contacts.jsonl.rejects.csv")
    }

    fn command(&self, running: &Running) -> Command {
        let mut command = contacts();
        command
            .arg("import")
            .arg(&self.source)
            .args(["--dynamodb", &running.url]);
        command
    }

    fn start(&self, running: &Running) -> Process {
        let mut command = self.command(running);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Process(command.spawn().unwrap())
    }

    fn kill_import(&self, running: &Running, moment: Duration) {
        let mut importing = self.start(running);
        std::thread::sleep(moment);
        importing.0.kill().unwrap();
        importing.0.wait().unwrap();
    }

    /// Kills the database, perhaps again while it starts, and starts it again on the same port.
    fn kill_database(&mut self, running: Running, random: &mut Rng) -> Running {
        let port = running.url.rsplit(':').next().unwrap().to_owned();
        self.data.kill(running);
        if random.bool() {
            self.data.kill_while_it_starts(random, &["--database-only"]);
        }
        self.data.start_on(&port, &["--database-only"])
    }

    /// Asserts that the next import can replace the list of a killed import: it is a start of the whole list.
    fn assert_rejects_can_be_replaced(&self, whole: &Whole) {
        if let Ok(left) = std::fs::read_to_string(self.rejects()) {
            assert!(whole.rejects.starts_with(&left), "{left}");
        }
    }

    /// Repeats the import. Asserts that the import is then complete, and that a further repetition changes nothing.
    async fn complete(&self, running: &Running, whole: &mut Whole) {
        let before = Table::read(&running.url).await.created();
        for is_repeated in [false, true] {
            let stored = Table::read(&running.url).await.without_history();
            let began = Instant::now();
            let imported = output(&mut self.command(running));
            whole.took = whole.took.max(began.elapsed());
            assert_eq!(
                imported.status.code(),
                Some(1),
                "{}",
                text(&imported.stderr)
            );
            let [created, updated, _, rejected] = counts(text(&imported.stdout));
            assert_eq!(rejected, REJECTS as u64);
            let table = Table::read(&running.url).await;
            table.assert_whole();
            assert_eq!(table.unclaimed(), []);
            if is_repeated {
                assert_eq!((created, updated), (0, 0));
                assert!(table.without_history() == stored, "a second effect");
            } else {
                assert_eq!(before + created, table.created());
            }
            assert_eq!(exported(running), whole.contacts);
            assert_eq!(
                std::fs::read_to_string(self.rejects()).unwrap(),
                whole.rejects
            );
        }
        wait_for(&running.url, caught_up).await;
    }
}

/// The contacts of an export, without the members that differ between imports: random ids and times of writes.
fn exported(running: &Running) -> Vec<String> {
    let mut command = contacts();
    let exported = command.args([
        "export",
        "--organization",
        "org_x",
        "--dynamodb",
        &running.url,
    ]);
    let exported = succeeded(output(exported));
    let comparable = |line: &str| {
        let mut contact: Value = serde_json::from_str(line).unwrap();
        let members = contact.as_object_mut().unwrap();
        members.retain(|name, id| {
            let is_drawn = name == "id" && !id.as_str().unwrap().starts_with("c-");
            !is_drawn && name != "createdAt" && name != "updatedAt"
        });
        contact.to_string()
    };
    let mut contacts: Vec<_> = exported.lines().map(comparable).collect();
    contacts.sort();
    contacts
}

/// A file with records of all kinds, several of them about one contact, and some that are rejected.
fn records() -> String {
    let mut lines = vec![
        json!({ "organization": "org_x", "audiences": ["newsletter"], "clients": ["website", "app"] }),
    ];
    for n in 0..RECORDS {
        lines.push(record(n));
        lines.extend([0, 1].map(|m| json!({ "id": format!("no id {n} {m}") })));
    }
    let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
    lines.join("\n") + "\n"
}

fn record(n: usize) -> Value {
    // The times rise and fall between the records of a contact.
    let at = format!("2024-01-01T00:00:{:02}.000Z", n * 37 % 60);
    match n % 8 {
        // Several records about one contact, by its id or by its address.
        0 | 1 => json!({
            "id": format!("c-{}", n % 16), "emails": [{ "value": format!("a{}@example.com", n % 16), "verifiedAt": at }],
            "phoneNumber": [{ "value": format!("+1416555{:04}", n % 16), "verifiedAt": at, "verificationSource": format!("file {n}") }],
        }),
        2 => {
            json!({ "email": format!("a{}@example.com", n % 16 - 2), "audience": "newsletter", "client": "website",
                     "status": "subscribed", "verified": true, "verified_at": at })
        }
        3 => {
            json!({ "email": format!("shared{}@example.com", n % 24), "audience": "newsletter", "client": "app",
                     "status": if n.is_multiple_of(5) { "unsubscribed" } else { "subscribed" }, "verified": true, "verified_at": at })
        }
        // More addresses and subscriptions than a transaction takes.
        4 if n == 4 => json!({
            "id": format!("c-large-{n}"),
            "emails": (0..110).map(|m| json!({ "value": format!("{m}@{n}.example.com") })).collect::<Vec<_>>(),
            "subscriptions": (0..40).map(|m| json!({ "audience": "newsletter", "client": format!("client-{m}") })).collect::<Vec<_>>(),
        }),
        // A contact with a random id.
        5 => json!({ "email": format!("drawn{n}@example.com"), "firstName": "Jane" }),
        // An address that nobody owns, or whose owner is elsewhere in the file.
        6 => json!({ "address": format!("old{n}@example.com"), "hardBouncedAt": at }),
        _ => json!({
            "id": format!("c-{n}"), "firstName": "Jane", "emails": [{ "value": format!("{n}@example.com"), "isPrimary": true }],
            "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed", "verifiedAt": at }],
        }),
    }
}
