//! Records of a file about contacts, many at a time: each is read, made what the record says, and written as the
//! difference, or created.
//!
//! What is read and decided is on condition in the write, as everywhere. A record whose write was refused, or whose
//! answer got lost, is done again from the read. So nothing is lost or doubled however often that happens, and the same
//! holds for a whole import that is interrupted and run again.

mod plan;
mod write;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};

use self::plan::{Plan, State, Write};
use super::RetryBudget;
use super::bulk::MAX_ITEMS;
use crate::domain::{
    Actor, ContactId, ContactRecord, OrganizationId, SubscriptionId, Tenant, Timestamp,
};
use crate::store::items::{Item, owner_id};
use crate::store::keys::Key;
use crate::store::read::Snapshot;
use crate::store::recent_requests::REMEMBERED_WRITES;
use crate::store::{ChangeMetadata, DatabaseError, Store, WriteId};

/// How many contacts are read at the same time with their subscriptions.
const CONCURRENT_READS: usize = 8;

/// How records are imported.
pub struct Import<'a> {
    /// Whose contacts they are.
    pub organization: &'a OrganizationId,
    /// Who imports them.
    pub actor: Actor,
    /// Tells the time. A change gets the time of its write, which may come long after the first attempt at it.
    pub clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
    /// Whether nothing is written.
    pub dry_run: bool,
    /// How long it goes on against throttling and outages.
    pub retry_budget: &'a RetryBudget,
}

/// A record, and the id under which the table's stream shows its changes.
#[derive(Debug, Clone)]
pub struct ImportRecord {
    /// The record.
    pub record: ContactRecord,
    /// An id that no other record has, in no run.
    pub request_id: String,
}

/// What became of a record, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    /// There was no such contact; now there is.
    Created,
    /// The contact was changed.
    Updated,
    /// The contact already was as the record says.
    Unchanged,
    /// Nothing was done.
    Rejected(ImportRefusal),
}

/// Why nothing was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportRefusal {
    /// This e-mail address, by its place among the record's contact methods, is another contact's.
    AddressTaken(usize),
    /// The e-mail addresses are of several contacts.
    SeveralOwners,
    /// The address has an owner that does not exist.
    OwnerMissing,
    /// What there is of the contact cannot be read.
    Unreadable,
    /// The contact would be larger than an item can be.
    TooLarge,
    /// The database refuses the content of the write.
    Refused,
    /// The answer to a write was lost, and others changed the contact so often that nobody can tell whether it was applied.
    InDoubt,
}

/// A record in progress.
struct Work {
    record: ContactRecord,
    request_id: String,
    /// The id of the write that is next, or in doubt.
    write_id: WriteId,
    /// The version before a write whose answer was lost; 0 where it creates the contact.
    in_doubt: Option<u64>,
    /// The id of the contact if it has to be created.
    new_id: ContactId,
    /// Whether it is written by itself, since it was refused together with others.
    is_alone: bool,
    /// What was done, while there is more to do.
    done: Option<ImportOutcome>,
    outcome: Option<ImportOutcome>,
}

impl Work {
    fn new(import: ImportRecord, now: Timestamp) -> Self {
        let id = import.record.id.clone();
        Self {
            new_id: id.unwrap_or_else(ContactId::random),
            record: import.record,
            request_id: import.request_id,
            write_id: WriteId::draw(now),
            in_doubt: None,
            is_alone: false,
            done: None,
            outcome: None,
        }
    }

    fn metadata(&self, import: &Import<'_>, now: Timestamp) -> ChangeMetadata {
        ChangeMetadata {
            actor: import.actor.clone(),
            now,
            route: "import",
            request_id: self.request_id.clone(),
            write_id: self.write_id.clone(),
        }
    }

    fn reject(&mut self, refusal: ImportRefusal) {
        self.outcome = Some(ImportOutcome::Rejected(refusal));
    }

    /// Notes that a write was applied.
    fn written(&mut self, outcome: ImportOutcome, is_last: bool, now: Timestamp) {
        self.in_doubt = None;
        self.write_id = WriteId::draw(now);
        self.made(outcome, is_last);
    }

    fn made(&mut self, outcome: ImportOutcome, is_last: bool) {
        let outcome = self.done.take().unwrap_or(outcome);
        if is_last {
            self.outcome = Some(outcome);
        } else {
            self.done = Some(outcome);
        }
    }

