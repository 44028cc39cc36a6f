//! The result of an import.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};
use shared::domain::OrganizationId;
use shared::store::DatabaseError;

use super::tally::Counts;
use crate::interrupt;
use crate::progress::per_second;

/// How an import ended.
#[derive(Debug)]
pub enum End {
    /// At the end of the file.
    Whole,
    /// By a signal, with this exit code.
    Interrupted(u8),
    /// With an error.
    Failed(anyhow::Error),
}

/// The result of an import.
#[derive(Debug)]
pub struct Summary {
    /// The organization of the contacts, unless the import ended before it knew the organization.
    pub organization: Option<OrganizationId>,
    /// The number of records by result.
    pub counts: Counts,
    /// All records up to this line are imported or rejected.
    pub up_to_line: u64,
    /// The duration of the import.
    pub elapsed: Duration,
    /// The end of the import.
    pub end: End,
}

impl Summary {
    /// The lines that the import prints at its end. `place` is the table with its region or endpoint.
    pub(super) fn report(&self, dry_run: bool, rejects: &Path, place: &str) -> String {
        let mut lines = Vec::new();
        if let Some(organization) = &self.organization {
            lines.push(format!("organization {organization} in {place}"));
        }
        if dry_run {
            lines.push("dry run: nothing was written; an import would report:".to_owned());
        }
        lines.push(self.counts.to_string());
        if self.counts.rejected > 0 {
            lines.push(format!("rejects are in {}", rejects.display()));
        }
        let rate = per_second(self.counts.total(), self.elapsed);
        lines.push(format!("{rate:.0} rows per second"));
        let again = match &self.end {
            End::Whole => None,
            // The same file would end at the same line again.
            End::Failed(error) if !error.is::<DatabaseError>() => Some(""),
            End::Failed(_) | End::Interrupted(_) => {
                Some("; run the command again to complete the import")
            }
        };
        if let Some(again) = again {
            let done = if dry_run { "checked" } else { "done" };
            lines.push(format!(
                "the import ended early: all records up to line {} are {done}, and perhaps some after it{again}",
                self.up_to_line
            ));
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// The members of the report, apart from the table and from the error of a failed import.
    pub(super) fn members(&self, dry_run: bool, rejects: &Path) -> Map<String, Value> {
        let milliseconds = self.elapsed.as_millis().max(1);
        let rate = u128::from(self.counts.total()) * 1000 / milliseconds;
        let rate = u64::try_from(rate).unwrap_or(u64::MAX);
        let mut members = Map::from_iter([
            ("dryRun".to_owned(), json!(dry_run)),
            ("created".to_owned(), json!(self.counts.created)),
            ("updated".to_owned(), json!(self.counts.updated)),
            ("unchanged".to_owned(), json!(self.counts.unchanged)),
            ("rejected".to_owned(), json!(self.counts.rejected)),
            ("rowsPerSecond".to_owned(), json!(rate)),
        ]);
        if let Some(organization) = &self.organization {
            members.insert("organization".to_owned(), json!(organization));
        }
        if self.counts.rejected > 0 {
            members.insert("rejects".to_owned(), json!(rejects.display().to_string()));
        }
        if !matches!(self.end, End::Whole) {
            members.insert("upToLine".to_owned(), json!(self.up_to_line));
        }
        if let End::Interrupted(code) = self.end {
            members.insert("error".to_owned(), json!(interrupt::name_of(code)));
        }
        members
    }
}
