//! A contact as it was read and as it shall be, and the write that makes the one of the other, or nothing.
//!
//! The write is on condition that the contact is still at the version that was read, and, where it records a verification,
//! of the one rule as well.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnConsumedCapacity, TransactWriteItem, Update,
};

use super::expression::{EXISTS, Expression, IS_ABSENT, IS_AT_VERSION, put_if_absent};
use super::items::{
    CHANGE_REQUEST_ID, CHANGED_SUBSCRIPTION, CONTACT_VERSION, EMAILS, IS_PRIMARY, Item,
    MARK_SEPARATOR, OWNER_ID, PHONES, SUBSCRIPTION_CHANGE_REQUEST_ID, SUBSCRIPTION_CHANGED_AT,
    UPDATED_AT, VERIFICATION_SOURCE, VERIFIED_AT, VERIFIED_BY, contact_item,
    email_validation_value, method_value, methods_value, owner_item, subscription_item, tags_value,
};
use super::keys::{Key, PARTITION_KEY};
use super::{ChangeMetadata, DatabaseError, Store};
use crate::domain::{
    Actor, Contact, ContactId, ContactMethod, SubscribedContact, Subscription, SubscriptionId,
    Verification, VerificationSource, Version,
};

/// A contact as it was read, and as it shall be.
#[derive(Debug)]
pub(super) struct Edit<'a> {
    /// As it was read; `None` where there is none yet. Subscriptions that are not in it do not exist.
    pub(super) before: Option<&'a SubscribedContact>,
    /// As it shall be. Subscriptions that are not in it stay as they are.
    pub(super) after: &'a SubscribedContact,
    /// What becomes of the owners of addresses that the contact gets or loses.
    pub(super) owners: Vec<OwnerEdit>,
}

/// What becomes of the owner of an e-mail address, which is given in its normal form. Each holds only as long as the owner
/// is the one that was read: a contact and an owner that are read side by side need not be of one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OwnerEdit {
    /// The contact owns it from now on, if nobody else does.
    Claim(String),
    /// Nobody owns it from now on, if the contact does.
    Release(String),
    /// It stays this contact's, or nobody's, if it is.
    Leave(String, Option<ContactId>),
}

/// The contact owns the address.
const IS_OWNER: &str = "#ownerId = :ownerId";

/// How many entries of one map an update names each by itself. Beyond, the map is written as a whole: an expression has
/// 4 KB, and each entry of the two maps takes up to 200 bytes of it.
const MOST_NAMED_ENTRIES: usize = 6;

/// How many subscriptions a contact remembers to have been changed last: as many as any request changes, and an import of
/// few. Of more the others could be read torn.
const MOST_MARKED: usize = 16;

impl Edit<'_> {
    /// Whether there is anything to write.
    pub(super) fn changes(&self) -> bool {
        self.before.is_none_or(|before| {
            before.contact != self.after.contact || !self.changed_subscriptions().is_empty()
        }) || !self.owners.is_empty()
    }

    /// The subscriptions that shall be otherwise, each with what it was.
    fn changed_subscriptions(
        &self,
    ) -> Vec<(&SubscriptionId, Option<&Subscription>, &Subscription)> {
        let stored = |id| self.before.and_then(|before| before.subscriptions.get(id));
        self.after
            .subscriptions
            .iter()
            .map(|(id, after)| (id, stored(id), after))
            .filter(|(_, before, after)| *before != Some(*after))
            .collect()
    }

    /// The version at which the contact is afterwards.
    pub(super) fn version(&self) -> Version {
        self.before
            .map_or(Version::FIRST, |before| before.contact.version.next())
    }
}

impl Store {
    /// Writes what shall be otherwise: all of it, or nothing.
    ///
    /// # Errors
    /// When the contact is not as it was read any more, or the database does not do it.
    pub(super) async fn write_edit(
        &self,
        edit: &Edit<'_>,
        metadata: &ChangeMetadata,
    ) -> Result<(), DatabaseError> {
        let mut items = transact_items(&self.table, edit, metadata)?;
        if let [item] = &mut items[..]
            && let Some(update) = item.update.take()
        {
            // By itself it costs half of what it costs in a transaction.
            let sent = Box::pin(single(update).send_with(&self.client)).await;
            return sent.map(drop).map_err(DatabaseError::from_update);
        }
        let request = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        Box::pin(request.send())
            .await
            .map(drop)
            .map_err(DatabaseError::from_transaction)
    }
}