    /// Finds out what became of a write whose answer was lost.
    fn settle(&mut self, found: Option<&Snapshot>, now: Timestamp) {
        let Some(before) = self.in_doubt else {
            return;
        };
        // Without a contact it was not created, and the same write follows.
        let Some(found) = found else {
            return;
        };
        let found_id = &found.state.contact.id;
        if before == 0 && *found_id != self.new_id {
            // Another contact owns the address. Should it lose it, the write could still be applied.
            return self.reject(ImportRefusal::InDoubt);
        }
        let version = found.state.contact.version;
        let changes = version.number().saturating_sub(before);
        if found.recent_requests().contain(&self.write_id) {
            let outcome = match before {
                0 => ImportOutcome::Created,
                _ => ImportOutcome::Updated,
            };
            self.written(outcome, false, now);
        } else if changes > REMEMBERED_WRITES as u64 {
            self.reject(ImportRefusal::InDoubt);
        } else if changes > 0 {
            self.in_doubt = None;
        }
    }
}

/// How a pass over the remaining records went.
enum Pass {
    /// The records that are not done follow at once, from a new read.
    Smooth,
    /// Others were faster, or the table throttles: the records that are not done have to wait.
    Hampered,
}

impl Store {
    /// Imports records, of which no two have an id or an address in common. Answers what became of each, and where it had
    /// to end, why: what then has no outcome may or may not have been written.
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
            let count = left.len();
            if count == 0 {
                return Ok(());
            }
            let failure = match Box::pin(self.pass(import, &mut left)).await {
                Ok(Pass::Smooth) => continue,
                Ok(Pass::Hampered) => None,
                Err(error) if error.may_pass() => Some(error),
                Err(error) => return Err(error),
            };
            if left.iter().filter(|work| work.outcome.is_none()).count() < count {
                delays = import.retry_budget.delays();
            }
            let delay: Option<Duration> = delays.next();
            import.retry_budget.note_wait();
            match (delay, failure) {
                (Some(delay), _) => tokio::time::sleep(delay).await,
                (None, Some(error)) => return Err(error),
                (None, None) => {
                    return Err(DatabaseError::Unavailable(
                        "it has taken nothing for too long".into(),
                    ));
                }
            }
        }
    }

    /// Reads the records' contacts, decides what is to be written, and writes it.
    async fn pass(
        &self,
        import: &Import<'_>,
        works: &mut [&mut Work],
    ) -> Result<Pass, DatabaseError> {
        let addresses = self.addresses(import, works).await?;
        let mut targets = Vec::new();
        for (index, work) in works.iter_mut().enumerate() {
            targets.extend(target(import, work, &addresses).map(|target| (index, target)));
        }
        let states = self.states(import, works, targets).await?;
        let now = (import.clock)();
        let mut writes = Vec::new();
        for (index, state) in states {
            let work = &mut *works[index];
            let state = match state {
                Ok(state) => state,
                Err(refusal) => {
                    work.reject(refusal);
                    continue;
                }
            };
            work.settle(state.snapshot.as_ref(), now);
            if work.outcome.is_some() {
                continue;
            }
            match plan::plan(import, &work.record, state, now)? {
                Plan::Refuse(refusal) => work.reject(refusal),
                Plan::Nothing => work.made(ImportOutcome::Unchanged, true),
                Plan::Write(write) if import.dry_run => work.made(write.outcome(), true),
                Plan::Write(write) => writes.push((index, write)),
            }
        }
        self.write_all(import, works, writes, now).await
    }

    /// The items of the records' addresses.
    async fn addresses(
        &self,
        import: &Import<'_>,
        works: &[&mut Work],
    ) -> Result<HashMap<Key, Item>, DatabaseError> {
        let addresses = works.iter().flat_map(|work| work.record.own_addresses());
        let keys = addresses.map(|address| Key::address(import.organization, address));
        self.read_many(keys.collect()).await
    }

    /// What the table holds of the records' contacts, or why a record is rejected.
    async fn states(
        &self,
        import: &Import<'_>,
        works: &[&mut Work],
        targets: Vec<(usize, Target)>,
    ) -> Result<Vec<(usize, Result<State, ImportRefusal>)>, DatabaseError> {
        let organization = import.organization;
        let mut keys: HashSet<_> = targets
            .iter()
            .map(|(_, target)| Key::contact(organization, &target.id))
            .collect();
        for (index, target) in &targets {
            let subscriptions = works[*index].record.subscriptions.keys();
            keys.extend(subscriptions.map(|id| Key::subscription(organization, &target.id, id)));
        }
        let items = self.read_many(keys).await?;
        stream::iter(targets)
            .map(|(index, target)| {
                let subscriptions = works[index].record.subscriptions.keys().cloned().collect();
                let items = &items;
                async move {
                    let state = self.state(import, target, subscriptions, items).await?;
                    Ok((index, state))
                }
            })
            .buffered(CONCURRENT_READS)
            .try_collect()
            .await
    }

    /// What the table holds of a record's contact. The items were read each by itself; a contact that has subscriptions is read
    /// again with them, so that what is decided is decided from one state of it.
    async fn state(
        &self,
        import: &Import<'_>,
        target: Target,
        subscriptions: Vec<SubscriptionId>,
        items: &HashMap<Key, Item>,
    ) -> Result<Result<State, ImportRefusal>, DatabaseError> {
        let organization = import.organization;
        let contact = items.get(&Key::contact(organization, &target.id));
        if target.is_owner && contact.is_none() {
            return Ok(Err(ImportRefusal::OwnerMissing));
        }
        let existing = |id: &SubscriptionId| {
            let item = items.get(&Key::subscription(organization, &target.id, id))?;
            Some((id.clone(), item.clone()))
        };
        let found: BTreeMap<_, _> = subscriptions.iter().filter_map(existing).collect();
        let snapshot = match contact {
            None => Ok(None),
            Some(contact) if found.is_empty() => {
                Snapshot::new(contact.clone(), found.clone()).map(Some)
            }
            Some(_) => {
                let tenant = Tenant::new(organization.clone());
                let ids: Vec<_> = found.keys().cloned().collect();
                self.read_whole(&tenant, &target.id, &ids).await
            }
        };
        let snapshot = match snapshot {
            // The others can be imported all the same.
            Err(DatabaseError::UnreadableItem { .. }) => return Ok(Err(ImportRefusal::Unreadable)),
            snapshot => snapshot?,
        };
        Ok(Ok(State {
            leftovers: match snapshot {
                None => found.into_keys().collect(),
                Some(_) => BTreeSet::new(),
            },
            id: target.id,
            snapshot,
            owners: target.owners,
        }))
    }

    /// A contact with any number of subscriptions, in one of its states: several reads, each with the contact, whose version
    /// tells whether they are of one state.
    pub(super) async fn read_whole(
        &self,
        tenant: &Tenant,
        id: &ContactId,
        subscriptions: &[SubscriptionId],
    ) -> Result<Option<Snapshot>, DatabaseError> {
        let mut whole: Option<Snapshot> = None;
        for ids in subscriptions.chunks(MAX_ITEMS - 1) {
            let Some(part) = self.read_contact(tenant, id, ids).await? else {
                return Ok(None);
            };
            match &mut whole {
                None => whole = Some(part),
                Some(whole) if whole.contact == part.contact => {
                    whole.subscriptions.extend(part.subscriptions);
                    whole.state.subscriptions.extend(part.state.subscriptions);
                }
                Some(_) => {
                    let why = "changes came in between the reads of a contact";
                    return Err(DatabaseError::LostRace(why.into()));
                }
            }
        }
        Ok(whole)
    }
}

