//! Gives the records of the file to the workers.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use shared::domain::{AudienceSlug, OrganizationId};
use shared::store::Registered;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{Receiver, Sender};

use super::queues::names;
use super::reader::{Found, READER_FAILED};
use super::record::Record;
use super::summary::End;
use super::tally::{Done, Place};
use super::workers::{BATCH, Row, Shared};
use crate::contact_file::fault::Fault;
use crate::contact_file::members::OrganizationMembers;
use crate::contact_file::row::ContactRow;

/// Gives the records of the file to the workers.
pub(super) struct Dispatcher {
    queues: Vec<Sender<Row>>,
    shared: Arc<Shared>,
    /// The registered audiences. Records must not name other audiences.
    audiences: BTreeSet<AudienceSlug>,
    /// The organization that the file names. `--organization` may override it.
    file_organization: Option<OrganizationId>,
    /// The number of records that the workers have got.
    dispatched: usize,
}

impl Dispatcher {
    /// A dispatcher to these workers, for an organization with these audiences.
    pub(super) fn new(
        shared: Arc<Shared>,
        queues: Vec<Sender<Row>>,
        audiences: BTreeSet<AudienceSlug>,
    ) -> Self {
        Self {
            queues,
            shared,
            audiences,
            file_organization: None,
            dispatched: 0,
        }
    }

    /// Dispatches all records, until the file ends, `stop` completes or a worker fails.
    pub(super) async fn run<S: Future<Output = u8>>(
        mut self,
        first: Option<Found>,
        found: &mut Receiver<Found>,
        mut stop: Pin<&mut S>,
    ) -> End {
        let mut next = first;
        loop {
            let this = match next {
                Some(Found::End) => return End::Whole,
                Some(found) => found,
                None => return End::Failed(anyhow!(READER_FAILED)),
            };
            let shared = Arc::clone(&self.shared);
            tokio::select! {
                biased;
                code = stop.as_mut() => return End::Interrupted(code),
                () = shared.failed() => return End::Whole,
                taken = self.take(this) => if let Err(error) = taken {
                    return End::Failed(error);
                },
            }
            next = tokio::select! {
                biased;
                code = stop.as_mut() => return End::Interrupted(code),
                () = shared.failed() => return End::Whole,
                next = found.recv() => next,
            };
        }
    }

    async fn take(&mut self, found: Found) -> anyhow::Result<()> {
        let (place, record, room) = match found {
            Found::Broken(error) => return Err(error),
            Found::End => return Ok(()),
            Found::Fault { place, fault, room } => {
                let mut tally = self.shared.tally();
                return tally.note(place, Done::Rejected(fault), room);
            }
            Found::Record {
                place,
                record,
                room,
            } => (place, record, room),
        };
        match record {
            Record::Organization(row) => self.register(place, row, room).await,
            Record::Contact(contact) => self.dispatch(place, contact, room).await,
        }
    }

    /// Registers the audiences and clients of an organization's record. The summary does not count this record.
    async fn register(
        &mut self,
        place: Place,
        row: OrganizationMembers,
        room: OwnedSemaphorePermit,
    ) -> anyhow::Result<()> {
        let line = place.line;
        match &self.file_organization {
            Some(known) if *known != row.organization => {
                bail!("line {line}: names a second organization; a file can have only one")
            }
            None if place.sequence > 0 => {
                bail!("line {line}: names an organization; only the first record can do that")
            }
            _ => {}
        }
        self.file_organization = Some(row.organization);
        let organization = &self.shared.organization;
        let wanted = Registered {
            audiences: row.audiences,
            clients: row.clients,
        };
        if !self.shared.dry_run {
            let register = || self.shared.store.register(organization, &wanted);
            self.shared.retry_budget.run(register).await?;
        }
        self.audiences.extend(wanted.audiences);
        self.shared.tally().note(place, Done::Passed, room)
    }

    async fn dispatch(
        &mut self,
        place: Place,
        contact: Box<ContactRow>,
        room: OwnedSemaphorePermit,
    ) -> anyhow::Result<()> {
        let is_unknown = |audience: &AudienceSlug| !self.audiences.contains(audience);
        let mut mentioned = contact.audiences.iter();
        if let Some((_, field)) = mentioned.find(|(audience, _)| is_unknown(audience)) {
            let fault = Fault::new(
                field,
                "names an audience that is not registered in the organization",
            );
            return self.shared.tally().note(place, Done::Rejected(fault), room);
        }
        let names = names(&contact.record);
        // Each worker gets a whole batch before the next worker gets a record, so that it imports many records at a time.
        let next = self.dispatched / BATCH % self.queues.len();
        let worker = self.shared.queues.worker_for(&names, next).await;
        self.dispatched += 1;
        let row = Row {
            place,
            names,
            contact,
            room,
        };
        // A worker that takes no more records has failed, and has noted its error.
        let _ = self.queues[worker].send(row).await;
        Ok(())
    }
}
