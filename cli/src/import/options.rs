//! What is imported, and how.

use std::path::PathBuf;
use std::sync::Arc;

use shared::Clock;
use shared::domain::{OrganizationId, PhoneRegion, TimeZone};
use shared::store::RetryBudget;

use crate::arguments::Format;
use crate::progress::Progress;

/// What is imported, and how.
pub struct Options {
    /// The organization, unless the file says it.
    pub organization: Option<OrganizationId>,
    /// How the records are written.
    pub format: Format,
    /// Whether nothing is written to the table.
    pub dry_run: bool,
    /// Where rejected records are written down.
    pub rejects: PathBuf,
    /// The region of national phone numbers.
    pub region: PhoneRegion,
    /// The zone of times without an offset.
    pub time_zone: TimeZone,
    /// How long it goes on against throttling and outages.
    pub retry_budget: RetryBudget,
    /// Where it notes how far it is.
    pub progress: Arc<Progress>,
    /// Tells the time.
    pub clock: Clock,
}
