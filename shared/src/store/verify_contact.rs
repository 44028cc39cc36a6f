//! Endpoint 3: one read, then at most one transaction over the contact and the client's subscription.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsInputBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, KeysAndAttributes, ReturnConsumedCapacity, TransactWriteItem,
    Update,
};

use super::items::{
    CHANGE_REQUEST_ID, CHANGED_BY, UPDATED_AT, VERIFICATION_SOURCE, VERIFIED_AT, VERIFIED_BY,
    VERSION, contact, subscription,
};
use super::keys::{Key, PARTITION_KEY};
use super::{ChangeError, ChangeStamp, DatabaseError, Store, retried};
use crate::domain::{
    AudienceContact, AudienceSlug, ClientSlug, ContactId, ExpectedVersion, Outcome, Tenant,
    Timestamp, Verification, Version,
};

/// What is to be done to a contact and its subscription of a client in an audience.
#[derive(Debug, Clone)]
pub struct ContactChange {
    /// The audience.
    pub audience: AudienceSlug,
    /// The client.
    pub client: ClientSlug,
    /// Since when both are verified; `None` clears both.
    pub verified_at: Option<Timestamp>,
    /// At which version the contact must be.
    pub expected_version: ExpectedVersion,
    /// Who does it, when, on which request.
    pub stamp: ChangeStamp,
}

impl Store {
    /// Records or clears the verification of a contact and of a client's subscription, both in one transaction or
    /// neither, each by the one rule, and answers what that did and the contact as it then stands.
    ///
    /// The read decides what to write; the transaction's conditions make sure that what was read still holds. Where it
    /// does not, another caller was faster, and all of it is done again.
    ///
    /// # Errors
    /// Why nothing was written.
    pub async fn verify_contact(
        &self,
        tenant: &Tenant,
        id: &ContactId,
        change: &ContactChange,
    ) -> Result<(Outcome, AudienceContact), ChangeError> {
        let keys = Keys::new(tenant, id, change);
        match retried(|| self.try_verify_contact(&keys, change)).await? {
            Some(done) => Ok(done),
            None => Err(self
                .audience_or_contact_missing(tenant, &change.audience)
                .await),
        }
    }

    /// `None` where the contact or the client's subscription is missing.
    async fn try_verify_contact(
        &self,
        keys: &Keys,
        change: &ContactChange,
    ) -> Result<Option<(Outcome, AudienceContact)>, ChangeError> {
        let Some(mut found) = self.read(keys, change).await? else {
            return Ok(None);
        };
        if !change.expected_version.allows(found.contact.version) {
            return Err(ChangeError::VersionMismatch(found.contact.version));
        }
        let plan = Plan::new(&found, change);
        if plan.writes() {
            self.write(keys, &plan, found.contact.version, change)
                .await?;
            plan.apply(&mut found, change);
        }
        Ok(Some((plan.outcome(change), found)))
    }

