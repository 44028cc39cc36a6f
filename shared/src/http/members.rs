//! A JSON body, member by member, with every fault at once.

use std::collections::HashMap;

use lambda_http::Body;
use lambda_http::http::{HeaderMap, header};
use serde_json::value::RawValue;
use serde_json::{Value, from_slice, from_str};

use super::{Call, Failure, Fault, Problem};
use crate::domain::{
    EmailAddress, ExpectedVersion, MethodValue, PhoneNumber, PhoneRegion, TimeZone, Timestamp,
    VerificationSource,
};

/// Largest body, in bytes (contract section 6).
const MAX_BYTES: usize = 16 * 1024;

/// Checks what comes before a body is read: its size and its stated type (413, 415).
///
/// # Errors
/// [`Failure::PayloadTooLarge`] or [`Failure::UnsupportedMediaType`].
pub(super) fn check_body(headers: &HeaderMap, body: &Body) -> Result<(), Failure> {
    if body.len() > MAX_BYTES {
        return Err(Failure::PayloadTooLarge);
    }
    match headers.get(header::CONTENT_TYPE) {
        Some(stated) if !stated.is_empty() && !is_json(stated.to_str().unwrap_or_default()) => {
            Err(Failure::UnsupportedMediaType)
        }
        _ => Ok(()),
    }
}

/// `application/json` or any type with the suffix `+json`, whatever its parameters (RFC 9110 section 8.3, RFC 6839).
fn is_json(content_type: &str) -> bool {
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.split_once('/') {
        Some(("application", "json")) => true,
        Some((kind, subtype)) => {
            !kind.is_empty()
                && subtype
                    .strip_suffix("+json")
                    .is_some_and(|name| !name.is_empty())
        }
        None => false,
    }
}

/// The members of a body, read one by one, and the faults found so far: a reader that answers `None` has noted one, so
/// that a caller hears of every fault at once. Members that nobody asks for are only checked for being JSON.
#[derive(Debug)]
pub struct Members<'a> {
    members: HashMap<String, &'a RawValue>,
    faults: Vec<Fault>,
}

impl<'a> Members<'a> {
    /// Reads a body. An empty one is `{}`; of members of one name the last counts, as in most readers of JSON.
    ///
    /// # Errors
    /// When it is not JSON, or not an object.
    pub(super) fn read(body: &'a Body) -> Result<Self, Failure> {
        let bytes: &[u8] = if body.is_empty() { b"{}" } else { body };
        let json: &RawValue =
            from_slice(bytes).map_err(|_| Failure::invalid("body", Problem::InvalidJson))?;
        if !json.get().starts_with('{') {
            return Err(Failure::invalid("body", Problem::MustBeObject));
        }
        let members =
            from_str(json.get()).map_err(|_| Failure::invalid("body", Problem::InvalidJson))?;
        Ok(Self {
            members,
            faults: Vec::new(),
        })
    }

    /// The value of a member; null where it is absent.
    fn value(&self, member: &str) -> Value {
        // A value that serde_json cannot hold (a number out of range, a lone surrogate) is none that a member may have.
        // It must not pass for an absent one, so it becomes one of a type that nothing takes.
        self.members.get(member).map_or(Value::Null, |json| {
            from_str(json.get()).unwrap_or(Value::Array(Vec::new()))
        })
    }

    /// A phone number, in international form or national in `region`.
    pub fn phone_number(
        &mut self,
        member: &'static str,
        region: PhoneRegion,
    ) -> Option<PhoneNumber> {
        let number = self
            .text(member)
            .and_then(|text| PhoneNumber::parse(&text, region).ok());
        self.note(member, number.ok_or(Problem::MustBePhoneNumber))
    }

    /// An e-mail address.
    fn email_address(&mut self, member: &'static str) -> Option<EmailAddress> {
        let address = self
            .text(member)
            .and_then(|text| EmailAddress::parse(&text).ok());
        self.note(member, address.ok_or(Problem::MustBeEmailAddress))
    }

    /// A contact method, of which one member tells the kind and another the value.
    pub fn method(
        &mut self,
        kind: &'static str,
        value: &'static str,
        region: PhoneRegion,
    ) -> Option<MethodValue> {
        match self.text(kind).as_deref() {
            Some("phone") => self.phone_number(value, region).map(MethodValue::Phone),
            Some("email") => self.email_address(value).map(MethodValue::Email),
            _ => {
                self.fault(kind, Problem::MustBeMethodKind);
                if self.required_text_of(value).is_none() {
                    self.fault(value, Problem::MustBeMethodValue);
                }
                None
            }
        }
    }

    /// An RFC 3339 date and time, or nothing where the member is absent or null.
    pub fn date_time_or_null(&mut self, member: &'static str) -> Option<Option<Timestamp>> {
        let read = match self.value(member) {
            Value::Null => Ok(None),
            Value::String(text) => Timestamp::parse_rfc3339(&text)
                .map(Some)
                .map_err(|_| Problem::MustBeDateTimeOrNull),
            _ => Err(Problem::MustBeDateTimeOrNull),
        };
        self.note(member, read)
    }

