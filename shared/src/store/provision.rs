//! What is added to a table as it is: audiences, clients, contacts and their subscriptions.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::bulk::{MAX_BYTES, MAX_ITEMS, MAX_KEYS};
use super::expression::put_if_absent;
use super::items::{Item, bytes_of_item, contact_item, owner_item, subscription_item};
use super::keys::{Key, PARTITION_KEY, SORT_KEY};
use super::{ChangeMetadata, DatabaseError, RetryBudget, Store};
use crate::domain::{
    AudienceSlug, ClientSlug, Contact, ContactId, OrganizationId, Subscription, SubscriptionId,
};

/// Something to add to a table.
#[derive(Debug, Clone)]
pub enum Addition {
    /// An audience of an organization.
    Audience(OrganizationId, AudienceSlug),
    /// A client of an organization.
    Client(OrganizationId, ClientSlug),
    /// A contact.
    Contact {
        /// As it is added.
        contact: Box<Contact>,
        /// The normal forms of those of its addresses that it comes to own, unless another contact does.
        owned: Vec<String>,
        /// The change that makes it.
        metadata: ChangeMetadata,
    },
    /// A contact's subscription.
    Subscription(OrganizationId, ContactId, SubscriptionId, Subscription),
}

/// Items that are added together, or not at all.
#[derive(Debug, Clone)]
struct Unit {
    /// Where this one is there, nothing is added.
    item: Item,
    /// The owners of a contact's addresses. Those that are there stay: an address has one owner.
    owners: Vec<Item>,
}

impl Store {
    /// Adds what is not there yet. What is there stays as it is, with all that has been recorded on it.
    ///
    /// # Errors
    /// When the database refuses or does not answer. Some of it may have been added then; adding it again does no harm.
    pub async fn add(&self, additions: Vec<Addition>) -> Result<(), DatabaseError> {
        let mut units = Vec::with_capacity(additions.len());
        for addition in additions {
            units.extend(Unit::of(addition)?);
        }
        for units in transactions(self.missing(units).await?) {
            match self.put_all(&units).await {
                // Somebody else has added one of them in the meantime, or is at it: then one by one.
                Err(error) if error.is_worth_another_attempt() => {
                    for unit in units {
                        self.add_unit(unit).await?;
                    }
                }
                done => done?,
            }
        }
        Ok(())
    }

    /// Adds one thing. Answers whether it was not there yet.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub async fn register(&self, addition: Addition) -> Result<bool, DatabaseError> {
        let missing = self.missing(Unit::of(addition)?).await?;
        let is_new = !missing.is_empty();
        for unit in missing {
            self.add_unit(unit).await?;
        }
        Ok(is_new)
    }

    /// Adds a unit by itself, again and again while others are at it too.
    async fn add_unit(&self, unit: Unit) -> Result<(), DatabaseError> {
        RetryBudget::new(self.contention_budget)
            .run(
                async || match self.missing(vec![unit.clone()]).await?.pop() {
                    None => Ok(()),
                    Some(unit) => self.put_all(&[unit]).await,
                },
            )
            .await
    }

    /// What of these units the table does not hold yet.
    async fn missing(&self, mut units: Vec<Unit>) -> Result<Vec<Unit>, DatabaseError> {
        let there = self.keys_there(&units).await?;
        let is_missing = |item: &Item| Key::of_item(item).is_none_or(|key| !there.contains(&key));
        units.retain(|unit| is_missing(&unit.item));
        for unit in &mut units {
            unit.owners.retain(is_missing);
        }
        Ok(units)
    }

    /// The keys of those items that the table holds.
    async fn keys_there(&self, units: &[Unit]) -> Result<HashSet<Key>, DatabaseError> {
        let items: Vec<_> = units.iter().flat_map(Unit::items).collect();
        let mut there = HashSet::new();
        for items in items.chunks(MAX_KEYS) {
            let wanted = items
                .iter()
                .filter_map(|item| Key::of_item(item))
                .fold(KeysAndAttributes::builder(), |wanted, key| {
                    wanted.keys(key.attributes())
                })
                .projection_expression("#pk, #sk")
                .expression_attribute_names("#pk", PARTITION_KEY)
                .expression_attribute_names("#sk", SORT_KEY)
                .build()?;
            let request = self
                .client
                .batch_get_item()
                .request_items(&self.table, wanted);
            let output = Box::pin(request.send())
                .await
                .map_err(DatabaseError::from_sdk)?;
            // Keys that were not looked up count as absent; the condition of the write knows better.
            let found = output.responses.into_iter().flatten();
            there.extend(
                found
                    .flat_map(|(_, items)| items)
                    .filter_map(|item| Key::of_item(&item)),
            );
        }
        Ok(there)
    }

    /// Puts all items in one transaction, on condition that none of them is there.
    async fn put_all(&self, units: &[Unit]) -> Result<(), DatabaseError> {
        let items = units.iter().flat_map(Unit::items);
        let puts = items
            .map(|item| put_if_absent(&self.table, item.clone()))
            .collect::<Result<Vec<_>, _>>()?;
        self.transact(puts).await
    }
}

impl Unit {
    /// What an addition adds.
    fn of(addition: Addition) -> Result<Vec<Self>, DatabaseError> {
        let item = match addition {
            Addition::Audience(organization, audience) => {
                Key::audience(&organization, &audience).attributes()
            }
            Addition::Client(organization, client) => {
                Key::client(&organization, &client).attributes()
            }
            Addition::Subscription(organization, contact, id, subscription) => subscription_item(
                Key::subscription(&organization, &contact, &id),
                subscription,
            )?,
            Addition::Contact {
                contact,
                owned,
                metadata,
            } => return Self::of_contact(*contact, &owned, metadata),
        };
        Ok(vec![Self::from(item)])
    }

    fn of_contact(
        contact: Contact,
        owned: &[String],
        metadata: ChangeMetadata,
    ) -> Result<Vec<Self>, DatabaseError> {
        let owners = owned
            .iter()
            .map(|address| owner_item(&contact.organization_id, address, &contact.id));
        let mut owners: Vec<_> = owners.collect();
        // A transaction takes no more; the rest come after the contact, so that no owner is ever without one.
        let rest = owners.split_off(owners.len().min(MAX_ITEMS - 1));
        let contact = Self {
            item: contact_item(contact, metadata)?,
            owners,
        };
        let rest = rest.into_iter().map(Self::from);
        Ok(std::iter::once(contact).chain(rest).collect())
    }

    fn items(&self) -> impl Iterator<Item = &Item> {
        std::iter::once(&self.item).chain(&self.owners)
    }
}

impl From<Item> for Unit {
    fn from(item: Item) -> Self {
        Self {
            item,
            owners: Vec::new(),
        }
    }
}

/// The units in their order, as many together as a transaction takes.
fn transactions(units: Vec<Unit>) -> Vec<Vec<Unit>> {
    let mut transactions = Vec::new();
    let mut open: Vec<Unit> = Vec::new();
    let (mut items, mut bytes) = (0, 0);
    for unit in units {
        let more_items = unit.items().count();
        let more_bytes: usize = unit.items().map(bytes_of_item).sum();
        if items + more_items > MAX_ITEMS || bytes + more_bytes > MAX_BYTES {
            transactions.push(std::mem::take(&mut open));
            (items, bytes) = (0, 0);
        }
        items += more_items;
        bytes += more_bytes;
        open.push(unit);
    }
    transactions.push(open);
    transactions.retain(|units| !units.is_empty());
    transactions
}
