//! What a record is: the organization, a contact, or what an application says of one.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use shared::domain::{AudienceSlug, ClientSlug, OrganizationId};

use super::fault::{Fault, RECORD};
use super::row::ContactRow;
use super::values::ReadContext;
use super::{application, contact};
use crate::seed::file::{tidy, without_values};

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

/// Reads a record.
///
/// # Errors
/// What is wrong with it. Members that nobody knows are not passed over: they are mostly known ones, misspelt.
pub(super) fn read(members: Map<String, Value>, context: &ReadContext) -> Result<Record, Fault> {
    let is_there = |name: &str| members.get(name).is_some_and(|value| !value.is_null());
    if is_there("organization") {
        shaped(members).map(Record::Organization)
    } else if is_there("audience") || is_there("client") {
        let row = application::read(shaped(spelt_out(members))?, context)?;
        Ok(Record::Contact(Box::new(row)))
    } else {
        contact::check(&members)?;
        let row = contact::read(shaped(spelt_out(members))?, context)?;
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
