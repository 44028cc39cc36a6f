//! The erasure of a contact (contract section 13).
//!
//! A marker replaces the contact, on condition of its version. From then on every read treats the contact as missing, and the id
//! stays used. The marker lists the remaining work with hashes only, so an erasure can stop anywhere and be repeated:
//!
//! 1. The addresses' items lose the address, and keep the facts that block mail to it. The marker's transaction changes the
//!    first 99 of them.
//! 2. The subscriptions are deleted.
//! 3. The history is rewritten without personal data.
//!
//! `record-history` looks for the marker after each write, so a stream record that arrives later brings no personal data back.

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};

use super::batch::{delete, put};
use super::conditions::{EXISTS, IS_AT_VERSION};
use super::difference::item_write;
use super::expression::Expression;
use super::history;
use super::items::{
    CONTACT_ID, ERASED_AT, ErasedContact, Item, ORGANIZATION_SHARD, RECENT_REQUESTS, UNFINISHED,
    Unfinished, VERSION, address, address_item, contact, erased_contact, erased_contact_item,
};
use super::keys::{HISTORY_PREFIX, Key, PARTITION_KEY, SUBSCRIPTION_PREFIX, contact_partition};
use super::query::prefix_request;
use super::recent_requests::RecentRequests;
use super::{ChangeError, ChangeMetadata, DatabaseError, Store};
use crate::domain::{
    AddressHash, AddressSuppression, Contact, ContactId, ExpectedVersion, OrganizationId,
    Subscription, SubscriptionStatus, Tenant, Timestamp, Version,
};

/// The maximum number of addresses that one transaction releases. The first transaction also writes the marker.
const ADDRESSES: usize = 99;

/// A request to erase a contact.
#[derive(Debug, Clone)]
pub struct EraseContact {
    /// The versions of the contact that the caller accepts. The completion of an interrupted erasure ignores them.
    pub expected_version: ExpectedVersion,
    /// The actor, time, route and request of the erasure.
    pub metadata: ChangeMetadata,
}

/// How much data an erasure erased, or would erase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erasure {
    /// Phone numbers and e-mail addresses.
    pub methods: u64,
    /// Subscriptions.
    pub subscriptions: u64,
    /// Entries of the history.
    pub history_entries: u64,
}

/// Whether the item is the marker of an erased contact.
pub(super) fn is_erased(item: &Item) -> bool {
    item.contains_key(ERASED_AT)
}

/// A contact that is being erased.
struct Erasing<'a> {
    organization: &'a OrganizationId,
    id: &'a ContactId,
    metadata: &'a ChangeMetadata,
}

impl Store {
    /// Erases a contact, or completes an erasure that was interrupted.
    ///
    /// # Errors
    /// [`ChangeError::ContactNotFound`] if there is no such contact, or it was erased before. After any other error, the erasure is
    /// not complete and can be repeated.
    pub async fn erase_contact(
        &self,
        tenant: &Tenant,
        id: &ContactId,
        request: &EraseContact,
    ) -> Result<Erasure, ChangeError> {
        let erasing = Erasing {
            organization: tenant.organization(),
            id,
            metadata: &request.metadata,
        };
        let mut attempts = self.attempts();
        let marker = loop {
            match Box::pin(self.hide(&erasing, &request.expected_version)).await {
                Ok(marker) => break marker,
                Err(error) => attempts.wait_after(error).await?,
            }
        };
        let unfinished = marker.unfinished.clone().unwrap_or_default();
        let hashes: Vec<_> = unfinished.addresses.keys().collect();
        for hashes in hashes.chunks(ADDRESSES) {
            self.release(&erasing, &marker, hashes).await?;
        }
        let partition = contact_partition(erasing.organization, id);
        let subscriptions = self.sort_keys(&partition, SUBSCRIPTION_PREFIX).await?;
        let deletions = subscriptions.into_iter().map(|sort| {
            delete(Key {
                partition: partition.clone(),
                sort,
            })
        });
        self.write_many(deletions.collect::<Result<_, _>>()?)
            .await?;
        let history_entries = self.rewrite_history(&partition).await?;
        self.complete(&erasing).await?;
        Ok(Erasure {
            methods: marker.methods,
            subscriptions: marker.subscriptions,
            history_entries,
        })
    }

