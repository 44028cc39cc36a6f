//! Reads the table's state of the records' contacts.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::plan::{MAX_CLAIMS, State};
use super::work::Work;
use super::{Existing, Import, ImportRefusal};
use crate::domain::{ContactId, OrganizationId, Subscription, SubscriptionId, Tenant};
use crate::store::address::{FoundAddress, Inherited};
use crate::store::change::{Attempt, LastWrites};
use crate::store::erase::is_erased;
use crate::store::items::Item;
use crate::store::keys::Key;
use crate::store::read::Snapshot;
use crate::store::{DatabaseError, Store};

/// How many contacts are read at the same time with their subscriptions.
const CONCURRENT_READS: usize = 8;

/// The table's state for a record.
pub(super) struct Found {
    /// The last writes of the contact of an attempt, if the attempt is in doubt.
    pub(super) last: Option<LastWrites>,
    /// The contact.
    pub(super) contact: FoundContact,
}

/// The table's state of a record's contact, or the reason why the record is rejected. `None` for a kept contact that lacks
/// nothing: the import does not read its attributes.
type FoundContact = Result<Option<State>, ImportRefusal>;

impl Found {
    fn new(
        work: &Work,
        contact: FoundContact,
        items: &HashMap<Key, Item>,
    ) -> Result<Self, DatabaseError> {
        let mut found = Self {
            last: None,
            contact,
        };
        if let Some(attempt) = &work.attempt {
            found.last = attempt.last_writes(items.get(&attempt.key()), found.snapshot())?;
        }
        Ok(found)
    }

    /// The contact, if it exists.
    pub(super) fn snapshot(&self) -> Option<&Snapshot> {
        self.contact.as_ref().ok()?.as_ref()?.snapshot.as_ref()
    }
}

/// The contact that a record is about.
struct Target {
    id: ContactId,
    /// Whether the import found the contact by an address that it owns. Then the contact must exist.
    is_owner: bool,
    /// The record's addresses, by normal form.
    addresses: HashMap<String, Result<FoundAddress, DatabaseError>>,
}

/// A subscription of the record, and the two subscriptions of a former owner that it may inherit with its address. The two are
/// the one with the same id, and the one at audience level.
struct FormerSubscriptions<'a> {
    address: &'a str,
    id: &'a SubscriptionId,
    owner: &'a ContactId,
    levels: [SubscriptionId; 2],
}

impl FormerSubscriptions<'_> {
    fn keys(&self, organization: &OrganizationId) -> [Key; 2] {
        let [one, other] = &self.levels;
        [one, other].map(|id| Key::subscription(organization, self.owner, id))
    }
}

impl Target {
    /// The subscriptions of former owners that the record's subscriptions may inherit.
    fn former_subscriptions<'a>(&'a self, work: &'a Work) -> Vec<FormerSubscriptions<'a>> {
        let mut former = Vec::new();
        for (id, patch) in &work.record.subscriptions {
            let address = patch.address.as_deref().unwrap_or_default();
            if work.record.former_owners.contains_key(address) {
                // The record comes from an export, which contains inherited ends. A subscription may have begun again since.
                continue;
            }
            let Some(Ok(found)) = self.addresses.get(address) else {
                continue;
            };
            let owners = found.address.former_owners.iter();
            let owners = owners.filter(|owner| **owner != self.id);
            former.extend(owners.map(|owner| FormerSubscriptions {
                address,
                id,
                owner,
                levels: [
                    id.clone(),
                    SubscriptionId {
                        client: None,
                        ..id.clone()
                    },
                ],
            }));
        }
        former
    }

    /// The ended subscriptions that the contact inherits with the record's addresses.
    fn inherited(
        &self,
        work: &Work,
        organization: &OrganizationId,
        items: &HashMap<Key, Item>,
    ) -> Result<BTreeMap<(String, SubscriptionId), Subscription>, DatabaseError> {
        let mut inherited = BTreeMap::new();
        for former in self.former_subscriptions(work) {
            let items = former
                .keys(organization)
                .map(|key| items.get(&key).cloned());
            let subscriptions = former.levels.iter().zip(items);
            if let Some(ended) = Inherited::of(&former.levels, subscriptions)?.get(former.id) {
                let name = (former.address.to_owned(), former.id.clone());
                inherited.entry(name).or_insert(ended);
            }
        }
        for (id, patch) in &work.record.subscriptions {
            let address = patch.address.clone().unwrap_or_default();
            if let Some(Ok(found)) = self.addresses.get(&address)
                && !work.record.former_owners.contains_key(&address)
            {
                let levels = [id.clone(), id.clone()];
                let erased = Inherited::default().with_erased(&levels, found.address.ended_at);
                if let Some(ended) = erased.get(id) {
                    inherited.entry((address, id.clone())).or_insert(ended);
                }
            }
        }
        Ok(inherited)
    }
}

