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

use self::plan::{Plan, State, Write};
use super::bulk::RetryBudget;
use super::items::{CHANGE_REQUEST_ID, Item, are_of_one_state, contact, owner_id};
use super::keys::Key;
use super::{ChangeMetadata, DatabaseError, Store, export};
use crate::domain::{Actor, ContactId, ContactRecord, OrganizationId, Timestamp, Version};

/// How often a contact and its subscriptions are read that are not of one state, before they are taken for what they are.
const MOST_TORN_READS: u32 = 4;

/// How records are imported.
pub struct Import<'a> {
    /// Whose contacts they are.
    pub organization: &'a OrganizationId,
    /// Who imports them.
    pub actor: Actor,
    /// Tells the time. A change gets that of its write: it may come long after the first attempt at it, and whoever reads
    /// the contact takes an old change for one that is not on its way any more.
    pub clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
    /// Whether nothing is written.
    pub dry_run: bool,
    /// How long it goes on against throttling and outages.
    pub retry_budget: &'a RetryBudget,
}

/// A record, and the id by which its change is known again when the answer to it was lost.
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
    /// The contact is otherwise now.
    Updated,
    /// The contact was so already.
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
    /// The database refuses what is to be written.
    Refused,
}

/// A record on its way.
struct Work {
    record: ContactRecord,
    request_id: String,
    /// The id of the contact if it has to be made.
    new_id: ContactId,
    /// Whether it is written by itself, since it was refused together with others.
    is_alone: bool,
    torn_reads: u32,
    /// What was done, while there is more to do.
    done: Option<ImportOutcome>,
    outcome: Option<ImportOutcome>,
}

impl Work {
    fn new(import: ImportRecord) -> Self {
        let id = import.record.id.clone();
        Self {
            new_id: id.unwrap_or_else(ContactId::random),
            record: import.record,
            request_id: import.request_id,
            is_alone: false,
            torn_reads: 0,
            done: None,
            outcome: None,
        }
    }

    fn metadata(&self, import: &Import<'_>) -> ChangeMetadata {
        ChangeMetadata {
            actor: import.actor.clone(),
            now: (import.clock)(),
            route: "import",
            request_id: self.request_id.clone(),
        }
    }

    fn reject(&mut self, refusal: ImportRefusal) {
        self.outcome = Some(ImportOutcome::Rejected(refusal));
    }

    /// Notes that a change was made, which was all or not.
    fn made(&mut self, outcome: ImportOutcome, is_last: bool) {
        let outcome = self.done.take().unwrap_or(outcome);
        if is_last {
            self.outcome = Some(outcome);
        } else {
            self.done = Some(outcome);
        }
    }
}

/// How a pass over the records went that were left.
enum Pass {
    /// What is not done is to be done from a new read, now.
    Smooth,
    /// Others were faster, or the table takes no more: what is not done has to wait.
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
        let mut works: Vec<_> = records.into_iter().map(Work::new).collect();
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

    /// Reads what the records are about, decides what is to be written, and writes it.
    async fn pass(
        &self,
        import: &Import<'_>,
        works: &mut [&mut Work],
    ) -> Result<Pass, DatabaseError> {
        let items = self.items_of_records(import, works).await?;
        let mut pass = Pass::Smooth;
        let mut writes = Vec::new();
        for (index, work) in works.iter_mut().enumerate() {
            let state = match state(import, work, &items) {
                Ok(Some(state)) => state,
                Ok(None) => continue,
                // The others can be imported all the same.
                Err(_) => {
                    work.reject(ImportRefusal::Unreadable);
                    continue;
                }
            };
            if !state.is_one && work.torn_reads < MOST_TORN_READS {
                work.torn_reads += 1;
                pass = Pass::Hampered;
                continue;
            }
            if work.done.is_none() {
                // An earlier attempt did it, and its answer got lost.
                work.done = state.left_by_this.map(|version| match version {
                    Version::FIRST => ImportOutcome::Created,
                    _ => ImportOutcome::Updated,
                });
            }
            match plan::plan(import, &work.record, state) {
                Plan::Refuse(refusal) => work.reject(refusal),
                Plan::Nothing => work.made(ImportOutcome::Unchanged, true),
                Plan::Write(write) if import.dry_run => work.made(write.outcome(), true),
                Plan::Write(write) => writes.push((index, write)),
            }
        }
        match self.write_all(import, works, writes).await? {
            Pass::Smooth => Ok(pass),
            Pass::Hampered => Ok(Pass::Hampered),
        }
    }

