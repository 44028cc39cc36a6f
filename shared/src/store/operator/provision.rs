//! The audiences and clients of an organization.

use std::collections::BTreeSet;

use super::bulk::{MAX_ITEMS, RetryBudget};
use crate::domain::{AudienceSlug, ClientSlug, OrganizationId};
use crate::store::expression::put_if_absent;
use crate::store::keys::{AUDIENCE_PREFIX, CLIENT_PREFIX, Key, organization_partition};
use crate::store::{DatabaseError, Store};

/// The audiences and clients of an organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registered {
    /// The audiences.
    pub audiences: BTreeSet<AudienceSlug>,
    /// The clients.
    pub clients: BTreeSet<ClientSlug>,
}

impl Registered {
    fn keys(&self, organization: &OrganizationId) -> impl Iterator<Item = Key> {
        let audiences = self.audiences.iter();
        let audiences = audiences.map(|audience| Key::audience(organization, audience));
        let clients = self.clients.iter();
        audiences.chain(clients.map(|client| Key::client(organization, client)))
    }
}

impl Store {
    /// The audiences and clients of an organization.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub async fn registered(
        &self,
        organization: &OrganizationId,
    ) -> Result<Registered, DatabaseError> {
        let partition = organization_partition(organization);
        let audiences = self.sort_keys(&partition, AUDIENCE_PREFIX).await?;
        let clients = self.sort_keys(&partition, CLIENT_PREFIX).await?;
        let unreadable =
            |_| DatabaseError::UnexpectedAnswer("a key that names no audience or client");
        let audiences = audiences.iter().map(|key| {
            let name = key.strip_prefix(AUDIENCE_PREFIX).unwrap_or_default();
            AudienceSlug::parse(name).map_err(unreadable)
        });
        let clients = clients.iter().map(|key| {
            let name = key.strip_prefix(CLIENT_PREFIX).unwrap_or_default();
            ClientSlug::parse(name).map_err(unreadable)
        });
        Ok(Registered {
            audiences: audiences.collect::<Result<_, _>>()?,
            clients: clients.collect::<Result<_, _>>()?,
        })
    }

    /// Registers audiences and clients in an organization. Returns those that were not registered before.
    ///
    /// # Errors
    /// When the database refuses or does not answer. The call may have registered some of them then; repeating it does no
    /// harm.
    pub async fn register(
        &self,
        organization: &OrganizationId,
        wanted: &Registered,
    ) -> Result<Registered, DatabaseError> {
        let new = self.unregistered(organization, wanted).await?;
        // Other processes may register some of them at the same time.
        let register = async || {
            let missing = self.unregistered(organization, &new).await?;
            let puts = missing.keys(organization);
            let puts = puts.map(|key| put_if_absent(&self.table, key.attributes()));
            for puts in puts.collect::<Result<Vec<_>, _>>()?.chunks(MAX_ITEMS) {
                self.transact(puts.to_vec()).await?;
            }
            Ok(())
        };
        let budget = RetryBudget::new(self.contention_budget);
        budget.run(register).await?;
        Ok(new)
    }

    /// The audiences and clients in `wanted` that the organization does not have.
    async fn unregistered(
        &self,
        organization: &OrganizationId,
        wanted: &Registered,
    ) -> Result<Registered, DatabaseError> {
        let existing = self.read_many(wanted.keys(organization).collect()).await?;
        let mut missing = wanted.clone();
        missing
            .audiences
            .retain(|audience| !existing.contains_key(&Key::audience(organization, audience)));
        missing
            .clients
            .retain(|client| !existing.contains_key(&Key::client(organization, client)));
        Ok(missing)
    }
}
