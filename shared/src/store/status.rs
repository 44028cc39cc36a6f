//! What a client sees of the contact that owns an e-mail address, in an audience: two reads, nothing is written.

use super::error::outdated;
use super::upsert_contact::Found;
use super::{ChangeError, Store};
use crate::domain::{
    AudienceContact, AudienceSlug, ClientSlug, EmailAddress, SubscriptionId, Tenant,
};

impl Store {
    /// The contact that owns an address, as the client sees it in the audience; `None` where there is none, or the client
    /// has not onboarded it, which is not to be told apart.
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
        self.retried(|| Box::pin(self.try_audience_contact(tenant, address, audience, client)))
            .await
    }

    async fn try_audience_contact(
        &self,
        tenant: &Tenant,
        address: &EmailAddress,
        audience: &AudienceSlug,
        client: &ClientSlug,
    ) -> Result<Option<AudienceContact>, ChangeError> {
        let Some(id) = self.owner_in_audience(tenant, address, audience).await? else {
            return Ok(None);
        };
        let ids @ [of_client, at_audience] =
            &[Some(client.clone()), None].map(|client| SubscriptionId {
                audience: audience.clone(),
                client,
            });
        let Some(Found { mut state, .. }) = self.read_state(tenant, &id, ids, None).await? else {
            return Ok(None);
        };
        if !state.contact.has_address(address) {
            return Err(outdated("the address was removed after its owner was read"));
        }
        let audience_subscription = state.subscriptions.remove(at_audience);
        Ok(state
            .subscriptions
            .remove(of_client)
            .map(|client_subscription| AudienceContact {
                contact: state.contact,
                audience: audience.clone(),
                client: client.clone(),
                audience_subscription,
                client_subscription,
            }))
    }
}
