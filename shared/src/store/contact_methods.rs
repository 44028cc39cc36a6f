//! Adding a phone number or an e-mail address to a contact, and removing one: a read, and a write of what is otherwise.
//!
//! With an address its owner is read and written as well: an address of a contact is no other contact's.

use std::collections::BTreeMap;

use super::edit::{Edit, OwnerEdit};
use super::items::{contact, grows_too_large, is_as_left_by, owner_id};
use super::keys::Key;
use super::{ChangeError, ChangeMetadata, Store};
use crate::domain::{
    Contact, ContactId, ExpectedVersion, MethodValue, NewMethod, Outcome, SubscribedContact, Tenant,
};

/// A phone number or e-mail address to be added to a contact, or removed from it.
#[derive(Debug, Clone)]
pub struct EditMethod {
    /// Which.
    pub value: MethodValue,
    /// What to do with it.
    pub kind: EditMethodKind,
    /// At which version the contact must be.
    pub expected_version: ExpectedVersion,
    /// Who does it, when, on which request.
    pub metadata: ChangeMetadata,
}

/// What to do with a phone number or e-mail address of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditMethodKind {
    /// Add it, unverified. One that is there stays as it is, but can become the main one of its kind.
    Add {
        /// Whether it becomes the main one of its kind. The first does in any case.
        is_primary: bool,
    },
    /// Take it off, with all that is known of it.
    Remove,
}

impl Store {
    /// Adds or removes a contact method, and answers what that did and the contact as it then stands.
    ///
    /// # Errors
    /// Why nothing was written.
    pub async fn edit_method(
        &self,
        tenant: &Tenant,
        id: &ContactId,
        edit: &EditMethod,
    ) -> Result<(Outcome, Contact), ChangeError> {
        self.retried(|| Box::pin(self.try_edit_method(tenant, id, edit)))
            .await
    }

    async fn try_edit_method(
        &self,
        tenant: &Tenant,
        id: &ContactId,
        method_edit: &EditMethod,
    ) -> Result<(Outcome, Contact), ChangeError> {
        let organization = tenant.organization();
        let key = Key::contact(organization, id);
        let owner_key = match &method_edit.value {
            MethodValue::Phone(_) => None,
            MethodValue::Email(address) => Some(Key::email_owner(organization, address)),
        };
        let keys: Vec<_> = [&key].into_iter().chain(&owner_key).collect();
        let mut items = self.read_items(&keys).await?.into_iter();
        let (item, owner) = (items.next().flatten(), items.next().flatten());
        let item = item.ok_or(ChangeError::ContactNotFound)?;
        let owner = owner.as_ref().map(owner_id).transpose()?;
        let is_our_own = is_as_left_by(&item, &method_edit.metadata);
        let before = SubscribedContact {
            contact: contact(item)?,
            subscriptions: BTreeMap::new(),
        };
        if is_our_own {
            // An earlier attempt of this very request did it, and its answer got lost.
            return Ok((Outcome::Updated, before.contact));
        }
        let has_method = before.contact.method(&method_edit.value).is_some();
        if method_edit.kind == EditMethodKind::Remove && !has_method {
            return Err(ChangeError::MethodNotFound);
        }
        let is_others = owner.as_ref().is_some_and(|owner| owner != id);
        if method_edit.kind != EditMethodKind::Remove && !has_method && is_others {
            return Err(ChangeError::AddressTaken);
        }
        let version = before.contact.version;
        if !method_edit.expected_version.allows(version) {
            return Err(ChangeError::VersionMismatch(Some(version)));
        }
        let mut after = before.clone();
        let mut owners = Vec::new();
        let address = method_edit.value.normal_form().to_owned();
        let is_address = matches!(method_edit.value, MethodValue::Email(_));
        match method_edit.kind {
            EditMethodKind::Add { is_primary } => {
                // One that the contact has already is left to whoever owns it.
                if is_address && (!has_method || owner.is_none()) {
                    owners.push(OwnerEdit::Claim(address));
                }
                after.contact.add_method(NewMethod {
                    value: method_edit.value.clone(),
                    is_primary: is_primary.then_some(true),
                    verification: None,
                });
            }
            EditMethodKind::Remove => {
                after.contact.remove_method(&method_edit.value);
                match owner {
                    _ if !is_address => {}
                    Some(owner) if owner == *id => owners.push(OwnerEdit::Release(address)),
                    // Of a seed's contacts with one address, the first owns it.
                    other => owners.push(OwnerEdit::Leave(address, other)),
                }
            }
        }
        let edit = Edit {
            before: Some(&before),
            after: &after,
            owners,
        };
        if !edit.changes() {
            return Ok((Outcome::Unchanged, before.contact));
        }
        if grows_too_large(Some(&before.contact), &after.contact) {
            return Err(ChangeError::TooLarge);
        }
        self.write_edit(&edit, &method_edit.metadata).await?;
        let version = edit.version();
        after.contact.version = version;
        after.contact.updated_at = method_edit.metadata.now;
        Ok((Outcome::Updated, after.contact))
    }
}