    /// [`Store::erase_contact`] for the operator's tool, which has no tenant.
    ///
    /// # Errors
    /// As [`Store::erase_contact`].
    pub async fn erase_by_operator(
        &self,
        organization: &OrganizationId,
        id: &ContactId,
        request: &EraseContact,
    ) -> Result<Erasure, ChangeError> {
        let tenant = Tenant::new(organization.clone());
        self.erase_contact(&tenant, id, request).await
    }

    /// Counts the data that an erasure would erase. Writes nothing.
    ///
    /// # Errors
    /// When there is no such contact, or it was erased already, or the database does not answer.
    pub async fn plan_erasure(
        &self,
        organization: &OrganizationId,
        id: &ContactId,
    ) -> Result<Erasure, ChangeError> {
        let item = self.read_item(Key::contact(organization, id)).await?;
        let item = item.ok_or(ChangeError::ContactNotFound)?;
        let partition = contact_partition(organization, id);
        let (methods, subscriptions) = if is_erased(&item) {
            let erased = erased_contact(item)?;
            if erased.unfinished.is_none() {
                return Err(ChangeError::ContactNotFound);
            }
            (erased.methods, erased.subscriptions)
        } else {
            let contact = contact(item)?;
            let methods = contact.phones.len() + contact.emails.len();
            let subscriptions = self.sort_keys(&partition, SUBSCRIPTION_PREFIX).await?;
            (methods as u64, subscriptions.len() as u64)
        };
        let history = self.sort_keys(&partition, HISTORY_PREFIX).await?;
        Ok(Erasure {
            methods,
            subscriptions,
            history_entries: history.len() as u64,
        })
    }

    /// Replaces the contact with the marker, and releases its first addresses. Returns the marker, which may be from an earlier
    /// attempt.
    async fn hide(
        &self,
        erasing: &Erasing<'_>,
        expected: &ExpectedVersion,
    ) -> Result<ErasedContact, ChangeError> {
        let key = Key::contact(erasing.organization, erasing.id);
        let item = self.read_item(key).await?;
        let item = item.ok_or(ChangeError::ContactNotFound)?;
        if is_erased(&item) {
            let marker = erased_contact(item)?;
            if marker.unfinished.is_none() {
                return Err(ChangeError::ContactNotFound);
            }
            return Ok(marker);
        }
        let recent_requests = RecentRequests::of(&item);
        let contact = contact(item)?;
        if !expected.allows(contact.version) {
            return Err(ChangeError::VersionMismatch(Some(contact.version)));
        }
        let subscriptions = self.subscriptions(erasing.organization, erasing.id).await?;
        let unfinished = unfinished(&contact, subscriptions.values(), erasing.metadata.now);
        let marker = ErasedContact {
            version: contact.version.next(),
            erased_at: erasing.metadata.now,
            methods: (contact.phones.len() + contact.emails.len()) as u64,
            subscriptions: subscriptions.len() as u64,
            unfinished: Some(unfinished),
        };
        let mut item = erased_contact_item(erasing.organization, erasing.id, &marker)?;
        item.extend(erasing.metadata.attributes(marker.version));
        let recent_requests = recent_requests.after(&erasing.metadata.write_id);
        item.insert(RECENT_REQUESTS.to_owned(), recent_requests);
        let hashes: Vec<_> = contact
            .emails
            .iter()
            .take(ADDRESSES)
            .map(|email| AddressHash::of(erasing.organization, &email.normal_form))
            .collect();
        let mut writes = vec![put_at_version(&self.table, item, contact.version)?];
        let hashes: Vec<_> = hashes.iter().collect();
        writes.extend(self.releases(erasing, &marker, &hashes).await?);
        self.transact(writes).await?;
        Ok(marker)
    }

    /// Releases addresses. Addresses that an earlier attempt released do not change.
    async fn release(
        &self,
        erasing: &Erasing<'_>,
        marker: &ErasedContact,
        hashes: &[&AddressHash],
    ) -> Result<(), ChangeError> {
        let mut attempts = self.attempts();
        loop {
            let writes = self.releases(erasing, marker, hashes).await;
            let released = match writes {
                Ok(writes) if writes.is_empty() => return Ok(()),
                Ok(writes) => Box::pin(self.transact(writes)).await,
                Err(error) => Err(error),
            };
            match released {
                Ok(()) => return Ok(()),
                Err(error) => attempts.wait_after(error.into()).await?,
            }
        }
    }

