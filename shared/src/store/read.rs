//! Reads: a single item, or a consistent snapshot of a contact with some of its subscriptions.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::operation::transact_get_items::builders::TransactGetItemsInputBuilder;
use aws_sdk_dynamodb::types::{Get, ReturnConsumedCapacity, TransactGetItem};

use super::erase::is_erased;
use super::items::{Item, contact, subscription};
use super::keys::Key;
use super::recent_requests::RecentRequests;
use super::{ChangeError, DatabaseError, Store};
use crate::domain::{Contact, ContactId, SubscribedContact, SubscriptionId, Tenant};

/// A consistent snapshot of a contact and some of its subscriptions: the items, and the domain values that they hold.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    /// The contact, and the requested subscriptions that exist.
    pub(super) state: SubscribedContact,
    /// The contact's item.
    pub(super) contact: Item,
    /// The subscriptions' items.
    pub(super) subscriptions: BTreeMap<SubscriptionId, Item>,
}

impl Snapshot {
    /// A snapshot of these items.
    ///
    /// # Errors
    /// When an item cannot be read.
    pub(super) fn new(
        contact_item: Item,
        subscriptions: BTreeMap<SubscriptionId, Item>,
    ) -> Result<Self, DatabaseError> {
        let read =
            |(id, item): (&SubscriptionId, &Item)| Ok((id.clone(), subscription(item.clone())?));
        Ok(Self {
            state: SubscribedContact {
                contact: contact(contact_item.clone())?,
                subscriptions: subscriptions
                    .iter()
                    .map(read)
                    .collect::<Result<_, DatabaseError>>()?,
            },
            contact: contact_item,
            subscriptions,
        })
    }

    /// The ids of the contact's last writes.
    pub(super) fn recent_requests(&self) -> RecentRequests {
        RecentRequests::of(&self.contact)
    }
}

impl Store {
    /// Reads an item by its key. The read is consistent, because an answer must show the caller's own earlier writes.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn read_item(&self, key: Key) -> Result<Option<Item>, DatabaseError> {
        let request = GetItemInputBuilder::default()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        Box::pin(request.send_with(&self.client))
            .await
            .map(|output| output.item)
            .map_err(DatabaseError::from_sdk)
    }

    /// Reads items in one transaction. The result has the order of `keys`, with `None` for an item that does not exist.
    ///
    /// # Errors
    /// When the database does not answer. While a write to one of the items is in flight, DynamoDB refuses: that is a lost race.
    pub(super) async fn read_at_once(
        &self,
        keys: impl IntoIterator<Item = Key>,
    ) -> Result<Vec<Option<Item>>, DatabaseError> {
        let request = read_request(&self.table, keys)?;
        let output = Box::pin(request.send_with(&self.client))
            .await
            .map_err(DatabaseError::from_snapshot)?;
        let items = output.responses.unwrap_or_default().into_iter();
        Ok(items
            .map(|response| response.item.filter(|item| !item.is_empty()))
            .collect())
    }

    /// Reads a contact with those of `subscriptions` that exist; `None` if the contact does not exist, or was erased.
    ///
    /// # Errors
    /// As [`Store::read_at_once`], or when an item cannot be read.
    pub(super) async fn read_contact(
        &self,
        tenant: &Tenant,
        id: &ContactId,
        subscriptions: &[SubscriptionId],
    ) -> Result<Option<Snapshot>, DatabaseError> {
        let organization = tenant.organization();
        let contact = Key::contact(organization, id);
        if subscriptions.is_empty() {
            let item = self.read_item(contact).await?;
            return item
                .filter(|item| !is_erased(item))
                .map(|item| Snapshot::new(item, BTreeMap::new()))
                .transpose();
        }
        let keys = subscriptions
            .iter()
            .map(|subscription| Key::subscription(organization, id, subscription));
        let keys = std::iter::once(contact).chain(keys);
        let mut items = self.read_at_once(keys).await?.into_iter();
        let contact = items.next().flatten().filter(|item| !is_erased(item));
        let subscriptions = subscriptions
            .iter()
            .cloned()
            .zip(items)
            .filter_map(|(id, item)| Some((id, item?)))
            .collect();
        contact
            .map(|contact| Snapshot::new(contact, subscriptions))
            .transpose()
    }

    /// Reads a contact.
    ///
    /// # Errors
    /// When there is no such contact, or the database does not answer.
    pub async fn get_contact(
        &self,
        tenant: &Tenant,
        id: &ContactId,
    ) -> Result<Contact, ChangeError> {
        let found = self.read_contact(tenant, id, &[]).await?;
        let found = found.ok_or(ChangeError::ContactNotFound)?;
        Ok(found.state.contact)
    }
}

/// The request for a read of items in one transaction, as a pure function.
fn read_request(
    table: &str,
    keys: impl IntoIterator<Item = Key>,
) -> Result<TransactGetItemsInputBuilder, DatabaseError> {
    let mut request = TransactGetItemsInputBuilder::default()
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    for key in keys {
        let get = Get::builder()
            .table_name(table)
            .set_key(Some(key.attributes()))
            .build()?;
        request = request.transact_items(TransactGetItem::builder().get(get).build());
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AudienceSlug, OrganizationId};

    #[test]
    fn items_are_read_by_their_keys_in_one_transaction() {
        let organization = OrganizationId::parse("org_a").unwrap();
        let contact = ContactId::parse("c_1").unwrap();
        let subscription = SubscriptionId {
            audience: AudienceSlug::parse("newsletter").unwrap(),
            client: None,
        };
        let keys = [
            Key::contact(&organization, &contact),
            Key::subscription(&organization, &contact, &subscription),
        ];
        let request = read_request("contacts", keys.clone()).unwrap();
        let request = request.build().unwrap();
        let gets = request
            .transact_items()
            .iter()
            .map(|item| item.get().unwrap());
        let read: Vec<_> = gets
            .map(|get| (get.table_name(), get.key().clone()))
            .collect();
        assert_eq!(read, keys.map(|key| ("contacts", key.attributes())));
    }
}
