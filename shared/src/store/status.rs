//! Reads the contact that owns an e-mail address, as a client in an audience sees it.

use super::read::Snapshot;
use super::{ChangeError, Store};
use crate::domain::{
    AudienceContact, AudienceSlug, ClientSlug, EmailAddress, SubscriptionId, Tenant,
};

impl Store {
    /// The contact that owns an address, as the client sees it in the audience. `None` if no contact owns the address, or if the
    /// client has not onboarded the contact: the client must not be able to tell the two cases apart.
    ///
    /// # Errors
    /// When the organization has no such audience, or the database does not answer.
    pub async fn audience_contact(
        &self,
        tenant: &Tenant,
        address: &EmailAddress,
        audience: &AudienceSlug,
        client: &ClientSlug,
    ) -> Result<Option<AudienceContact>, ChangeError> {
        let subscriptions = SubscriptionId::levels(audience, client);
        let mut attempts = self.attempts();
        let found = loop {
            match Box::pin(self.read_by_address(tenant, address, &subscriptions)).await {
                Err(error) => attempts.wait_after(error).await?,
                Ok(found) => break found,
            }
        };
        let normal_form = address.normal_form();
        let contact = found
            .and_then(|found| AudienceContact::new(found.state, normal_form, audience, client));
        if contact.is_none() {
            self.require_audience(tenant, audience).await?;
        }
        Ok(contact)
    }

    async fn read_by_address(
        &self,
        tenant: &Tenant,
        address: &EmailAddress,
        subscriptions: &[SubscriptionId],
    ) -> Result<Option<Snapshot>, ChangeError> {
        let address = self.read_address(tenant, address.normal_form()).await?;
        self.read_owner(tenant, &address, subscriptions).await
    }
}
