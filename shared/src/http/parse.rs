//! Parsers of single members: each makes a value of a member's JSON or names the [`Problem`].
//!
//! The JSON of an absent member is null. [`Problem::Required`] means that the member counts as absent;
//! [`Members::optional`](super::Members::optional) accepts that.

use serde_json::Value;

use super::Problem;
use crate::domain::{
    EmailAddress, PhoneNumber, PhoneRegion, TimeZone, Timestamp, VerificationSource,
};

/// `true` or `false`.
///
/// # Errors
/// [`Problem::MustBeBoolean`].
pub fn boolean(json: &Value) -> Result<bool, Problem> {
    json.as_bool().ok_or(Problem::MustBeBoolean)
}

/// A trimmed text. A blank text counts as absent; another type is a fault.
///
/// # Errors
/// [`Problem::Required`] or [`Problem::MustBeString`].
pub fn text(json: &Value) -> Result<String, Problem> {
    match json {
        Value::String(_) => required_text(json),
        _ => Err(Problem::MustBeString),
    }
}

/// A trimmed text. A blank text and every other type count as absent.
///
/// # Errors
/// [`Problem::Required`].
pub fn required_text(json: &Value) -> Result<String, Problem> {
    match json.as_str().map(str::trim) {
        None | Some("") => Err(Problem::Required),
        Some(text) => Ok(text.to_owned()),
    }
}

/// As `parse`, but [`Problem::Required`] for a blank text and for every other type.
pub fn non_blank<T>(
    parse: impl FnOnce(&Value) -> Result<T, Problem>,
) -> impl FnOnce(&Value) -> Result<T, Problem> {
    move |json| {
        required_text(json)?;
        parse(json)
    }
}

/// One of the names that `from_name` knows; `problem` for another name.
pub fn one_of<T>(
    problem: Problem,
    from_name: impl FnOnce(&str) -> Option<T>,
) -> impl FnOnce(&Value) -> Result<T, Problem> {
    move |json| from_name(&text(json)?).ok_or(problem)
}

/// What `parse` makes of a text; `problem` where it makes nothing of it, and for every other type.
fn from_text<T>(
    problem: Problem,
    parse: impl FnOnce(&str) -> Option<T>,
) -> impl FnOnce(&Value) -> Result<T, Problem> {
    move |json| json.as_str().and_then(parse).ok_or(problem)
}

/// A phone number in international form, or national in `region` (contract section 4).
pub fn phone_number(region: PhoneRegion) -> impl FnOnce(&Value) -> Result<PhoneNumber, Problem> {
    from_text(Problem::MustBePhoneNumber, move |text| {
        PhoneNumber::parse(text, region).ok()
    })
}

/// As [`phone_number`], for a number that the request adds: its calling code must exist (contract section 4).
pub fn new_phone_number(
    region: PhoneRegion,
) -> impl FnOnce(&Value) -> Result<PhoneNumber, Problem> {
    from_text(Problem::MustBePhoneNumber, move |text| {
        let number = PhoneNumber::parse(text, region).ok();
        number.filter(PhoneNumber::has_assigned_calling_code)
    })
}

/// An e-mail address.
///
/// # Errors
/// [`Problem::MustBeEmailAddress`].
pub fn email_address(json: &Value) -> Result<EmailAddress, Problem> {
    from_text(Problem::MustBeEmailAddress, |text| {
        EmailAddress::parse(text).ok()
    })(json)
}

/// An e-mail address in a query. Some callers send a plus as a blank; an address has pluses and no blanks.
///
/// # Errors
/// [`Problem::Required`] or [`Problem::MustBeEmailAddress`].
pub fn email_address_of_query(json: &Value) -> Result<EmailAddress, Problem> {
    email_address(&required_text(json)?.replace(' ', "+").into())
}

/// An RFC 3339 date and time with an offset.
///
/// # Errors
/// [`Problem::MustBeDateTimeOrNull`].
pub fn date_time(json: &Value) -> Result<Timestamp, Problem> {
    from_text(Problem::MustBeDateTimeOrNull, |text| {
        Timestamp::parse_rfc3339(text).ok()
    })(json)
}

/// An ISO 8601 date and time, without an offset in `time_zone`.
pub fn iso_date_time(time_zone: TimeZone) -> impl FnOnce(&Value) -> Result<Timestamp, Problem> {
    from_text(Problem::MustBeIsoDatetime, move |text| {
        Timestamp::parse_iso8601(text, time_zone).ok()
    })
}

/// A label. A blank text counts as absent.
///
/// # Errors
/// [`Problem::Required`] or [`Problem::MustBeLabel`].
pub fn label(json: &Value) -> Result<VerificationSource, Problem> {
    from_text(Problem::MustBeLabel, |text| {
        VerificationSource::parse(text).ok()
    })(json)?
    .ok_or(Problem::Required)
}
