//! Items by their keys, and a contact with some of its subscriptions in one of its states.

use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};

use super::error::outdated;
use super::items::{Item, are_of_one_state, contact};
use super::keys::Key;
use super::{ChangeError, DatabaseError, Store};
use crate::domain::{Contact, ContactId, Tenant};

/// A contact and subscriptions of it, read side by side.
#[derive(Debug, PartialEq)]
pub(super) struct ContactItems {
    /// The contact.
    pub(super) contact: Item,
    /// The subscriptions, in the order of the keys that were asked for.
    pub(super) subscriptions: Vec<Option<Item>>,
}

impl ContactItems {
    fn are_of_one_state(&self, keys: &[&Key]) -> bool {
        keys.iter()
            .zip(&self.subscriptions)
            .all(|(key, item)| are_of_one_state(&self.contact, key, item.as_ref()))
    }
}

impl Store {
    /// Reads items by their keys, in their order, in one call.
    ///
    /// # Errors
    /// When the database does not answer, or not whole.
    pub(super) async fn read_items(
        &self,
        keys: &[&Key],
    ) -> Result<Vec<Option<Item>>, DatabaseError> {
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
        Ok(keys.iter().map(|key| take(key)).collect())
    }

    /// Reads an item by its key.
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

    /// Reads a contact.
    ///
    /// # Errors
    /// When there is none, or the database does not answer.
    pub async fn get_contact(
        &self,
        tenant: &Tenant,
        id: &ContactId,
    ) -> Result<Contact, ChangeError> {
        let key = Key::contact(tenant.organization(), id);
        let item = self.read_item(key).await?;
        Ok(contact(item.ok_or(ChangeError::ContactNotFound)?)?)
    }

    /// Reads a contact and subscriptions of it, in one of their states; `None` where there is no such contact.
    ///
    /// # Errors
    /// When the database does not answer, or changes came in between.
    pub(super) async fn read_contact(
        &self,
        contact: &Key,
        subscriptions: &[&Key],
    ) -> Result<Option<ContactItems>, ChangeError> {
        let Some(found) = self.read_side_by_side(contact, subscriptions).await? else {
            return Ok(None);
        };
        if found.are_of_one_state(subscriptions) {
            return Ok(Some(found));
        }
        match self.read_side_by_side(contact, subscriptions).await? {
            // What is the same twice has not been changed in between: it is one state, however it came about.
            Some(again) if again == found || again.are_of_one_state(subscriptions) => {
                Ok(Some(again))
            }
            Some(_) => Err(outdated("changes came in between the reads")),
            None => Ok(None),
        }
    }

    async fn read_side_by_side(
        &self,
        contact: &Key,
        subscriptions: &[&Key],
    ) -> Result<Option<ContactItems>, DatabaseError> {
        let keys: Vec<_> = [contact]
            .into_iter()
            .chain(subscriptions.iter().copied())
            .collect();
        let mut items = self.read_items(&keys).await?.into_iter();
        let contact = items.next().flatten();
        Ok(contact.map(|contact| ContactItems {
            contact,
            subscriptions: items.collect(),
        }))
    }
}

/// The read, as a pure function. It is consistent: an answer must show what the same caller wrote before.
pub(super) fn read_request(
    table: &str,
    keys: &[&Key],
) -> Result<BatchGetItemInputBuilder, DatabaseError> {
    let wanted = keys
        .iter()
        .fold(KeysAndAttributes::builder(), |wanted, key| {
            wanted.keys((*key).clone().attributes())
        })
        .consistent_read(true)
        .build()?;
    Ok(BatchGetItemInputBuilder::default()
        .request_items(table, wanted)
        .return_consumed_capacity(ReturnConsumedCapacity::Total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AudienceSlug, ContactId, OrganizationId};

    #[test]
    fn a_read_is_consistent_and_of_known_keys() {
        let (organization, contact, audience) = (
            OrganizationId::parse("org_a").unwrap(),
            ContactId::parse("c_1").unwrap(),
            AudienceSlug::parse("newsletter").unwrap(),
        );
        let keys = [
            Key::contact(&organization, &contact),
            Key::audience_subscription(&organization, &contact, &audience),
        ];
        let request = read_request("contacts", &[&keys[0], &keys[1]]).unwrap();
        let request = request.build().unwrap();
        let wanted = &request.request_items().unwrap()["contacts"];
        assert_eq!(wanted.consistent_read(), Some(true));
        assert_eq!(wanted.keys(), keys.map(Key::attributes));
    }
}
