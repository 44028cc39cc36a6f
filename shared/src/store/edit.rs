//! A contact as it was read and as it shall be, and the write that makes one of the other, or nothing.
//!
//! The write requires that the contact is still at the version that was read. So it applies at most once, however late: every
//! change raises the version.

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

/// A contact as it was read, and as it shall be.
#[derive(Debug)]
pub(super) struct Edit {
    /// As it was read; `None` where the contact does not exist yet.
    before: Option<Snapshot>,
    /// As it shall be. Subscriptions that are not in it stay as they are.
    after: SubscribedContact,
    /// The e-mail addresses that the contact gets or loses.
    addresses: Vec<AddressEdit>,
    /// Whether there is nothing to write.
    is_empty: bool,
}

impl Edit {
    /// The change of a contact from one state to another at this time. It is empty where they are equal.
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

    /// The contact and its subscriptions as they were read; `None` where the contact does not exist yet.
    pub(super) fn stored(&self) -> Option<&SubscribedContact> {
        self.before.as_ref().map(|before| &before.state)
    }

    /// The contact and its subscriptions after the change.
    pub(super) fn after(&self) -> &SubscribedContact {
        &self.after
    }

    /// The version that was read; `None` where the contact does not exist yet.
    pub(super) fn version_before(&self) -> Option<Version> {
        self.stored().map(|stored| stored.contact.version)
    }

