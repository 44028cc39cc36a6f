//! Parsers of single members: each turns a member's JSON into a value, or returns the [`Problem`].
//!
//! The JSON of an absent member is null. [`Problem::Required`] means that the member counts as absent;
//! [`Members::optional`](super::Members::optional) accepts that.

use serde::de::DeserializeOwned;
use serde_json::{Value, from_value};

use super::Problem;
use crate::domain::{
    AudienceSlug, EmailAddress, InvalidEmailAddress, InvalidPhoneNumber, PhoneNumber, PhoneRegion,
    TimeZone, Timestamp, VerificationSource, is_invisible,
};

/// `true` or `false`.
///
/// # Errors
/// [`Problem::MustBeBoolean`].
pub fn boolean(json: &Value) -> Result<bool, Problem> {
    json.as_bool().ok_or(Problem::MustBeBoolean)
}

/// The number of entries of a page, a text of digits in the query: 1 to 100.
///
/// # Errors
/// [`Problem::Required`] or [`Problem::MustBePageLimit`].
pub fn page_limit(json: &Value) -> Result<u16, Problem> {
    let text = text(json)?;
    let number = text
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok());
    let number = number.flatten().filter(|number| (1..=100).contains(number));
    number.ok_or(Problem::MustBePageLimit)
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

/// The slug of an audience.
///
/// # Errors
/// [`Problem::Required`] or [`Problem::NoSuchAudience`].
pub fn audience(json: &Value) -> Result<AudienceSlug, Problem> {
    let text = required_text(json)?;
    AudienceSlug::parse(&text).map_err(|_| Problem::NoSuchAudience)
}

/// Like `parse`, but returns [`Problem::Required`] for a text without a visible character, and for every other type.
pub fn non_blank<T>(
    parse: impl FnOnce(&Value) -> Result<T, Problem>,
) -> impl FnOnce(&Value) -> Result<T, Problem> {
    move |json| match json.as_str() {
        Some(text) if !text.chars().all(is_invisible) => parse(json),
        _ => Err(Problem::Required),
    }
}

/// One of the names of `T`'s variants; `problem` for another name.
pub fn one_of<T: DeserializeOwned>(problem: Problem) -> impl FnOnce(&Value) -> Result<T, Problem> {
    move |json| from_value(text(json)?.into()).map_err(|_| problem)
}

/// A text that `parse` accepts; `problem` for another text and for every other type.
fn parsed<T, E>(
    problem: Problem,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> impl FnOnce(&Value) -> Result<T, Problem> {
    move |json| parse(json.as_str().ok_or(problem)?).map_err(|_| problem)
}

/// A phone number that the request looks up, in international form or in the national form of `region` (contract section 4).
pub fn phone_number(region: PhoneRegion) -> impl FnOnce(&Value) -> Result<PhoneNumber, Problem> {
    move |json| {
        let number = phone_text(json).and_then(|text| PhoneNumber::parse(text, region));
        number.map_err(Problem::MustBePhoneNumber)
    }
}

/// Like [`phone_number`], for a parameter of a query. Forms write a blank as `+`, so each `+` after the first character counts
/// as a blank: in a number, only the first character can be a `+`.
pub fn phone_number_of_query(
    region: PhoneRegion,
) -> impl FnOnce(&Value) -> Result<PhoneNumber, Problem> {
    move |json| match json.as_str().and_then(|text| text.split_at_checked(1)) {
        Some((first, rest)) => {
            let text = format!("{first}{}", rest.replace('+', " "));
            phone_number(region)(&Value::String(text))
        }
        None => phone_number(region)(json),
    }
}

/// Like [`phone_number`], for a number that the request adds, which must be valid (contract section 4).
pub fn new_phone_number(
    region: PhoneRegion,
) -> impl FnOnce(&Value) -> Result<PhoneNumber, Problem> {
    move |json| {
        let number = phone_text(json).and_then(|text| PhoneNumber::parse_new(text, region));
        number.map_err(Problem::MustBePhoneNumber)
    }
}

fn phone_text(json: &Value) -> Result<&str, InvalidPhoneNumber> {
    match json {
        Value::String(text) => Ok(text),
        Value::Null => Err(InvalidPhoneNumber::Missing),
        _ => Err(InvalidPhoneNumber::NotText),
    }
}

/// An e-mail address.
///
/// # Errors
/// [`Problem::MustBeEmailAddress`].
pub fn email_address(json: &Value) -> Result<EmailAddress, Problem> {
    let address = match json {
        Value::String(text) => EmailAddress::parse(text),
        Value::Null => Err(InvalidEmailAddress::Missing),
        _ => Err(InvalidEmailAddress::NotText),
    };
    address.map_err(Problem::MustBeEmailAddress)
}

/// An e-mail address in a query. Some callers send a blank for a plus. An address has no blanks, so each blank becomes a plus.
///
/// # Errors
/// [`Problem::Required`] or [`Problem::MustBeEmailAddress`].
pub fn email_address_of_query(json: &Value) -> Result<EmailAddress, Problem> {
    let text = required_text(json)?;
    email_address(&text.trim_matches(is_invisible).replace(' ', "+").into())
}

/// An RFC 3339 date and time with an offset.
///
/// # Errors
/// [`Problem::MustBeDateTimeOrNull`].
pub fn date_time(json: &Value) -> Result<Timestamp, Problem> {
    parsed(Problem::MustBeDateTimeOrNull, Timestamp::parse_rfc3339)(json)
}

/// An ISO 8601 date and time. A time without an offset is a local time of `time_zone`.
pub fn iso_date_time(time_zone: TimeZone) -> impl FnOnce(&Value) -> Result<Timestamp, Problem> {
    let parse = move |text: &str| Timestamp::parse_iso8601(text, time_zone);
    parsed(Problem::MustBeIsoDatetime, parse)
}

/// A label. A blank text counts as absent.
///
/// # Errors
/// [`Problem::Required`] or [`Problem::MustBeLabel`].
pub fn label(json: &Value) -> Result<VerificationSource, Problem> {
    match json.as_str() {
        Some(text) if text.trim().is_empty() => Err(Problem::Required),
        _ => parsed(Problem::MustBeLabel, VerificationSource::parse)(json),
    }
}
