//! E-mail addresses: their owners, and the facts that stay with an address when it leaves a contact (contract section 7).

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::difference::item_write;
use super::erase::is_erased;
use super::error::lost_race;
use super::items::{Item, address, address_item, subscription};
use super::keys::Key;
use super::read::Snapshot;
use super::{ChangeError, ChangeMetadata, DatabaseError, Store};
use crate::domain::{
    Address, AddressHash, AddressSuppression, Contact, ContactId, OrganizationId, Subscription,
    SubscriptionId, SubscriptionStatus, Tenant, Timestamp, Version,
};

/// An address as it was read.
#[derive(Debug, Clone)]
pub(super) struct FoundAddress {
    /// The item, if there is one.
    item: Option<Item>,
    /// The address that the item describes.
    pub(super) address: Address,
}

impl FoundAddress {
    /// The address with this normal form and this item.
    ///
    /// # Errors
    /// When the item cannot be read.
    pub(super) fn new(normal_form: &str, item: Option<Item>) -> Result<Self, DatabaseError> {
        let address = match &item {
            // An erasure removes the normal form from the item.
            Some(item) => Address {
                normal_form: normal_form.to_owned(),
                ..address(item.clone())?
            },
            None => Address::unknown(normal_form),
        };
        Ok(Self { item, address })
    }

    /// Whether the table has an item of the address.
    pub(super) fn is_stored(&self) -> bool {
        self.item.is_some()
    }

    /// The contact that owns the address.
    pub(super) fn owner(&self) -> Option<&ContactId> {
        self.address.owner.as_ref()
    }
}

/// A change of an address's item.
#[derive(Debug)]
pub(super) struct AddressEdit {
    before: FoundAddress,
    after: Address,
}

impl AddressEdit {
    /// Makes a contact the owner. The facts on the item move to the contact: the caller adds them there ([`Contact::receive`]).
    pub(super) fn claim(before: FoundAddress, owner: &ContactId) -> Self {
        Self {
            after: before.address.claimed_by(owner),
            before,
        }
    }

    /// Adds these former owners to the address.
    pub(super) fn with_former_owners<'a>(
        mut self,
        former: impl IntoIterator<Item = &'a ContactId>,
    ) -> Self {
        self.after.add_former_owners(former);
        self
    }

    /// Removes the owner. The item gets the facts that block mail to the address. It remembers the owner if the owner has
    /// subscriptions, because a later owner inherits the ended ones.
    pub(super) fn release(before: FoundAddress, owner: &Contact, kept: AddressSuppression) -> Self {
        let former = (owner.subscription_count > 0).then_some(&owner.id);
        Self {
            after: before.address.released(former, kept),
            before,
        }
    }

    /// Gives the address this state.
    pub(super) fn replace(before: FoundAddress, after: Address) -> Self {
        Self { before, after }
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.before.item.is_some() && self.before.address == self.after
    }

    /// The write, as a pure function. It requires that the item is still as it was read.
    pub(super) fn write(
        &self,
        table: &str,
        organization: &OrganizationId,
        version: Version,
        metadata: &ChangeMetadata,
    ) -> Result<TransactWriteItem, DatabaseError> {
        let hash = AddressHash::of(organization, &self.after.normal_form);
        let mut after = address_item(organization, &hash, &self.after)?;
        after.extend(metadata.attributes(version));
        let stored = match &self.before.item {
            None => None,
            Some(stored) => Some((
                stored,
                address_item(organization, &hash, &address(stored.clone())?)?,
            )),
        };
        item_write(table, Key::address(organization, &hash), stored, after)
    }
}

impl Store {
    /// Reads an address.
    ///
    /// # Errors
    /// When the database does not answer, or the item cannot be read.
    pub(super) async fn read_address(
        &self,
        tenant: &Tenant,
        normal_form: &str,
    ) -> Result<FoundAddress, DatabaseError> {
        let key = Key::address_of(tenant.organization(), normal_form);
        FoundAddress::new(normal_form, self.read_item(key).await?)
    }

    /// The contact that owns an address, with those of `subscriptions` that exist; `None` if no contact owns the address.
    ///
    /// # Errors
    /// When the database does not answer, when the address left the contact after the read, or when the address's item names a
    /// contact that does not have the address.
    pub(super) async fn read_owner(
        &self,
        tenant: &Tenant,
        found: &FoundAddress,
        subscriptions: &[SubscriptionId],
    ) -> Result<Option<Snapshot>, ChangeError> {
        let Some(owner) = found.owner() else {
            return Ok(None);
        };
        let normal_form = &found.address.normal_form;
        let snapshot = self.read_contact(tenant, owner, subscriptions).await?;
        if let Some(snapshot) = snapshot.filter(|it| it.state.contact.email(normal_form).is_some())
        {
            return Ok(Some(snapshot));
        }
        // The address may have changed since it was read. In one transaction, the address and the contact must agree.
        let (again, snapshot) = self.read_with_address(tenant, owner, normal_form).await?;
        let has_address = snapshot.is_some_and(|it| it.state.contact.email(normal_form).is_some());
        if again.owner() == Some(owner) && !has_address {
            let why =
                "the item of an e-mail address names a contact that does not have the address";
            return Err(DatabaseError::Inconsistent(why).into());
        }
        Err(lost_race(
            "the address was removed after its owner was read",
        ))
    }

