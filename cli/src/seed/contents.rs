//! The contents of a seed file, checked and in normal form.

use std::path::Path;

use chrono::Utc;
use shared::domain::{PhoneRegion, Timestamp};
use shared::store::Store;

use super::file::SeedFile;
use super::organization::Organization;
use super::reader::Reader;
use super::size::Size;
use crate::import::Counts;

/// The contents of a seed file, checked and in normal form.
#[derive(Debug, Default)]
pub struct Seed {
    pub(super) organizations: Vec<Organization>,
}

impl Seed {
    /// Reads a seed file from disk.
    ///
    /// # Errors
    /// As [`Self::parse`], or when the file cannot be read.
    pub fn read(file: &Path, region: PhoneRegion) -> anyhow::Result<Self> {
        Self::parse(&std::fs::read_to_string(file)?, region)
    }

    /// Reads the text of a seed file. National phone numbers belong to `region`.
    ///
    /// # Errors
    /// The place of the first fault in the file, and the reason. An unknown member is an error: most often it is a known one,
    /// misspelt.
    pub fn parse(json: &str, region: PhoneRegion) -> anyhow::Result<Self> {
        let file = SeedFile::parse(json)?;
        let reader = Reader {
            region,
            now: Timestamp::from_datetime(Utc::now())?,
        };
        let organizations = reader.organizations(file.organizations)?;
        Ok(Self { organizations })
    }

    /// The size of the seed.
    pub(super) fn size(&self) -> Size {
        let contacts = || self.organizations.iter().flat_map(|found| &found.contacts);
        Size {
            organizations: self.organizations.len(),
            audiences: self
                .organizations
                .iter()
                .map(|found| found.audiences.len())
                .sum(),
            clients: self
                .organizations
                .iter()
                .map(|found| found.clients.len())
                .sum(),
            contacts: contacts().count(),
            subscriptions: contacts().map(|contact| contact.subscriptions.len()).sum(),
        }
    }

    /// Writes the items that the table does not have yet, and counts the contacts by result. Existing items keep their
    /// values.
    ///
    /// # Errors
    /// When the database refuses or does not answer. Loading the seed again adds the missing items.
    pub async fn load(self, store: &Store) -> anyhow::Result<Counts> {
        let mut counts = Counts::default();
        for organization in self.organizations {
            counts = counts + organization.load(store).await?;
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests;