/// The contact that a record is about.
struct Target {
    id: ContactId,
    /// Whether the contact was found by an address that it owns, so that it exists.
    is_owner: bool,
    /// The owners of the record's addresses, by normal form.
    owners: HashMap<String, ContactId>,
}

/// The contact that a record is about; nothing where the record is rejected.
fn target(import: &Import<'_>, work: &mut Work, addresses: &HashMap<Key, Item>) -> Option<Target> {
    let Ok(owners) = owners(import, &work.record, addresses) else {
        work.reject(ImportRefusal::Unreadable);
        return None;
    };
    let distinct: BTreeSet<_> = owners.values().collect();
    let (id, is_owner) = match (&work.record.id, distinct.first()) {
        (Some(id), _) => (id.clone(), false),
        (None, Some(_)) if distinct.len() > 1 => {
            work.reject(ImportRefusal::SeveralOwners);
            return None;
        }
        (None, Some(owner)) => ((*owner).clone(), true),
        (None, None) => (work.new_id.clone(), false),
    };
    Some(Target {
        id,
        is_owner,
        owners,
    })
}

/// The contacts that own a record's addresses, by the address's normal form.
fn owners(
    import: &Import<'_>,
    record: &ContactRecord,
    items: &HashMap<Key, Item>,
) -> Result<HashMap<String, ContactId>, DatabaseError> {
    record
        .own_addresses()
        .filter_map(|address| {
            let owner = items.get(&Key::address(import.organization, address))?;
            Some((address.normal_form().to_owned(), owner))
        })
        .map(|(address, owner)| Ok((address, owner_id(owner)?)))
        .collect()
}
