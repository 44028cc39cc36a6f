//! Adding a phone number or an e-mail address to a contact, and removing one.
//!
//! With an address its owner is read and written as well: an address of a contact is no other contact's.

use std::collections::BTreeMap;

use super::change::{Change, Found};
use super::edit::{Edit, OwnerEdit};
use super::items::owner_id;
use super::keys::Key;
use super::read::Snapshot;
use super::{ChangeError, ChangeMetadata, Store};
use crate::domain::{Contact, ContactId, ExpectedVersion, MethodValue, NewMethod, Outcome, Tenant};

/// A request to add a phone number or e-mail address to a contact, or to remove it.
#[derive(Debug, Clone)]
pub struct EditMethod {
    /// Which.
    pub value: MethodValue,
    /// What to do with it.
    pub kind: EditMethodKind,
    /// The versions at which the contact may be.
    pub expected_version: ExpectedVersion,
    /// Who asks for it, when, on which request.
    pub metadata: ChangeMetadata,
}

/// What to do with a phone number or e-mail address of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditMethodKind {
    /// Add it, unverified. A method that the contact has stays as it is, but can become the primary one of its kind.
    Add {
        /// Whether it becomes the primary one of its kind. The first does in any case.
        is_primary: bool,
    },
    /// Remove it, with all that is known of it.
    Remove,
}

impl Store {
    /// Adds or removes a contact method, and answers what that did and the contact afterwards.
    ///
    /// # Errors
    /// Why nothing was written, or [`ChangeError::FateUnknown`].
    pub async fn edit_method(
        &self,
        tenant: &Tenant,
        id: &ContactId,
        request: &EditMethod,
    ) -> Result<(Outcome, Contact), ChangeError> {
        let change = EditingMethod {
            tenant,
            id,
            request,
        };
        self.change(&change, &request.metadata).await
    }
}

struct EditingMethod<'a> {
    tenant: &'a Tenant,
    id: &'a ContactId,
    request: &'a EditMethod,
}

impl Change for EditingMethod<'_> {
    type Answer = (Outcome, Contact);

    async fn read(&self, store: &Store, _: Option<&ContactId>) -> Result<Found, ChangeError> {
        let organization = self.tenant.organization();
        let MethodValue::Email(address) = &self.request.value else {
            let contact = store.read_contact(self.tenant, self.id, &[]).await?;
            return Ok(contact.into());
        };
        let keys = [
            Key::contact(organization, self.id),
            Key::address(organization, address),
        ];
        let mut items = store.read_at_once(keys).await?.into_iter();
        let contact = items.next().flatten();
        let address = items.next().flatten();
        Ok(Found {
            snapshot: contact
                .map(|contact| Snapshot::new(contact, BTreeMap::new()))
                .transpose()?,
            owner: address.as_ref().map(owner_id).transpose()?,
        })
    }

    fn plan(&self, found: Found) -> Result<Edit, ChangeError> {
        let request = self.request;
        let before = found.snapshot.ok_or(ChangeError::ContactNotFound)?;
        let mut after = before.state.clone();
        let contact = &mut after.contact;
        let has_method = contact.method(&request.value).is_some();
        let is_taken = found.owner.as_ref().is_some_and(|owner| owner != self.id);
        match request.kind {
            EditMethodKind::Remove if !has_method => {
                return Err(ChangeError::MethodNotFound(request.value.kind()));
            }
            EditMethodKind::Add { .. } if !has_method && is_taken => {
                return Err(ChangeError::AddressTaken);
            }
            _ => {}
        }
        if !request.expected_version.allows(contact.version) {
            return Err(ChangeError::VersionMismatch(Some(contact.version)));
        }
        let owners = self.owner_edit(found.owner.as_ref(), has_method);
        match request.kind {
            EditMethodKind::Add { is_primary } => contact.add_method(NewMethod {
                value: request.value.clone(),
                is_primary: is_primary.then_some(true),
                verification: None,
            }),
            EditMethodKind::Remove => {
                contact.remove_method(&request.value);
            }
        }
        Edit::new(
            Some(before),
            after,
            Vec::from_iter(owners),
            request.metadata.now,
        )
    }

    fn answer(&self, edit: &Edit) -> Result<Self::Answer, ChangeError> {
        let outcome = if edit.is_empty() {
            Outcome::Unchanged
        } else {
            Outcome::Updated
        };
        Ok((outcome, edit.after().contact.clone()))
    }
}

impl EditingMethod<'_> {
    /// What becomes of the owner of the address, if the method is one.
    fn owner_edit(&self, owner: Option<&ContactId>, has_method: bool) -> Option<OwnerEdit> {
        let MethodValue::Email(address) = &self.request.value else {
            return None;
        };
        let address = address.normal_form().to_owned();
        match self.request.kind {
            // An address that the contact has already is left to its owner.
            EditMethodKind::Add { .. } => {
                (!has_method || owner.is_none()).then_some(OwnerEdit::Claim(address))
            }
            // Several contacts of a seed can have one address; the first owns it.
            EditMethodKind::Remove => {
                (owner == Some(self.id)).then_some(OwnerEdit::Release(address))
            }
        }
    }
}
