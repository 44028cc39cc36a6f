//! Makes history entries from stream records, and writes them.
//!
//! The keys of entries come from the record alone, so a record that arrives again writes no entry twice.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use super::stream_record::{ItemWrite, States, StreamRecord};
use super::{id_of, item};
use crate::domain::{
    Contact, ContactId, HistoryChange, HistoryEntry, HistoryEvent, MethodId, OrganizationId,
    Subscription, SubscriptionId, address_changes, contact_changes, removed_emails,
    subscription_changes, verification_ended,
};
use crate::store::batch::put;
use crate::store::conditions::IS_ABSENT;
use crate::store::erase::is_erased;
use crate::store::items::{Item, address, contact, subscription};
use crate::store::keys::{
    Key, PARTITION_KEY, SUBSCRIPTION_PREFIX, contact_partition, subscription_of,
};
use crate::store::{DatabaseError, Store};

/// An entry of a contact's history, with the contact.
#[derive(Debug, Clone)]
pub struct HistoryItem {
    /// The organization.
    pub organization: OrganizationId,
    /// The contact.
    pub contact: ContactId,
    /// The entry.
    pub entry: HistoryEntry,
    key: Key,
}

impl Store {
    /// Writes the history entries of a stream record, and returns them. The caller must then call [`Store::withdraw_erased`].
    ///
    /// # Errors
    /// [`DatabaseError::UnreadableItem`] when the record cannot be read, or the error of the database. Then some of the entries may
    /// be written, and the caller can record the same record again.
    pub async fn record_history(
        &self,
        record: StreamRecord,
    ) -> Result<Vec<HistoryItem>, DatabaseError> {
        let Some(write) = ItemWrite::read(record)? else {
            return Ok(Vec::new());
        };
        if write.is_deletion_of_subscription() {
            let owner = Key::contact(&write.organization, &write.contact);
            if self.read_item(owner).await?.as_ref().is_some_and(is_erased) {
                // The erasure deleted the subscription. The history does not record this.
                return Ok(Vec::new());
            }
        }
        let items = self.entries(&write).await?;
        for item in &items {
            self.add_entry(item).await?;
        }
        Ok(items)
    }

    /// Removes the personal data from entries that were just written, if their contact was erased. An erasure rewrites the entries
    /// that it finds, but it may have looked before these were written.
    ///
    /// # Errors
    /// When the database refuses or does not answer. Then the caller must repeat the call.
    pub async fn withdraw_erased(&self, items: &mut [HistoryItem]) -> Result<(), DatabaseError> {
        let owner = |item: &HistoryItem| Key::contact(&item.organization, &item.contact);
        let contacts = self.read_many(items.iter().map(owner).collect()).await?;
        let mut rewritten = Vec::new();
        for written in items {
            if contacts.get(&owner(written)).is_some_and(is_erased) {
                written.entry = written.entry.clone().without_person();
                rewritten.push(put(item(written.key.clone(), &written.entry)?)?);
            }
        }
        self.write_many(rewritten).await
    }

    /// The entries for a write of an item.
    async fn entries(&self, write: &ItemWrite) -> Result<Vec<HistoryItem>, DatabaseError> {
        let is_by_hand = write.origin.request.is_none();
        let numbered = |changes: Vec<HistoryChange>| -> Vec<_> {
            let numbered = changes.into_iter().enumerate();
            numbered
                .map(|(ordinal, change)| (format!("{ordinal:04}"), change))
                .collect()
        };
        let changes = match &write.states {
            States::Erased => numbered(vec![HistoryChange::of(HistoryEvent::Erased)]),
            States::Contact(before, after) => {
                let (before, after) = (before.as_deref(), after.as_deref());
                let mut changes = numbered(contact_changes(before, after));
                self.add_ended(write, before, after, &mut changes).await?;
                changes
            }
            States::Subscription(id, before, after) => {
                let (before, after) = (before.as_ref(), after.as_ref());
                let mut changes = subscription_changes(id, before, after, is_by_hand);
                for change in &mut changes {
                    if let Some(method) = change.method.clone() {
                        change.value = self.address_of(write, &method, [after, before]).await?;
                    }
                }
                numbered(changes)
            }
            States::Address(before, after) => {
                numbered(address_changes(before.as_ref(), after.as_ref()))
            }
        };
        let items = changes.into_iter().map(|(ordinal, change)| {
            let place = format!("{}#{ordinal}", write.place);
            let key = Key::history(&write.organization, &write.contact, &place);
            HistoryItem {
                organization: write.organization.clone(),
                contact: write.contact.clone(),
                entry: entry(write, change, id_of(&key)),
                key,
            }
        });
        Ok(items.collect())
    }