    /// The contact in the audience for the client, unless the contact or the client's subscription is missing.
    async fn read(
        &self,
        keys: &Keys,
        change: &ContactChange,
    ) -> Result<Option<AudienceContact>, ChangeError> {
        let output = Box::pin(read_request(&self.table, keys)?.send_with(&self.client))
            .await
            .map_err(DatabaseError::from_sdk)?;
        if output
            .unprocessed_keys()
            .is_some_and(|unprocessed| !unprocessed.is_empty())
        {
            return Err(
                DatabaseError::Contended("the table throttles part of a read".into()).into(),
            );
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
        let (Some(contact_item), Some(client_item)) =
            (take(&keys.contact), take(&keys.client_subscription))
        else {
            return Ok(None);
        };
        Ok(Some(AudienceContact {
            contact: contact(contact_item)?,
            audience: change.audience.clone(),
            client: change.client.clone(),
            audience_subscription: take(&keys.audience_subscription)
                .map(subscription)
                .transpose()?,
            client_subscription: subscription(client_item)?,
        }))
    }

    /// Tells an unknown audience from a contact that the client has not onboarded in it, for a contact that is not to
    /// be found.
    pub async fn audience_or_contact_missing(
        &self,
        tenant: &Tenant,
        audience: &AudienceSlug,
    ) -> ChangeError {
        // Boxed, like every call of the SDK: its futures are large, and ours would be with them.
        let request = GetItemInputBuilder::default()
            .table_name(&self.table)
            .set_key(Some(
                Key::audience(tenant.organization(), audience).attributes(),
            ))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let read = Box::pin(request.send_with(&self.client)).await;
        match read {
            Ok(output) if output.item.is_some() => ChangeError::ContactNotFound,
            Ok(_) => ChangeError::AudienceNotFound,
            Err(error) => DatabaseError::from_sdk(error).into(),
        }
    }

    async fn write(
        &self,
        keys: &Keys,
        plan: &Plan,
        version: Version,
        change: &ContactChange,
    ) -> Result<(), ChangeError> {
        // The SDK makes a client request token and keeps it for its own retries: a transaction whose answer got lost
        // is not done twice.
        let sent = Box::pin(
            write_request(&self.table, keys, plan, version, change)?.send_with(&self.client),
        )
        .await;
        sent.map(drop)
            .map_err(|error| transaction_error(error).into())
    }
}

/// The keys that a request touches.
#[derive(Debug)]
struct Keys {
    contact: Key,
    client_subscription: Key,
    audience_subscription: Key,
}

impl Keys {
    fn new(tenant: &Tenant, id: &ContactId, change: &ContactChange) -> Self {
        let organization = tenant.organization();
        Self {
            contact: Key::contact(organization, id),
            client_subscription: Key::client_subscription(
                organization,
                id,
                &change.audience,
                &change.client,
            ),
            audience_subscription: Key::audience_subscription(organization, id, &change.audience),
        }
    }
}

/// What is to be done at one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Write this verification over none or a later one.
    Record(Timestamp),
    /// Leave an equal or earlier one.
    Keep(Timestamp),
    /// Remove what is there.
    Clear,
    /// There is nothing to remove.
    LeaveEmpty,
}

impl Step {
    fn new(wanted: Option<Timestamp>, stored: Option<&Verification>) -> Self {
        match wanted {
            Some(at) if Verification::replaces(at, stored) => Self::Record(at),
            Some(at) => Self::Keep(at),
            None if stored.is_some() => Self::Clear,
            None => Self::LeaveEmpty,
        }
    }

    fn writes(self) -> bool {
        matches!(self, Self::Record(_) | Self::Clear)
    }

    /// What has to hold at the level for the step to be right. It was so when it was read.
    fn condition(self) -> &'static str {
        match self {
            Self::Record(_) => RECORDS_EARLIEST,
            Self::Keep(_) => HOLDS_EARLIER,
            Self::Clear => IS_VERIFIED,
            Self::LeaveEmpty => IS_NOT_VERIFIED,
        }
    }

    fn apply(self, stored: &mut Option<Verification>, stamp: &ChangeStamp) {
        match self {
            Self::Record(at) => {
                *stored = Some(Verification {
                    at,
                    by: Some(stamp.actor.clone()),
                    source: None,
                });
            }
            Self::Clear => *stored = None,
            Self::Keep(_) | Self::LeaveEmpty => {}
        }
    }
}

/// What is to be done at the two levels, each decided by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    contact: Step,
    client: Step,
}

impl Plan {
    fn new(found: &AudienceContact, change: &ContactChange) -> Self {
        Self {
            contact: Step::new(change.verified_at, found.contact.verification.as_ref()),
            client: Step::new(
                change.verified_at,
                found.client_subscription.verification.as_ref(),
            ),
        }
    }

    fn writes(&self) -> bool {
        self.contact.writes() || self.client.writes()
    }

    fn outcome(&self, change: &ContactChange) -> Outcome {
        match (change.verified_at.is_some(), self.writes()) {
            (true, true) => Outcome::Recorded,
            (true, false) => Outcome::Kept,
            (false, true) => Outcome::Cleared,
            (false, false) => Outcome::Unchanged,
        }
    }

