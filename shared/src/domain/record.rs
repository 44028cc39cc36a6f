//! A record of a file about a contact: whom it means, and what it says.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ContactId, ContactPatch, EmailAddress, MethodValue, SubscriptionId, SubscriptionPatch,
    Timestamp,
};

/// A record of a file about a contact.
///
/// Its contact is the one with its id, or, where it has none, the one that owns its e-mail addresses.
#[derive(Debug, Clone, Default)]
pub struct ContactRecord {
    /// The contact's id, if the record says it.
    pub id: Option<ContactId>,
    /// What it says of the contact.
    pub patch: ContactPatch,
    /// The normal forms of those of its e-mail addresses that another contact owns: they are the contact's too, but it is
    /// not found by them.
    pub owned_elsewhere: BTreeSet<String>,
    /// What it says of the contact's subscriptions.
    pub subscriptions: BTreeMap<SubscriptionId, SubscriptionPatch>,
    /// When the contact was last changed, if it does not exist yet.
    pub updated_at: Option<Timestamp>,
}

impl ContactRecord {
    /// The e-mail addresses by which the contact is found.
    pub fn own_addresses(&self) -> impl Iterator<Item = &EmailAddress> {
        self.patch
            .methods
            .iter()
            .filter_map(|method| match &method.value {
                MethodValue::Email(address) => Some(address),
                MethodValue::Phone(_) => None,
            })
            .filter(|address| !self.owned_elsewhere.contains(address.normal_form()))
    }
}
