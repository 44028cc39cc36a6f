//! The options of an import.

use std::path::PathBuf;
use std::sync::Arc;

use shared::Clock;
use shared::domain::{OrganizationId, PhoneRegion, TimeZone};
use shared::store::RetryBudget;

use crate::arguments::Format;
use crate::progress::Progress;

/// The options of an import.
pub struct Options {
    /// The organization. Without it, the file must name one.
    pub organization: Option<OrganizationId>,
    /// The format of the file.
    pub format: Format,
    /// Whether to write nothing to the table.
    pub dry_run: bool,
    /// The file for the list of rejected records.
    pub rejects: PathBuf,
    /// The region of national phone numbers.
    pub region: PhoneRegion,
    /// The time zone of times without an offset.
    pub time_zone: TimeZone,
    /// How long to retry after throttling and outages.
    pub retry_budget: RetryBudget,
    /// The counters for the progress display.
    pub progress: Arc<Progress>,
    /// The clock.
    pub clock: Clock,
}
