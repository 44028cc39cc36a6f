//! A contact before and after a change, and the write of the change: all of it, or nothing.
//!
//! The write requires that the contact is still at the version that was read. Every change raises the version, so DynamoDB
//! applies the write at most once, even if it arrives late.

use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, TransactWriteItem};

use super::address::AddressEdit;
use super::conditions::IS_AT_VERSION;
use super::difference::{Difference, item_write};
use super::expression::{Expression, put_if_absent};
use super::items::{Item, RECENT_REQUESTS, contact_item, grows_too_large, subscription_item};
use super::keys::Key;
use super::read::Snapshot;
use super::{ChangeError, ChangeMetadata, DatabaseError, Store};
use crate::domain::{SubscribedContact, Subscription, SubscriptionId, Timestamp, Version};

/// A contact before and after a change.
#[derive(Debug)]
pub(super) struct Edit {
    /// The contact as it was read; `None` if it does not exist yet.
    before: Option<Snapshot>,
    /// The contact after the change. Subscriptions that are not in it do not change.
    after: SubscribedContact,
    /// The e-mail addresses that the contact gets or loses.
    addresses: Vec<AddressEdit>,
    /// Whether there is nothing to write.
    is_empty: bool,
}

impl Edit {
    /// The change of a contact from one state to another, at this time. It is empty if the states are equal and `addresses` is empty.
    ///
    /// # Errors
    /// [`ChangeError::TooLarge`] when the contact would be larger than an item can be.
    pub(super) fn new(
        before: Option<Snapshot>,
        after: SubscribedContact,
        addresses: Vec<AddressEdit>,
        now: Timestamp,
    ) -> Result<Self, ChangeError> {
        let mut edit = Self {
            is_empty: false,
            before,
            after,
            addresses,
        };
        let stored = edit.stored();
        let is_unchanged = stored.is_some_and(|stored| stored.contact == edit.after.contact);
        edit.is_empty = is_unchanged
            && edit.addresses.is_empty()
            && edit.changed_subscriptions().next().is_none();
        if edit.is_empty {
            return Ok(edit);
        }
        let stored = edit.stored().map(|stored| &stored.contact);
        if grows_too_large(stored, &edit.after.contact) {
            return Err(ChangeError::TooLarge);
        }
        let is_new = stored.is_none();
        let new_subscriptions = edit.new_subscriptions();
        let contact = &mut edit.after.contact;
        contact.subscription_count += new_subscriptions;
        contact.version = contact.version.next();
        if !is_new {
            contact.updated_at = now;
        }
        Ok(edit)
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// The contact and its subscriptions as they were read; `None` if the contact does not exist yet.
    pub(super) fn stored(&self) -> Option<&SubscribedContact> {
        self.before.as_ref().map(|before| &before.state)
    }

    /// The contact and its subscriptions after the change.
    pub(super) fn after(&self) -> &SubscribedContact {
        &self.after
    }

    /// The version that was read; `None` if the contact does not exist yet.
    pub(super) fn version_before(&self) -> Option<Version> {
        self.stored().map(|stored| stored.contact.version)
    }

    /// The items to write, the contact first, as a pure function.
    pub(super) fn transact_items(
        &self,
        table: &str,
        metadata: &ChangeMetadata,
    ) -> Result<Vec<TransactWriteItem>, DatabaseError> {
        let mut items = vec![match &self.before {
            Some(before) => self
                .contact_update(before, metadata)?
                .into_transact_item(table, self.contact_key())?,
            None => put_if_absent(table, self.contact_item(metadata)?)?,
        }];
        for (id, subscription) in self.changed_subscriptions() {
            items.push(self.subscription_write(table, id, subscription, metadata)?);
        }
        let contact = &self.after.contact;
        for address in &self.addresses {
            items.push(address.write(
                table,
                &contact.organization_id,
                contact.version,
                metadata,
            )?);
        }
        Ok(items)
    }

    fn contact_key(&self) -> Key {
        Key::contact(&self.after.contact.organization_id, &self.after.contact.id)
    }

    /// The subscriptions that differ from the stored ones.
    fn changed_subscriptions(&self) -> impl Iterator<Item = (&SubscriptionId, &Subscription)> {
        let stored = self.stored().map(|stored| &stored.subscriptions);
        let subscriptions = self.after.subscriptions.iter();
        subscriptions
            .filter(move |(id, after)| stored.and_then(|stored| stored.get(*id)) != Some(*after))
    }

    /// The number of new subscriptions.
    fn new_subscriptions(&self) -> u64 {
        let stored = self.stored().map(|stored| &stored.subscriptions);
        let is_new = |id: &&SubscriptionId| !stored.is_some_and(|stored| stored.contains_key(*id));
        self.after.subscriptions.keys().filter(is_new).count() as u64
    }

    /// The contact's item after the change.
    fn contact_item(&self, metadata: &ChangeMetadata) -> Result<Item, DatabaseError> {
        let before = self.before.as_ref();
        let recent_requests = before.map(Snapshot::recent_requests).unwrap_or_default();
        let mut item = contact_item(&self.after.contact)?;
        let recent_requests = recent_requests.after(&metadata.write_id);
        item.extend(metadata.attributes_of_change());
        item.insert(RECENT_REQUESTS.to_owned(), recent_requests);
        Ok(item)
    }

    /// The update of the contact. It raises the version, even if only a subscription or an address changes.
    fn contact_update(
        &self,
        before: &Snapshot,
        metadata: &ChangeMetadata,
    ) -> Result<Expression, DatabaseError> {
        let known = contact_item(&before.state.contact)?;
        let after = self.contact_item(metadata)?;
        let mut expression = Expression::default();
        expression
            .require(IS_AT_VERSION)
            .number(":stored_version", before.state.contact.version.number());
        Difference::new(&before.contact, &known, &after).write(&mut expression);
        Ok(expression)
    }

    /// The write of a subscription.
    ///
    /// Every change of a subscription raises the contact's version, which the contact's update checks. An edit by hand does not
    /// raise it, so the write also requires that the subscription is still as it was read.
    fn subscription_write(
        &self,
        table: &str,
        id: &SubscriptionId,
        after: &Subscription,
        metadata: &ChangeMetadata,
    ) -> Result<TransactWriteItem, DatabaseError> {
        let contact = &self.after.contact;
        let key = Key::subscription(&contact.organization_id, &contact.id, id);
        let mut item = subscription_item(key.clone(), after)?;
        item.extend(metadata.attributes(contact.version));
        let stored = self.before.as_ref().and_then(|before| {
            let known = before.state.subscriptions.get(id)?;
            Some((before.subscriptions.get(id)?, known))
        });
        let stored = match stored {
            None => None,
            Some((stored, known)) => Some((stored, subscription_item(key.clone(), known)?)),
        };
        item_write(table, key, stored, item)
    }
}

impl Store {
    /// Writes a change: all of it, or nothing.
    ///
    /// # Errors
    /// When the contact changed after it was read, or the database refuses or does not answer.
    pub(super) async fn write_edit(
        &self,
        edit: &Edit,
        metadata: &ChangeMetadata,
    ) -> Result<(), DatabaseError> {
        if let Some(before) = &edit.before
            && edit.addresses.is_empty()
            && edit.changed_subscriptions().next().is_none()
        {
            // A single update costs half as much as an update in a transaction.
            let update = edit.contact_update(before, metadata)?;
            let update = update.into_update_item(&self.table, edit.contact_key());
            let sent = Box::pin(update.send_with(&self.writes)).await;
            return sent.map(drop).map_err(DatabaseError::from_write);
        }
        self.transact(edit.transact_items(&self.table, metadata)?)
            .await
    }

    /// Writes all of these items, or none.
    pub(super) async fn transact(
        &self,
        items: Vec<TransactWriteItem>,
    ) -> Result<(), DatabaseError> {
        let request = self
            .writes
            .transact_write_items()
            .set_transact_items(Some(items))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        Box::pin(request.send())
            .await
            .map(drop)
            .map_err(DatabaseError::from_transaction)
    }
}

#[cfg(test)]
mod tests;
