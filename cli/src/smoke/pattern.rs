//! Compares JSON with a pattern. The JSON must have the same members with the same values, except where the pattern has a
//! placeholder.

use serde_json::{Map, Value};
use shared::domain::Timestamp;

/// Fits any value but null. Within a text it fits any part.
pub(super) const ANYTHING: &str = "…";
/// Fits any value, including null.
pub(super) const WHATEVER: &str = "<whatever>";
/// Fits the request id in the header `x-request-id`.
pub(super) const SAME_REQUEST_ID: &str = "<x-request-id>";
/// Fits a time in the format of answers (contract section 4).
pub(super) const TIME: &str = "<time>";

/// A difference between an answer and the expected one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// The status, header or member that differs.
    pub(super) place: String,
    /// The expected value.
    pub(super) expected: String,
    /// The actual value.
    pub(super) got: String,
}

impl Difference {
    /// A difference between texts.
    pub(super) fn new(
        place: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self {
            place: place.into(),
            expected: expected.into(),
            got: got.into(),
        }
    }
}

/// Checks that `actual`, the value at `place`, fits a pattern.
///
/// # Errors
/// The first difference.
pub(super) fn check(
    place: &str,
    pattern: &Value,
    actual: &Value,
    request_id: &str,
) -> Result<(), Difference> {
    match (pattern, actual) {
        (Value::Object(pattern), Value::Object(actual)) => {
            check_members(place, pattern, actual, request_id)
        }
        (Value::Array(pattern), Value::Array(actual)) if pattern.len() == actual.len() => pattern
            .iter()
            .zip(actual)
            .enumerate()
            .try_for_each(|(i, (pattern, actual))| {
                check(&format!("{place}[{i}]"), pattern, actual, request_id)
            }),
        (Value::String(pattern), actual) if value_fits(pattern, actual, request_id) => Ok(()),
        (pattern, actual) if pattern == actual => Ok(()),
        (pattern, actual) => Err(Difference::new(
            place,
            pattern.to_string(),
            actual.to_string(),
        )),
    }
}

fn check_members(
    place: &str,
    pattern: &Map<String, Value>,
    actual: &Map<String, Value>,
    request_id: &str,
) -> Result<(), Difference> {
    for (name, pattern) in pattern {
        let place = format!("{place}.{name}");
        match actual.get(name) {
            Some(actual) => check(&place, pattern, actual, request_id)?,
            None => return Err(Difference::new(place, pattern.to_string(), "nothing")),
        }
    }
    match actual.iter().find(|(name, _)| !pattern.contains_key(*name)) {
        Some((name, value)) => Err(Difference::new(
            format!("{place}.{name}"),
            "nothing",
            value.to_string(),
        )),
        None => Ok(()),
    }
}

fn value_fits(pattern: &str, actual: &Value, request_id: &str) -> bool {
    match (pattern, actual) {
        (ANYTHING, actual) => !actual.is_null(),
        (WHATEVER, _) => true,
        (SAME_REQUEST_ID, Value::String(text)) => text == request_id,
        (TIME, Value::String(text)) => {
            Timestamp::parse_rfc3339(text).is_ok_and(|time| time.to_string() == *text)
        }
        (pattern, Value::String(text)) => fits(pattern, text),
        _ => false,
    }
}

/// Whether a text fits a pattern. Each `…` in the pattern stands for any text.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once(ANYTHING) else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(start) else {
        return false;
    };
    let Some((middle, end)) = rest.rsplit_once(ANYTHING) else {
        return text.ends_with(rest);
    };
    for part in middle.split(ANYTHING) {
        match text.split_once(part) {
            Some((_, behind)) => text = behind,
            None => return false,
        }
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_ellipsis_stands_for_any_text() {
        for (pattern, text) in [
            ("a", "a"),
            ("…", ""),
            ("…", "anything"),
            ("a…", "a"),
            ("a…", "abc"),
            ("…c", "abc"),
            ("a…c", "abc"),
            ("a…b…c", "a b c"),
            ("a…b…b", "abab"),
        ] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("a", "ab"),
            ("a…", "ba"),
            ("…c", "cb"),
            ("ab…bc", "abc"),
            ("a…b…c", "a c b"),
            ("a…b…b", "ab"),
        ] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    fn place_of_difference(pattern: &Value, actual: &Value) -> Option<String> {
        check("body", pattern, actual, "r1")
            .err()
            .map(|difference| difference.place)
    }

    #[test]
    fn members_and_values_must_be_the_same() {
        let pattern = json!({ "a": [{ "b": 1 }], "c": null });
        assert_eq!(place_of_difference(&pattern, &pattern), None);
        for (actual, place) in [
            (json!({ "a": [{ "b": 2 }], "c": null }), "body.a[0].b"),
            (json!({ "a": [], "c": null }), "body.a"),
            (json!({ "a": [{ "b": 1 }] }), "body.c"),
            (json!({ "a": [{ "b": 1 }], "c": false }), "body.c"),
            (json!({ "a": [{ "b": 1 }], "c": null, "d": 1 }), "body.d"),
            (json!([]), "body"),
        ] {
            assert_eq!(
                place_of_difference(&pattern, &actual).as_deref(),
                Some(place)
            );
        }
    }

    #[test]
    fn a_placeholder_fits_values_of_its_kind_only() {
        for (pattern, good, bad) in [
            (ANYTHING, json!(["x"]), json!(null)),
            (SAME_REQUEST_ID, json!("r1"), json!("r2")),
            (SAME_REQUEST_ID, json!("r1"), json!(null)),
            (
                TIME,
                json!("2026-05-20T15:04:01.135Z"),
                json!("2026-05-20T15:04:01Z"),
            ),
            ("Unauthorized: …", json!("Unauthorized: no"), json!(1)),
        ] {
            assert_eq!(place_of_difference(&json!(pattern), &good), None);
            assert!(
                place_of_difference(&json!(pattern), &bad).is_some(),
                "{pattern}"
            );
        }
    }
}