    /// The items to be written, as a pure function: the contact first.
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
            items.push(address.write(table, &contact.organization_id, contact.version, metadata)?);
        }
        Ok(items)
    }

    fn contact_key(&self) -> Key {
        Key::contact(&self.after.contact.organization_id, &self.after.contact.id)
    }

    /// The subscriptions that are not as they were read.
    fn changed_subscriptions(&self) -> impl Iterator<Item = (&SubscriptionId, &Subscription)> {
        let stored = self.stored().map(|stored| &stored.subscriptions);
        let subscriptions = self.after.subscriptions.iter();
        subscriptions
            .filter(move |(id, after)| stored.and_then(|stored| stored.get(*id)) != Some(*after))
    }

    /// How many subscriptions are new.
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

    /// The update of the contact, whose version rises whatever is changed.
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
    /// Every change of a subscription raises the contact's version, which the contact's update checks. An edit by hand does
    /// not, so the write also requires that the subscription is still as it was read.
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
    /// When the contact is no longer as it was read, or the database does not do it.
    pub(super) async fn write_edit(
        &self,
        edit: &Edit,
        metadata: &ChangeMetadata,
    ) -> Result<(), DatabaseError> {
        if let Some(before) = &edit.before
            && edit.addresses.is_empty()
            && edit.changed_subscriptions().next().is_none()
        {
            // By itself, an update costs half of what it costs in a transaction.
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
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use aws_sdk_dynamodb::types::{AttributeValue, Update};

    use super::*;
    use crate::domain::{
        Actor, AudienceSlug, ClientSlug, ContactId, EmailAddress, MethodValue, NewMethod,
        OrganizationId, PhoneNumber, PhoneRegion, SubscriptionStatus, Verification,
    };

    const T1: &str = "2024-01-01T00:00:00.000Z";
    const NOW: &str = "2026-05-20T15:04:02.000Z";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn metadata() -> ChangeMetadata {
        ChangeMetadata::new(
            Actor::subject("client:website"),
            at(NOW),
            "POST /x",
            "request_1".to_owned(),
        )
    }

    fn phone(number: &str) -> NewMethod {
        NewMethod {
            value: MethodValue::Phone(PhoneNumber::parse(number, PhoneRegion::CANADA).unwrap()),
            is_primary: None,
            verification: None,
        }
    }

    fn email(address: &str) -> NewMethod {
        NewMethod {
            value: MethodValue::Email(EmailAddress::parse(address).unwrap()),
            is_primary: None,
            verification: None,
        }
    }

    fn of_client() -> SubscriptionId {
        SubscriptionId {
            audience: AudienceSlug::parse("newsletter").unwrap(),
            client: Some(ClientSlug::parse("website").unwrap()),
        }
    }

    /// A contact at version 7, subscribed by the client.
    fn state() -> SubscribedContact {
        let organization = OrganizationId::parse("org_a").unwrap();
        let mut contact = Contact::new(organization, ContactId::parse("c_1").unwrap(), at(T1));
        contact.version = Version::new(7);
        contact.add_method(phone("+14165550100"));
        contact.add_method(email("jane@example.com"));
        SubscribedContact {
            contact,
            subscriptions: BTreeMap::from([(of_client(), Subscription::default())]),
        }
    }

    fn snapshot(state: &SubscribedContact) -> Snapshot {
        let contact = &state.contact;
        let subscriptions = state.subscriptions.iter().map(|(id, subscription)| {
            let key = Key::subscription(&contact.organization_id, &contact.id, id);
            (id.clone(), subscription_item(key, subscription).unwrap())
        });
        Snapshot::new(contact_item(contact).unwrap(), subscriptions.collect()).unwrap()
    }

    fn edit(
        before: Option<&SubscribedContact>,
        after: &SubscribedContact,
        owners: Vec<OwnerEdit>,
    ) -> Vec<TransactWriteItem> {
        let edit = Edit::new(before.map(snapshot), after.clone(), owners, at(NOW));
        let edit = edit.unwrap();
        edit.transact_items("contacts", &metadata()).unwrap()
    }

    fn assert_all_placeholders_are_used(update: &Update) {
        let text = format!(
            "{} {}",
            update.update_expression(),
            update.condition_expression().unwrap()
        );
        let used: BTreeSet<_> = text
            .split(|c: char| !(c.is_alphanumeric() || c == '#' || c == ':' || c == '_'))
            .filter(|word| word.starts_with(['#', ':']))
            .collect();
        let names = update.expression_attribute_names().unwrap().keys();
        let values = update.expression_attribute_values().unwrap().keys();
        let defined: BTreeSet<_> = names.chain(values).map(String::as_str).collect();
        assert_eq!(used, defined);
    }

    #[test]
    fn only_the_difference_is_written_at_the_version_that_was_read() {
        let before = state();
        let mut after = before.clone();
        after.contact.first_name = Some("Jane".to_owned());
        after.contact.suppression.hard_bounced_at = Some(at(T1));
        let items = edit(Some(&before), &after, Vec::new());
        let [contact] = &items[..] else {
            panic!("not one item")
        };
        let contact = contact.update().unwrap();
        assert_all_placeholders_are_used(contact);
        assert_eq!(
            contact.condition_expression(),
            Some("#version = :stored_version")
        );
        assert_eq!(
            contact.update_expression(),
            "SET #changeRequestId = :changeRequestId, #changeRoute = :changeRoute, #changedBy = :changedBy, \
             #firstName = :firstName, #hardBouncedAt = :hardBouncedAt, #recentRequests = :recentRequests, \
             #updatedAt = :updatedAt, #version = :version"
        );
        let values = contact.expression_attribute_values().unwrap();
        assert_eq!(values[":stored_version"], AttributeValue::N("7".to_owned()));
        assert_eq!(values[":version"], AttributeValue::N("8".to_owned()));
        assert_eq!(values[":firstName"], text("Jane"));
        assert_eq!(values[":updatedAt"], text(NOW));
        assert_eq!(values[":changeRoute"], text("POST /x"));
        assert_eq!(values[":recentRequests"].as_l().unwrap().len(), 8);
    }

    #[test]
    fn the_methods_of_a_kind_are_written_whole_where_they_differ() {
        let before = state();
        let mut after = before.clone();
        after.contact.add_method(phone("+14165550101"));
        let items = edit(Some(&before), &after, Vec::new());
        let values = items[0].update().unwrap().expression_attribute_values();
        let phones = values.unwrap()[":phones"].as_m().unwrap();
        assert_eq!(phones.len(), 2);
        assert!(!values.unwrap().contains_key(":emails"));
    }

    #[test]
    fn a_change_of_a_subscription_requires_that_it_is_as_it_was_read_and_changes_the_contact_too() {
        let before = state();
        let mut after = before.clone();
        let subscription = after.subscriptions.get_mut(&of_client()).unwrap();
        subscription.status = SubscriptionStatus::Subscribed;
        subscription.verification = Some(Verification {
            at: at(T1),
            by: None,
            source: None,
        });
        let items = edit(Some(&before), &after, Vec::new());
        let [contact, subscription] = &items[..] else {
            panic!("not two items")
        };
        assert_all_placeholders_are_used(contact.update().unwrap());
        let subscription = subscription.update().unwrap();
        assert_all_placeholders_are_used(subscription);
        assert_eq!(
            subscription.condition_expression(),
            Some(
                "attribute_not_exists(#changeRequestId) AND attribute_not_exists(#changeRoute) AND \
                 attribute_not_exists(#changedBy) AND #pk = :stored_pk AND #sk = :stored_sk AND \
                 #status = :stored_status AND attribute_not_exists(#updatedAt) AND \
                 attribute_not_exists(#verifiedAt) AND attribute_not_exists(#version)"
            )
        );
        let values = subscription.expression_attribute_values().unwrap();
        assert_eq!(values[":version"], AttributeValue::N("8".to_owned()));
        assert_eq!(values[":stored_status"], text("pending"));
        assert_eq!(values[":status"], text("subscribed"));
    }

    #[test]
    fn a_contact_is_created_with_its_subscription_and_its_address_or_not_at_all() {
        let mut after = state();
        after.contact.version = Version::FIRST;
        let owners = vec![OwnerEdit::Claim("jane@example.com".to_owned())];
        let items = edit(None, &after, owners);
        let puts: Vec<_> = items.iter().map(|item| item.put().unwrap()).collect();
        let keys: Vec<_> = puts
            .iter()
            .map(|put| {
                let part = |name: &str| put.item()[name].as_s().unwrap().clone();
                (part("pk"), part("sk"))
            })
            .collect();
        let partition = "ORG#org_a#CONTACT#c_1".to_owned();
        assert_eq!(
            keys,
            [
                (partition.clone(), "CONTACT".to_owned()),
                (partition, "SUBSCRIPTION#newsletter#website".to_owned()),
                (
                    "ORG#org_a#EMAIL#jane@example.com".to_owned(),
                    "CONTACT".to_owned()
                ),
            ]
        );
        let conditions = puts.iter().map(|put| put.condition_expression().unwrap());
        assert_eq!(
            conditions.collect::<Vec<_>>(),
            [
                "attribute_not_exists(#pk)",
                "attribute_not_exists(#pk)",
                "attribute_not_exists(#pk) OR #ownerId = :ownerId",
            ]
        );
        for put in &puts {
            let item = put.item();
            assert_eq!(item["version"], AttributeValue::N("1".to_owned()));
            assert_eq!(item["changedBy"], text("client:website"));
            assert_eq!(item["changeRoute"], text("POST /x"));
            assert_eq!(item["changeRequestId"], text("request_1"));
            assert!(item.contains_key("updatedAt"));
        }
        let (contact, owner) = (puts[0].item(), puts[2].item());
        assert_eq!(contact["organizationShard"], text("ORG#org_a#2"));
        assert_eq!(contact["recentRequests"].as_l().unwrap().len(), 8);
        assert_eq!(owner["ownerId"], text("c_1"));
        // Else it would be in the indexes over contacts.
        assert!(!owner.contains_key("contactId"));
    }

    #[test]
    fn an_address_is_released_only_while_the_contact_owns_it() {
        let before = state();
        let mut after = before.clone();
        let address = email("jane@example.com").value;
        after.contact.remove_method(&address);
        let address = address.normal_form().to_owned();
        let release = OwnerEdit::Release(address);
        let items = edit(Some(&before), &after, vec![release]);
        let delete = items[1].delete().unwrap();
        assert_eq!(delete.condition_expression(), Some("#ownerId = :ownerId"));
        assert_eq!(delete.key()["pk"], text("ORG#org_a#EMAIL#jane@example.com"));
        let values = delete.expression_attribute_values().unwrap();
        assert_eq!(values[":ownerId"], text("c_1"));
    }

    #[test]
    fn equal_states_are_no_change() {
        let before = state();
        let edit = Edit::new(Some(snapshot(&before)), before, Vec::new(), at(NOW));
        assert!(edit.unwrap().is_empty());
    }
}
