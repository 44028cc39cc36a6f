//! Plans the next write of a record: a pure function of the record and of the table's state.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::{Existing, Import, ImportOutcome, ImportRefusal};
use crate::domain::{
    Address, Contact, ContactId, ContactRecord, EmailAddress, MethodValue, OrganizationId,
    SubscribedContact, Subscription, SubscriptionId, Timestamp, Version,
};
use crate::store::address::{AddressEdit, FoundAddress};
use crate::store::edit::Edit;
use crate::store::operator::bulk::MAX_ITEMS;
use crate::store::read::Snapshot;
use crate::store::{ChangeMetadata, DatabaseError};

/// The maximum number of addresses that one write claims. The transaction also contains the contact.
pub(super) const MAX_CLAIMS: usize = MAX_ITEMS - 1;

/// The table's state of the contact that a record is about.
pub(super) struct State {
    /// The id of the contact. The contact may not exist yet.
    pub(super) id: ContactId,
    /// The contact, if it exists, with those of its subscriptions that the record names.
    pub(super) snapshot: Option<Snapshot>,
    /// The record's addresses, by normal form.
    pub(super) addresses: HashMap<String, Result<FoundAddress, DatabaseError>>,
    /// The ended subscriptions that the contact inherits with an address, by the normal form of the address.
    pub(super) inherited: BTreeMap<(String, SubscriptionId), Subscription>,
}

impl State {
    fn contact(&self) -> Option<&Contact> {
        let snapshot = self.snapshot.as_ref()?;
        Some(&snapshot.state.contact)
    }
}

/// The next step of an import for a record.
pub(super) enum Plan {
    /// Nothing: the table agrees with the record.
    Nothing,
    /// Send this write.
    Write(Box<Write>),
    /// Reject the record.
    Refuse(ImportRefusal),
}

/// A change of one contact, or of one address that nobody owns.
pub(super) struct Write {
    /// The change.
    pub(super) edit: WriteEdit,
    /// The outcome of the record after the write.
    pub(super) outcome: ImportOutcome,
    /// Whether the record needs no further write.
    pub(super) is_last: bool,
}

/// The change that a write makes.
pub(super) enum WriteEdit {
    /// A contact.
    Contact(Box<Edit>),
    /// An address that nobody owns.
    Address(Box<AddressEdit>),
}

impl WriteEdit {
    /// The items of the write's transaction.
    ///
    /// # Errors
    /// When an item cannot be written.
    pub(super) fn transact_items(
        &self,
        table: &str,
        organization: &OrganizationId,
        metadata: &ChangeMetadata,
    ) -> Result<Vec<TransactWriteItem>, DatabaseError> {
        match self {
            Self::Contact(edit) => edit.transact_items(table, metadata),
            Self::Address(edit) => {
                // No contact changes, so the item does not get a contact's version.
                let item = edit.write(table, organization, Version::UNWRITTEN, metadata)?;
                Ok(vec![item])
            }
        }
    }
}

/// Plans the next write of a record. `is_new` means that this import created the contact.
pub(super) fn plan(
    import: &Import<'_>,
    record: &ContactRecord,
    state: State,
    is_new: bool,
    now: Timestamp,
) -> Plan {
    if record.is_address && state.snapshot.is_none() {
        return plan_address(record, state, now);
    }
    let stored = state.snapshot.as_ref().map(|snapshot| &snapshot.state);
    let is_kept = import.existing == Existing::Keep && stored.is_some();
    let mut claimed = match claims(import, record, &state) {
        Ok(claimed) => claimed,
        Err(refusal) => return Plan::Refuse(refusal),
    };
    // The next write claims the addresses that have no room in this one.
    let mut is_last = claimed.len() <= MAX_CLAIMS;
    claimed.truncate(MAX_CLAIMS);

    let received: Vec<_> = claimed.iter().map(|found| found.address.clone()).collect();
    let contact = match stored {
        Some(stored) if is_kept => {
            let mut kept = stored.contact.clone();
            for address in &received {
                kept.receive(address);
            }
            kept
        }
        _ => applied(import.organization, record, &state, &received, now),
    };
    let mut subscriptions = changed_subscriptions(record, &state, &contact, is_kept, now);
    let room = MAX_ITEMS - 1 - claimed.len();
    is_last &= subscriptions.len() <= room;
    subscriptions.truncate(room);
    let after = SubscribedContact {
        contact,
        subscriptions: subscriptions.into_iter().collect(),
    };
    let claims = claimed.into_iter().map(|address| {
        let former = record.former_owners.get(&address.address.normal_form);
        let former = former.into_iter().flatten();
        AddressEdit::claim(address, &after.contact.id).with_former_owners(former)
    });
    let claims = claims.collect();
    let (outcome, updated_at) = match stored {
        None => (ImportOutcome::Created, now),
        Some(stored) if is_new => (ImportOutcome::Created, stored.contact.updated_at),
        Some(_) => (ImportOutcome::Updated, now),
    };
    match Edit::new(state.snapshot, after, claims, updated_at) {
        Err(_) => Plan::Refuse(ImportRefusal::TooLarge),
        Ok(edit) if edit.is_empty() => Plan::Nothing,
        Ok(edit) => Plan::Write(Box::new(Write {
            edit: WriteEdit::Contact(Box::new(edit)),
            outcome,
            is_last,
        })),
    }
}