/// An update of a transaction as one by itself.
fn single(update: Update) -> UpdateItemInputBuilder {
    UpdateItemInputBuilder::default()
        .table_name(update.table_name)
        .set_key(Some(update.key))
        .update_expression(update.update_expression)
        .set_condition_expression(update.condition_expression)
        .set_expression_attribute_names(update.expression_attribute_names)
        .set_expression_attribute_values(update.expression_attribute_values)
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
}

/// What is to be written, as a pure function: the contact first.
pub(super) fn transact_items(
    table: &str,
    edit: &Edit<'_>,
    metadata: &ChangeMetadata,
) -> Result<Vec<TransactWriteItem>, DatabaseError> {
    let contact = &edit.after.contact;
    let organization = &contact.organization_id;
    let subscriptions = edit.changed_subscriptions();
    let marked: Vec<_> = subscriptions
        .iter()
        .take(MOST_MARKED)
        .map(|(id, ..)| Key::subscription(organization, &contact.id, id).sort)
        .collect();
    let marked = (!marked.is_empty()).then(|| marked.join(MARK_SEPARATOR));
    let mut items = vec![match edit.before {
        None => put_if_absent(table, created(contact, marked, metadata)?)?,
        Some(before) => {
            let expression = contact_expression(&before.contact, contact, marked, metadata)?;
            expression.into_update(table, Key::contact(organization, &contact.id))?
        }
    }];
    for (id, before, after) in subscriptions {
        let key = Key::subscription(organization, &contact.id, id);
        items.push(match before {
            None => put_if_absent(
                table,
                new_subscription(key, after, edit.version(), metadata)?,
            )?,
            Some(before) => {
                let expression = subscription_expression(before, after, edit.version(), metadata);
                expression.into_update(table, key)?
            }
        });
    }
    for owner in &edit.owners {
        items.push(owner_write(table, contact, owner)?);
    }
    Ok(items)
}

fn owner_write(
    table: &str,
    contact: &Contact,
    edit: &OwnerEdit,
) -> Result<TransactWriteItem, DatabaseError> {
    let organization = &contact.organization_id;
    let key = |address: &str| Some(Key::email_owner_of(organization, address).attributes());
    let item = TransactWriteItem::builder();
    Ok(match edit {
        OwnerEdit::Claim(address) => {
            let put = Put::builder()
                .table_name(table)
                .set_item(Some(owner_item(organization, address, &contact.id)))
                .condition_expression(format!("{IS_ABSENT} OR {IS_OWNER}"))
                .expression_attribute_names("#pk", PARTITION_KEY)
                .expression_attribute_names("#ownerId", OWNER_ID)
                .expression_attribute_values(":ownerId", text(contact.id.as_str()))
                .build()?;
            item.put(put).build()
        }
        OwnerEdit::Release(address) => {
            let delete = Delete::builder()
                .table_name(table)
                .set_key(key(address))
                .condition_expression(IS_OWNER)
                .expression_attribute_names("#ownerId", OWNER_ID)
                .expression_attribute_values(":ownerId", text(contact.id.as_str()))
                .build()?;
            item.delete(delete).build()
        }
        OwnerEdit::Leave(address, owner) => {
            let check = ConditionCheck::builder()
                .table_name(table)
                .set_key(key(address));
            let check = match owner {
                Some(owner) => check
                    .condition_expression(IS_OWNER)
                    .expression_attribute_names("#ownerId", OWNER_ID)
                    .expression_attribute_values(":ownerId", text(owner.as_str())),
                None => check
                    .condition_expression(IS_ABSENT)
                    .expression_attribute_names("#pk", PARTITION_KEY),
            };
            item.condition_check(check.build()?).build()
        }
    })
}

/// A contact that did not exist.
fn created(
    contact: &Contact,
    marked: Option<String>,
    metadata: &ChangeMetadata,
) -> Result<Item, DatabaseError> {
    let mut item = contact_item(contact.clone(), metadata.clone())?;
    if let Some(marked) = marked {
        item.extend([
            (CHANGED_SUBSCRIPTION.to_owned(), text(marked)),
            (
                SUBSCRIPTION_CHANGE_REQUEST_ID.to_owned(),
                text(&metadata.request_id),
            ),
            (SUBSCRIPTION_CHANGED_AT.to_owned(), text(metadata.now)),
        ]);
    }
    Ok(item)
}

