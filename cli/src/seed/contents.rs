//! What a seed file holds, checked and in normal form.

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

/// How many items each write gives to the store.
const BATCH: usize = 500;

/// What a seed file holds, checked and in normal form.
#[derive(Debug, Default)]
pub struct Seed {
    pub(super) organizations: Vec<Organization>,
}

impl Seed {
    /// Reads a seed file from the disk.
    ///
    /// # Errors
    /// As [`Self::parse`], or when the file cannot be read.
    pub fn read(file: &Path, region: PhoneRegion) -> anyhow::Result<Self> {
        Self::parse(&std::fs::read_to_string(file)?, region)
    }

    /// Reads a seed file, national phone numbers as those of `region`.
    ///
    /// # Errors
    /// Where the file does not fit, and why. Members that nobody knows are not passed over: they are mostly known ones,
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

    /// How much it holds.
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

    /// Writes what the table does not hold yet. What it holds stays as it is, with all that has been recorded there.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub async fn load(self, store: &Store) -> Result<(), DatabaseError> {
        let additions = self
            .organizations
            .into_iter()
            .flat_map(Organization::additions);
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