    /// Adds the ends of verifications that subscriptions hold of an address that left the contact. No later write can have changed
    /// these verifications, because each such write requires that the contact has the address.
    async fn add_ended(
        &self,
        write: &ItemWrite,
        before: Option<&Contact>,
        after: Option<&Contact>,
        changes: &mut Vec<(String, HistoryChange)>,
    ) -> Result<(), DatabaseError> {
        let removed = removed_emails(before, after);
        if removed.is_empty() {
            return Ok(());
        }
        let first = changes.len();
        let subscriptions = self
            .subscriptions(&write.organization, &write.contact)
            .await?;
        for (place, removed) in removed.iter().enumerate() {
            for (id, subscription) in &subscriptions {
                let ended = verification_ended(id, subscription, removed);
                // The ordinal contains the level, so that it does not depend on the contact's other subscriptions.
                let client = id.client.as_ref().map(|client| format!("#{client}"));
                let ordinal = format!(
                    "{:04}#{}{}",
                    first + place,
                    id.audience,
                    client.unwrap_or_default()
                );
                changes.extend(ended.map(|ended| (ordinal, ended)));
            }
        }
        Ok(())
    }

    /// All subscriptions of a contact.
    pub(in crate::store) async fn subscriptions(
        &self,
        organization: &OrganizationId,
        id: &ContactId,
    ) -> Result<BTreeMap<SubscriptionId, Subscription>, DatabaseError> {
        let partition = contact_partition(organization, id);
        let items = self
            .items_with_prefix(&partition, SUBSCRIPTION_PREFIX)
            .await?;
        let read = |item| {
            let id = Key::of_item(&item).and_then(|key| subscription_of(&key.sort));
            let id = id.ok_or(DatabaseError::UnexpectedAnswer("a key of no subscription"))?;
            Ok((id, subscription(item)?))
        };
        items.into_iter().map(read).collect()
    }

    /// The normal form of the address with this id in a subscription. The subscription has the hash of the address. The address's
    /// item has the normal form, even after the address left the contact. `None` after an erasure.
    async fn address_of(
        &self,
        write: &ItemWrite,
        method: &MethodId,
        states: [Option<&Subscription>; 2],
    ) -> Result<Option<String>, DatabaseError> {
        let mut states = states.into_iter().flatten();
        if let Some(hash) = states.find_map(|state| state.verified_addresses.get(method)) {
            let key = Key::address(&write.organization, hash);
            let item = self.read_after_transaction(key).await?;
            let address = item.map(address).transpose()?;
            return Ok(address
                .map(|address| address.normal_form)
                .filter(|normal_form| !normal_form.is_empty()));
        }
        // An older build, or a person, wrote the subscription without the hash.
        let owner = Key::contact(&write.organization, &write.contact);
        let item = self.read_after_transaction(owner).await?;
        let item = item.filter(|item| !is_erased(item));
        let contact = item.map(contact).transpose()?;
        let emails = contact.into_iter().flat_map(|contact| contact.emails);
        let mut found = emails.filter(|email| email.id == *method);
        Ok(found.next().map(|email| email.normal_form))
    }

    /// Reads an item that the record's transaction may also have written. A read of a single item is not ordered with
    /// transactions: it may still return the item from before the transaction, although the record is here. DynamoDB refuses a read
    /// in a transaction until the write is complete, so this function retries such a read.
    async fn read_after_transaction(&self, key: Key) -> Result<Option<Item>, DatabaseError> {
        let mut delays = self.delays();
        loop {
            match self.read_at_once([key.clone()]).await {
                Err(error) if error.is_worth_another_attempt() => match delays.next() {
                    Some(delay) => tokio::time::sleep(delay).await,
                    None => return Err(error),
                },
                read => return Ok(read?.pop().flatten()),
            }
        }
    }

    /// Writes an entry, unless it exists.
    async fn add_entry(&self, written: &HistoryItem) -> Result<(), DatabaseError> {
        let request = PutItemInputBuilder::default()
            .table_name(&self.table)
            .set_item(Some(item(written.key.clone(), &written.entry)?))
            .condition_expression(IS_ABSENT)
            .expression_attribute_names("#pk", PARTITION_KEY)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match Box::pin(request.send_with(&self.client)).await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(DatabaseError::from_sdk(error)),
            },
        }
    }
}

/// The entry for a change.
fn entry(write: &ItemWrite, change: HistoryChange, id: String) -> HistoryEntry {
    let (audience, client) = match change.subscription {
        Some(SubscriptionId { audience, client }) => (Some(audience), client),
        None => (None, None),
    };
    let (actor, route, request_id) = match write.origin.request.clone() {
        Some((actor, route, request_id)) => (Some(actor), Some(route), Some(request_id)),
        None => (None, None, None),
    };
    HistoryEntry {
        id,
        at: write.origin.at,
        event: change.event,
        level: change.level,
        audience,
        client,
        kind: change.kind,
        value: change.value,
        before: change.before,
        after: change.after,
        actor,
        route,
        request_id,
    }
}