    /// Does to what was read what the transaction did to the items.
    fn apply(&self, found: &mut AudienceContact, change: &ContactChange) {
        self.contact
            .apply(&mut found.contact.verification, &change.stamp);
        self.client
            .apply(&mut found.client_subscription.verification, &change.stamp);
        found.contact.version = found.contact.version.next();
        found.contact.updated_at = change.stamp.now;
    }
}

/// The item is there: an update must not make one, nor a check pass for lack of one.
const EXISTS: &str = "attribute_exists(#pk)";

/// The contact is as it was read. Every change to it or its subscriptions raises its version.
const IS_AT_VERSION: &str = "#version = :version";

/// The one rule (contract section 2): nothing is stored, or what is stored is later.
const RECORDS_EARLIEST: &str = "(attribute_not_exists(#verifiedAt) OR #verifiedAt > :verifiedAt)";

/// The one rule, the other way round: what is stored is equal or earlier.
const HOLDS_EARLIER: &str = "#verifiedAt <= :verifiedAt";

/// There is something to clear.
const IS_VERIFIED: &str = "attribute_exists(#verifiedAt)";

/// There is nothing to clear.
const IS_NOT_VERIFIED: &str = "attribute_not_exists(#verifiedAt)";

/// Every change raises the version and says when, by whom and on which request it was made.
const STAMP: [&str; 4] = [
    "#version = #version + :one",
    "#updatedAt = :now",
    "#changedBy = :actor",
    "#changeRequestId = :requestId",
];

/// The read, as a pure function. It is consistent: an answer must show what the same caller wrote before.
fn read_request(table: &str, keys: &Keys) -> Result<BatchGetItemInputBuilder, DatabaseError> {
    let wanted = [
        &keys.contact,
        &keys.client_subscription,
        &keys.audience_subscription,
    ]
    .into_iter()
    .fold(KeysAndAttributes::builder(), |wanted, key| {
        wanted.keys(key.clone().attributes())
    })
    .consistent_read(true)
    .build()
    .map_err(unbuildable)?;
    Ok(BatchGetItemInputBuilder::default()
        .request_items(table, wanted)
        .return_consumed_capacity(ReturnConsumedCapacity::Total))
}

/// The transaction, as a pure function. The contact is always written, since its version tells of every change; the
/// subscription is checked even where it is not written, so that a clear in between cannot leave one level without
/// the other.
fn write_request(
    table: &str,
    keys: &Keys,
    plan: &Plan,
    version: Version,
    change: &ContactChange,
) -> Result<TransactWriteItemsInputBuilder, DatabaseError> {
    let contact =
        Write::to_contact(plan.contact, version, &change.stamp).item(table, &keys.contact)?;
    let subscription = Write::to_subscription(plan.client, &change.stamp)
        .item(table, &keys.client_subscription)?;
    Ok(TransactWriteItemsInputBuilder::default()
        .transact_items(contact)
        .transact_items(subscription)
        .return_consumed_capacity(ReturnConsumedCapacity::Total))
}

/// One item's part of the transaction: the assignments and removals, the condition, and what stands behind their
/// placeholders.
#[derive(Debug, Default)]
struct Write {
    set: Vec<&'static str>,
    remove: Vec<&'static str>,
    condition: Vec<&'static str>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Write {
    /// What `step` means for the contact, whose version it raises.
    fn to_contact(step: Step, version: Version, stamp: &ChangeStamp) -> Self {
        let mut write = Self {
            condition: vec![EXISTS, IS_AT_VERSION],
            ..Self::default()
        };
        write.take(step, stamp);
        write.set.extend(STAMP);
        write.name("#version", VERSION);
        write.name("#updatedAt", UPDATED_AT);
        write.name("#changedBy", CHANGED_BY);
        write.name("#changeRequestId", CHANGE_REQUEST_ID);
        write.value(":version", AttributeValue::N(version.number().to_string()));
        write.value(":one", AttributeValue::N("1".to_owned()));
        write.value(":now", AttributeValue::S(stamp.now.to_string()));
        write.value(":actor", AttributeValue::S(stamp.actor.as_str().to_owned()));
        write.value(":requestId", AttributeValue::S(stamp.request_id.clone()));
        write
    }

