//! A JSON body, member by member, with every fault at once.

use std::borrow::Cow;
use std::collections::HashMap;

use lambda_http::Body;
use lambda_http::http::{HeaderMap, header};
use serde_json::value::RawValue;
use serde_json::{Value, from_slice, from_str};

use super::{Call, Failure, Fault, Problem};
use crate::domain::{
    EmailAddress, ExpectedVersion, MethodKind, MethodValue, PhoneNumber, PhoneRegion, TimeZone,
    Timestamp, VerificationSource,
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
    values: HashMap<String, &'a RawValue>,
    /// What stands before a member's name in a fault: the names on the way to this object.
    path: String,
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
        Self::of(json, String::new()).map_err(|problem| Failure::invalid("body", problem))
    }

    /// The members of an object, which itself is at `path`.
    fn of(json: &'a RawValue, path: String) -> Result<Self, Problem> {
        if !json.get().starts_with('{') {
            return Err(Problem::MustBeObject);
        }
        Ok(Self {
            values: from_str(json.get()).map_err(|_| Problem::InvalidJson)?,
            path,
            faults: Vec::new(),
        })
    }

    /// The members of a query, as [`Call::query`] holds them.
    ///
    /// # Errors
    /// Never: it is an object.
    pub fn of_query(query: &'a Body) -> Result<Self, Failure> {
        Self::read(query)
    }

    /// An object within this one, read by `read`; nothing where it is absent or null.
    pub fn object<T>(
        &mut self,
        member: &'static str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.json(member) {
            None => Some(None),
            Some(json) => self.nested(json, member.into(), read).map(Some),
        }
    }

    /// A list of objects, each read by `read`; an empty one where it is absent or null.
    pub fn objects<T>(
        &mut self,
        member: &'static str,
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Some(json) = self.json(member) else {
            return Some(Vec::new());
        };
        let Ok(entries) = from_str::<Vec<&RawValue>>(json.get()) else {
            self.fault(member, Problem::MustBeList);
            return None;
        };
        // All of them, so that each has its faults named.
        let read: Vec<_> = entries
            .into_iter()
            .enumerate()
            .map(|(i, entry)| self.nested(entry, format!("{member}.{i}").into(), &mut read))
            .collect();
        read.into_iter().collect()
    }

    /// An object at `name` within this one.
    fn nested<T>(
        &mut self,
        json: &'a RawValue,
        name: Cow<'static, str>,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        match Self::of(json, format!("{}{name}.", self.path)) {
            Ok(mut members) => {
                let read = read(&mut members);
                self.faults.append(&mut members.faults);
                read
            }
            Err(problem) => {
                self.fault(name, problem);
                None
            }
        }
    }

    /// The value of a member as it was sent; `None` where it is absent or null.
    fn json(&self, member: &str) -> Option<&'a RawValue> {
        self.values
            .get(member)
            .copied()
            .filter(|json| json.get() != "null")
    }

    /// Whether a member was sent as a text.
    #[must_use]
    pub fn is_text(&self, member: &str) -> bool {
        self.text(member).is_some()
    }

    /// The value of a member; null where it is absent.
    fn value(&self, member: &str) -> Value {
        // A value that serde_json cannot hold (a number out of range, a lone surrogate) is none that a member may have.
        // It must not pass for an absent one, so it becomes one of a type that nothing takes.
        self.values.get(member).map_or(Value::Null, |json| {
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

    /// A phone number that is to be added to a contact: its calling code must exist (contract section 4).
    pub fn new_phone_number(
        &mut self,
        member: &'static str,
        region: PhoneRegion,
    ) -> Option<PhoneNumber> {
        if self.required_text_of(member).is_none() {
            self.fault(member, Problem::Required);
            return None;
        }
        let number = self.phone_number(member, region)?;
        self.with_calling_code(member, number)
    }

    /// An e-mail address that must be there.
    pub fn required_email_address(&mut self, member: &'static str) -> Option<EmailAddress> {
        let text = self.required_text(member)?;
        let address = EmailAddress::parse(&text).map_err(|_| Problem::MustBeEmailAddress);
        self.note(member, address)
    }

    /// An e-mail address that must be there, of a query. A blank within it was a plus: no address has one, and on its way a
    /// plus can become one.
    pub fn email_address_of_query(&mut self, parameter: &'static str) -> Option<EmailAddress> {
        let text = self.required_text(parameter)?.replace(' ', "+");
        let address = EmailAddress::parse(&text).map_err(|_| Problem::MustBeEmailAddress);
        self.note(parameter, address)
    }

    /// An e-mail address.
    pub fn email_address(&mut self, member: &'static str) -> Option<EmailAddress> {
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
        match self.method_kind(kind, value)? {
            MethodKind::Phone => self.phone_number(value, region).map(MethodValue::Phone),
            MethodKind::Email => self.email_address(value).map(MethodValue::Email),
        }
    }

    /// As [`Self::method`], for one that is to be added to a contact: a number's calling code must exist.
    pub fn new_method(
        &mut self,
        kind: &'static str,
        value: &'static str,
        region: PhoneRegion,
    ) -> Option<MethodValue> {
        match self.method_kind(kind, value)? {
            MethodKind::Phone => {
                let number = self.phone_number(value, region)?;
                self.with_calling_code(value, number)
                    .map(MethodValue::Phone)
            }
            MethodKind::Email => self.email_address(value).map(MethodValue::Email),
        }
    }

    fn method_kind(&mut self, kind: &'static str, value: &'static str) -> Option<MethodKind> {
        match self.text(kind).as_deref() {
            Some("phone") => Some(MethodKind::Phone),
            Some("email") => Some(MethodKind::Email),
            _ => {
                self.fault(kind, Problem::MustBeMethodKind);
                if self.required_text_of(value).is_none() {
                    self.fault(value, Problem::MustBeMethodValue);
                }
                None
            }
        }
    }

    /// The number, if its calling code exists: only where it is added is that asked for (contract section 4).
    fn with_calling_code(
        &mut self,
        member: &'static str,
        number: PhoneNumber,
    ) -> Option<PhoneNumber> {
        let exists = number.has_assigned_calling_code();
        self.note(
            member,
            exists.then_some(number).ok_or(Problem::MustBePhoneNumber),
        )
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

    /// A text, trimmed; nothing where it is absent, null or blank.
    pub fn optional_text(&mut self, member: &'static str) -> Option<Option<String>> {
        match self.value(member) {
            Value::Null => Some(None),
            Value::String(_) => Some(self.required_text_of(member)),
            _ => {
                self.fault(member, Problem::MustBeString);
                None
            }
        }
    }

    /// One of the texts that `parse` knows; nothing where it is absent, null or blank.
    pub fn one_of<T>(
        &mut self,
        member: &'static str,
        problem: Problem,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.optional_text(member)? {
            None => Some(None),
            Some(text) => self.note(member, parse(&text).ok_or(problem)).map(Some),
        }
    }

    /// One of the texts that `parse` knows, which must be there.
    pub fn required_one_of<T>(
        &mut self,
        member: &'static str,
        problem: Problem,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let one = self.one_of(member, problem, parse)?;
        self.note(member, one.ok_or(Problem::Required))
    }

    /// Texts that are not blank, trimmed; nothing where the list is absent or null.
    pub fn texts(&mut self, member: &'static str) -> Option<Option<Vec<String>>> {
        let Some(json) = self.json(member) else {
            return Some(None);
        };
        let texts = match from_str::<Vec<&RawValue>>(json.get()) {
            Ok(values) => values
                .into_iter()
                .map(|value| from_str::<String>(value.get()).ok())
                .map(|text| Some(text?.trim().to_owned()).filter(|text| !text.is_empty()))
                .collect::<Option<Vec<_>>>()
                .ok_or(Problem::MustBeNonEmptyStrings),
            Err(_) => Err(Problem::MustBeList),
        };
        self.note(member, texts).map(Some)
    }

    /// Whether something is so; nothing where the member is absent or null.
    pub fn boolean(&mut self, member: &'static str) -> Option<Option<bool>> {
        let read = match self.value(member) {
            Value::Null => Ok(None),
            Value::Bool(is_true) => Ok(Some(is_true)),
            _ => Err(Problem::MustBeBoolean),
        };
        self.note(member, read)
    }

    /// An ISO 8601 date and time, without an offset in `time_zone`; nothing where it is absent or null.
    pub fn iso_datetime(
        &mut self,
        member: &'static str,
        time_zone: TimeZone,
    ) -> Option<Option<Timestamp>> {
        let read = match self.value(member) {
            Value::Null => Ok(None),
            Value::String(text) => Timestamp::parse_iso8601(&text, time_zone)
                .map(Some)
                .map_err(|_| Problem::MustBeIsoDatetime),
            _ => Err(Problem::MustBeIsoDatetime),
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
        let at = self.iso_datetime(verified_at, time_zone)?;
        Some(Some(at.unwrap_or(now)))
    }

    /// As [`Self::verified_at`], where the member that tells whether it is verified may be absent or null, which says the
    /// same as false.
    pub fn verified_at_if_true(
        &mut self,
        verified: &'static str,
        verified_at: &'static str,
        time_zone: TimeZone,
        now: Timestamp,
    ) -> Option<Option<Timestamp>> {
        if self.boolean(verified)? != Some(true) {
            return Some(None);
        }
        let at = self.iso_datetime(verified_at, time_zone)?;
        Some(Some(at.unwrap_or(now)))
    }

    /// Notes what is wrong with a member that was read otherwise.
    pub fn add_fault(&mut self, member: &'static str, problem: Problem) {
        self.fault(member, problem);
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

    fn fault(&mut self, member: impl Into<Cow<'static, str>>, problem: Problem) {
        let member = match &*self.path {
            "" => member.into(),
            path => format!("{path}{}", member.into()).into(),
        };
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
