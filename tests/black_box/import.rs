//! Import and export: an import restores an export, whatever fails on the way, and touches no other organization.

mod faults;
mod files;
mod records;
mod round_trip;

use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use black_box_tests::Database;
use contacts::arguments::Format;
use contacts::import::{Counts, End, FileOptions, Options, Summary};
use contacts::progress::Progress;
use contacts::seed::Seed;
use serde_json::{Value, json};
use shared::domain::{OrganizationId, PhoneRegion, TimeZone};
use shared::store::{RetryBudget, Store};
use uuid::Uuid;

/// Two empty tables, and the organization of the test.
pub(crate) struct Scene {
    pub(crate) from: Database,
    pub(crate) to: Database,
    pub(crate) organization: OrganizationId,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        Self {
            from: Database::start_own_table().await,
            to: Database::start_own_table().await,
            organization: OrganizationId::parse("org_a").unwrap(),
        }
    }

    /// Loads contacts, as members of a seed file, into the first table.
    pub(crate) async fn seed(&self, contacts: Value) {
        let seed = json!({ "organizations": [{
            "id": self.organization, "audiences": ["newsletter", "other"], "clients": ["website", "app"],
            "contacts": contacts,
        }] });
        let seed = Seed::parse(&seed.to_string(), PhoneRegion::CANADA).unwrap();
        seed.load(&self.from.store().await).await.unwrap();
    }
}

/// Long enough for every fault of these tests, and short enough that an endless fault ends the test.
fn retry_budget() -> RetryBudget {
    RetryBudget::new(Duration::from_mins(2))
}

pub(crate) async fn exported(
    store: &Store,
    organization: &OrganizationId,
    format: Format,
) -> String {
    let (mut output, progress) = (Vec::new(), Progress::default());
    contacts::export::export(
        store,
        organization,
        format,
        &mut output,
        &progress,
        &retry_budget(),
    )
    .await
    .unwrap();
    String::from_utf8(output).unwrap()
}

/// The path of a file of rejects. Dropping the value removes the file.
struct Rejects(PathBuf);

impl Rejects {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("{}.rejects.csv", Uuid::new_v4())))
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap_or_default()
    }
}

impl Drop for Rejects {
    fn drop(&mut self) {
        // An import without rejects leaves no file.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Imports a file, and returns the summary and the file of rejects.
pub(crate) async fn import(
    store: &Store,
    file: impl AsRef<[u8]>,
    change: impl FnOnce(&mut Options),
) -> Result<(Summary, String), String> {
    import_from(store, Cursor::new(file.as_ref().to_vec()), change).await
}

/// Imports like [`import`], from any reader.
async fn import_from(
    store: &Store,
    input: impl Read + Send + 'static,
    change: impl FnOnce(&mut Options),
) -> Result<(Summary, String), String> {
    let rejects = Rejects::new();
    let mut options = Options {
        organization: None,
        file: FileOptions::of(Format::Jsonl),
        dry_run: false,
        rejects: rejects.0.clone(),
        region: PhoneRegion::CANADA,
        time_zone: TimeZone::UTC,
        retry_budget: retry_budget(),
        progress: Arc::default(),
        clock: shared::system_clock(),
    };
    change(&mut options);
    let summary = contacts::import::import(store, input, options, std::future::pending())
        .await
        .map_err(|error| format!("{error:#}"))?;
    Ok((summary, rejects.text()))
}

/// Imports all records of JSON Lines into an organization, and returns the counts and the file of rejects.
pub(crate) async fn import_into(
    store: &Store,
    organization: &OrganizationId,
    file: &str,
) -> (Counts, String) {
    let into = organization.clone();
    let imported = import(store, file, |options| options.organization = Some(into));
    let (summary, rejects) = imported.await.unwrap();
    assert!(matches!(summary.end, End::Whole), "{:?}", summary.end);
    (summary.counts, rejects)
}

/// Imports all records of JSON Lines, and returns the counts and the file of rejects.
async fn imported(store: &Store, file: &str) -> (Counts, String) {
    let (summary, rejects) = import(store, file, |_| ()).await.unwrap();
    assert!(matches!(summary.end, End::Whole), "{:?}", summary.end);
    (summary.counts, rejects)
}

fn created(created: u64) -> Counts {
    Counts {
        created,
        ..Counts::default()
    }
}

fn unchanged(unchanged: u64) -> Counts {
    Counts {
        unchanged,
        ..Counts::default()
    }
}

/// A file of these records.
pub(crate) fn lines(records: impl IntoIterator<Item = Value>) -> String {
    let lines: Vec<_> = records
        .into_iter()
        .map(|record| record.to_string())
        .collect();
    lines.join("\n") + "\n"
}

/// The record that begins a file.
pub(crate) fn organization() -> Value {
    json!({ "organization": "org_a", "audiences": ["newsletter", "other"], "clients": ["website", "app"] })
}