    /// What `step` means for the client's subscription.
    fn to_subscription(step: Step, stamp: &ChangeStamp) -> Self {
        let mut write = Self {
            condition: vec![EXISTS],
            ..Self::default()
        };
        write.take(step, stamp);
        write
    }

    fn take(&mut self, step: Step, stamp: &ChangeStamp) {
        self.condition.push(step.condition());
        self.name("#pk", PARTITION_KEY);
        self.name("#verifiedAt", VERIFIED_AT);
        if let Step::Record(at) | Step::Keep(at) = step {
            self.value(":verifiedAt", AttributeValue::S(at.to_string()));
        }
        match step {
            Step::Record(_) => {
                self.set
                    .extend(["#verifiedAt = :verifiedAt", "#verifiedBy = :actor"]);
                // A label of the verification that is replaced must not pass for one of the new.
                self.remove.push("#verificationSource");
                self.value(":actor", AttributeValue::S(stamp.actor.as_str().to_owned()));
            }
            Step::Clear => {
                self.remove
                    .extend(["#verifiedAt", "#verifiedBy", "#verificationSource"]);
            }
            Step::Keep(_) | Step::LeaveEmpty => return,
        }
        self.name("#verifiedBy", VERIFIED_BY);
        self.name("#verificationSource", VERIFICATION_SOURCE);
    }

    fn name(&mut self, placeholder: &str, name: &str) {
        self.names.insert(placeholder.to_owned(), name.to_owned());
    }

    fn value(&mut self, placeholder: &str, value: AttributeValue) {
        self.values.insert(placeholder.to_owned(), value);
    }

    /// An update, or a mere check where there is nothing to update.
    fn item(self, table: &str, key: &Key) -> Result<TransactWriteItem, DatabaseError> {
        let condition = self.condition.join(" AND ");
        let values = (!self.values.is_empty()).then_some(self.values);
        let clauses = [("SET", &self.set), ("REMOVE", &self.remove)]
            .into_iter()
            .filter(|(_, parts)| !parts.is_empty())
            .map(|(verb, parts)| format!("{verb} {}", parts.join(", ")))
            .collect::<Vec<_>>();
        let item = TransactWriteItem::builder();
        Ok(if clauses.is_empty() {
            let check = ConditionCheck::builder()
                .table_name(table)
                .set_key(Some(key.clone().attributes()))
                .condition_expression(condition)
                .set_expression_attribute_names(Some(self.names))
                .set_expression_attribute_values(values)
                .build()
                .map_err(unbuildable)?;
            item.condition_check(check).build()
        } else {
            let update = Update::builder()
                .table_name(table)
                .set_key(Some(key.clone().attributes()))
                .update_expression(clauses.join(" "))
                .condition_expression(condition)
                .set_expression_attribute_names(Some(self.names))
                .set_expression_attribute_values(values)
                .build()
                .map_err(unbuildable)?;
            item.update(update).build()
        })
    }
}

fn unbuildable(error: aws_sdk_dynamodb::error::BuildError) -> DatabaseError {
    DatabaseError::Refused(Box::new(error))
}

/// Sorts a failed transaction. One that was cancelled because a condition no longer holds or because another
/// transaction was at the same items has lost a race.
fn transaction_error(
    error: SdkError<TransactWriteItemsError, aws_sdk_dynamodb::config::http::HttpResponse>,
) -> DatabaseError {
    let reasons = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons()
        }
        _ => return DatabaseError::from_sdk(error),
    };
    let refused = reasons
        .iter()
        .filter_map(|reason| reason.code())
        .filter(|code| *code != "None")
        .collect::<Vec<_>>();
    let is_passing = |code: &&str| {
        matches!(
            *code,
            "ConditionalCheckFailed"
                | "TransactionConflict"
                | "ProvisionedThroughputExceeded"
                | "ThrottlingError"
        )
    };
    if !refused.is_empty() && refused.iter().all(is_passing) {
        DatabaseError::Contended(Box::new(error))
    } else {
        DatabaseError::Refused(Box::new(error))
    }
}
