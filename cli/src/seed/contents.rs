//! The contents of a seed file, checked and in normal form.

use std::path::Path;

use chrono::Utc;
use futures_util::{StreamExt, TryStreamExt, stream};
use shared::domain::{PhoneRegion, Timestamp};
use shared::store::{DatabaseError, Store};

use super::counts::Counts;
use super::file::SeedFile;
use super::organization::Organization;
use super::reader::Reader;

/// How many writes run at the same time.
const CONCURRENT_WRITES: usize = 8;

/// How many items the store gets at a time.
const BATCH: usize = 500;

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
    /// The place of the first fault in the file, and what is wrong there. An unknown member is an error: most often it is a
    /// known one, misspelt.
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
    pub(super) fn counts(&self) -> Counts {
        let contacts = || self.organizations.iter().flat_map(|found| &found.contacts);
        Counts {
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
            subscriptions: contacts()
                .map(|(_, subscriptions)| subscriptions.len())
                .sum(),
        }
    }

    /// Writes the items that the table does not have yet. Existing items keep their values.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub async fn load(self, store: &Store) -> Result<(), DatabaseError> {
        let now = shared::system_clock()();
        let additions = self
            .organizations
            .into_iter()
            .flat_map(move |organization| organization.additions(now));
        stream::iter(additions)
            .chunks(BATCH)
            .map(|additions| store.add(additions))
            .buffer_unordered(CONCURRENT_WRITES)
            .try_collect()
            .await
    }
}

#[cfg(test)]
mod tests;