    /// The writes that release addresses, each on condition that the item is still as it was read.
    async fn releases(
        &self,
        erasing: &Erasing<'_>,
        marker: &ErasedContact,
        hashes: &[&AddressHash],
    ) -> Result<Vec<TransactWriteItem>, DatabaseError> {
        let (organization, table) = (erasing.organization, &self.table);
        let Some(unfinished) = &marker.unfinished else {
            return Ok(Vec::new());
        };
        if hashes.is_empty() {
            return Ok(Vec::new());
        }
        let keys = hashes.iter().map(|hash| Key::address(organization, hash));
        let items = self.read_at_once(keys).await?;
        let mut writes = Vec::new();
        for (hash, stored) in hashes.iter().zip(items) {
            let Some(stored) = stored else { continue };
            let before = address(stored.clone())?;
            let kept = unfinished.addresses.get(hash).cloned().unwrap_or_default();
            let after = before.without_person(erasing.id, kept, unfinished.ended_at);
            if after == before {
                continue;
            }
            let mut item = address_item(organization, hash, &after)?;
            item.extend(erasing.metadata.attributes(marker.version));
            let known = address_item(organization, hash, &before)?;
            let key = Key::address(organization, hash);
            writes.push(item_write(table, key, Some((&stored, known)), item)?);
        }
        Ok(writes)
    }

    /// Rewrites a history without personal data. Returns the number of its entries.
    async fn rewrite_history(&self, partition: &str) -> Result<u64, ChangeError> {
        let (mut count, mut start) = (0, None);
        loop {
            let request = prefix_request(&self.table, partition, HISTORY_PREFIX);
            let output = self.query(request.set_exclusive_start_key(start)).await?;
            let mut rewritten = Vec::new();
            for stored in output.items.unwrap_or_default() {
                count += 1;
                let why = "an entry of a history has no key";
                let key = Key::of_item(&stored).ok_or(DatabaseError::UnexpectedAnswer(why))?;
                let entry = history::entry(stored.clone())?.without_person();
                let entry = history::item(key, &entry)?;
                if entry != stored {
                    rewritten.push(put(entry)?);
                }
            }
            self.write_many(rewritten).await?;
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok(count);
            }
        }
    }

    /// Removes the remaining work from the marker, and the marker from the indexes.
    async fn complete(&self, erasing: &Erasing<'_>) -> Result<(), ChangeError> {
        let mut expression = Expression::default();
        expression
            .require(EXISTS)
            .names([("#pk", PARTITION_KEY)])
            .remove_attribute(UNFINISHED)
            .remove_attribute(CONTACT_ID)
            .remove_attribute(ORGANIZATION_SHARD);
        let key = Key::contact(erasing.organization, erasing.id);
        let update = expression.into_update_item(&self.table, key);
        let update = update.set_expression_attribute_values(None);
        // A retry does no harm: the update only removes attributes.
        let sent = Box::pin(update.send_with(&self.client)).await;
        sent.map(drop)
            .map_err(|error| DatabaseError::from_sdk(error).into())
    }
}

/// The work of an erasure after the marker: the contact's addresses and former addresses, with the facts that block mail
/// from them. If the contact ended any subscription, each address becomes globally unsubscribed.
fn unfinished<'a>(
    contact: &Contact,
    subscriptions: impl Iterator<Item = &'a Subscription>,
    now: Timestamp,
) -> Unfinished {
    let ended = subscriptions.filter(|it| it.status == SubscriptionStatus::Unsubscribed);
    let ended_at = ended.map(|it| it.unsubscribed_at.unwrap_or(now)).min();
    let of_end = || AddressSuppression {
        globally_unsubscribed_at: ended_at,
        ..AddressSuppression::default()
    };
    let former = contact.former_addresses.iter();
    let former = former.map(|hash| (hash.clone(), of_end()));
    let current = contact.emails.iter().map(|email| {
        let mut kept = email
            .suppression
            .clone()
            .of_former_owner(&contact.suppression);
        kept.merge(of_end());
        // The text of a validation service may quote the address.
        kept.validation.reason.clear();
        let hash = AddressHash::of(&contact.organization_id, &email.normal_form);
        (hash, kept)
    });
    Unfinished {
        addresses: former.chain(current).collect(),
        ended_at,
    }
}

/// The write that replaces the contact with an item, on condition that the contact is at this version.
fn put_at_version(
    table: &str,
    item: Item,
    version: Version,
) -> Result<TransactWriteItem, DatabaseError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression(IS_AT_VERSION)
        .expression_attribute_names("#version", VERSION)
        .expression_attribute_values(
            ":stored_version",
            AttributeValue::N(version.number().to_string()),
        )
        .build()?;
    Ok(TransactWriteItem::builder().put(put).build())
}
