//! Reads the members of a record: an organization, a contact, the data of an application about a contact, or an address that
//! nobody owns.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::application;
use crate::contact_file::fault::{Fault, RECORD};
use crate::contact_file::json::{self, without_values};
use crate::contact_file::members::OrganizationMembers;
use crate::contact_file::read;
use crate::contact_file::row::ContactRow;
use crate::contact_file::values::ReadContext;

/// A record.
#[derive(Debug)]
pub(super) enum Record {
    /// An organization with its audiences and clients.
    Organization(OrganizationMembers),
    /// A contact, or an address that nobody owns.
    Contact(Box<ContactRow>),
}

/// Reads a record.
///
/// # Errors
/// The first fault of the record. An unknown member is an error: most often it is a known one, misspelt.
pub(super) fn read(members: Map<String, Value>, context: &ReadContext) -> Result<Record, Fault> {
    let is_there = |name: &str| members.get(name).is_some_and(|value| !value.is_null());
    if is_there("organization") {
        deserialize(members).map(Record::Organization)
    } else if is_there("address") {
        let row = read::address(deserialize(members)?)?;
        Ok(Record::Contact(Box::new(row)))
    } else if is_there("audience") || is_there("client") {
        let row = application::read(deserialize(with_phone_list(members))?, context)?;
        Ok(Record::Contact(Box::new(row)))
    } else {
        read::check(&members)?;
        let row = read::contact(deserialize(with_phone_list(members))?, context)?;
        Ok(Record::Contact(Box::new(row)))
    }
}

/// The members, where a phone number as a text becomes a list with this entry. A blank text becomes null.
fn with_phone_list(mut members: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::String(number)) = members.get("phoneNumber") {
        let entries = match number.trim() {
            "" => Value::Null,
            number => json!([{ "value": number }]),
        };
        members.insert("phoneNumber".to_owned(), entries);
    }
    members
}

/// Deserializes the members.
fn deserialize<T: DeserializeOwned>(members: Map<String, Value>) -> Result<T, Fault> {
    json::deserialize(Value::Object(members))
        .map_err(|Fault { field, reason }| fault(&field, &reason))
}

/// The fault in an error message of serde, without the value that the message quotes.
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
        return Fault::new(
            field,
            "is not a member of this kind of record: a record with audience and client has other members than a record without",
        );
    }
    match message.split_once("`, expected ") {
        Some((start, expected)) if start.starts_with("unknown variant `") => {
            Fault::new(field, format!("must be {expected}"))
        }
        _ => Fault::new(field, without_values(message)),
    }
}

/// The text between the start of the message, which must be `before`, and the next backtick.
fn quoted<'m>(message: &'m str, before: &str) -> Option<&'m str> {
    let (name, _) = message.strip_prefix(before)?.split_once('`')?;
    Some(name)
}
