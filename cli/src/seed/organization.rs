//! An organization of a seed file, and its load into the table.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::bail;
use futures_util::{StreamExt, TryStreamExt, stream};
use shared::domain::{Actor, AudienceSlug, ClientSlug, ContactRecord, OrganizationId};
use shared::store::{
    Existing, Import, ImportOutcome, ImportRecord, Registered, RetryBudget, Store,
};

use crate::import::Counts;

/// The number of contacts that the store gets at a time.
const BATCH: usize = 256;

/// The number of batches that the store works on at the same time.
const CONCURRENT_BATCHES: usize = 4;

/// The time that the load waits, without any success, for a database that throttles or does not answer.
const OUTAGE_BUDGET: Duration = Duration::from_secs(15);

/// An organization with its audiences, clients and contacts.
#[derive(Debug)]
pub(super) struct Organization {
    pub(super) id: OrganizationId,
    pub(super) audiences: BTreeSet<AudienceSlug>,
    pub(super) clients: BTreeSet<ClientSlug>,
    /// The contacts. Each has an id, and no two own one address.
    pub(super) contacts: Vec<ContactRecord>,
}

impl Organization {
    /// Writes the items that the table does not have yet, and counts the contacts by result.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub(super) async fn load(self, store: &Store) -> anyhow::Result<Counts> {
        let registered = Registered {
            audiences: self.audiences,
            clients: self.clients,
        };
        store.register(&self.id, &registered).await?;
        let import = Import {
            organization: &self.id,
            actor: Actor::subject("contacts seed"),
            route: "seed",
            existing: Existing::Keep,
            clock: &*shared::system_clock(),
            dry_run: false,
            retry_budget: &RetryBudget::new(OUTAGE_BUDGET),
        };
        stream::iter(self.contacts)
            .chunks(BATCH)
            .map(|contacts| load_batch(store, &import, contacts))
            .buffer_unordered(CONCURRENT_BATCHES)
            .try_fold(
                Counts::default(),
                |sum, batch| async move { Ok(sum + batch) },
            )
            .await
    }
}

async fn load_batch(
    store: &Store,
    import: &Import<'_>,
    contacts: Vec<ContactRecord>,
) -> anyhow::Result<Counts> {
    let ids: Vec<_> = contacts.iter().map(|record| record.id.clone()).collect();
    let records = contacts.into_iter().map(|record| ImportRecord {
        record,
        request_id: "seed".to_owned(),
    });
    let (outcomes, ended) = store.import(import, records.collect()).await;
    ended?;
    let mut counts = Counts::default();
    for (id, outcome) in ids.into_iter().flatten().zip(outcomes) {
        match outcome {
            Some(ImportOutcome::Created) => counts.created += 1,
            Some(ImportOutcome::Updated) => counts.updated += 1,
            Some(ImportOutcome::Unchanged) => counts.unchanged += 1,
            Some(ImportOutcome::Rejected(refusal)) => {
                bail!("the record of contact {id} {refusal}")
            }
            None => {}
        }
    }
    Ok(counts)
}
