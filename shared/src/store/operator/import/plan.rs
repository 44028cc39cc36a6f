//! Plans the next write of a record: a pure function of the record and of what the table holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Existing, Import, ImportOutcome, ImportRefusal};
use crate::domain::{
    Contact, ContactId, ContactRecord, EmailValidation, MethodValue, OrganizationId,
    SubscribedContact, Subscription, SubscriptionId, Timestamp, ValidationPatch,
};
use crate::store::edit::{Edit, OwnerEdit};
use crate::store::operator::bulk::MAX_ITEMS;
use crate::store::read::Snapshot;

/// Most addresses that one write claims: a transaction is of them and the contact.
pub(super) const MAX_CLAIMS: usize = MAX_ITEMS - 1;

/// What the table holds of the contact that a record is about.
pub(super) struct State {
    /// The id of the contact, which need not exist.
    pub(super) id: ContactId,
    /// The contact, if it exists, with those of its subscriptions that the record names.
    pub(super) snapshot: Option<Snapshot>,
    /// Subscriptions of a contact that does not exist yet. An interrupted import has left them.
    pub(super) leftovers: BTreeSet<SubscriptionId>,
    /// Who owns the record's addresses, by normal form; `None` for an owner that cannot be read.
    pub(super) owners: HashMap<String, Option<ContactId>>,
}

impl State {
    fn contact(&self) -> Option<&Contact> {
        let snapshot = self.snapshot.as_ref()?;
        Some(&snapshot.state.contact)
    }
}

/// What to do with a record.
pub(super) enum Plan {
    /// Nothing: the contact agrees with the record.
    Nothing,
    /// Send this write.
    Write(Box<Write>),
    /// Reject the record.
    Refuse(ImportRefusal),
}

/// A change of one contact.
pub(super) struct Write {
    /// The change.
    pub(super) edit: Edit,
    /// Subscriptions of a new contact that have no room in one transaction with it. They are written before it, so that an
    /// interrupted import finds no contact and completes it.
    pub(super) surplus: Vec<(SubscriptionId, Subscription)>,
    /// Whether nothing of the record is left for another write.
    pub(super) is_last: bool,
}

impl Write {
    /// What it does.
    pub(super) fn outcome(&self) -> ImportOutcome {
        match self.edit.version_before() {
            None => ImportOutcome::Created,
            Some(_) => ImportOutcome::Updated,
        }
    }
}

/// Plans the next write of a record.
pub(super) fn plan(
    import: &Import<'_>,
    record: &ContactRecord,
    state: State,
    now: Timestamp,
) -> Plan {
    let stored = state.snapshot.as_ref().map(|snapshot| &snapshot.state);
    let is_kept = import.existing == Existing::Keep && stored.is_some();
    let mut claimed = match claims(import, record, &state) {
        Ok(claimed) => claimed,
        Err(refusal) => return Plan::Refuse(refusal),
    };
    // What has no room in this write comes with the next one.
    let mut is_last = claimed.len() <= MAX_CLAIMS;
    claimed.truncate(MAX_CLAIMS);

    let mut room = MAX_ITEMS - 1 - claimed.len();
    let mut subscriptions = BTreeMap::new();
    let mut surplus = Vec::new();
    for (id, patch) in &record.subscriptions {
        if state.leftovers.contains(id) {
            // Once the contact exists, they are its subscriptions.
            is_last = false;
            continue;
        }
        let before = stored.and_then(|stored| stored.subscriptions.get(id));
        let after = patch.clone().apply(before.cloned(), now);
        if before.is_some_and(|before| is_kept || *before == after) {
            continue;
        }
        if room > 0 {
            room -= 1;
            subscriptions.insert(id.clone(), after);
        } else if stored.is_none() {
            surplus.push((id.clone(), after));
        } else {
            is_last = false;
        }
    }
    let after = SubscribedContact {
        contact: match stored {
            Some(stored) if is_kept => stored.contact.clone(),
            _ => applied(import.organization, record, &state, now),
        },
        subscriptions,
    };
    let owners = claimed.into_iter().map(OwnerEdit::Claim).collect();
    match Edit::new(state.snapshot, after, owners, now) {
        Err(_) => Plan::Refuse(ImportRefusal::TooLarge),
        Ok(edit) if edit.is_empty() => Plan::Nothing,
        Ok(edit) => Plan::Write(Box::new(Write {
            edit,
            surplus,
            is_last,
        })),
    }
}

/// The addresses without an owner that the contact gets. The import never takes an address from another contact.
fn claims(
    import: &Import<'_>,
    record: &ContactRecord,
    state: &State,
) -> Result<Vec<String>, ImportRefusal> {
    let stored = state.contact();
    let mut claimed = Vec::new();
    for (place, address) in record.own_addresses().enumerate() {
        let is_new = stored.is_none_or(|stored| !stored.has_address(address));
        if import.existing == Existing::Keep && stored.is_some() && (is_new || place < MAX_CLAIMS) {
            // A contact that is kept only gets the addresses that had no room in the write that created it.
            continue;
        }
        match state.owners.get(address.normal_form()) {
            None => claimed.push(address.normal_form().to_owned()),
            // The address was read before the contact, so the contact may have lost it since.
            Some(Some(owner)) if *owner == state.id => {
                if is_new {
                    claimed.push(address.normal_form().to_owned());
                }
            }
            Some(_) if import.existing == Existing::Keep => {}
            Some(None) => return Err(ImportRefusal::Unreadable),
            Some(Some(_)) if is_new => {
                let value = MethodValue::Email(address.clone());
                let mut methods = record.patch.methods.iter();
                let place = methods.position(|method| method.value == value);
                return Err(ImportRefusal::AddressTaken(place.unwrap_or_default()));
            }
            // The contact has the address already, and keeps it without owning it.
            Some(Some(_)) => {}
        }
    }
    Ok(claimed)
}

/// Whether a finding says something that the stored one does not. Of two the later counts, and one without a time is
/// earlier than one with.
fn is_news(said: &ValidationPatch, stored: &EmailValidation) -> bool {
    *stored == EmailValidation::default()
        || match (said.validated_at.flatten(), stored.validated_at) {
            (Some(said), Some(stored)) => said > stored,
            (None, Some(_)) => false,
            (_, None) => true,
        }
}

/// What the record makes of the contact, or of none.
fn applied(
    organization: &OrganizationId,
    record: &ContactRecord,
    state: &State,
    now: Timestamp,
) -> Contact {
    let mut patch = record.patch.clone();
    let created_at = patch.created_at.unwrap_or(now);
    let Some(stored) = state.contact() else {
        let mut contact = Contact::new(organization.clone(), state.id.clone(), created_at);
        patch.apply(&mut contact, now);
        contact.updated_at = record.updated_at.unwrap_or(created_at);
        return contact;
    };
    let is_news = |said: &ValidationPatch| is_news(said, &stored.email_validation);
    patch.email_validation = patch.email_validation.filter(is_news);
    let mut contact = stored.clone();
    patch.apply(&mut contact, now);
    contact
}

#[cfg(test)]
mod tests;
