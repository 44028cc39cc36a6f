//! The members of a seed file and their types. `reader` checks the values.

use std::collections::BTreeSet;

use anyhow::{anyhow, bail};
use serde::Deserialize;
use serde_json::Value;
use shared::domain::{AudienceSlug, ClientSlug, OrganizationId};

use crate::contact_file::fault::Fault;
use crate::contact_file::json::{deserialize, without_values};
use crate::contact_file::members::ContactMembers;

impl SeedFile {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// The place of the first member that does not fit, and the reason.
    pub(super) fn parse(json: &str) -> anyhow::Result<Self> {
        let json: Value = serde_json::from_str(json).map_err(|error| {
            anyhow!(
                "the file: is not JSON (line {}, column {})",
                error.line(),
                error.column()
            )
        })?;
        if !json.is_object() {
            bail!("the file: must be an object");
        }
        deserialize(json).map_err(|Fault { field, reason }| {
            let place = if field.is_empty() { "the file" } else { &field };
            anyhow!("{place}: {}", without_values(&reason))
        })
    }
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
    pub(super) contacts: Vec<ContactMembers>,
}