/// A subscription that did not exist.
fn new_subscription(
    key: Key,
    subscription: &Subscription,
    version: Version,
    metadata: &ChangeMetadata,
) -> Result<Item, DatabaseError> {
    let mut item = subscription_item(key, subscription.clone())?;
    item.extend([
        (UPDATED_AT.to_owned(), text(metadata.now)),
        (CHANGE_REQUEST_ID.to_owned(), text(&metadata.request_id)),
        (
            CONTACT_VERSION.to_owned(),
            AttributeValue::N(version.number().to_string()),
        ),
    ]);
    Ok(item)
}

/// What makes one contact of the other, whose version rises whatever is changed.
fn contact_expression(
    before: &Contact,
    after: &Contact,
    marked: Option<String>,
    metadata: &ChangeMetadata,
) -> Result<Expression, DatabaseError> {
    let mut expression = Expression::default();
    expression
        .require(IS_AT_VERSION)
        .number(":version", before.version.number());
    for (name, before, after) in [
        ("firstName", &before.first_name, &after.first_name),
        ("lastName", &before.last_name, &after.last_name),
        ("status", &before.status, &after.status),
        ("pipelineId", &before.pipeline_id, &after.pipeline_id),
        (
            "pipelineStage",
            &before.pipeline_stage,
            &after.pipeline_stage,
        ),
        ("userId", &before.user_id, &after.user_id),
        ("createdBy", &before.created_by, &after.created_by),
    ] {
        let value = after.as_ref().map(text);
        set_if(&mut expression, name, before != after, value);
    }
    for (name, before, after) in [
        (
            "secondaryPhoneNumber",
            &before.secondary_phone_numbers,
            &after.secondary_phone_numbers,
        ),
        ("assignees", &before.assignees, &after.assignees),
    ] {
        let value = AttributeValue::L(after.iter().map(text).collect());
        set_if(&mut expression, name, before != after, Some(value));
    }
    let (was, is) = (&before.suppression, &after.suppression);
    for (name, before, after) in [
        (
            "globallyUnsubscribedAt",
            was.globally_unsubscribed_at,
            is.globally_unsubscribed_at,
        ),
        ("hardBouncedAt", was.hard_bounced_at, is.hard_bounced_at),
        ("complainedAt", was.complained_at, is.complained_at),
        ("createdAt", Some(before.created_at), Some(after.created_at)),
    ] {
        set_if(&mut expression, name, before != after, after.map(text));
    }
    let reason = Some(&is.global_unsubscribe_reason).filter(|reason| !reason.is_empty());
    set_if(
        &mut expression,
        "globalUnsubscribeReason",
        was.global_unsubscribe_reason != is.global_unsubscribe_reason,
        reason.map(text),
    );
    if before.email_validation != after.email_validation {
        let value = email_validation_value(after.email_validation.clone())?;
        set_if(&mut expression, "emailValidation", true, value);
    }
    if before.tags != after.tags {
        set_if(
            &mut expression,
            "tags",
            true,
            Some(tags_value(after.tags.clone())?),
        );
    }
    set_methods(&mut expression, PHONES, &before.phones, &after.phones)?;
    set_methods(&mut expression, EMAILS, &before.emails, &after.emails)?;
    set_verification(
        &mut expression,
        "",
        "",
        before.verification.as_ref(),
        after.verification.as_ref(),
    );
    expression.metadata(metadata);
    if let Some(marked) = marked {
        expression.mark_subscriptions(&marked);
    }
    Ok(expression)
}

