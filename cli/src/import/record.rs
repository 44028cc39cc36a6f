//! What a record is: the organization, a contact, or what an application says of one.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use shared::domain::{
    Actor, AudienceSlug, ClientSlug, ContactRecord, EmailAddress, MethodValue, NewMethod,
    OrganizationId, PhoneNumber, PhoneRegion, TimeZone, Timestamp, Verification,
    VerificationSource,
};

use super::fault::{Fault, RECORD};
use super::{application, contact};
use crate::seed::file::{tidy, without_values};

/// What records are read with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// The region of national phone numbers.
    pub(super) region: PhoneRegion,
    /// The zone of times without an offset.
    pub(super) time_zone: TimeZone,
    /// The time of what is so now.
    pub(super) now: Timestamp,
}

/// A record.
#[derive(Debug)]
pub(super) enum Record {
    /// An organization with what is registered in it.
    Organization(OrganizationRow),
    /// A contact.
    Contact(Box<ContactRow>),
}

/// The organization's record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrganizationRow {
    pub(super) organization: OrganizationId,
    #[serde(default)]
    pub(super) audiences: Vec<AudienceSlug>,
    #[serde(default)]
    pub(super) clients: Vec<ClientSlug>,
}

/// A record about a contact.
#[derive(Debug)]
pub(super) struct ContactRow {
    /// What it says.
    pub(super) record: ContactRecord,
    /// The audiences that it names, each with the member that does.
    pub(super) audiences: Vec<(AudienceSlug, String)>,
    /// The name of the member that holds its only e-mail address, where that is no list.
    pub(super) email_member: Option<&'static str>,
}

impl ContactRow {
    /// The member that holds the method at this place among the record's.
    pub(super) fn field_of_method(&self, place: usize) -> String {
        if let Some(member) = self.email_member {
            return member.to_owned();
        }
        let before = self.record.patch.methods.iter().take(place);
        let emails = before.filter(|method| matches!(method.value, MethodValue::Email(_)));
        format!("emails[{}].value", emails.count())
    }
}

/// Reads a record.
///
/// # Errors
/// What is wrong with it. Members that nobody knows are not passed over: they are mostly known ones, misspelt.
pub(super) fn read(members: Map<String, Value>, reading: &Reading) -> Result<Record, Fault> {
    let is_there = |name: &str| members.get(name).is_some_and(|value| !value.is_null());
    if is_there("organization") {
        shaped(members).map(Record::Organization)
    } else if is_there("audience") || is_there("client") {
        let row = application::read(shaped(spelt_out(members))?, reading)?;
        Ok(Record::Contact(Box::new(row)))
    } else {
        contact::check(&members)?;
        let row = contact::read(shaped(spelt_out(members))?, reading)?;
        Ok(Record::Contact(Box::new(row)))
    }
}

/// The members, a phone number that is no list spelt out as the only entry of one; a blank one says nothing.
fn spelt_out(mut members: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::String(number)) = members.get("phoneNumber") {
        let entries = match number.trim() {
            "" => Value::Null,
            number => json!([{ "value": number }]),
        };
        members.insert("phoneNumber".to_owned(), entries);
    }
    members
}

/// The members as those of a type.
fn shaped<T: DeserializeOwned>(members: Map<String, Value>) -> Result<T, Fault> {
    let mut members = Value::Object(members);
    tidy(&mut members, "", "").map_err(|error| Fault::of_text(&error.to_string()))?;
    serde_path_to_error::deserialize(members).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { "" } else { &path };
        fault(path, &error.inner().to_string())
    })
}

/// What serde says is wrong at a place, without the value that it quotes.
fn fault(path: &str, message: &str) -> Fault {
    if let Some(name) = quoted(message, "missing field `") {
        let field = match path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        return Fault::new(field, "is missing");
    }
    let field = if path.is_empty() { RECORD } else { path };
    if quoted(message, "unknown field `").is_some() {
        return Fault::new(field, "is no member that is known here");
    }
    match message.split_once("`, expected ") {
        Some((start, expected)) if start.starts_with("unknown variant `") => {
            Fault::new(field, format!("must be {expected}"))
        }
        _ => Fault::new(field, without_values(message)),
    }
}

/// What stands in a message between these words and the next accent.
fn quoted<'m>(message: &'m str, before: &str) -> Option<&'m str> {
    let (name, _) = message.strip_prefix(before)?.split_once('`')?;
    Some(name)
}

/// A phone number that a contact gets: its calling code must exist (contract section 4).
pub(super) fn phone_number(
    text: &str,
    field: &str,
    is_primary: Option<bool>,
    reading: &Reading,
) -> Result<NewMethod, Fault> {
    let number = PhoneNumber::parse(text, reading.region)
        .map_err(|error| Fault::new(field, error.to_string()))?;
    if !number.has_assigned_calling_code() {
        return Err(Fault::new(field, "has a calling code that is not assigned"));
    }
    Ok(NewMethod {
        value: MethodValue::Phone(number),
        is_primary,
        verification: None,
    })
}

/// An e-mail address that a contact gets.
pub(super) fn email_address(
    text: &str,
    field: &str,
    is_primary: Option<bool>,
) -> Result<NewMethod, Fault> {
    let address =
        EmailAddress::parse(text).map_err(|error| Fault::new(field, error.to_string()))?;
    Ok(NewMethod {
        value: MethodValue::Email(address),
        is_primary,
        verification: None,
    })
}

/// The three members of a verification, at `place`.
pub(super) fn verification(
    place: &str,
    at: Option<Timestamp>,
    by: Option<Actor>,
    source: Option<String>,
) -> Result<Option<Verification>, Fault> {
    let field = |name: &str| match place {
        "" => name.to_owned(),
        place => format!("{place}.{name}"),
    };
    let source = source
        .map(|text| VerificationSource::parse(&text))
        .transpose()
        .map_err(|error| Fault::new(field("verificationSource"), error.to_string()))?
        .flatten();
    match at {
        Some(at) => Ok(Some(Verification { at, by, source })),
        None if by.is_some() || source.is_some() => Err(Fault::new(
            field("verifiedAt"),
            "must be there where verifiedBy or verificationSource is",
        )),
        None => Ok(None),
    }
}

/// Refuses a second method of one value, and a second one that is primary, among those of one kind at `field`.
pub(super) fn check_methods(methods: &[NewMethod], field: &str) -> Result<(), Fault> {
    let primaries = methods
        .iter()
        .filter(|method| method.is_primary == Some(true));
    if primaries.count() > 1 {
        return Err(Fault::new(field, "more than one entry is primary"));
    }
    for (place, method) in methods.iter().enumerate() {
        if methods[..place]
            .iter()
            .any(|other| other.value.normal_form() == method.value.normal_form())
        {
            return Err(Fault::new(
                format!("{field}[{place}].value"),
                "is the same as that of an earlier entry",
            ));
        }
    }
    Ok(())
}