    /// A label, or nothing where the member is absent, null or blank.
    pub fn label(&mut self, member: &'static str) -> Option<Option<VerificationSource>> {
        let read = match self.value(member) {
            Value::Null => Ok(None),
            Value::String(text) => {
                VerificationSource::parse(&text).map_err(|_| Problem::MustBeLabel)
            }
            _ => Err(Problem::MustBeLabel),
        };
        self.note(member, read)
    }

    /// A text that must be there and not blank, trimmed.
    pub fn required_text(&mut self, member: &'static str) -> Option<String> {
        let text = self.required_text_of(member);
        self.note(member, text.ok_or(Problem::Required))
    }

    /// Since when something is verified, of which one member tells whether it is, and another since when: now where
    /// that is absent or null. Nothing where it is not verified, whatever the other member then holds.
    pub fn verified_at(
        &mut self,
        verified: &'static str,
        verified_at: &'static str,
        time_zone: TimeZone,
        now: Timestamp,
    ) -> Option<Option<Timestamp>> {
        let is_verified = match self.value(verified) {
            Value::Bool(is_verified) => Ok(is_verified),
            Value::Null => Err(Problem::Required),
            _ => Err(Problem::MustBeBoolean),
        };
        if !self.note(verified, is_verified)? {
            return Some(None);
        }
        let read = match self.value(verified_at) {
            Value::Null => Ok(now),
            Value::String(text) => {
                Timestamp::parse_iso8601(&text, time_zone).map_err(|_| Problem::MustBeIsoDatetime)
            }
            _ => Err(Problem::MustBeIsoDatetime),
        };
        self.note(verified_at, read).map(Some)
    }

    /// The versions that `If-Match` names. It is a header, but its faults belong to the same answer.
    pub fn expected_version(&mut self, call: &Call<'_>) -> Option<ExpectedVersion> {
        self.note(
            "if_match",
            call.expected_version().ok_or(Problem::MustBeEntityTags),
        )
    }

    /// The failure that the faults make.
    #[must_use]
    pub fn into_failure(self) -> Failure {
        Failure::Invalid(self.faults)
    }

    fn text(&self, member: &str) -> Option<String> {
        match self.value(member) {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    fn required_text_of(&self, member: &str) -> Option<String> {
        self.text(member)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    }

    fn note<T>(&mut self, member: &'static str, read: Result<T, Problem>) -> Option<T> {
        read.map_err(|problem| self.fault(member, problem)).ok()
    }

    fn fault(&mut self, member: &'static str, problem: Problem) {
        self.faults.push(Fault { member, problem });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(content_type: Option<&str>, body: &[u8]) -> Result<(), &'static str> {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        }
        check_body(&headers, &body.into()).map_err(|failure| failure.kind())
    }

    #[test]
    fn a_body_has_at_most_16_kib() {
        assert_eq!(checked(None, &vec![b' '; 16_384]), Ok(()));
        assert_eq!(checked(None, &vec![b' '; 16_385]), Err("payload_too_large"));
    }

    #[test]
    fn only_a_stated_type_other_than_json_is_refused() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;",
            "",
            "application/merge-patch+json",
            "application/vnd.api+JSON; v=1",
        ] {
            assert_eq!(checked(Some(good), b"{}"), Ok(()), "{good}");
        }
        assert_eq!(checked(None, b"{}"), Ok(()));
        for bad in [
            "text/plain",
            "text/json",
            "json",
            "application/jsonp",
            "application/+json",
            "/json",
            "application/xml",
        ] {
            assert_eq!(
                checked(Some(bad), b"{}"),
                Err("unsupported_media_type"),
                "{bad}"
            );
        }
    }

    fn problem(body: &[u8]) -> Option<Problem> {
        match Members::read(&body.into()) {
            Ok(_) => None,
            Err(Failure::Invalid(faults)) => Some(faults[0].problem),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn an_empty_body_is_an_empty_object() {
        assert_eq!(problem(b""), None);
        assert_eq!(problem(b" {} \n"), None);
    }

    #[test]
    fn what_is_not_json_is_told_from_what_is_not_an_object() {
        for bad in [
            &b" "[..],
            b"{",
            b"{}{}",
            b"{'a':1}",
            b"nul",
            b"\xff\xfe",
            b"{\"a\":\"\xff\"}",
            b"{\"a\":01}",
        ] {
            assert_eq!(problem(bad), Some(Problem::InvalidJson), "{bad:?}");
        }
        for bad in [&b"[]"[..], b"null", b"1", b"\"{}\"", b"true"] {
            assert_eq!(problem(bad), Some(Problem::MustBeObject), "{bad:?}");
        }
    }

    #[test]
    fn of_members_of_one_name_the_last_counts() {
        let body = Body::from(r#"{"a":1,"a":2}"#);
        assert_eq!(Members::read(&body).unwrap().value("a"), json!(2));
    }

    #[test]
    fn members_that_nobody_asks_for_are_ignored() {
        let body = Body::from(r#"{"a":"x","huge":1e999,"surrogate":"\ud800"}"#);
        let members = Members::read(&body).unwrap();
        assert_eq!(members.value("a"), json!("x"));
        assert_eq!(members.value("absent"), Value::Null);
        assert_eq!(
            members.value("huge"),
            json!([]),
            "must not pass for an absent one"
        );
    }
}