/// The subscriptions that the record changes. For a kept contact: only the subscriptions that it lacks.
fn changed_subscriptions(
    record: &ContactRecord,
    state: &State,
    contact: &Contact,
    is_kept: bool,
    now: Timestamp,
) -> Vec<(SubscriptionId, Subscription)> {
    let stored = state.snapshot.as_ref();
    let mut changed = Vec::new();
    for (id, patch) in &record.subscriptions {
        let before = stored.and_then(|stored| stored.state.subscriptions.get(id));
        let mut patch = patch.clone();
        let inherited = patch.address.clone();
        let inherited = inherited.and_then(|address| state.inherited.get(&(address, id.clone())));
        if before.is_some_and(|before| before.address.is_some()) {
            // The client may have named this address after the file was made.
            patch.address = None;
        }
        let after = patch.apply(before.or(inherited).cloned(), contact, now);
        if before.is_none_or(|before| !is_kept && *before != after) {
            changed.push((id.clone(), after));
        }
    }
    changed
}

/// Plans the write of an address that nobody owns.
fn plan_address(record: &ContactRecord, mut state: State, now: Timestamp) -> Plan {
    let mut methods = record.patch.methods.iter();
    let Some(method) = methods.next() else {
        return Plan::Nothing;
    };
    let normal_form = method.value.normal_form();
    let Some(Ok(found)) = state.addresses.remove(normal_form) else {
        return Plan::Refuse(ImportRefusal::Unreadable);
    };
    let outcome = if found.is_stored() {
        ImportOutcome::Updated
    } else {
        ImportOutcome::Created
    };
    let mut after = found.address.clone();
    let former = record.former_owners.get(normal_form);
    after.add_former_owners(former.into_iter().flatten());
    method.address.clone().apply(&mut after.suppression, now);
    let edit = AddressEdit::replace(found, after);
    if edit.is_empty() {
        return Plan::Nothing;
    }
    Plan::Write(Box::new(Write {
        edit: WriteEdit::Address(Box::new(edit)),
        outcome,
        is_last: true,
    }))
}

/// The addresses that the write claims for the contact. The import never takes an address from another contact.
fn claims(
    import: &Import<'_>,
    record: &ContactRecord,
    state: &State,
) -> Result<Vec<FoundAddress>, ImportRefusal> {
    let stored = state.contact();
    let mut claimed = Vec::new();
    for (place, address) in record.own_addresses().enumerate() {
        let is_new = stored.is_none_or(|stored| !stored.has_address(address));
        if import.existing == Existing::Keep && stored.is_some() && (is_new || place < MAX_CLAIMS) {
            // A kept contact only claims the addresses that had no room in the write that created it.
            continue;
        }
        let found = match state.addresses.get(address.normal_form()) {
            Some(Ok(found)) => found,
            _ if import.existing == Existing::Keep => continue,
            _ => return Err(ImportRefusal::Unreadable),
        };
        match found.owner() {
            None => claimed.push(found.clone()),
            // The address was read before the contact, so the contact may have lost it since.
            Some(owner) if *owner == state.id => {
                if is_new {
                    claimed.push(found.clone());
                }
            }
            // The contact has the address without owning it.
            Some(_) if import.existing == Existing::Keep || !is_new => {}
            Some(_) => return Err(ImportRefusal::AddressTaken(place_of(address, record))),
        }
    }
    Ok(claimed)
}

/// The place of an address among the record's contact methods.
fn place_of(address: &EmailAddress, record: &ContactRecord) -> usize {
    let value = MethodValue::Email(address.clone());
    let mut methods = record.patch.methods.iter();
    let place = methods.position(|method| method.value == value);
    place.unwrap_or_default()
}

/// The stored contact, or a new one, with the record applied.
fn applied(
    organization: &OrganizationId,
    record: &ContactRecord,
    state: &State,
    received: &[Address],
    now: Timestamp,
) -> Contact {
    let patch = record.patch.clone();
    let created_at = patch.created_at.unwrap_or(now);
    let Some(stored) = state.contact() else {
        let mut contact = Contact::new(organization.clone(), state.id.clone(), created_at);
        patch.apply(&mut contact, received, now);
        contact.updated_at = record.updated_at.unwrap_or(created_at);
        return contact;
    };
    let mut contact = stored.clone();
    patch.apply(&mut contact, received, now);
    contact
}

#[cfg(test)]
mod tests;
