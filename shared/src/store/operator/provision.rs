//! Registers the audiences and clients of an organization.

use super::bulk::MAX_ITEMS;
use super::{Registered, RetryBudget};
use crate::domain::OrganizationId;
use crate::store::expression::put_if_absent;
use crate::store::keys::Key;
use crate::store::{DatabaseError, Store};

impl Registered {
    fn keys(&self, organization: &OrganizationId) -> impl Iterator<Item = Key> {
        let audiences = self.audiences.iter();
        let audiences = audiences.map(|audience| Key::audience(organization, audience));
        let clients = self.clients.iter();
        audiences.chain(clients.map(|client| Key::client(organization, client)))
    }
}

impl Store {
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
        let existing = self.read_many(wanted.keys(organization).collect()).await?;
        let mut new = wanted.clone();
        new.audiences
            .retain(|audience| !existing.contains_key(&Key::audience(organization, audience)));
        new.clients
            .retain(|client| !existing.contains_key(&Key::client(organization, client)));
        let keys: Vec<_> = new.keys(organization).collect();
        // Other processes may register some of them at the same time.
        RetryBudget::new(self.contention_budget)
            .run(|| self.put_missing(&keys))
            .await?;
        Ok(new)
    }

    /// Puts an item at each of these keys that has none.
    async fn put_missing(&self, keys: &[Key]) -> Result<(), DatabaseError> {
        let existing = self.read_many(keys.iter().cloned().collect()).await?;
        let missing = keys.iter().filter(|key| !existing.contains_key(key));
        let puts = missing
            .map(|key| put_if_absent(&self.table, key.clone().attributes()))
            .collect::<Result<Vec<_>, _>>()?;
        for puts in puts.chunks(MAX_ITEMS) {
            self.transact(puts.to_vec()).await?;
        }
        Ok(())
    }
}
