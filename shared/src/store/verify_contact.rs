//! Endpoint 3: one read, then at most one transaction over the contact and the client's subscription.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsInputBuilder;
use aws_sdk_dynamodb::types::{
    ConditionCheck, KeysAndAttributes, ReturnConsumedCapacity, TransactWriteItem, Update,
};

use super::error::ErrorAnswer;
use super::expression::Expression;
use super::items::{
    CHANGED_SUBSCRIPTION, CONTACT_VERSION, Item, SUBSCRIPTIONS_VERSION, VERIFICATION_SOURCE,
    VERIFIED_AT, VERIFIED_BY, are_of_one_state, contact, is_as_left_by, subscription,
};
use super::keys::{Key, PARTITION_KEY};
use super::{ChangeError, ChangeStamp, DatabaseError, Store};
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
        match self
            .retried(|| self.try_verify_contact(&keys, change))
            .await?
        {
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
        let Some((is_our_own, mut found)) = self.read(keys, change).await? else {
            return Ok(None);
        };
        // An earlier attempt of this very request did it, its answer got lost, and a later attempt was refused.
        if is_our_own {
            return Ok(Some((change.success(), found)));
        }
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

    /// The contact in the audience for the client, unless the contact or the client's subscription is missing, and
    /// whether it is as this very change left it.
    async fn read(
        &self,
        keys: &Keys,
        change: &ContactChange,
    ) -> Result<Option<(bool, AudienceContact)>, ChangeError> {
        let Some(mut found) = self.read_items(keys).await? else {
            return Ok(None);
        };
        if !are_of_one_state(&found.contact, &found.client_subscription) {
            let before = found;
            found = match self.read_items(keys).await? {
                // What is the same twice has not been changed in between: it is one state, however it came about.
                Some(again) if again == before => again,
                Some(again) if are_of_one_state(&again.contact, &again.client_subscription) => {
                    again
                }
                Some(_) => {
                    return Err(DatabaseError::Contended(
                        "changes came in between the reads".into(),
                    )
                    .into());
                }
                None => return Ok(None),
            };
        }
        let is_our_own = is_as_left_by(&found.contact, &change.stamp);
        let found = AudienceContact {
            contact: contact(found.contact)?,
            audience: change.audience.clone(),
            client: change.client.clone(),
            audience_subscription: found.audience_subscription.map(subscription).transpose()?,
            client_subscription: subscription(found.client_subscription)?,
        };
        Ok(Some((is_our_own, found)))
    }

    /// The items of a contact in an audience for a client, unless the first or the last is missing.
    async fn read_items(&self, keys: &Keys) -> Result<Option<Items>, DatabaseError> {
        let output = Box::pin(read_request(&self.table, keys)?.send_with(&self.client))
            .await
            .map_err(DatabaseError::from_sdk)?;
        if output
            .unprocessed_keys()
            .is_some_and(|unprocessed| !unprocessed.is_empty())
        {
            return Err(DatabaseError::Contended(
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
        let found = (take(&keys.contact), take(&keys.client_subscription));
        let (Some(contact), Some(client_subscription)) = found else {
            return Ok(None);
        };
        Ok(Some(Items {
            contact,
            audience_subscription: take(&keys.audience_subscription),
            client_subscription,
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

impl ContactChange {
    /// The outcome when the database accepts it.
    fn success(&self) -> Outcome {
        if self.verified_at.is_some() {
            Outcome::Recorded
        } else {
            Outcome::Cleared
        }
    }
}

/// What a read finds.
#[derive(Debug, PartialEq)]
struct Items {
    contact: Item,
    audience_subscription: Option<Item>,
    client_subscription: Item,
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
        match (self.writes(), change.verified_at.is_some()) {
            (true, _) => change.success(),
            (false, true) => Outcome::Kept,
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

/// The contact is as it was read. Every change to it, or of a verification on one of its subscriptions, raises its
/// version.
const IS_AT_VERSION: &str = "#version = :version";

/// The one rule (contract section 2): nothing is stored, or what is stored is later.
const RECORDS_EARLIEST: &str = "(attribute_not_exists(#verifiedAt) OR #verifiedAt > :verifiedAt)";

/// The one rule, the other way round: what is stored is equal or earlier.
const HOLDS_EARLIER: &str = "#verifiedAt <= :verifiedAt";

/// There is something to clear.
const IS_VERIFIED: &str = "attribute_exists(#verifiedAt)";

/// There is nothing to clear.
const IS_NOT_VERIFIED: &str = "attribute_not_exists(#verifiedAt)";

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
    .build()?;
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
    let contact = contact_expression(plan, version, keys, &change.stamp);
    let subscription = subscription_expression(plan, version, &change.stamp);
    Ok(TransactWriteItemsInputBuilder::default()
        .transact_items(transact_item(table, &keys.contact, contact)?)
        .transact_items(transact_item(
            table,
            &keys.client_subscription,
            subscription,
        )?)
        .return_consumed_capacity(ReturnConsumedCapacity::Total))
}

/// What the plan means for the contact, whose version rises whichever level is written.
fn contact_expression(
    plan: &Plan,
    version: Version,
    keys: &Keys,
    stamp: &ChangeStamp,
) -> Expression {
    let mut expression = Expression::default();
    expression
        .require(EXISTS)
        .require(IS_AT_VERSION)
        .number(":version", version.number());
    add_step(&mut expression, plan.contact, stamp);
    expression.stamp(stamp);
    if plan.client.writes() {
        expression
            .set(&[
                "#changedSubscription = :subscription",
                "#subscriptionsVersion = :newVersion",
            ])
            .names([
                ("#changedSubscription", CHANGED_SUBSCRIPTION),
                ("#subscriptionsVersion", SUBSCRIPTIONS_VERSION),
            ])
            .text(":subscription", &keys.client_subscription.sort)
            .number(":newVersion", version.next().number());
    }
    expression
}

/// What the plan means for the client's subscription.
fn subscription_expression(plan: &Plan, version: Version, stamp: &ChangeStamp) -> Expression {
    let mut expression = Expression::default();
    expression.require(EXISTS);
    add_step(&mut expression, plan.client, stamp);
    if plan.client.writes() {
        expression
            .set(&["#contactVersion = :newVersion"])
            .names([("#contactVersion", CONTACT_VERSION)])
            .number(":newVersion", version.next().number());
    }
    expression
}

fn add_step(expression: &mut Expression, step: Step, stamp: &ChangeStamp) {
    expression
        .require(step.condition())
        .names([("#pk", PARTITION_KEY), ("#verifiedAt", VERIFIED_AT)]);
    if let Step::Record(at) | Step::Keep(at) = step {
        expression.text(":verifiedAt", at);
    }
    match step {
        Step::Record(_) => expression
            .set(&["#verifiedAt = :verifiedAt", "#verifiedBy = :actor"])
            // A label of the verification that is replaced must not pass for one of the new.
            .remove(&["#verificationSource"])
            .text(":actor", stamp.actor.as_str()),
        Step::Clear => expression.remove(&["#verifiedAt", "#verifiedBy", "#verificationSource"]),
        Step::Keep(_) | Step::LeaveEmpty => return,
    }
    .names([
        ("#verifiedBy", VERIFIED_BY),
        ("#verificationSource", VERIFICATION_SOURCE),
    ]);
}

/// An update, or a mere check where there is nothing to update.
fn transact_item(
    table: &str,
    key: &Key,
    expression: Expression,
) -> Result<TransactWriteItem, DatabaseError> {
    let (condition, update) = (expression.condition(), expression.update());
    let (names, values) = expression.into_names_and_values();
    let item = TransactWriteItem::builder();
    Ok(if let Some(update) = update {
        let update = Update::builder()
            .table_name(table)
            .set_key(Some(key.clone().attributes()))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(values)
            .build()?;
        item.update(update).build()
    } else {
        let check = ConditionCheck::builder()
            .table_name(table)
            .set_key(Some(key.clone().attributes()))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(values)
            .build()?;
        item.condition_check(check).build()
    })
}

/// Sorts a failed transaction. One that was cancelled because a condition no longer holds or because another
/// transaction was at the same items has lost a race.
fn transaction_error(error: SdkError<TransactWriteItemsError, HttpResponse>) -> DatabaseError {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    else {
        return DatabaseError::from_sdk(error);
    };
    let reasons: Vec<_> = cancelled
        .cancellation_reasons()
        .iter()
        .filter_map(|reason| reason.code())
        .filter(|code| *code != "None")
        .collect();
    let is_passing = |code: &&str| {
        matches!(
            *code,
            "ConditionalCheckFailed"
                | "TransactionConflict"
                | "ProvisionedThroughputExceeded"
                | "ThrottlingError"
        )
    };
    let lost_a_race = !reasons.is_empty() && reasons.iter().all(is_passing);
    let answer = Box::new(ErrorAnswer::new(cancelled, reasons));
    if lost_a_race {
        DatabaseError::Contended(answer)
    } else {
        DatabaseError::Refused(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;
    use crate::domain::{Actor, OrganizationId};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn change(verified_at: Option<Timestamp>) -> ContactChange {
        ContactChange {
            audience: AudienceSlug::parse("newsletter").unwrap(),
            client: ClientSlug::parse("website").unwrap(),
            verified_at,
            expected_version: ExpectedVersion::Any,
            stamp: ChangeStamp {
                actor: Actor::subject("client:website"),
                now: at("2026-05-20T15:04:02Z"),
                request_id: "request_1".to_owned(),
            },
        }
    }

    fn keys() -> Keys {
        let tenant = Tenant::new(OrganizationId::parse("org_a").unwrap());
        Keys::new(&tenant, &ContactId::parse("c_1").unwrap(), &change(None))
    }

    fn build(plan: &Plan) -> (Update, TransactWriteItem) {
        let request = write_request("contacts", &keys(), plan, Version::new(7), &change(None))
            .unwrap()
            .build()
            .unwrap();
        let [contact, subscription] = request.transact_items() else {
            panic!("not two items")
        };
        (contact.update().unwrap().clone(), subscription.clone())
    }

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    const T: &str = "2024-09-01T10:00:00.000Z";
    const SET_STAMP: &str = "#version = #version + :one, #updatedAt = :now, #changedBy = :actor, #changeRequestId = :requestId";
    const SET_SUBSCRIPTION: &str =
        "#changedSubscription = :subscription, #subscriptionsVersion = :newVersion";

    #[test]
    fn the_read_is_consistent_and_of_three_known_keys() {
        let request = read_request("contacts", &keys()).unwrap().build().unwrap();
        let wanted = &request.request_items().unwrap()["contacts"];
        assert_eq!(wanted.consistent_read(), Some(true));
        let sorts: Vec<_> = wanted
            .keys()
            .iter()
            .map(|key| key["sk"].as_s().unwrap().as_str())
            .collect();
        assert_eq!(
            sorts,
            [
                "CONTACT",
                "SUBSCRIPTION#newsletter#website",
                "SUBSCRIPTION#newsletter"
            ]
        );
        assert!(
            wanted
                .keys()
                .iter()
                .all(|key| key["pk"] == s("ORG#org_a#CONTACT#c_1"))
        );
    }

    #[test]
    fn recording_both_levels_updates_both_items_by_the_one_rule() {
        let (contact, subscription) = build(&Plan {
            contact: Step::Record(at(T)),
            client: Step::Record(at(T)),
        });
        assert_eq!(
            contact.condition_expression(),
            Some(
                "attribute_exists(#pk) AND #version = :version AND (attribute_not_exists(#verifiedAt) OR \
                 #verifiedAt > :verifiedAt)"
            )
        );
        assert_eq!(
            contact.update_expression(),
            format!(
                "SET #verifiedAt = :verifiedAt, #verifiedBy = :actor, {SET_STAMP}, {SET_SUBSCRIPTION} \
                 REMOVE #verificationSource"
            )
        );
        let values = contact.expression_attribute_values().unwrap();
        assert_eq!(values[":verifiedAt"], s(T));
        assert_eq!(values[":version"], AttributeValue::N("7".to_owned()));
        assert_eq!(values[":actor"], s("client:website"));
        assert_eq!(values[":now"], s("2026-05-20T15:04:02.000Z"));
        assert_eq!(values[":requestId"], s("request_1"));
        assert_eq!(
            values[":subscription"],
            s("SUBSCRIPTION#newsletter#website")
        );
        assert_eq!(values[":newVersion"], AttributeValue::N("8".to_owned()));

        let subscription = subscription.update().unwrap();
        assert_eq!(
            subscription.condition_expression(),
            Some(
                "attribute_exists(#pk) AND (attribute_not_exists(#verifiedAt) OR #verifiedAt > :verifiedAt)"
            )
        );
        assert_eq!(
            subscription.update_expression(),
            "SET #verifiedAt = :verifiedAt, #verifiedBy = :actor, #contactVersion = :newVersion \
             REMOVE #verificationSource"
        );
        assert_eq!(
            subscription.key()["sk"],
            s("SUBSCRIPTION#newsletter#website")
        );
    }

    #[test]
    fn a_level_that_is_kept_is_checked_and_the_contact_still_gets_its_version() {
        let (contact, subscription) = build(&Plan {
            contact: Step::Keep(at(T)),
            client: Step::Record(at(T)),
        });
        assert_eq!(
            contact.condition_expression(),
            Some("attribute_exists(#pk) AND #version = :version AND #verifiedAt <= :verifiedAt")
        );
        assert_eq!(
            contact.update_expression(),
            format!("SET {SET_STAMP}, {SET_SUBSCRIPTION}")
        );
        assert!(subscription.update().is_some());

        let (_, subscription) = build(&Plan {
            contact: Step::Record(at(T)),
            client: Step::Keep(at(T)),
        });
        let check = subscription.condition_check().unwrap();
        assert_eq!(
            check.condition_expression(),
            "attribute_exists(#pk) AND #verifiedAt <= :verifiedAt"
        );
    }

    #[test]
    fn clearing_removes_all_three_attributes_where_there_are_any() {
        let (contact, subscription) = build(&Plan {
            contact: Step::Clear,
            client: Step::LeaveEmpty,
        });
        assert_eq!(
            contact.condition_expression(),
            Some("attribute_exists(#pk) AND #version = :version AND attribute_exists(#verifiedAt)")
        );
        assert_eq!(
            contact.update_expression(),
            format!("SET {SET_STAMP} REMOVE #verifiedAt, #verifiedBy, #verificationSource")
        );
        let check = subscription.condition_check().unwrap();
        assert_eq!(
            check.condition_expression(),
            "attribute_exists(#pk) AND attribute_not_exists(#verifiedAt)"
        );
        assert_eq!(check.expression_attribute_values(), None);
    }

    #[test]
    fn every_placeholder_is_used_and_every_used_one_is_defined() {
        let stamp = change(None).stamp;
        let steps = [
            Step::Record(at(T)),
            Step::Keep(at(T)),
            Step::Clear,
            Step::LeaveEmpty,
        ];
        for plan in steps.iter().flat_map(|contact| {
            steps.map(|client| Plan {
                contact: *contact,
                client,
            })
        }) {
            let version = Version::new(7);
            for expression in [
                contact_expression(&plan, version, &keys(), &stamp),
                subscription_expression(&plan, version, &stamp),
            ] {
                let text = expression.update().unwrap_or_default() + " " + &expression.condition();
                let used: BTreeSet<_> = text
                    .split(|c: char| !(c.is_alphanumeric() || c == '#' || c == ':'))
                    .filter(|word| word.starts_with(['#', ':']))
                    .collect();
                let defined = expression
                    .names
                    .keys()
                    .chain(expression.values.keys())
                    .map(String::as_str)
                    .collect();
                assert_eq!(used, defined, "{plan:?}");
            }
        }
    }

    #[test]
    fn each_level_is_decided_by_itself() {
        let stored = |text| Verification {
            at: at(text),
            by: None,
            source: None,
        };
        let wanted = Some(at(T));
        assert_eq!(Step::new(wanted, None), Step::Record(at(T)));
        assert_eq!(
            Step::new(wanted, Some(&stored("2024-09-01T10:00:00.001Z"))),
            Step::Record(at(T))
        );
        assert_eq!(Step::new(wanted, Some(&stored(T))), Step::Keep(at(T)));
        assert_eq!(Step::new(None, Some(&stored(T))), Step::Clear);
        assert_eq!(Step::new(None, None), Step::LeaveEmpty);
    }
}
