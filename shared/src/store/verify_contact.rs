//! Endpoint 3: one read, then at most one transaction over the contact and the client's subscription.

mod plan;
mod requests;

use self::plan::Plan;
use self::requests::{Keys, audience_request, read_request, write_request};
use super::items::{Item, are_of_one_state, contact, is_as_left_by, subscription};
use super::keys::Key;
use super::{ChangeError, ChangeStamp, DatabaseError, Store};
use crate::domain::{
    AudienceContact, AudienceSlug, ClientSlug, ContactId, ExpectedVersion, Outcome, Tenant,
    Timestamp, Version,
};

/// What is to be done to a contact and its subscription of a client in an audience.
#[derive(Debug, Clone)]
pub struct ContactChange {
    /// The audience.
    pub audience: AudienceSlug,
    /// The client.
    pub client: ClientSlug,
    /// Since when both are verified; `None` clears both.
    pub verified_at: Option<Timestamp>,
    /// At which version the contact must be.
    pub expected_version: ExpectedVersion,
    /// Who does it, when, on which request.
    pub stamp: ChangeStamp,
}

impl Store {
    /// Records or clears the verification of a contact and of a client's subscription, both in one transaction or
    /// neither, each by the one rule, and answers what that did and the contact as it then stands.
    ///
    /// The read decides what to write; the transaction's conditions make sure that what was read still holds. Where it
    /// does not, another caller was faster, and all of it is done again.
    ///
    /// # Errors
    /// Why nothing was written.
    pub async fn verify_contact(
        &self,
        tenant: &Tenant,
        id: &ContactId,
        change: &ContactChange,
    ) -> Result<(Outcome, AudienceContact), ChangeError> {
        let keys = Keys::new(tenant, id, change);
        match self
            .retried(|| self.try_verify_contact(&keys, change))
            .await?
        {
            Some(done) => Ok(done),
            None => Err(self
                .audience_or_contact_missing(tenant, &change.audience)
                .await),
        }
    }

    /// `None` where the contact or the client's subscription is missing.
    async fn try_verify_contact(
        &self,
        keys: &Keys,
        change: &ContactChange,
    ) -> Result<Option<(Outcome, AudienceContact)>, ChangeError> {
        let Some((is_our_own, mut found)) = self.read(keys, change).await? else {
            return Ok(None);
        };
        // An earlier attempt of this very request did it, its answer got lost, and a later attempt was refused.
        if is_our_own {
            return Ok(Some((change.success(), found)));
        }
        if !change.expected_version.allows(found.contact.version) {
            return Err(ChangeError::VersionMismatch(found.contact.version));
        }
        let plan = Plan::new(&found, change);
        if plan.writes() {
            self.write(keys, &plan, found.contact.version, change)
                .await?;
            plan.apply(&mut found, change);
        }
        Ok(Some((plan.outcome(change), found)))
    }

    /// The contact in the audience for the client, unless the contact or the client's subscription is missing, and
    /// whether it is as this very change left it.
    async fn read(
        &self,
        keys: &Keys,
        change: &ContactChange,
    ) -> Result<Option<(bool, AudienceContact)>, ChangeError> {
        let Some(mut found) = self.read_items(keys).await? else {
            return Ok(None);
        };
        if !are_of_one_state(&found.contact, &found.client_subscription) {
            let before = found;
            found = match self.read_items(keys).await? {
                // What is the same twice has not been changed in between: it is one state, however it came about.
                Some(again) if again == before => again,
                Some(again) if are_of_one_state(&again.contact, &again.client_subscription) => {
                    again
                }
                Some(_) => {
                    return Err(DatabaseError::Contended(
                        "changes came in between the reads".into(),
                    )
                    .into());
                }
                None => return Ok(None),
            };
        }
        let is_our_own = is_as_left_by(&found.contact, &change.stamp);
        let found = AudienceContact {
            contact: contact(found.contact)?,
            audience: change.audience.clone(),
            client: change.client.clone(),
            audience_subscription: found.audience_subscription.map(subscription).transpose()?,
            client_subscription: subscription(found.client_subscription)?,
        };
        Ok(Some((is_our_own, found)))
    }

    /// The items of a contact in an audience for a client, unless the first or the last is missing.
    async fn read_items(&self, keys: &Keys) -> Result<Option<Items>, DatabaseError> {
        let output = Box::pin(read_request(&self.table, keys)?.send_with(&self.client))
            .await
            .map_err(DatabaseError::from_sdk)?;
        if output
            .unprocessed_keys()
            .is_some_and(|unprocessed| !unprocessed.is_empty())
        {
            return Err(DatabaseError::PartlyThrottled(
                "the table throttles part of a read".into(),
            ));
        }
        let mut items = output
            .responses
            .and_then(|mut tables| tables.remove(&self.table))
            .unwrap_or_default();
        let mut take = |key: &Key| {
            items
                .iter()
                .position(|item| key.is_of(item))
                .map(|position| items.swap_remove(position))
        };
        let found = (take(&keys.contact), take(&keys.client_subscription));
        let (Some(contact), Some(client_subscription)) = found else {
            return Ok(None);
        };
        Ok(Some(Items {
            contact,
            audience_subscription: take(&keys.audience_subscription),
            client_subscription,
        }))
    }

    /// Tells an unknown audience from a contact that the client has not onboarded in it, for a contact that is not to
    /// be found.
    pub async fn audience_or_contact_missing(
        &self,
        tenant: &Tenant,
        audience: &AudienceSlug,
    ) -> ChangeError {
        // Boxed, like every call of the SDK: its futures are large, and ours would be with them.
        let read =
            Box::pin(audience_request(&self.table, tenant, audience).send_with(&self.client)).await;
        match read {
            Ok(output) if output.item.is_some() => ChangeError::ContactNotFound,
            Ok(_) => ChangeError::AudienceNotFound,
            Err(error) => DatabaseError::from_sdk(error).into(),
        }
    }

    async fn write(
        &self,
        keys: &Keys,
        plan: &Plan,
        version: Version,
        change: &ContactChange,
    ) -> Result<(), ChangeError> {
        // The SDK makes a client request token and keeps it for its own retries: a transaction whose answer got lost
        // is not done twice.
        let sent = Box::pin(
            write_request(&self.table, keys, plan, version, change)?.send_with(&self.client),
        )
        .await;
        sent.map(drop)
            .map_err(|error| DatabaseError::from_transaction(error).into())
    }
}

impl ContactChange {
    /// The outcome when the database accepts it.
    fn success(&self) -> Outcome {
        if self.verified_at.is_some() {
            Outcome::Recorded
        } else {
            Outcome::Cleared
        }
    }
}

/// What a read finds.
#[derive(Debug, PartialEq)]
struct Items {
    contact: Item,
    audience_subscription: Option<Item>,
    client_subscription: Item,
}
