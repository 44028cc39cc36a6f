//! Imports records about contacts. Seeds are imported too.
//!
//! The import works on many records at a time, in passes. A pass reads the contacts of the remaining records, plans a write
//! for each, and sends the writes. A write requires that the table is still as it was read. A record whose write was refused,
//! or whose answer was lost, is in the next pass again. So the import loses and doubles nothing, and an interrupted import
//! can be repeated.

mod plan;
mod read;
mod work;
mod write;

use self::plan::Plan;
use self::work::Work;
use super::RetryBudget;
use crate::domain::{Actor, ContactRecord, OrganizationId, Timestamp};
use crate::store::{DatabaseError, Store};

/// What an import does with an existing contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// The record changes it.
    Update,
    /// The contact stays as it is, but gets the record's subscriptions that it lacks. Each record must have an id. A new
    /// contact may have an address that another contact owns; it does not own the address then.
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
    /// What the import does with an existing contact.
    pub existing: Existing,
    /// Tells the time. A change gets the time of its write, which may come long after the first attempt at it.
    pub clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
    /// Whether the import only tells what it would do.
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

/// What the import did with a record, or would do.
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

/// Why the import refused a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportRefusal {
    /// Another contact owns this e-mail address, which the record has at this place among its contact methods.
    #[error(
        "is the address of a contact of another id; a record without id would be about that one"
    )]
    AddressTaken(usize),
    /// Several contacts own the e-mail addresses.
    #[error("are the addresses of several contacts; an id must say which is meant")]
    SeveralOwners,
    /// The address has an owner that does not exist.
    #[error("has an address whose owner does not exist")]
    OwnerMissing,
    /// The contact was erased.
    #[error("is the id of a contact that was erased, and is never used again")]
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
    /// The answer to a write was lost, and others changed the contact so often that nobody can tell whether DynamoDB applied
    /// the write.
    #[error(
        "may or may not have been written, since the answer was lost and others changed the contact; import it again"
    )]
    InDoubt,
}

impl Store {
    /// Imports records, of which no two have an id or an address in common. Returns what became of each, and the error that
    /// ended the import early. A record without outcome may or may not have been written then.
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