impl Store {
    /// The table's state for each of these records.
    pub(super) async fn states(
        &self,
        import: &Import<'_>,
        works: &[&mut Work],
    ) -> Result<Vec<Found>, DatabaseError> {
        let organization = import.organization;
        let addresses = works.iter().flat_map(|work| work.record.own_addresses());
        let addresses =
            addresses.map(|address| Key::address_of(organization, address.normal_form()));
        let addresses = self.read_many(addresses.collect()).await?;
        let targets: Vec<_> = works
            .iter()
            .map(|work| target(import, work, &addresses))
            .collect();
        let mut keys = HashSet::new();
        for (work, target) in works.iter().zip(&targets) {
            keys.extend(work.attempt.as_ref().map(Attempt::key));
            let Ok(target) = target else { continue };
            keys.insert(Key::contact(organization, &target.id));
            let subscriptions = work.record.subscriptions.keys();
            keys.extend(subscriptions.map(|id| Key::subscription(organization, &target.id, id)));
            for former in target.former_subscriptions(work) {
                keys.extend(former.keys(organization));
            }
        }
        let items = &self.read_many(keys).await?;
        // The erasure of a former owner changes the address before it deletes the subscriptions. So if the addresses have not changed,
        // the reads of the subscriptions are complete.
        let inherited = works.iter().zip(&targets).flat_map(|(work, target)| {
            let former = target.iter().flat_map(|it| it.former_subscriptions(work));
            former.map(|former| Key::address_of(organization, former.address))
        });
        for (key, item) in self.read_many(inherited.collect()).await? {
            if addresses.get(&key) != Some(&item) {
                let why = "an address was changed after it was read";
                return Err(DatabaseError::LostRace(why.into()));
            }
        }
        stream::iter(targets.into_iter().enumerate())
            .map(|(index, target)| async move {
                let work = &works[index];
                let contact = match target {
                    Ok(target) => self.state(import, work, target, items).await,
                    Err(refusal) => Ok(Err(refusal)),
                };
                let found = contact.and_then(|contact| Found::new(work, contact, items));
                match found {
                    // The import continues with the other records.
                    Err(DatabaseError::UnreadableItem { .. }) => Ok(Found {
                        last: None,
                        contact: Err(ImportRefusal::Unreadable),
                    }),
                    found => found,
                }
            })
            .buffered(CONCURRENT_READS)
            .try_collect()
            .await
    }

    /// The table's state of a record's contact. The reads of `items` are not one snapshot. So a contact with subscriptions is
    /// read again together with them: the plan needs a consistent snapshot.
    async fn state(
        &self,
        import: &Import<'_>,
        work: &Work,
        target: Target,
        items: &HashMap<Key, Item>,
    ) -> Result<FoundContact, DatabaseError> {
        let organization = import.organization;
        let key = Key::contact(organization, &target.id);
        let contact = items.get(&key);
        if target.is_owner && contact.is_none() {
            // The reads may have seen only a part of a transaction. A read in a transaction must find the contact.
            return match self.read_at_once([key]).await?.pop().flatten() {
                Some(_) => Err(DatabaseError::LostRace("the contact is new".into())),
                None => Ok(Err(ImportRefusal::OwnerMissing)),
            };
        }
        if contact.is_some_and(is_erased) {
            // A seed does not change existing contacts, and loading the demo data again must succeed.
            let is_kept = import.existing == Existing::Keep;
            return Ok(if is_kept {
                Ok(None)
            } else {
                Err(ImportRefusal::Erased)
            });
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
        Ok(Ok(Some(State {
            inherited: target.inherited(work, organization, items)?,
            id: target.id,
            snapshot: snapshot?,
            addresses: target.addresses,
        })))
    }
}

/// The contact that a record is about: the contact with its id, otherwise the owner of its addresses, otherwise a new contact.
fn target(
    import: &Import<'_>,
    work: &Work,
    addresses: &HashMap<Key, Item>,
) -> Result<Target, ImportRefusal> {
    let found = work.record.own_addresses().map(|address| {
        let normal_form = address.normal_form();
        let item = addresses.get(&Key::address_of(import.organization, normal_form));
        let found = FoundAddress::new(normal_form, item.cloned());
        (normal_form.to_owned(), found)
    });
    let found: HashMap<_, _> = found.collect();
    let owners = found.values().flatten().filter_map(FoundAddress::owner);
    let mut owning: BTreeSet<_> = match &work.record.id {
        None => owners.cloned().collect(),
        Some(_) => BTreeSet::new(),
    };
    let owner = owning.pop_first();
    if !owning.is_empty() {
        return Err(ImportRefusal::SeveralOwners);
    }
    Ok(Target {
        is_owner: owner.is_some(),
        id: owner.unwrap_or_else(|| work.new_id.clone()),
        addresses: found,
    })
}
