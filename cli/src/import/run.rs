//! One import: a thread reads the file, and workers do the records.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use shared::Clock;
use shared::domain::{Actor, AudienceSlug, OrganizationId, PhoneRegion, TimeZone};
use shared::store::{
    Addition, DatabaseError, Import, ImportOutcome, ImportRecord, RetryBudget, Store,
};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::fault::Fault;
use super::queues::{Name, Queues, names, rounds};
use super::record::{ContactRow, OrganizationRow, Reading, Record, read};
use super::source::{RawRecord, Source};
use super::tally::{Counts, Done, Place, Rejects, Tally};
use crate::arguments::Format;
use crate::export::START_BUDGET;
use crate::progress::Progress;

/// How many workers there are.
const WORKERS: usize = 8;

/// How many records a worker does at a time.
const BATCH: usize = 64;

/// How many bytes of the file are on their way at most, so that memory does not grow with it.
const BYTES_UNDER_WAY: u32 = 8 * 1024 * 1024;

/// What a record takes of them at least, however short it is.
const MIN_RECORD_BYTES: u32 = 512;

/// How many records are read ahead.
const READ_AHEAD: usize = 2 * BATCH;

/// What is imported, and how.
pub struct Options {
    /// The organization, unless the file says it.
    pub organization: Option<OrganizationId>,
    /// How the records are written.
    pub format: Format,
    /// Whether nothing is written to the table.
    pub dry_run: bool,
    /// Where rejected records are written down.
    pub rejects: PathBuf,
    /// The region of national phone numbers.
    pub region: PhoneRegion,
    /// The zone of times without an offset.
    pub time_zone: TimeZone,
    /// How long it goes on against throttling and outages.
    pub retry_budget: RetryBudget,
    /// Where it notes how far it is.
    pub progress: Arc<Progress>,
    /// Tells the time.
    pub clock: Clock,
}

/// How an import ended.
#[derive(Debug)]
pub enum End {
    /// With the end of the file.
    Whole,
    /// It was asked to end, with this exit code.
    Interrupted(u8),
    /// It cannot go on.
    Failed(anyhow::Error),
}

/// What an import came to.
#[derive(Debug)]
pub struct Summary {
    /// Whose contacts they are, if it has come to know that.
    pub organization: Option<OrganizationId>,
    /// What became of the records.
    pub counts: Counts,
    /// All records up to this line are done.
    pub up_to_line: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// How it ended.
    pub end: End,
}

/// What the reading thread makes of the file.
enum Found {
    Record {
        place: Place,
        record: Record,
        /// The part of what may be under way that it takes.
        room: OwnedSemaphorePermit,
    },
    Fault {
        place: Place,
        fault: Fault,
        room: OwnedSemaphorePermit,
    },
    /// The file cannot be read on.
    Broken(anyhow::Error),
}

/// A record on its way to a worker.
struct Row {
    place: Place,
    names: Vec<Name>,
    contact: Box<ContactRow>,
    room: OwnedSemaphorePermit,
}

/// What the workers share.
struct Shared {
    store: Store,
    organization: OrganizationId,
    dry_run: bool,
    retry_budget: RetryBudget,
    clock: Clock,
    /// With a record's number, an id that no other change has.
    run: String,
    queues: Queues,
    tally: Mutex<Tally>,
    failure: Mutex<Option<anyhow::Error>>,
    failed: Notify,
}