/// What makes one subscription of the other.
fn subscription_expression(
    before: &Subscription,
    after: &Subscription,
    version: Version,
    metadata: &ChangeMetadata,
) -> Expression {
    let mut expression = Expression::default();
    expression.require(EXISTS).names([("#pk", PARTITION_KEY)]);
    let status = text(after.status.as_str());
    set_if(
        &mut expression,
        "status",
        before.status != after.status,
        Some(status),
    );
    set_if(
        &mut expression,
        "unsubscribedAt",
        before.unsubscribed_at != after.unsubscribed_at,
        after.unsubscribed_at.map(text),
    );
    let reason = Some(&after.unsubscribe_reason).filter(|reason| !reason.is_empty());
    set_if(
        &mut expression,
        "unsubscribeReason",
        before.unsubscribe_reason != after.unsubscribe_reason,
        reason.map(text),
    );
    set_verification(
        &mut expression,
        "",
        "",
        before.verification.as_ref(),
        after.verification.as_ref(),
    );
    expression
        .set_attribute(UPDATED_AT, text(metadata.now))
        .set_attribute(CHANGE_REQUEST_ID, text(&metadata.request_id))
        .set_attribute(
            CONTACT_VERSION,
            AttributeValue::N(version.number().to_string()),
        );
    expression
}

/// Sets an attribute that shall be otherwise, or removes it where it shall have no value.
fn set_if(
    expression: &mut Expression,
    name: &'static str,
    changes: bool,
    value: Option<AttributeValue>,
) {
    match value {
        _ if !changes => {}
        Some(value) => drop(expression.set_attribute(name, value)),
        None => drop(expression.remove_attribute(name)),
    }
}

/// What makes the methods of one kind of the others.
fn set_methods(
    expression: &mut Expression,
    kind: &'static str,
    before: &[ContactMethod],
    after: &[ContactMethod],
) -> Result<(), DatabaseError> {
    fn find<'m>(methods: &'m [ContactMethod], wanted: &ContactMethod) -> Option<&'m ContactMethod> {
        methods
            .iter()
            .find(|method| method.normal_form == wanted.normal_form)
    }
    let removed = before
        .iter()
        .filter(|method| find(after, method).is_none())
        .map(|method| (method, None));
    let kept = after.iter().map(|method| (method, Some(method)));
    let changed: Vec<_> = kept
        .chain(removed)
        .map(|(method, after)| (find(before, method), after))
        .filter(|(before, after)| before != after)
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    if changed.len() > MOST_NAMED_ENTRIES {
        expression.set_attribute(kind, methods_value(after.to_vec())?);
        return Ok(());
    }
    let map = format!("#{kind}");
    expression.names([(&map, kind)]);
    for (number, (before, after)) in changed.into_iter().enumerate() {
        let Some(method) = after.or(before) else {
            continue;
        };
        let entry = format!("#{kind}{number}");
        let path = format!("{map}.{entry}");
        expression.names([(&entry, &method.normal_form)]);
        match (before, after) {
            (_, None) => drop(expression.remove_path(path)),
            (None, Some(after)) => {
                let value = method_value(after.clone())?;
                expression.set_path(&path, format!(":{kind}{number}"), value);
            }
            (Some(before), Some(after)) => {
                if before.is_primary != after.is_primary {
                    expression.names([("#isPrimary", IS_PRIMARY)]).set_path(
                        &format!("{path}.#isPrimary"),
                        format!(":isPrimary{kind}{number}"),
                        AttributeValue::Bool(after.is_primary),
                    );
                }
                set_verification(
                    expression,
                    &format!("{path}."),
                    &format!("{kind}{number}"),
                    before.verification.as_ref(),
                    after.verification.as_ref(),
                );
            }
        }
    }
    Ok(())
}

