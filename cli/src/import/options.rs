//! The options of an import.

use std::path::PathBuf;
use std::sync::Arc;

use encoding_rs::Encoding;
use shared::Clock;
use shared::domain::{OrganizationId, PhoneRegion, TimeZone};
use shared::store::RetryBudget;

use super::columns::ColumnOptions;
use crate::arguments::Format;
use crate::exit::usage;
use crate::progress::Progress;

/// The options for reading a file.
#[derive(Debug, Clone)]
pub struct FileOptions {
    /// The format.
    pub format: Format,
    /// The encoding of a file without a byte order mark; UTF-8 unless given.
    pub encoding: Option<&'static Encoding>,
    /// The character between the cells of a CSV file. By default the header row shows it.
    pub delimiter: Option<u8>,
    /// The options for the columns of a CSV file.
    pub columns: ColumnOptions,
}

impl FileOptions {
    /// A file of this format, without further options.
    #[must_use]
    pub fn of(format: Format) -> Self {
        Self {
            format,
            encoding: None,
            delimiter: None,
            columns: ColumnOptions::default(),
        }
    }

    /// Checks that the options fit the format.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let is_for_csv = self.delimiter.is_some() || self.columns.is_given();
        if self.format != Format::Csv && is_for_csv {
            return Err(usage(
                "--delimiter, --map, --set, --where and --ignore-unknown-columns are for CSV files (--format csv)",
            ));
        }
        Ok(())
    }
}

/// The options of an import.
pub struct Options {
    /// The organization. Without it, the file must name one.
    pub organization: Option<OrganizationId>,
    /// The options for reading the file.
    pub file: FileOptions,
    /// Whether to write nothing to the table.
    pub dry_run: bool,
    /// The file for the list of rejected records.
    pub rejects: PathBuf,
    /// The region of national phone numbers.
    pub region: PhoneRegion,
    /// The time zone of times without an offset.
    pub time_zone: TimeZone,
    /// The budget for retries after throttling and outages.
    pub retry_budget: RetryBudget,
    /// The counters for the progress display.
    pub progress: Arc<Progress>,
    /// The clock.
    pub clock: Clock,
}
