use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use contacts::arguments::Format;
use contacts::import::{End, FileOptions, Options, Summary, import as import_file};
use shared::domain::{OrganizationId, PhoneRegion, TimeZone};
use shared::store::RetryBudget;
use uuid::Uuid;

use crate::choices::line;
use crate::request::ORGANIZATION;
use crate::scene::{Scene, with_scene};

/// A file for `contacts import`. The first line has options, and is not part of the file. `j` stands for JSON Lines instead of
/// CSV, `d` for a dry run, and `o` for a given organization.
///
/// # Panics
/// When the refusal of a file, or of a record, does not name the place.
pub fn import(mut input: &[u8]) {
    let options = line(&mut input);
    let lines = 1 + input
        .iter()
        .filter(|byte| matches!(**byte, b'\n' | b'\r'))
        .count();
    with_scene(|scene| {
        let rejects = std::env::temp_dir().join(format!("{}.rejects.csv", Uuid::new_v4()));
        let imported = imported(scene, options, input, rejects.clone());
        let text = std::fs::read_to_string(&rejects);
        // An import without rejects leaves no file.
        let _ = std::fs::remove_file(&rejects);
        let summary = match imported {
            Ok(summary) => summary,
            Err(refusal) => return check_refusal(&refusal),
        };
        match &summary.end {
            End::Whole => {}
            End::Failed(refusal) => check_refusal(&format!("{refusal:#}")),
            End::Interrupted(_) => panic!("nobody interrupts"),
        }
        let rejected = text.unwrap_or_default();
        check_rejects(&rejected, summary.counts.rejected, lines);
    });
}

fn imported(
    scene: &Scene,
    options: &[u8],
    file: &[u8],
    rejects: PathBuf,
) -> Result<Summary, String> {
    let format = if options.contains(&b'j') {
        Format::Jsonl
    } else {
        Format::Csv
    };
    let organization = OrganizationId::parse(ORGANIZATION).unwrap();
    let options = Options {
        organization: options.contains(&b'o').then_some(organization),
        file: FileOptions::of(format),
        dry_run: options.contains(&b'd'),
        rejects,
        region: PhoneRegion::CANADA,
        time_zone: TimeZone::UTC,
        retry_budget: RetryBudget::new(Duration::from_secs(1)),
        progress: Arc::default(),
        clock: Arc::clone(&scene.service.clock),
    };
    let file = Cursor::new(file.to_vec());
    let work = import_file(scene.store(), file, options, std::future::pending());
    scene.run(work).map_err(|error| format!("{error:#}"))
}

/// Asserts that the refusal of the file, or of the rest of it, names the place.
fn check_refusal(refusal: &str) {
    let named = ["line ", "column", "header", "the file", "--organization"];
    let is_named = named.iter().any(|place| refusal.contains(place));
    assert!(is_named, "a refusal that names no place: {refusal}");
}

/// Asserts that each rejected record has its line, its field and a reason.
fn check_rejects(text: &str, rejected: u64, lines: usize) {
    let records = csv::Reader::from_reader(text.as_bytes()).into_records();
    let records: Vec<_> = records.map(Result::unwrap).collect();
    assert_eq!(records.len() as u64, rejected, "{text}");
    for record in records {
        let line: usize = record[0].parse().unwrap();
        assert!((1..=lines).contains(&line), "{record:?} of {lines}");
        assert!(!record[1].is_empty() && !record[2].is_empty(), "{record:?}");
    }
}