    /// Reads an address and a contact in one transaction.
    ///
    /// # Errors
    /// As [`Store::read_at_once`], or when an item cannot be read.
    pub(super) async fn read_with_address(
        &self,
        tenant: &Tenant,
        id: &ContactId,
        normal_form: &str,
    ) -> Result<(FoundAddress, Option<Snapshot>), DatabaseError> {
        let organization = tenant.organization();
        let keys = [
            Key::address_of(organization, normal_form),
            Key::contact(organization, id),
        ];
        let mut items = self.read_at_once(keys).await?.into_iter();
        let address = FoundAddress::new(normal_form, items.next().flatten())?;
        let contact = items.next().flatten();
        if address.owner() == Some(id) && contact.as_ref().is_some_and(is_erased) {
            let why = "the owner of the address is being erased";
            return Err(DatabaseError::LostRace(why.into()));
        }
        let contact = contact.filter(|contact| !is_erased(contact));
        let contact = contact.map(|contact| Snapshot::new(contact, [].into()));
        Ok((address, contact.transpose()?))
    }

    /// The ended subscriptions that a contact inherits with an address. A new subscription for the address begins as ended if a
    /// former owner of the address ended the same subscription, or the one at audience level. `levels` are the client's
    /// subscription and the one at audience level.
    ///
    /// # Errors
    /// As [`Store::read_at_once`], when an item cannot be read, or when the address changed after it was read. An erasure of a
    /// former owner deletes its subscriptions, and then only the changed item shows that there was an end.
    pub(super) async fn read_inherited(
        &self,
        tenant: &Tenant,
        found: &FoundAddress,
        levels: &[SubscriptionId; 2],
    ) -> Result<Inherited, DatabaseError> {
        let organization = tenant.organization();
        let address = &found.address;
        let former = address.former_owners.iter();
        let former = former.filter(|former| address.owner.as_ref() != Some(former));
        let keys = former.flat_map(|former| {
            levels
                .iter()
                .map(|id| Key::subscription(organization, former, id))
        });
        let mut keys: Vec<_> = keys.collect();
        let mut items = Vec::new();
        if !keys.is_empty() {
            keys.push(Key::address_of(organization, &address.normal_form));
            items = self.read_at_once(keys).await?;
            if items.pop().flatten() != found.item {
                let why = "the address was changed after it was read";
                return Err(DatabaseError::LostRace(why.into()));
            }
        }
        let former = levels.iter().cycle().zip(items);
        Ok(Inherited::of(levels, former)?.with_erased(levels, address.ended_at))
    }
}

/// The ended subscriptions that a contact inherits with an address.
#[derive(Debug, Default)]
pub(super) struct Inherited(BTreeMap<SubscriptionId, Subscription>);

impl Inherited {
    /// The ended ones among the subscriptions of the former owners. `former` begins with the last owner.
    ///
    /// # Errors
    /// When an item cannot be read.
    pub(super) fn of<'a>(
        [of_client, of_audience]: &[SubscriptionId; 2],
        former: impl Iterator<Item = (&'a SubscriptionId, Option<Item>)>,
    ) -> Result<Self, DatabaseError> {
        let mut inherited = BTreeMap::new();
        for (id, item) in former {
            let former = item.map(subscription).transpose()?;
            if let Some(ended) = former.and_then(|former| former.ended_alike()) {
                inherited.entry(id.clone()).or_insert(ended);
            }
        }
        if let Some(ended) = inherited.get(of_audience).cloned() {
            inherited.entry(of_client.clone()).or_insert(ended);
        }
        Ok(Self(inherited))
    }

    /// Adds an end at each level if a former owner ended any subscription and was erased (`ended_at`).
    pub(super) fn with_erased(
        mut self,
        levels: &[SubscriptionId; 2],
        ended_at: Option<Timestamp>,
    ) -> Self {
        if let Some(ended_at) = ended_at {
            for id in levels {
                let ended = Subscription {
                    status: SubscriptionStatus::Unsubscribed,
                    unsubscribed_at: Some(ended_at),
                    ..Subscription::default()
                };
                self.0.entry(id.clone()).or_insert(ended);
            }
        }
        self
    }

    /// The inherited subscription with this id, if there is one.
    pub(super) fn get(&self, id: &SubscriptionId) -> Option<Subscription> {
        self.0.get(id).cloned()
    }
}

#[cfg(test)]
mod tests;
