//! Reads what the table holds of the records' contacts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::plan::{MAX_CLAIMS, State};
use super::work::Work;
use super::{Existing, Import, ImportRefusal};
use crate::domain::{ContactId, Tenant};
use crate::store::items::{Item, owner_id};
use crate::store::keys::Key;
use crate::store::read::Snapshot;
use crate::store::{DatabaseError, Store};

/// How many contacts are read at the same time with their subscriptions.
const CONCURRENT_READS: usize = 8;

/// What the table holds of a record's contact, or why the record is rejected. `None` for a contact that is kept and lacks
/// nothing; the import need not be able to read it.
type Found = Result<Option<State>, ImportRefusal>;

/// The contact that a record is about.
struct Target {
    id: ContactId,
    /// Whether the contact was found by an address that it owns, so that it exists.
    is_owner: bool,
    /// The owners of the record's addresses, by normal form; `None` for an owner that cannot be read.
    owners: HashMap<String, Option<ContactId>>,
}

impl Store {
    /// What the table holds of the contact of each of these records.
    pub(super) async fn states(
        &self,
        import: &Import<'_>,
        works: &[&mut Work],
    ) -> Result<Vec<Found>, DatabaseError> {
        let organization = import.organization;
        let addresses = works.iter().flat_map(|work| work.record.own_addresses());
        let addresses = addresses.map(|address| Key::address(organization, address));
        let addresses = self.read_many(addresses.collect()).await?;
        let targets: Vec<_> = works
            .iter()
            .map(|work| target(import, work, &addresses))
            .collect();
        let keys = works.iter().zip(&targets).flat_map(|(work, target)| {
            let id = target.as_ref().ok().map(|target| &target.id);
            id.into_iter().flat_map(|id| {
                let subscriptions = work.record.subscriptions.keys();
                let subscriptions =
                    subscriptions.map(|name| Key::subscription(organization, id, name));
                subscriptions.chain([Key::contact(organization, id)])
            })
        });
        let items = &self.read_many(keys.collect()).await?;
        stream::iter(targets.into_iter().enumerate())
            .map(|(index, target)| async move {
                match target {
                    Ok(target) => self.state(import, works[index], target, items).await,
                    Err(refusal) => Ok(Err(refusal)),
                }
            })
            .buffered(CONCURRENT_READS)
            .try_collect()
            .await
    }

    /// What the table holds of a record's contact. The items were read each by itself. A contact with subscriptions is
    /// read again together with them, so that the plan is made from one state of it.
    async fn state(
        &self,
        import: &Import<'_>,
        work: &Work,
        target: Target,
        items: &HashMap<Key, Item>,
    ) -> Result<Found, DatabaseError> {
        let organization = import.organization;
        let contact = items.get(&Key::contact(organization, &target.id));
        if target.is_owner && contact.is_none() {
            return Ok(Err(ImportRefusal::OwnerMissing));
        }
        let record = &work.record;
        let existing = record.subscriptions.keys().filter_map(|name| {
            let item = items.get(&Key::subscription(organization, &target.id, name))?;
            Some((name.clone(), item.clone()))
        });
        let existing: BTreeMap<_, _> = existing.collect();
        let is_complete = contact.is_some()
            && existing.len() == record.subscriptions.len()
            && record.own_addresses().nth(MAX_CLAIMS).is_none();
        if import.existing == Existing::Keep && is_complete && work.attempt.is_none() {
            return Ok(Ok(None));
        }
        let names: Vec<_> = existing.keys().cloned().collect();
        let snapshot = match contact {
            None => Ok(None),
            Some(contact) if names.is_empty() => Snapshot::new(contact.clone(), existing).map(Some),
            Some(_) => {
                let tenant = Tenant::new(organization.clone());
                self.read_whole(&tenant, &target.id, &names).await
            }
        };
        let snapshot = match snapshot {
            // The import goes on with the other records.
            Err(DatabaseError::UnreadableItem { .. }) => return Ok(Err(ImportRefusal::Unreadable)),
            snapshot => snapshot?,
        };
        Ok(Ok(Some(State {
            leftovers: match snapshot {
                None => names.into_iter().collect(),
                Some(_) => BTreeSet::new(),
            },
            id: target.id,
            snapshot,
            owners: target.owners,
        })))
    }
}

/// The contact that a record is about: the one with its id, or else the owner of its addresses, or else a new one.
fn target(
    import: &Import<'_>,
    work: &Work,
    addresses: &HashMap<Key, Item>,
) -> Result<Target, ImportRefusal> {
    let owners = work.record.own_addresses().filter_map(|address| {
        let item = addresses.get(&Key::address(import.organization, address))?;
        Some((address.normal_form().to_owned(), owner_id(item).ok()))
    });
    let owners: HashMap<_, _> = owners.collect();
    let mut owning: BTreeSet<_> = match &work.record.id {
        None => owners.values().flatten().collect(),
        Some(_) => BTreeSet::new(),
    };
    let owner = owning.pop_first();
    if !owning.is_empty() {
        return Err(ImportRefusal::SeveralOwners);
    }
    Ok(Target {
        id: owner.unwrap_or(&work.new_id).clone(),
        is_owner: owner.is_some(),
        owners,
    })
}
