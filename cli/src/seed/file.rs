//! The members of a seed file and their types. `reader` checks the values.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{anyhow, bail};
use serde::Deserialize;
use serde_json::Value;
use shared::domain::{
    Actor, AudienceSlug, ClientSlug, ContactId, OrganizationId, SubscriptionStatus, Timestamp,
    ValidationStatus,
};

impl SeedFile {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// The place of the first member that does not fit, and what is wrong there.
    pub(super) fn parse(json: &str) -> anyhow::Result<Self> {
        let mut json: Value = serde_json::from_str(json).map_err(|error| {
            anyhow!(
                "the file: is not JSON (line {}, column {})",
                error.line(),
                error.column()
            )
        })?;
        if !json.is_object() {
            bail!("the file: must be an object");
        }
        remove_nulls(&mut json, "", "")?;
        serde_path_to_error::deserialize(json).map_err(|error| {
            let path = error.path().to_string();
            let place = if path == "." {
                "the file".to_owned()
            } else {
                path
            };
            anyhow!(
                "{place}: {}",
                without_values(&error.into_inner().to_string())
            )
        })
    }
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
const LISTS_OF_OBJECTS: [&str; 5] = [
    "organizations",
    "contacts",
    "phoneNumber",
    "emails",
    "subscriptions",
];

/// Removes members that are null, since null counts as absent. Refuses a list in place of an object: serde would accept it,
/// with its values in the order of the members.
pub(crate) fn remove_nulls(value: &mut Value, name: &str, place: &str) -> anyhow::Result<()> {
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
                    bail!("{place}: must be an object");
                }
                remove_nulls(value, name, &place)?;
            }
        }
        Value::Array(values) if LISTS_OF_OBJECTS.contains(&name) => {
            for (i, value) in values.iter_mut().enumerate() {
                let place = format!("{place}[{i}]");
                if !value.is_object() {
                    bail!("{place}: must be an object");
                }
                remove_nulls(value, "", &place)?;
            }
        }
        _ => {}
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeedFile {
    pub(super) organizations: Vec<OrganizationSeed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrganizationSeed {
    pub(super) id: OrganizationId,
    #[serde(default)]
    pub(super) audiences: BTreeSet<AudienceSlug>,
    #[serde(default)]
    pub(super) clients: BTreeSet<ClientSlug>,
    #[serde(default)]
    pub(super) contacts: Vec<ContactSeed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ContactSeed {
    pub(super) id: ContactId,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    #[serde(default)]
    pub(super) phone_number: Vec<MethodSeed>,
    #[serde(default)]
    pub(super) emails: Vec<MethodSeed>,
    #[serde(default)]
    pub(super) secondary_phone_number: Vec<String>,
    pub(super) status: Option<String>,
    pub(super) pipeline_id: Option<String>,
    pub(super) pipeline_stage: Option<String>,
    pub(super) user_id: Option<String>,
    pub(super) created_by: Option<String>,
    #[serde(default)]
    pub(super) assignees: Vec<String>,
    pub(super) verified_at: Option<Timestamp>,
    pub(super) verified_by: Option<Actor>,
    pub(super) verification_source: Option<String>,
    pub(super) email_validation: Option<EmailValidationSeed>,
    pub(super) globally_unsubscribed_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) global_unsubscribe_reason: String,
    pub(super) hard_bounced_at: Option<Timestamp>,
    pub(super) complained_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) subscriptions: Vec<SubscriptionSeed>,
    #[serde(default)]
    pub(super) tags: BTreeMap<AudienceSlug, Vec<String>>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) updated_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EmailValidationSeed {
    #[serde(default)]
    pub(crate) status: ValidationStatus,
    #[serde(default)]
    pub(crate) reason: String,
    pub(crate) validated_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MethodSeed {
    pub(super) value: String,
    pub(super) is_primary: Option<bool>,
    pub(super) verified_at: Option<Timestamp>,
    pub(super) verified_by: Option<Actor>,
    pub(super) verification_source: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SubscriptionSeed {
    pub(crate) audience: AudienceSlug,
    pub(crate) client: Option<ClientSlug>,
    #[serde(default)]
    pub(crate) status: SubscriptionStatus,
    pub(crate) verified_at: Option<Timestamp>,
    pub(crate) verified_by: Option<Actor>,
    pub(crate) verification_source: Option<String>,
    pub(crate) unsubscribed_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) unsubscribe_reason: String,
}
