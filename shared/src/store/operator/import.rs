//! Imports records about contacts. Seeds are imported too.
//!
//! The import works on many records at a time, in passes. A pass reads the contacts of the remaining records, plans a write
//! for each, and sends the writes. A write requires that the table is still as it was read. If a write was refused, or its
//! answer was lost, the record is in the next pass again. So the import loses no record and applies none twice, and an
//! interrupted import can be repeated.

mod plan;
mod read;
mod work;
mod write;

use self::plan::Plan;
use self::work::Work;
use super::RetryBudget;
use crate::domain::{Actor, ContactRecord, OrganizationId, Timestamp};
use crate::store::{DatabaseError, Store};

/// How an import treats an existing contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// The record changes the contact.
    Update,
    /// The contact keeps its data, and only gets the record's subscriptions that it lacks. Each record must have an id. A new
    /// contact may have an address that another contact owns, without owning it.
    Keep,
}

/// How records are imported.
pub struct Import<'a> {
    /// The organization of the contacts.
    pub organization: &'a OrganizationId,
    /// The actor of the changes.
    pub actor: Actor,
    /// The route of the changes in the table's stream: `import` or `seed`.
    pub route: &'static str,
    /// How the import treats an existing contact.
    pub existing: Existing,
    /// The clock. A change gets the time of its write, which may come long after the first attempt at it.
    pub clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
    /// Whether the import only reports the outcomes, and writes nothing.
    pub dry_run: bool,
    /// How long the import retries against throttling and outages.
    pub retry_budget: &'a RetryBudget,
}

/// A record, and the request id of its changes in the table's stream.
#[derive(Debug, Clone)]
pub struct ImportRecord {
    /// The record.
    pub record: ContactRecord,
    /// The request id. Each record of an import has its own; all records of seeds share one.
    pub request_id: String,
}

/// The outcome of a record. In a dry run: the outcome that it would have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    /// The import created the contact.
    Created,
    /// The import changed the contact.
    Updated,
    /// The contact agrees with the record already.
    Unchanged,
    /// The import refused the record.
    Rejected(ImportRefusal),
}

/// The reason why the import refused a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportRefusal {
    /// Another contact owns an e-mail address of the record. The value is the address's place among the record's contact methods.
    #[error(
        "is the address of a contact with another id; a record without an id would change that contact"
    )]
    AddressTaken(usize),
    /// Several contacts own the record's e-mail addresses.
    #[error("are the addresses of several contacts; add an id to name one of them")]
    SeveralOwners,
    /// The address has an owner that does not exist.
    #[error("has an address whose owner does not exist")]
    OwnerMissing,
    /// The contact was erased.
    #[error("is the id of an erased contact; such an id is never used again")]
    Erased,
    /// The contact, or the owner of an address, cannot be read.
    #[error("is about a contact that cannot be read from the table")]
    Unreadable,
    /// The contact would be larger than an item can be.
    #[error(
        "makes the contact larger than the 400 KB of an item, with room for a verification of every entry"
    )]
    TooLarge,
    /// The database refuses the content of the write.
    #[error("is refused by the database")]
    Refused,
    /// The answer to a write was lost, and others changed the contact so often that the import cannot find out whether DynamoDB
    /// applied the write.
    #[error(
        "may or may not have been written, since the answer was lost and others changed the contact; import it again"
    )]
    InDoubt,
}

impl Store {
    /// Imports records. No two of them may have the same id or a common address. Returns the outcome of each record, and the
    /// error if the import ended early. A record without an outcome may or may not have been written then.
    pub async fn import(
        &self,
        import: &Import<'_>,
        records: Vec<ImportRecord>,
    ) -> (Vec<Option<ImportOutcome>>, Result<(), DatabaseError>) {
        let mut works: Vec<_> = records
            .into_iter()
            .map(|record| Work::new(record, (import.clock)()))
            .collect();
        let done = self.import_all(import, &mut works).await;
        let outcomes = works.into_iter().map(|work| work.outcome).collect();
        (outcomes, done)
    }

    async fn import_all(
        &self,
        import: &Import<'_>,
        works: &mut [Work],
    ) -> Result<(), DatabaseError> {
        let mut delays = import.retry_budget.delays();
        loop {
            let mut left: Vec<_> = works
                .iter_mut()
                .filter(|work| work.outcome.is_none())
                .collect();
            if left.is_empty() {
                return Ok(());
            }
            let error = match Box::pin(self.pass(import, &mut left)).await {
                Ok(()) => continue,
                Err(error) if error.may_pass() => error,
                Err(error) => return Err(error),
            };
            if left.iter().any(|work| work.outcome.is_some()) {
                delays = import.retry_budget.delays();
            }
            import.retry_budget.note_wait();
            match delays.next() {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(error),
            }
        }
    }

    /// Reads the contacts of these records, plans the writes, and sends them. The next pass follows at once, or after a wait
    /// if this one fails for a temporary reason.
    async fn pass(
        &self,
        import: &Import<'_>,
        works: &mut [&mut Work],
    ) -> Result<(), DatabaseError> {
        let states = self.states(import, works).await?;
        let now = (import.clock)();
        let mut writes = Vec::new();
        for (index, found) in states.into_iter().enumerate() {
            let work = &mut *works[index];
            work.settle(found.last.as_ref(), found.snapshot(), now);
            let plan = match found.contact {
                Ok(Some(state)) => plan::plan(import, &work.record, state, work.has_created(), now),
                Ok(None) => Plan::Nothing,
                Err(refusal) => Plan::Refuse(refusal),
            };
            if work.outcome.is_some() {
                continue;
            }
            match plan {
                Plan::Refuse(refusal) => work.reject(refusal),
                Plan::Nothing => work.made(ImportOutcome::Unchanged, true),
                Plan::Write(write) if import.dry_run => work.made(write.outcome, true),
                Plan::Write(write) => writes.push((index, write)),
            }
        }
        self.write_all(import, works, writes, now).await
    }
}
