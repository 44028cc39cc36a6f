//! What is added to a table as it is: audiences, clients, contacts with their subscriptions. What the table holds already stays
//! as it is.

use std::collections::{BTreeMap, HashSet};

use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::RetryBudget;
use super::bulk::{MAX_BYTES, MAX_ITEMS, MAX_KEYS};
use crate::domain::{
    AudienceSlug, ClientSlug, Contact, ContactId, OrganizationId, SubscribedContact, Subscription,
    SubscriptionId, Tenant,
};
use crate::store::change::{Change, Found};
use crate::store::edit::Edit;
use crate::store::expression::put_if_absent;
use crate::store::items::{
    Item, RECENT_REQUESTS, address_item, bytes_of_item, contact_item, subscription_item,
};
use crate::store::keys::{Key, PARTITION_KEY, SORT_KEY};
use crate::store::recent_requests::RecentRequests;
use crate::store::{ChangeError, ChangeMetadata, DatabaseError, Store};

/// Something to add to a table.
#[derive(Debug, Clone)]
pub enum Addition {
    /// An audience of an organization.
    Audience(OrganizationId, AudienceSlug),
    /// A client of an organization.
    Client(OrganizationId, ClientSlug),
    /// A contact with its subscriptions.
    Contact {
        /// As it is added.
        contact: Box<SubscribedContact>,
        /// The normal forms of those of its addresses that it comes to own, unless another contact does.
        owned: Vec<String>,
        /// The change that adds it.
        metadata: ChangeMetadata,
    },
}

/// Items that are added together, or not at all.
#[derive(Debug, Clone)]
struct Unit {
    /// Where this one exists, nothing is added.
    item: Item,
    /// The items of a contact's addresses. Those that exist stay: an address has one owner.
    addresses: Vec<Item>,
    /// The subscriptions of a contact that are added with it.
    subscriptions: Vec<Item>,
}

/// Subscriptions of a contact that are added to it once it exists.
#[derive(Debug, Clone)]
struct AddedSubscriptions {
    tenant: Tenant,
    contact: ContactId,
    all: BTreeMap<SubscriptionId, Subscription>,
    metadata: ChangeMetadata,
}

impl Store {
    /// Adds what does not exist yet. What exists stays as it is, with all that has been recorded there; a contact that exists
    /// gets the subscriptions that it lacks.
    ///
    /// # Errors
    /// When the database refuses or does not answer. Some of it may have been added then; adding it again does no harm.
    pub async fn add(&self, additions: Vec<Addition>) -> Result<(), DatabaseError> {
        let mut units = Vec::with_capacity(additions.len());
        let mut subscriptions = Vec::new();
        for addition in additions {
            if let Addition::Contact {
                contact, metadata, ..
            } = &addition
            {
                subscriptions.extend(AddedSubscriptions::of(contact, metadata));
            }
            units.extend(Unit::of(addition)?);
        }
        self.add_units(units).await?;
        for subscriptions in self.missing_subscriptions(subscriptions).await? {
            self.add_subscriptions(&subscriptions).await?;
        }
        Ok(())
    }

    /// Adds those of these items that do not exist yet.
    ///
    /// # Errors
    /// As [`Store::add`].
    pub(super) async fn add_items(&self, items: Vec<Item>) -> Result<(), DatabaseError> {
        self.add_units(items.into_iter().map(Unit::from).collect())
            .await
    }