/// Imports all records of `input`, until it ends or `stop` completes.
///
/// # Errors
/// When it cannot begin: the file's header or first record is bad, no organization is named, or the database refuses or
/// does not answer. What goes wrong later is in the summary.
pub async fn import(
    store: &Store,
    input: impl Read + Send + 'static,
    options: Options,
    stop: impl Future<Output = u8>,
) -> anyhow::Result<Summary> {
    let rejects = Rejects::at(&options.rejects)?;
    let reading = Reading {
        region: options.region,
        time_zone: options.time_zone,
        now: (options.clock)(),
    };
    let mut found = spawn_reader(input, options.format, reading)?;
    let mut stop = std::pin::pin!(stop);
    let began = Instant::now();
    let first = tokio::select! {
        first = found.recv() => first,
        // Nobody may have typed anything yet.
        code = stop.as_mut() => return Ok(Summary {
            organization: None,
            counts: Counts::default(),
            up_to_line: 0,
            elapsed: began.elapsed(),
            end: End::Interrupted(code),
        }),
    };
    let organization = organization(options.organization, first.as_ref())?;
    let start = RetryBudget::new(START_BUDGET);
    let registered = start.run(|| store.registered(&organization)).await?;
    let shared = Arc::new(Shared {
        store: store.clone(),
        organization: organization.clone(),
        dry_run: options.dry_run,
        retry_budget: options.retry_budget,
        clock: options.clock,
        run: Uuid::new_v4().simple().to_string(),
        queues: Queues::default(),
        tally: Mutex::new(Tally::new(rejects, options.progress)),
        failure: Mutex::default(),
        failed: Notify::new(),
    });
    let mut workers = JoinSet::new();
    let queues = (0..WORKERS).map(|_| {
        let (sender, receiver) = mpsc::channel(BATCH);
        workers.spawn(work(Arc::clone(&shared), receiver));
        sender
    });
    let dispatcher = Dispatcher {
        queues: queues.collect(),
        shared: Arc::clone(&shared),
        audiences: registered.audiences,
        file_organization: None,
        dispatched: 0,
    };
    let end = dispatcher.run(first, &mut found, stop.as_mut()).await;
    drop(found);
    let mut is_asked = !matches!(end, End::Whole);
    loop {
        tokio::select! {
            ended = workers.join_next() => match ended {
                Some(ended) => ended.context("a worker has failed")?,
                None => break,
            },
            // What is left is under way, and is finished in any case.
            _ = stop.as_mut(), if !is_asked => is_asked = true,
        }
    }

    let mut tally = shared.tally();
    tally.finish()?;
    let failure = locked(&shared.failure).take();
    Ok(Summary {
        organization: Some(organization),
        counts: tally.counts,
        up_to_line: tally.up_to_line,
        elapsed: began.elapsed(),
        end: failure.map_or(end, End::Failed),
    })
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What it holds is whole whatever happened to who held it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The organization: the one that is given, or else the one that the first record names.
fn organization(
    given: Option<OrganizationId>,
    first: Option<&Found>,
) -> anyhow::Result<OrganizationId> {
    match (given, first) {
        (Some(given), _) => Ok(given),
        (
            None,
            Some(Found::Record {
                record: Record::Organization(row),
                ..
            }),
        ) => Ok(row.organization.clone()),
        (None, Some(Found::Fault { place, fault, .. })) => bail!(
            "line {}: {} {}; and no --organization says whose contacts they are",
            place.line,
            fault.field,
            fault.reason
        ),
        (None, _) => bail!(
            "no organization: neither --organization nor the file's first record says whose contacts they are"
        ),
    }
}

/// Reads the file in a thread of its own, which ends with it, or when nobody takes what it reads.
fn spawn_reader(
    input: impl Read + Send + 'static,
    format: Format,
    reading: Reading,
) -> anyhow::Result<Receiver<Found>> {
    let mut source = Source::open(input, format)?;
    let (sender, receiver) = mpsc::channel(READ_AHEAD);
    let room = Arc::new(Semaphore::new(BYTES_UNDER_WAY as usize));
    let runtime = Handle::current();
    thread::spawn(move || {
        for sequence in 0.. {
            let found = match source.next() {
                Ok(None) => return,
                Err(error) => Found::Broken(anyhow!(error).context("the file cannot be read on")),
                Ok(Some(raw)) => {
                    let bytes = u32::try_from(raw.bytes).unwrap_or(u32::MAX);
                    let wanted = bytes.clamp(MIN_RECORD_BYTES, BYTES_UNDER_WAY);
                    let room = Arc::clone(&room).acquire_many_owned(wanted);
                    match runtime.block_on(room) {
                        Ok(room) => parsed(sequence, raw, room, &reading),
                        // It is never closed.
                        Err(_) => return,
                    }
                }
            };
            let is_broken = matches!(found, Found::Broken(_));
            if sender.blocking_send(found).is_err() || is_broken {
                return;
            }
        }
    });
    Ok(receiver)
}

fn parsed(sequence: u64, raw: RawRecord, room: OwnedSemaphorePermit, reading: &Reading) -> Found {
    let place = Place {
        sequence,
        line: raw.line,
        end: raw.end,
    };
    match raw.members.and_then(|members| read(members, reading)) {
        Ok(record) => Found::Record {
            place,
            record,
            room,
        },
        Err(fault) => Found::Fault { place, fault, room },
    }
}

/// Gives the records to the workers.
struct Dispatcher {
    queues: Vec<Sender<Row>>,
    shared: Arc<Shared>,
    /// The audiences that records may name.
    audiences: BTreeSet<AudienceSlug>,
    /// The organization that the file names, which need not be the one that it is imported into.
    file_organization: Option<OrganizationId>,
    /// How many records were given to workers.
    dispatched: usize,
}

impl Dispatcher {
    async fn run<S: Future<Output = u8>>(
        mut self,
        first: Option<Found>,
        found: &mut Receiver<Found>,
        mut stop: Pin<&mut S>,
    ) -> End {
        let mut next = first;
        while let Some(this) = next {
            let shared = Arc::clone(&self.shared);
            tokio::select! {
                biased;
                code = stop.as_mut() => return End::Interrupted(code),
                () = shared.failed.notified() => return End::Whole,
                taken = self.take(this) => if let Err(error) = taken {
                    return End::Failed(error);
                },
            }
            next = tokio::select! {
                biased;
                code = stop.as_mut() => return End::Interrupted(code),
                () = shared.failed.notified() => return End::Whole,
                next = found.recv() => next,
            };
        }
        End::Whole
    }

    async fn take(&mut self, found: Found) -> anyhow::Result<()> {
        let (place, record, room) = match found {
            Found::Broken(error) => return Err(error),
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

    /// Registers what an organization's record names. It is no row of the report.
    async fn register(
        &mut self,
        place: Place,
        row: OrganizationRow,
        room: OwnedSemaphorePermit,
    ) -> anyhow::Result<()> {
        let line = place.line;
        match &self.file_organization {
            Some(known) if *known != row.organization => {
                bail!("line {line}: names a second organization; a file is of one")
            }
            None if place.sequence > 0 => {
                bail!("line {line}: names an organization, which only the first record can")
            }
            _ => {}
        }
        self.file_organization = Some(row.organization);
        let organization = &self.shared.organization;
        let audiences = row.audiences.iter().cloned();
        let audiences =
            audiences.map(|audience| Addition::Audience(organization.clone(), audience));
        let clients = row.clients.into_iter();
        let clients = clients.map(|client| Addition::Client(organization.clone(), client));
        let additions: Vec<_> = audiences.chain(clients).collect();
        if !self.shared.dry_run {
            let add = || self.shared.store.add(additions.clone());
            self.shared.retry_budget.run(add).await?;
        }
        self.audiences.extend(row.audiences);
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
        // Some to one worker, then some to the next, so that each does many at a time.
        let next = self.dispatched / BATCH % self.queues.len();
        let worker = self.shared.queues.worker_for(&names, next).await;
        self.dispatched += 1;
        let row = Row {
            place,
            names,
            contact,
            room,
        };
        // A worker that takes nothing any more has failed, which is noted.
        let _ = self.queues[worker].send(row).await;
        Ok(())
    }
}

impl Shared {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        locked(&self.tally)
    }

    fn fail(&self, error: anyhow::Error) {
        locked(&self.failure).get_or_insert(error);
        self.failed.notify_one();
    }

    async fn import(&self, rows: Vec<Row>) -> anyhow::Result<()> {
        let import = Import {
            organization: &self.organization,
            actor: Actor::subject("contacts import"),
            clock: &*self.clock,
            dry_run: self.dry_run,
            retry_budget: &self.retry_budget,
        };
        let records = rows.iter().map(|row| ImportRecord {
            record: row.contact.record.clone(),
            request_id: format!("import-{}-{}", self.run, row.place.sequence),
        });
        let (outcomes, ended) = self.store.import(&import, records.collect()).await;
        for (row, came_to) in rows.into_iter().zip(outcomes) {
            let result = match came_to {
                None => continue,
                Some(ImportOutcome::Created) => Done::Created,
                Some(ImportOutcome::Updated) => Done::Updated,
                Some(ImportOutcome::Unchanged) => Done::Unchanged,
                Some(ImportOutcome::Rejected(refusal)) => {
                    Done::Rejected(Fault::of_refusal(&refusal, &row.contact))
                }
            };
            self.queues.done(&row.names);
            self.tally().note(row.place, result, row.room)?;
        }
        ended.map_err(|error: DatabaseError| error.into())
    }
}

/// Does the records of a queue, as many at a time as there are.
async fn work(shared: Arc<Shared>, mut queue: Receiver<Row>) {
    let mut rows = Vec::new();
    while queue.recv_many(&mut rows, BATCH).await > 0 {
        for round in rounds(std::mem::take(&mut rows), |row| &row.names) {
            if let Err(error) = Box::pin(shared.import(round)).await {
                shared.fail(error);
                return;
            }
        }
    }
}
