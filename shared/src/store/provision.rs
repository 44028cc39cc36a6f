//! What fills a table before the first request: audiences, clients, contacts and their subscriptions.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::edit::owner;
use super::expression::{IS_ABSENT, put_if_absent};
use super::items::{Item, bytes_of_item, contact_item, subscription_item};
use super::keys::{Key, PARTITION_KEY, SORT_KEY};
use super::{ChangeStamp, DatabaseError, Store};
use crate::domain::{AudienceSlug, ClientSlug, Contact, ContactId, OrganizationId, Subscription};

/// Something to add to a table.
#[derive(Debug, Clone)]
pub enum Addition {
    /// An audience of an organization.
    Audience(OrganizationId, AudienceSlug),
    /// A client of an organization.
    Client(OrganizationId, ClientSlug),
    /// A contact, as the change with this stamp makes it.
    Contact(Box<Contact>, ChangeStamp),
    /// Who owns an e-mail address.
    EmailOwner(OrganizationId, String, ContactId),
    /// A contact's subscription, of a client or at audience level.
    Subscription(
        OrganizationId,
        ContactId,
        AudienceSlug,
        Option<ClientSlug>,
        Subscription,
    ),
}

impl Store {
    /// Most things that are added in one call: as many as a batch reads and a transaction writes.
    pub const MAX_ADDITIONS: usize = 100;

    /// Adds what is not there yet, up to [`Self::MAX_ADDITIONS`]. What is there stays as it is, with all that has been
    /// recorded on it.
    ///
    /// # Errors
    /// When the database refuses or does not answer. Some of it may have been added then; adding it again does no harm.
    pub async fn add(&self, additions: Vec<Addition>) -> Result<(), DatabaseError> {
        let mut items = additions
            .into_iter()
            .map(item)
            .collect::<Result<Vec<_>, _>>()?;
        if items.is_empty() {
            return Ok(());
        }
        let there = self.keys_there(&items).await?;
        items.retain(|item| !there.contains(&key_of(item)));
        for items in items.chunk_by(fits_with_next()) {
            if !self.put_all_if_absent(items).await? {
                // Somebody else has added one of them in the meantime, or is at it: then one by one.
                for item in items {
                    self.put_if_absent(item.clone()).await?;
                }
            }
        }
        Ok(())
    }

    /// The keys of those items that the table holds.
    async fn keys_there(&self, items: &[Item]) -> Result<Vec<Item>, DatabaseError> {
        let wanted = items
            .iter()
            .fold(KeysAndAttributes::builder(), |wanted, item| {
                wanted.keys(key_of(item))
            })
            .projection_expression("#pk, #sk")
            .expression_attribute_names("#pk", PARTITION_KEY)
            .expression_attribute_names("#sk", SORT_KEY)
            .build()?;
        let output = self
            .client
            .batch_get_item()
            .request_items(&self.table, wanted)
            .send()
            .await;
        // Keys that were not looked up count as absent; the condition of the write knows better.
        let mut tables = output
            .map_err(DatabaseError::from_sdk)?
            .responses
            .unwrap_or_default();
        Ok(tables.remove(&self.table).unwrap_or_default())
    }

    /// Puts all items in one transaction. Answers whether it was done; it is not when one of them is there.
    async fn put_all_if_absent(&self, items: &[Item]) -> Result<bool, DatabaseError> {
        let puts = items
            .iter()
            .map(|item| put_if_absent(&self.table, item.clone()))
            .collect::<Result<Vec<_>, DatabaseError>>()?;
        match self
            .client
            .transact_write_items()
            .set_transact_items(Some(puts))
            .send()
            .await
        {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(_)) => Ok(false),
                _ => Err(DatabaseError::from_sdk(error)),
            },
        }
    }

    /// Registers an audience or a client, or another thing of one item. Answers whether it was not there yet.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub async fn register(&self, addition: Addition) -> Result<bool, DatabaseError> {
        self.put_if_absent(item(addition)?).await
    }

    async fn put_if_absent(&self, item: Item) -> Result<bool, DatabaseError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(IS_ABSENT)
            .expression_attribute_names("#pk", PARTITION_KEY)
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(DatabaseError::from_sdk(error)),
            },
        }
    }
}

/// The key of an item.
fn key_of(item: &Item) -> Item {
    let is_key = |name: &str| name == PARTITION_KEY || name == SORT_KEY;
    item.iter()
        .filter(|(name, _)| is_key(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Says of one item after the other whether the next still fits into the same transaction.
fn fits_with_next() -> impl FnMut(&Item, &Item) -> bool {
    /// A transaction has 4 MB; the rest is for what is around the items.
    const MAX_BYTES: usize = 3 * 1024 * 1024;

    let mut bytes = 0;
    move |item, next| {
        bytes += bytes_of_item(item);
        let fits = bytes + bytes_of_item(next) <= MAX_BYTES;
        if !fits {
            bytes = 0;
        }
        fits
    }
}

fn item(addition: Addition) -> Result<Item, DatabaseError> {
    match addition {
        Addition::Audience(organization, audience) => {
            Ok(Key::audience(&organization, &audience).attributes())
        }
        Addition::Client(organization, client) => {
            Ok(Key::client(&organization, &client).attributes())
        }
        Addition::Contact(contact, stamp) => contact_item(*contact, stamp),
        Addition::EmailOwner(organization, address, contact) => {
            Ok(owner(&organization, &address, &contact))
        }
        Addition::Subscription(organization, contact, audience, client, subscription) => {
            let key = match client {
                Some(client) => {
                    Key::client_subscription(&organization, &contact, &audience, &client)
                }
                None => Key::audience_subscription(&organization, &contact, &audience),
            };
            subscription_item(key, subscription)
        }
    }
}
