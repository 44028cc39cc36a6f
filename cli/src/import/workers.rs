//! The workers, each of which imports the records of its queue.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::Clock;
use shared::domain::{Actor, OrganizationId};
use shared::store::{
    DatabaseError, Existing, Import, ImportOutcome, ImportRecord, RetryBudget, Store,
};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::options::Options;
use super::queues::{Name, Queues, rounds};
use super::tally::{Done, Place, Rejects, Tally};
use crate::contact_file::row::ContactRow;

/// The number of workers.
const WORKERS: usize = 8;

/// The number of records that a worker imports at a time.
pub(super) const BATCH: usize = 64;

/// A record on its way to a worker.
pub(super) struct Row {
    pub(super) place: Place,
    pub(super) names: Vec<Name>,
    pub(super) contact: Box<ContactRow>,
    pub(super) room: OwnedSemaphorePermit,
}

/// The state that the dispatcher and the workers share.
pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) organization: OrganizationId,
    pub(super) dry_run: bool,
    pub(super) retry_budget: RetryBudget,
    clock: Clock,
    /// A random id of this import. Together with the number of a record, it is the request id of the change.
    run: String,
    pub(super) queues: Queues,
    tally: Mutex<Tally>,
    failure: Mutex<Option<anyhow::Error>>,
    failed: Notify,
}

impl Shared {
    /// The state of a new import.
    pub(super) fn new(
        store: &Store,
        organization: OrganizationId,
        options: Options,
        rejects: Rejects,
    ) -> Self {
        Self {
            store: store.clone(),
            organization,
            dry_run: options.dry_run,
            retry_budget: options.retry_budget,
            clock: options.clock,
            run: Uuid::new_v4().simple().to_string(),
            queues: Queues::default(),
            tally: Mutex::new(Tally::new(rejects, options.progress)),
            failure: Mutex::default(),
            failed: Notify::new(),
        }
    }

    /// Completes when a worker has failed.
    pub(super) async fn failed(&self) {
        self.failed.notified().await;
    }

    /// The error of the first worker that failed.
    pub(super) fn take_failure(&self) -> Option<anyhow::Error> {
        locked(&self.failure).take()
    }

    /// The results of the records so far.
    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
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
            route: "import",
            existing: Existing::Update,
            clock: &*self.clock,
            dry_run: self.dry_run,
            retry_budget: &self.retry_budget,
        };
        let records = rows.iter().map(|row| ImportRecord {
            record: row.contact.record.clone(),
            request_id: format!("import-{}-{}", self.run, row.place.sequence),
        });
        let (outcomes, ended) = self.store.import(&import, records.collect()).await;
        for (row, outcome) in rows.into_iter().zip(outcomes) {
            let done = match outcome {
                None => continue,
                Some(ImportOutcome::Created) => Done::Created,
                Some(ImportOutcome::Updated) => Done::Updated,
                Some(ImportOutcome::Unchanged) => Done::Unchanged,
                Some(ImportOutcome::Rejected(refusal)) => {
                    Done::Rejected(row.contact.fault_of(&refusal))
                }
            };
            self.queues.done(&row.names);
            self.tally().note(row.place, done, row.room)?;
        }
        ended.map_err(|error: DatabaseError| error.into())
    }
}

/// Starts the workers, and returns them with their queues. A worker ends when its queue is closed and empty.
pub(super) fn start(shared: &Arc<Shared>) -> (JoinSet<()>, Vec<Sender<Row>>) {
    let mut workers = JoinSet::new();
    let queues = (0..WORKERS).map(|_| {
        let (sender, receiver) = mpsc::channel(BATCH);
        workers.spawn(work(Arc::clone(shared), receiver));
        sender
    });
    let queues = queues.collect();
    (workers, queues)
}

/// Imports the records of a queue, in batches.
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

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No panic can leave the value half changed, so a poisoned lock is still usable.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