    async fn add_units(&self, units: Vec<Unit>) -> Result<(), DatabaseError> {
        for units in transactions(self.missing(units).await?) {
            match self.put_all(&units).await {
                // Another process has added one of them meanwhile, or is adding it: then one by one.
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

    /// Adds one thing. Answers whether it did not exist yet.
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

    /// Adds a unit by itself, again and again while others add it too.
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

    /// Adds subscriptions to a contact, unless it has them.
    async fn add_subscriptions(&self, added: &AddedSubscriptions) -> Result<(), DatabaseError> {
        match self.change(added, &added.metadata).await {
            Ok(()) => Ok(()),
            Err(ChangeError::Database(error)) => Err(error),
            Err(_) => Err(DatabaseError::UnexpectedAnswer(
                "a contact vanished while subscriptions were added to it",
            )),
        }
    }

    /// Those of these units that the table does not hold yet.
    async fn missing(&self, mut units: Vec<Unit>) -> Result<Vec<Unit>, DatabaseError> {
        let keys = units.iter().flat_map(Unit::items).filter_map(Key::of_item);
        let existing = self.existing(keys.collect()).await?;
        let is_missing =
            |item: &Item| Key::of_item(item).is_none_or(|key| !existing.contains(&key));
        units.retain(|unit| is_missing(&unit.item));
        for unit in &mut units {
            unit.addresses.retain(is_missing);
            unit.subscriptions.retain(is_missing);
        }
        Ok(units)
    }

    /// Those of these subscriptions that the table does not hold yet.
    async fn missing_subscriptions(
        &self,
        mut all: Vec<AddedSubscriptions>,
    ) -> Result<Vec<AddedSubscriptions>, DatabaseError> {
        let existing = self
            .existing(all.iter().flat_map(AddedSubscriptions::keys).collect())
            .await?;
        for one in &mut all {
            let organization = one.tenant.organization().clone();
            let contact = one.contact.clone();
            one.all.retain(|id, _| {
                !existing.contains(&Key::subscription(&organization, &contact, id))
            });
        }
        all.retain(|one| !one.all.is_empty());
        Ok(all)
    }

    /// Those of these keys that are in the table.
    async fn existing(&self, keys: Vec<Key>) -> Result<HashSet<Key>, DatabaseError> {
        let mut existing = HashSet::new();
        for keys in keys.chunks(MAX_KEYS) {
            let wanted = keys
                .iter()
                .fold(KeysAndAttributes::builder(), |wanted, key| {
                    wanted.keys(key.clone().attributes())
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
            // A key that was not looked up counts as absent; the condition of the write knows better.
            let found = output.responses.into_iter().flatten();
            existing.extend(
                found
                    .flat_map(|(_, items)| items)
                    .filter_map(|item| Key::of_item(&item)),
            );
        }
        Ok(existing)
    }

    /// Puts all items in one transaction, on condition that none of them exists.
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
            Addition::Contact {
                contact,
                owned,
                metadata,
            } => return Self::of_contact(&contact, &owned, &metadata),
        };
        Ok(vec![Self::from(item)])
    }

    fn of_contact(
        added: &SubscribedContact,
        owned: &[String],
        metadata: &ChangeMetadata,
    ) -> Result<Vec<Self>, DatabaseError> {
        let contact = &added.contact;
        let address = |address: &String| {
            let mut item = address_item(&contact.organization_id, address, &contact.id);
            item.extend(metadata.attributes(contact.version));
            item
        };
        let mut addresses: Vec<_> = owned.iter().map(address).collect();
        // A transaction takes no more. The rest come after the contact, so that no address is ever owned by nobody.
        let rest = addresses.split_off(addresses.len().min(MAX_ITEMS - 1));
        let subscriptions = added
            .subscriptions
            .iter()
            .take(MAX_ITEMS - 1 - addresses.len())
            .map(|(id, subscription)| subscription_of(contact, id, subscription, metadata));
        let unit = Self {
            item: new_contact(contact, metadata)?,
            addresses,
            subscriptions: subscriptions.collect::<Result<_, _>>()?,
        };
        Ok(std::iter::once(unit)
            .chain(rest.into_iter().map(Self::from))
            .collect())
    }

    fn items(&self) -> impl Iterator<Item = &Item> {
        std::iter::once(&self.item)
            .chain(&self.addresses)
            .chain(&self.subscriptions)
    }
}

impl From<Item> for Unit {
    fn from(item: Item) -> Self {
        Self {
            item,
            addresses: Vec::new(),
            subscriptions: Vec::new(),
        }
    }
}

/// The item of a contact that is added.
fn new_contact(contact: &Contact, metadata: &ChangeMetadata) -> Result<Item, DatabaseError> {
    let mut item = contact_item(contact)?;
    item.extend(metadata.attributes_of_change());
    item.insert(
        RECENT_REQUESTS.to_owned(),
        RecentRequests::default().after(&metadata.write_id),
    );
    Ok(item)
}

/// The item of a subscription that is added with its contact.
pub(super) fn subscription_of(
    contact: &Contact,
    id: &SubscriptionId,
    subscription: &Subscription,
    metadata: &ChangeMetadata,
) -> Result<Item, DatabaseError> {
    let key = Key::subscription(&contact.organization_id, &contact.id, id);
    let mut item = subscription_item(key, subscription)?;
    item.extend(metadata.attributes(contact.version));
    Ok(item)
}

impl AddedSubscriptions {
    /// A contact's subscriptions, as many together as one change can add.
    fn of(added: &SubscribedContact, metadata: &ChangeMetadata) -> Vec<Self> {
        let all: Vec<_> = added.subscriptions.iter().collect();
        all.chunks(MAX_ITEMS - 1)
            .map(|chunk| Self {
                tenant: Tenant::new(added.contact.organization_id.clone()),
                contact: added.contact.id.clone(),
                all: chunk
                    .iter()
                    .map(|(id, subscription)| ((*id).clone(), (*subscription).clone()))
                    .collect(),
                metadata: metadata.again(),
            })
            .collect()
    }

    fn keys(&self) -> impl Iterator<Item = Key> {
        let organization = self.tenant.organization();
        self.all
            .keys()
            .map(|id| Key::subscription(organization, &self.contact, id))
    }
}

impl Change for AddedSubscriptions {
    type Answer = ();

    async fn read(&self, store: &Store, _: Option<&ContactId>) -> Result<Found, ChangeError> {
        let ids: Vec<_> = self.all.keys().cloned().collect();
        let snapshot = store
            .read_contact(&self.tenant, &self.contact, &ids)
            .await?;
        Ok(Found {
            snapshot,
            owner: None,
        })
    }

    fn plan(&self, found: Found) -> Result<Edit, ChangeError> {
        let before = found.snapshot.ok_or(ChangeError::ContactNotFound)?;
        let mut after = before.state.clone();
        for (id, subscription) in &self.all {
            let existing = after.subscriptions.entry(id.clone());
            existing.or_insert_with(|| subscription.clone());
        }
        Edit::new(Some(before), after, Vec::new(), self.metadata.now)
    }

    fn answer(&self, _: &Edit) -> Result<(), ChangeError> {
        Ok(())
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
