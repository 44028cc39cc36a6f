//! A record about a contact in an import file.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ContactId, ContactPatch, EmailAddress, MethodValue, SubscriptionId, SubscriptionPatch,
    Timestamp,
};

/// A record about a contact in an import file.
///
/// The record's id identifies the contact. Without an id, the record belongs to the contact that owns its e-mail
/// addresses.
#[derive(Debug, Clone, Default)]
pub struct ContactRecord {
    /// The contact's id, if the record has one.
    pub id: Option<ContactId>,
    /// The changes of the contact.
    pub patch: ContactPatch,
    /// The normal forms of the record's e-mail addresses that the contact has but does not own. They do not identify it.
    pub not_owned: BTreeSet<String>,
    /// The former owners of the record's e-mail addresses, by normal form.
    pub former_owners: BTreeMap<String, Vec<ContactId>>,
    /// Whether the record is about an address that nobody owns. If nobody owns it in the table either, the import creates
    /// no contact.
    pub is_address: bool,
    /// The changes of the contact's subscriptions.
    pub subscriptions: BTreeMap<SubscriptionId, SubscriptionPatch>,
    /// The time of the last change, for a contact that does not exist yet.
    pub updated_at: Option<Timestamp>,
}

impl ContactRecord {
    /// The e-mail addresses that identify the contact.
    pub fn own_addresses(&self) -> impl Iterator<Item = &EmailAddress> {
        self.patch
            .methods
            .iter()
            .filter_map(|method| match &method.value {
                MethodValue::Email(address) => Some(address),
                MethodValue::Phone(_) => None,
            })
            .filter(|address| !self.not_owned.contains(address.normal_form()))
    }
}
