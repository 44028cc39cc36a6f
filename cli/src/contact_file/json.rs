//! Checks of a file's JSON that serde does not make.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fault::Fault;

/// Deserializes members. A fault has serde's message and the path of the member; the path is blank for the whole value.
pub(crate) fn deserialize<T: DeserializeOwned>(mut members: Value) -> Result<T, Fault> {
    remove_nulls(&mut members, "", "")?;
    serde_path_to_error::deserialize(members).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { "" } else { &path };
        Fault::new(path, error.inner().to_string())
    })
}

/// An error message of serde without the value that it quotes: values are personal data.
pub(crate) fn without_values(message: &str) -> String {
    match message.split_once(", expected ") {
        Some((start, expected)) if start.starts_with("invalid ") => {
            let (kind, _) = start.split_once(':').unwrap_or((start, ""));
            format!("{kind}, expected {expected}")
        }
        _ => message.to_owned(),
    }
}

/// The members that hold objects.
const OBJECTS: [&str; 3] = ["emailValidation", "email_validation", "suppression"];

/// The members that hold lists of objects.
const LISTS_OF_OBJECTS: [&str; 6] = [
    "organizations",
    "contacts",
    "phoneNumber",
    "emails",
    "subscriptions",
    "verifications",
];

/// Removes members that are null, since null counts as absent. Refuses a list in place of an object: serde would accept it,
/// with its values in the order of the members.
fn remove_nulls(value: &mut Value, name: &str, place: &str) -> Result<(), Fault> {
    match value {
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null());
            for (name, value) in members.iter_mut().filter(|(name, _)| *name != "tags") {
                let place = if place.is_empty() {
                    name.clone()
                } else {
                    format!("{place}.{name}")
                };
                if OBJECTS.contains(&name.as_str()) && !value.is_object() {
                    return Err(Fault::new(place, "must be an object"));
                }
                remove_nulls(value, name, &place)?;
            }
        }
        Value::Array(values) if LISTS_OF_OBJECTS.contains(&name) => {
            for (i, value) in values.iter_mut().enumerate() {
                let place = format!("{place}[{i}]");
                if !value.is_object() {
                    return Err(Fault::new(place, "must be an object"));
                }
                remove_nulls(value, "", &place)?;
            }
        }
        _ => {}
    }
    Ok(())
}