    /// The owners of the records' addresses, and the contacts that they are about with the subscriptions that they name.
    async fn items_of_records(
        &self,
        import: &Import<'_>,
        works: &[&mut Work],
    ) -> Result<HashMap<Key, Item>, DatabaseError> {
        let organization = import.organization;
        let mut keys = HashSet::new();
        for work in works {
            let addresses = work.record.own_addresses();
            keys.extend(addresses.map(|address| Key::email_owner(organization, address)));
            if let Some(id) = &work.record.id {
                keys.extend(keys_of(organization, id, &work.record));
            }
        }
        let mut items = self.read_many(keys).await?;

        let mut keys = HashSet::new();
        for work in works.iter().filter(|work| work.record.id.is_none()) {
            // One that cannot be read is found out once more when its record's turn comes.
            let owners = owners(import, &work.record, &items).unwrap_or_default();
            for owner in owners.into_values() {
                keys.extend(keys_of(organization, &owner, &work.record));
            }
        }
        if !keys.is_empty() {
            items.extend(self.read_many(keys).await?);
        }
        Ok(items)
    }
}

/// The keys of a contact and of the subscriptions that a record names.
fn keys_of(
    organization: &OrganizationId,
    id: &ContactId,
    record: &ContactRecord,
) -> impl Iterator<Item = Key> {
    let subscriptions = record.subscriptions.keys();
    std::iter::once(Key::contact(organization, id)).chain(
        subscriptions.map(move |subscription| Key::subscription(organization, id, subscription)),
    )
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
            let owner = items.get(&Key::email_owner(import.organization, address))?;
            Some((address.normal_form().to_owned(), owner))
        })
        .map(|(address, owner)| Ok((address, owner_id(owner)?)))
        .collect()
}

/// What there is of a record's contact. Nothing where the record is rejected for it.
fn state(
    import: &Import<'_>,
    work: &mut Work,
    items: &HashMap<Key, Item>,
) -> Result<Option<State>, DatabaseError> {
    let owners = owners(import, &work.record, items)?;
    let distinct: BTreeSet<_> = owners.values().collect();
    let (id, is_owner) = match (&work.record.id, distinct.first()) {
        (Some(id), _) => (id.clone(), false),
        (None, Some(_)) if distinct.len() > 1 => {
            work.reject(ImportRefusal::SeveralOwners);
            return Ok(None);
        }
        (None, Some(owner)) => ((*owner).clone(), true),
        (None, None) => (work.new_id.clone(), false),
    };
    let item = items.get(&Key::contact(import.organization, &id));
    if is_owner && item.is_none() {
        work.reject(ImportRefusal::OwnerMissing);
        return Ok(None);
    }
    let mut is_one = true;
    let mut subscriptions = BTreeMap::new();
    for subscription in work.record.subscriptions.keys() {
        let key = Key::subscription(import.organization, &id, subscription);
        let found = items.get(&key);
        is_one &= item.is_none_or(|item| are_of_one_state(item, &key, found));
        if let Some(found) = found {
            let (subscription, found) = export::identified(&key, found.clone())?;
            subscriptions.insert(subscription, found);
        }
    }
    let is_left_by_this = item.is_some_and(|item| {
        item.get(CHANGE_REQUEST_ID)
            .is_some_and(|id| id.as_s() == Ok(&work.request_id))
    });
    let contact = item.cloned().map(contact).transpose()?;
    Ok(Some(State {
        left_by_this: contact
            .as_ref()
            .filter(|_| is_left_by_this)
            .map(|contact| contact.version),
        id,
        contact,
        subscriptions,
        owners,
        is_one,
    }))
}
