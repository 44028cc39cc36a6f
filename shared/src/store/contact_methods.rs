//! Adds a phone number or an e-mail address to a contact, or removes one.
//!
//! A change of an address also reads and writes the address's item, because an address has at most one owner.

use super::address::{AddressEdit, Inherited};
use super::change::{Change, Found};
use super::edit::Edit;
use super::{ChangeError, ChangeMetadata, Store};
use crate::domain::{Contact, ContactId, ExpectedVersion, MethodValue, Outcome, Tenant};

/// A request to add a phone number or e-mail address to a contact, or to remove it.
#[derive(Debug, Clone)]
pub struct EditMethod {
    /// The phone number or e-mail address.
    pub value: MethodValue,
    /// The action on the method.
    pub kind: EditMethodKind,
    /// The versions of the contact that the caller accepts.
    pub expected_version: ExpectedVersion,
    /// The actor, time, route and request of the change.
    pub metadata: ChangeMetadata,
}

/// The action on a phone number or e-mail address of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditMethodKind {
    /// Add it, unverified. A method that the contact already has keeps its verification, but can become the primary one of its
    /// kind.
    Add {
        /// Whether it becomes the primary one of its kind. The first method of a kind is always primary.
        is_primary: bool,
    },
    /// Remove it with its verifications. The facts that block mail to an address stay with the address.
    Remove,
}

impl Store {
    /// Adds or removes a contact method. Returns the outcome, and the contact after the change.
    ///
    /// # Errors
    /// The reason. Nothing was written, unless it is [`ChangeError::FateUnknown`] or `DatabaseError::InDoubt`.
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
        let MethodValue::Email(address) = &self.request.value else {
            let contact = store.read_contact(self.tenant, self.id, &[]).await?;
            return Ok(contact.into());
        };
        let (address, snapshot) = store
            .read_with_address(self.tenant, self.id, address.normal_form())
            .await?;
        Ok(Found {
            snapshot,
            address: Some(address),
            inherited: Inherited::default(),
        })
    }

    fn plan(&self, found: Found) -> Result<Edit, ChangeError> {
        let request = self.request;
        let before = found.snapshot.ok_or(ChangeError::ContactNotFound)?;
        let mut after = before.state.clone();
        let contact = &mut after.contact;
        let has_method = contact.method(&request.value).is_some();
        let owner = found.address.as_ref().and_then(|address| address.owner());
        let is_taken = owner.is_some_and(|owner| owner != self.id);
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
        let is_unowned = owner.is_none();
        let address = match request.kind {
            EditMethodKind::Add { is_primary } => {
                contact.add_method(&request.value, is_primary.then_some(true));
                // An address that the contact already has keeps its owner.
                let claimed = found.address.filter(|_| !has_method || is_unowned);
                claimed.map(|address| {
                    contact.receive(&address.address);
                    AddressEdit::claim(address, self.id)
                })
            }
            EditMethodKind::Remove => {
                let kept = contact.remove_method(&request.value);
                // If another contact owns the address, that contact has the facts.
                let released = found.address.filter(|_| !is_taken).zip(kept);
                released.map(|(address, kept)| AddressEdit::release(address, contact, kept))
            }
        };
        let addresses = address.into_iter().collect();
        Edit::new(Some(before), after, addresses, request.metadata.now)
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