/// Records a verification that shall be otherwise, on condition of the one rule (contract section 2): nothing is stored, or
/// what is stored is later. None is ever cleared here.
fn set_verification(
    expression: &mut Expression,
    path: &str,
    suffix: &str,
    before: Option<&Verification>,
    after: Option<&Verification>,
) {
    let Some(after) = after.filter(|after| before != Some(*after)) else {
        return;
    };
    let at = format!(":verifiedAt{suffix}");
    expression.names([("#verifiedAt", VERIFIED_AT)]);
    expression
        .require(format!(
            "(attribute_not_exists({path}#verifiedAt) OR {path}#verifiedAt > {at})"
        ))
        .set_path(&format!("{path}#verifiedAt"), at, text(after.at));
    for (name, value) in [
        (VERIFIED_BY, after.by.as_ref().map(Actor::as_str)),
        (
            VERIFICATION_SOURCE,
            after.source.as_ref().map(VerificationSource::as_str),
        ),
    ] {
        expression.names([(&format!("#{name}"), name)]);
        match value {
            Some(value) => {
                let placeholder = format!(":{name}{suffix}");
                expression.set_path(&format!("{path}#{name}"), placeholder, text(value));
            }
            None => drop(expression.remove_path(format!("{path}#{name}"))),
        }
    }
}

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::domain::{
        AudienceSlug, ClientSlug, EmailAddress, MethodValue, NewMethod, OrganizationId,
        PhoneNumber, PhoneRegion, SubscriptionStatus, Timestamp,
    };

    const T1: &str = "2024-01-01T00:00:00.000Z";
    const T2: &str = "2024-09-01T10:00:00.000Z";
    const NOW: &str = "2026-05-20T15:04:02.000Z";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn metadata() -> ChangeMetadata {
        ChangeMetadata {
            actor: Actor::subject("client:website"),
            now: at(NOW),
            route: "PATCH /api/contacts/{id}/verification",
            request_id: "request_1".to_owned(),
        }
    }

    fn verified(text: &str) -> Verification {
        Verification {
            at: at(text),
            by: Some(Actor::subject("client:website")),
            source: None,
        }
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
    fn before() -> SubscribedContact {
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

    fn items(
        before: Option<&SubscribedContact>,
        after: &SubscribedContact,
    ) -> Vec<TransactWriteItem> {
        let edit = Edit {
            before,
            after,
            owners: Vec::new(),
        };
        transact_items("contacts", &edit, &metadata()).unwrap()
    }

    /// The update of the contact that makes this of it.
    fn contact_update(change: impl FnOnce(&mut Contact)) -> Update {
        let before = before();
        let mut after = before.clone();
        change(&mut after.contact);
        let items = items(Some(&before), &after);
        assert_eq!(items.len(), 1);
        let update = items[0].update().unwrap().clone();
        assert_all_placeholders_are_used(&update);
        update
    }

    fn assert_all_placeholders_are_used(update: &Update) {
        let text = format!(
            "{} {}",
            update.update_expression(),
            update.condition_expression().unwrap()
        );
        let used: BTreeSet<_> = text
            .split(|c: char| !(c.is_alphanumeric() || c == '#' || c == ':'))
            .filter(|word| word.starts_with(['#', ':']))
            .collect();
        let names = update.expression_attribute_names().unwrap().keys();
        let values = update.expression_attribute_values().unwrap().keys();
        let defined: BTreeSet<_> = names.chain(values).map(String::as_str).collect();
        assert_eq!(used, defined);
    }

    const SET_STAMP: &str = "#version = #version + :one, #updatedAt = :now, #changedBy = :actor, #changeRequestId = :requestId";

    #[test]
    fn only_what_differs_is_written_at_the_version_that_was_read() {
        let update = contact_update(|contact| {
            contact.first_name = Some("Jane".to_owned());
            contact.suppression.hard_bounced_at = Some(at(T1));
        });
        assert_eq!(update.condition_expression(), Some("#version = :version"));
        assert_eq!(
            update.update_expression(),
            format!("SET #firstName = :firstName, #hardBouncedAt = :hardBouncedAt, {SET_STAMP}")
        );
        let values = update.expression_attribute_values().unwrap();
        assert_eq!(values[":version"], AttributeValue::N("7".to_owned()));
        assert_eq!(values[":firstName"], text("Jane"));
    }

    #[test]
    fn a_verification_is_written_on_condition_of_the_one_rule() {
        let update = contact_update(|contact| {
            contact.verification = Some(verified(T2));
            contact.phones[0].verification = Some(Verification {
                by: None,
                ..verified(T1)
            });
        });
        assert_eq!(
            update.condition_expression(),
            Some(
                "#version = :version AND (attribute_not_exists(#phones.#phones0.#verifiedAt) OR \
                 #phones.#phones0.#verifiedAt > :verifiedAtphones0) AND \
                 (attribute_not_exists(#verifiedAt) OR #verifiedAt > :verifiedAt)"
            )
        );
        assert_eq!(
            update.update_expression(),
            format!(
                "SET #phones.#phones0.#verifiedAt = :verifiedAtphones0, #verifiedAt = :verifiedAt, \
                 #verifiedBy = :verifiedBy, {SET_STAMP} \
                 REMOVE #phones.#phones0.#verifiedBy, #phones.#phones0.#verificationSource, #verificationSource"
            )
        );
    }

    #[test]
    fn methods_are_written_each_by_itself() {
        let update = contact_update(|contact| {
            contact.remove_method(&phone("+14165550100").value);
            let mut new = phone("+14165550101");
            new.is_primary = Some(true);
            contact.add_method(new);
            let mut new = email("second@example.com");
            new.is_primary = Some(true);
            contact.add_method(new);
        });
        assert_eq!(
            update.update_expression(),
            format!(
                "SET #phones.#phones0 = :phones0, #emails.#emails0.#isPrimary = :isPrimaryemails0, \
                 #emails.#emails1 = :emails1, {SET_STAMP} REMOVE #phones.#phones1"
            )
        );
        let names = update.expression_attribute_names().unwrap();
        assert_eq!(names["#phones1"], "+14165550100");
        assert_eq!(names["#emails0"], "jane@example.com");
    }

    #[test]
    fn more_methods_than_an_expression_can_name_are_written_as_a_whole() {
        let update = contact_update(|contact| {
            for n in 0..=MOST_NAMED_ENTRIES {
                contact.add_method(phone(&format!("+1416555{n:04}")));
            }
        });
        assert_eq!(
            update.update_expression(),
            format!("SET #phones = :phones, {SET_STAMP}")
        );
    }

    #[test]
    fn a_change_of_a_subscription_changes_the_contact_as_well() {
        let before = before();
        let mut after = before.clone();
        let subscription = after.subscriptions.get_mut(&of_client()).unwrap();
        subscription.status = SubscriptionStatus::Subscribed;
        subscription.verification = Some(verified(T2));
        let items = items(Some(&before), &after);
        let [contact, subscription] = &items[..] else {
            panic!("not two items")
        };
        let contact = contact.update().unwrap();
        assert_eq!(
            contact.update_expression(),
            format!(
                "SET {SET_STAMP}, #changedSubscription = :subscription, \
                 #subscriptionChangeRequestId = :requestId, #subscriptionChangedAt = :now"
            )
        );
        let subscription = subscription.update().unwrap();
        assert_all_placeholders_are_used(subscription);
        assert_eq!(
            subscription.condition_expression(),
            Some(
                "attribute_exists(#pk) AND (attribute_not_exists(#verifiedAt) OR #verifiedAt > :verifiedAt)"
            )
        );
        assert_eq!(
            subscription.update_expression(),
            "SET #status = :status, #verifiedAt = :verifiedAt, #verifiedBy = :verifiedBy, \
             #updatedAt = :updatedAt, #changeRequestId = :changeRequestId, #contactVersion = :contactVersion \
             REMOVE #verificationSource"
        );
        let values = subscription.expression_attribute_values().unwrap();
        assert_eq!(values[":contactVersion"], AttributeValue::N("8".to_owned()));
    }

    #[test]
    fn a_contact_is_created_with_its_subscription_and_the_owner_of_its_address_or_not_at_all() {
        let mut after = before();
        after.contact.version = Version::FIRST;
        let edit = Edit {
            before: None,
            after: &after,
            owners: vec![OwnerEdit::Claim("jane@example.com".to_owned())],
        };
        let items = transact_items("contacts", &edit, &metadata()).unwrap();
        let puts: Vec<_> = items.iter().map(|item| item.put().unwrap()).collect();
        let keys: Vec<_> = puts
            .iter()
            .map(|put| {
                (
                    put.item()["pk"].as_s().unwrap().as_str(),
                    put.item()["sk"].as_s().unwrap().as_str(),
                )
            })
            .collect();
        assert_eq!(
            keys,
            [
                ("ORG#org_a#CONTACT#c_1", "CONTACT"),
                ("ORG#org_a#CONTACT#c_1", "SUBSCRIPTION#newsletter#website"),
                ("ORG#org_a#EMAIL#jane@example.com", "CONTACT"),
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
        let (contact, owner) = (puts[0].item(), puts[2].item());
        assert_eq!(contact["organizationShard"], text("ORG#org_a#2"));
        assert_eq!(
            contact["changedSubscription"],
            text("SUBSCRIPTION#newsletter#website")
        );
        assert_eq!(owner["ownerId"], text("c_1"));
        // Else it would be in the indexes over contacts.
        assert!(!owner.contains_key("contactId"));
    }

    #[test]
    fn an_address_is_taken_off_only_while_its_owner_is_the_one_that_was_read() {
        let before = before();
        let mut after = before.clone();
        let address = email("jane@example.com").value;
        after.contact.remove_method(&address);
        let address = address.normal_form().to_owned();
        let other = ContactId::parse("c_2").unwrap();
        let items = [
            OwnerEdit::Release(address.clone()),
            OwnerEdit::Leave(address.clone(), Some(other)),
            OwnerEdit::Leave(address, None),
        ]
        .map(|owner| {
            let edit = Edit {
                before: Some(&before),
                after: &after,
                owners: vec![owner],
            };
            transact_items("contacts", &edit, &metadata())
                .unwrap()
                .remove(1)
        });
        let delete = items[0].delete().unwrap();
        assert_eq!(delete.condition_expression(), Some("#ownerId = :ownerId"));
        assert_eq!(delete.key()["pk"], text("ORG#org_a#EMAIL#jane@example.com"));
        let values = delete.expression_attribute_values().unwrap();
        assert_eq!(values[":ownerId"], text("c_1"));
        let check = items[1].condition_check().unwrap();
        assert_eq!(check.condition_expression(), "#ownerId = :ownerId");
        let values = check.expression_attribute_values().unwrap();
        assert_eq!(values[":ownerId"], text("c_2"));
        let check = items[2].condition_check().unwrap();
        assert_eq!(check.condition_expression(), "attribute_not_exists(#pk)");
    }

    #[test]
    fn a_contact_remembers_every_subscription_that_was_changed_with_it() {
        let before = before();
        let mut after = before.clone();
        let at_audience = SubscriptionId {
            client: None,
            ..of_client()
        };
        for id in [of_client(), at_audience] {
            let subscribed = Subscription {
                status: SubscriptionStatus::Subscribed,
                ..Subscription::default()
            };
            after.subscriptions.insert(id, subscribed);
        }
        let items = items(Some(&before), &after);
        let contact = items[0].update().unwrap();
        let values = contact.expression_attribute_values().unwrap();
        assert_eq!(
            values[":subscription"],
            text("SUBSCRIPTION#newsletter SUBSCRIPTION#newsletter#website")
        );
    }

    /// The longest that can be: so many entries of both kinds, each with a verification, and everything else.
    #[test]
    fn the_longest_expressions_are_within_4_kb() {
        let mut before = before();
        let contact = &mut before.contact;
        contact.phones.clear();
        contact.emails.clear();
        for n in 0..MOST_NAMED_ENTRIES {
            contact.add_method(phone(&format!("+1416555{n:04}")));
            contact.add_method(email(&format!("a{n}@example.com")));
        }
        let mut after = before.clone();
        let contact = &mut after.contact;
        let labelled = Verification {
            source: VerificationSource::parse("webchat").unwrap(),
            ..verified(T1)
        };
        for method in contact.phones.iter_mut().chain(&mut contact.emails) {
            method.verification = Some(labelled.clone());
            method.is_primary = !method.is_primary;
        }
        contact.verification = Some(labelled);
        let some = || Some("x".to_owned());
        (contact.first_name, contact.last_name, contact.status) = (some(), some(), some());
        (contact.pipeline_id, contact.pipeline_stage) = (some(), some());
        (contact.user_id, contact.created_by) = (some(), some());
        contact.assignees = vec!["x".to_owned()];
        contact.secondary_phone_numbers = vec!["x".to_owned()];
        contact.created_at = Timestamp::EPOCH;
        contact.suppression.globally_unsubscribed_at = Some(at(T1));
        contact.suppression.global_unsubscribe_reason = "x".to_owned();
        contact.suppression.hard_bounced_at = Some(at(T1));
        contact.suppression.complained_at = Some(at(T1));
        contact.email_validation.reason = "x".to_owned();
        contact
            .tags
            .insert(of_client().audience, vec!["x".to_owned()]);
        let items = items(Some(&before), &after);
        let update = items[0].update().unwrap();
        let length = update.update_expression().len();
        assert!(length <= 4096, "{length}");
        let length = update.condition_expression().unwrap().len();
        assert!(length <= 4096, "{length}");
    }

    #[test]
    fn what_is_as_it_was_is_not_written() {
        let before = before();
        let edit = Edit {
            before: Some(&before),
            after: &before.clone(),
            owners: Vec::new(),
        };
        assert!(!edit.changes());
    }
}
