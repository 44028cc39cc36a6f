//! What a record makes of a contact, or of none: a pure function of the record and of what there is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Existing, Import, ImportOutcome, ImportRefusal};
use crate::domain::{
    Contact, ContactId, ContactPatch, ContactRecord, EmailValidation, MethodValue, NewMethod,
    OrganizationId, SubscribedContact, Subscription, SubscriptionId, Timestamp, ValidationPatch,
};
use crate::store::edit::{Edit, OwnerEdit};
use crate::store::items::grows_too_large;
use crate::store::operator::bulk::MAX_ITEMS;
use crate::store::read::Snapshot;
use crate::store::{ChangeError, DatabaseError};

/// Most addresses that one write claims: a transaction is of them and the contact.
pub(super) const MAX_CLAIMS: usize = MAX_ITEMS - 1;

/// What the table holds of the contact that a record is about.
pub(super) struct State {
    /// Which contact it is, or will be.
    pub(super) id: ContactId,
    /// The contact, if it exists, with those of its subscriptions that the record names.
    pub(super) snapshot: Option<Snapshot>,
    /// Subscriptions of a contact that does not exist yet: an import was interrupted before it came to the contact.
    pub(super) leftovers: BTreeSet<SubscriptionId>,
    /// Who owns the record's addresses, by normal form.
    pub(super) owners: HashMap<String, ContactId>,
}

/// What to do.
pub(super) enum Plan {
    /// All is as the record says.
    Nothing,
    /// Write this.
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
    /// Whether that is all that the record says.
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

/// Decides.
///
/// # Errors
/// Never: too large contacts are refused before.
pub(super) fn plan(
    import: &Import<'_>,
    record: &ContactRecord,
    state: State,
    now: Timestamp,
) -> Result<Plan, DatabaseError> {
    let State {
        id,
        snapshot,
        leftovers,
        owners,
    } = state;
    let stored = snapshot.as_ref().map(|snapshot| &snapshot.state);
    let additions;
    let record = match (import.existing, stored) {
        (Existing::Keep, Some(stored)) => {
            additions = missing(record, stored);
            &additions
        }
        _ => record,
    };
    let stored_contact = stored.map(|stored| &stored.contact);
    let mut claimed = match claims(import, record, &id, stored_contact, &owners) {
        Ok(claimed) => claimed,
        Err(refusal) => return Ok(Plan::Refuse(refusal)),
    };
    let mut patch = record.patch.clone();
    if let (Some(said), Some(stored)) = (&patch.email_validation, stored_contact)
        && !is_news(said, &stored.email_validation)
    {
        patch.email_validation = None;
    }
    let applied = |patch| applied(import.organization, record, &id, stored_contact, patch, now);
    let mut contact = applied(patch.clone());
    if grows_too_large(stored_contact, &contact) {
        return Ok(Plan::Refuse(ImportRefusal::TooLarge));
    }
    let mut is_last = true;
    if claimed.len() > MAX_CLAIMS {
        claimed.truncate(MAX_CLAIMS);
        if import.existing == Existing::Update {
            cut_after(&mut patch, &claimed[MAX_CLAIMS - 1]);
            contact = applied(patch);
        }
        is_last = false;
    }

    let mut room = MAX_ITEMS - 1 - claimed.len();
    let mut subscriptions = BTreeMap::new();
    let mut surplus = Vec::new();
    for (id, patch) in &record.subscriptions {
        if leftovers.contains(id) {
            // Once the contact exists, they are its subscriptions.
            is_last = false;
            continue;
        }
        let before = stored.and_then(|stored| stored.subscriptions.get(id));
        let after = patch.clone().apply(before.cloned(), now);
        if before == Some(&after) {
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
        contact,
        subscriptions,
    };
    let owners = claimed.into_iter().map(OwnerEdit::Claim).collect();
    Ok(match Edit::new(snapshot, after, owners, now) {
        Err(ChangeError::Database(error)) => return Err(error),
        Err(_) => Plan::Refuse(ImportRefusal::TooLarge),
        Ok(None) => Plan::Nothing,
        Ok(Some(edit)) => Plan::Write(Box::new(Write {
            edit,
            surplus,
            is_last,
        })),
    })
}

/// What a record adds to a contact that is kept: the subscriptions that it lacks, and the ownership of those addresses that
/// had no room in the transaction that created it.
fn missing(record: &ContactRecord, stored: &SubscribedContact) -> ContactRecord {
    let unclaimed = record.own_addresses().skip(MAX_CLAIMS);
    let unclaimed = unclaimed.filter(|address| stored.contact.has_address(address));
    let is_missing = |id: &SubscriptionId| !stored.subscriptions.contains_key(id);
    let subscriptions = record.subscriptions.iter();
    ContactRecord {
        id: record.id.clone(),
        patch: ContactPatch {
            methods: unclaimed
                .map(|address| NewMethod {
                    value: MethodValue::Email(address.clone()),
                    is_primary: None,
                    verification: None,
                })
                .collect(),
            ..ContactPatch::default()
        },
        subscriptions: subscriptions
            .filter(|(id, _)| is_missing(id))
            .map(|(id, patch)| (id.clone(), patch.clone()))
            .collect(),
        ..ContactRecord::default()
    }
}

/// The addresses that nobody owns and the contact shall. None is ever taken from another contact.
fn claims(
    import: &Import<'_>,
    record: &ContactRecord,
    id: &ContactId,
    stored: Option<&Contact>,
    owners: &HashMap<String, ContactId>,
) -> Result<Vec<String>, ImportRefusal> {
    let mut claimed = Vec::new();
    for address in record.own_addresses() {
        let value = MethodValue::Email(address.clone());
        let is_new = stored.is_none_or(|stored| stored.method(&value).is_none());
        match owners.get(address.normal_form()) {
            None => claimed.push(address.normal_form().to_owned()),
            // Read before the contact, it may not be the owner any more.
            Some(owner) if owner == id && is_new => {
                claimed.push(address.normal_form().to_owned());
            }
            Some(owner) if owner == id => {}
            Some(_) => {
                // One that it has already is left to it, whoever owns it.
                if is_new && import.existing == Existing::Update {
                    let mut methods = record.patch.methods.iter();
                    let place = methods.position(|method| method.value == value);
                    return Err(ImportRefusal::AddressTaken(place.unwrap_or_default()));
                }
            }
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

/// Leaves out the addresses after this one: they come with the next write.
fn cut_after(patch: &mut ContactPatch, last: &str) {
    let mut is_before = true;
    patch.methods.retain(|method| {
        let is_email = matches!(method.value, MethodValue::Email(_));
        let stays = is_before || !is_email;
        is_before &= !is_email || method.value.normal_form() != last;
        stays
    });
}

/// What these patch make of the contact, or of none.
fn applied(
    organization: &OrganizationId,
    record: &ContactRecord,
    id: &ContactId,
    stored: Option<&Contact>,
    patch: ContactPatch,
    now: Timestamp,
) -> Contact {
    let created_at = patch.created_at.unwrap_or(now);
    let mut contact = stored
        .cloned()
        .unwrap_or_else(|| Contact::new(organization.clone(), id.clone(), created_at));
    patch.apply(&mut contact, now);
    if stored.is_none() {
        contact.updated_at = record.updated_at.unwrap_or(created_at);
    }
    contact
}

#[cfg(test)]
mod tests;
