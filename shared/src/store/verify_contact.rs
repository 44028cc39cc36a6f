//! Endpoint 3: the verification of a contact's e-mail address, at the contact's level and at the client's level.

use super::change::{Change, Found};
use super::edit::Edit;
use super::keys::Key;
use super::{ChangeError, ChangeMetadata, Store};
use crate::domain::{
    AudienceContact, AudienceSlug, ClientSlug, Contact, ContactId, ContactMethod, EmailAddress,
    ExpectedVersion, Outcome, Subscription, SubscriptionId, Tenant, Timestamp, Verification,
};

/// A request to verify an e-mail address of a contact for a client in an audience, or to clear its verification.
#[derive(Debug, Clone)]
pub struct VerifyContact {
    /// The audience.
    pub audience: AudienceSlug,
    /// The client.
    pub client: ClientSlug,
    /// The address. `None` means the address by which the client knows the contact, or otherwise the primary address.
    pub address: Option<EmailAddress>,
    /// The time of the verification at both levels; `None` clears both.
    pub verified_at: Option<Timestamp>,
    /// The versions of the contact that the caller accepts.
    pub expected_version: ExpectedVersion,
    /// The actor, time, route and request of the change.
    pub metadata: ChangeMetadata,
}

impl Store {
    /// Records or clears the verification of an address at the contact's level and at the client's level, both or neither. The
    /// one rule applies at each level. Returns the outcome, and the contact after the change.
    ///
    /// # Errors
    /// The reason. Nothing was written, unless it is [`ChangeError::FateUnknown`] or `DatabaseError::InDoubt`.
    pub async fn verify_contact(
        &self,
        tenant: &Tenant,
        id: &ContactId,
        request: &VerifyContact,
    ) -> Result<(Outcome, AudienceContact), ChangeError> {
        let change = VerifyingContact {
            tenant,
            id,
            request,
            subscriptions: SubscriptionId::levels(&request.audience, &request.client),
        };
        match Box::pin(self.change(&change, &request.metadata)).await {
            Err(ChangeError::ContactNotFound) => Err(self
                .audience_or_contact_missing(tenant, &request.audience)
                .await),
            done => done,
        }
    }

    /// The error for a contact that was not found: [`ChangeError::AudienceNotFound`] if the organization does not have the
    /// audience, otherwise [`ChangeError::ContactNotFound`].
    pub async fn audience_or_contact_missing(
        &self,
        tenant: &Tenant,
        audience: &AudienceSlug,
    ) -> ChangeError {
        match self.require_audience(tenant, audience).await {
            Ok(()) => ChangeError::ContactNotFound,
            Err(error) => error,
        }
    }

    /// Requires that the organization has the audience.
    ///
    /// # Errors
    /// [`ChangeError::AudienceNotFound`], or when the database does not answer.
    pub(super) async fn require_audience(
        &self,
        tenant: &Tenant,
        audience: &AudienceSlug,
    ) -> Result<(), ChangeError> {
        let key = Key::audience(tenant.organization(), audience);
        let item = self.read_item(key).await?;
        item.map(drop).ok_or(ChangeError::AudienceNotFound)
    }
}

struct VerifyingContact<'a> {
    tenant: &'a Tenant,
    id: &'a ContactId,
    request: &'a VerifyContact,
    /// The client's subscription, and the one at audience level.
    subscriptions: [SubscriptionId; 2],
}

impl Change for VerifyingContact<'_> {
    type Answer = (Outcome, AudienceContact);

    async fn read(&self, store: &Store, _: Option<&ContactId>) -> Result<Found, ChangeError> {
        let snapshot = store
            .read_contact(self.tenant, self.id, &self.subscriptions)
            .await?;
        Ok(snapshot.into())
    }

    fn plan(&self, found: Found) -> Result<Edit, ChangeError> {
        let request = self.request;
        let before = found.snapshot.ok_or(ChangeError::ContactNotFound)?;
        let mut after = before.state.clone();
        let contact = &mut after.contact;
        let client = after.subscriptions.get_mut(&self.subscriptions[0]);
        let client = client.ok_or(ChangeError::ContactNotFound)?;
        let email = request.email(contact, client)?.clone();
        if !request.expected_version.allows(contact.version) {
            return Err(ChangeError::VersionMismatch(Some(contact.version)));
        }
        let mut levels = [email.verification.clone(), client.verification(&email)];
        let is_verified = levels.iter().any(|level| level.current.is_some());
        for level in &mut levels {
            match request.verified_at {
                Some(at) => level.record(Verification {
                    at,
                    by: Some(request.metadata.actor.clone()),
                    source: None,
                }),
                None if is_verified => level.clear(request.metadata.now),
                None => {}
            }
        }
        let [of_contact, of_client] = levels;
        client.set_verification(contact, &email, of_client);
        let mut entries = contact.emails.iter_mut();
        if let Some(entry) = entries.find(|entry| entry.id == email.id) {
            entry.verification = of_contact;
        }
        Edit::new(Some(before), after, Vec::new(), request.metadata.now)
    }

    fn answer(&self, edit: &Edit) -> Result<Self::Answer, ChangeError> {
        let request = self.request;
        let outcome = Outcome::of_verification(request.verified_at.is_some(), !edit.is_empty());
        let after = edit.after().clone();
        let client = after.subscriptions.get(&self.subscriptions[0]);
        let client = client.ok_or(ChangeError::ContactNotFound)?;
        let email = request.email(&after.contact, client)?.normal_form.clone();
        let contact = AudienceContact::new(after, &email, &request.audience, &request.client);
        Ok((outcome, contact.ok_or(ChangeError::ContactNotFound)?))
    }
}

impl VerifyContact {
    /// The contact's entry for the address of the request.
    fn email<'c>(
        &self,
        contact: &'c Contact,
        client: &Subscription,
    ) -> Result<&'c ContactMethod, ChangeError> {
        if let Some(address) = &self.address {
            let email = contact.email(address.normal_form());
            return email.ok_or(ChangeError::AddressNotFound);
        }
        client.email(contact).ok_or(ChangeError::NoAddress)
    }
}
