//! The requests, as pure functions.

use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsInputBuilder;
use aws_sdk_dynamodb::types::{ConditionCheck, ReturnConsumedCapacity, TransactWriteItem};

use super::plan::{Plan, Step};
use super::predecessor::Predecessor;
use super::{ChangeMetadata, DatabaseError, VerifyContact};
use crate::domain::{ContactId, Tenant, Version};
use crate::store::expression::{EXISTS, Expression, IS_AT_VERSION};
use crate::store::items::{
    CHANGE_REQUEST_ID, CONTACT_VERSION, UPDATED_AT, VERIFICATION_SOURCE, VERIFIED_AT, VERIFIED_BY,
};
use crate::store::keys::{Key, PARTITION_KEY};

/// The keys that a request touches.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) contact: Key,
    pub(super) client_subscription: Key,
    pub(super) audience_subscription: Key,
}

impl Keys {
    pub(super) fn new(tenant: &Tenant, id: &ContactId, change: &VerifyContact) -> Self {
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

/// The contact has not been changed lately: not since it was created, or not for some time.
const IS_SETTLED: &str = "(#version = :first OR #updatedAt < :settledBefore)";

/// The one rule (contract section 2): nothing is stored, or what is stored is later.
const RECORDS_EARLIEST: &str = "(attribute_not_exists(#verifiedAt) OR #verifiedAt > :verifiedAt)";

/// The one rule, the other way round: what is stored is equal or earlier.
const HOLDS_EARLIER: &str = "#verifiedAt <= :verifiedAt";

/// There is something to clear.
const IS_VERIFIED: &str = "attribute_exists(#verifiedAt)";

/// There is nothing to clear.
const IS_NOT_VERIFIED: &str = "attribute_not_exists(#verifiedAt)";

/// What has to hold at a level for the step to be right.
fn condition(step: Step) -> &'static str {
    match step {
        Step::Record(_) => RECORDS_EARLIEST,
        Step::Keep(_) => HOLDS_EARLIER,
        Step::Clear => IS_VERIFIED,
        Step::LeaveEmpty => IS_NOT_VERIFIED,
    }
}

/// The transaction, as a pure function: the plan, done to this state of the contact or not at all. The contact is always
/// written, since its version tells of every change; the subscription is checked even where it is not written, so that a
/// clear in between cannot leave one level without the other.
pub(super) fn write_request(
    table: &str,
    keys: &Keys,
    plan: &Plan,
    predecessor: Predecessor,
    change: &VerifyContact,
) -> Result<TransactWriteItemsInputBuilder, DatabaseError> {
    let contact = contact_expression(plan, predecessor, keys, &change.metadata);
    let subscription = subscription_expression(plan, predecessor, &change.metadata);
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
    predecessor: Predecessor,
    keys: &Keys,
    metadata: &ChangeMetadata,
) -> Expression {
    let mut expression = Expression::default();
    expression.require(EXISTS);
    match predecessor {
        Predecessor::AtVersion(version) => expression
            .require(IS_AT_VERSION)
            .number(":version", version.number()),
        Predecessor::SettledBefore(time) => expression
            .require(IS_SETTLED)
            .number(":first", Version::FIRST.number())
            .text(":settledBefore", time),
    };
    add_step(&mut expression, plan.contact, metadata);
    expression.metadata(metadata);
    if plan.client.writes() {
        expression.mark_subscriptions(&keys.client_subscription.sort);
    }
    expression
}

/// What the plan means for the client's subscription.
fn subscription_expression(
    plan: &Plan,
    predecessor: Predecessor,
    metadata: &ChangeMetadata,
) -> Expression {
    let mut expression = Expression::default();
    expression.require(EXISTS);
    add_step(&mut expression, plan.client, metadata);
    if plan.client.writes() {
        expression
            .set(&["#updatedAt = :now", "#changeRequestId = :requestId"])
            .names([
                ("#updatedAt", UPDATED_AT),
                ("#changeRequestId", CHANGE_REQUEST_ID),
            ])
            .text(":now", metadata.now)
            .text(":requestId", &metadata.request_id);
        match predecessor {
            Predecessor::AtVersion(version) => expression
                .set(&["#contactVersion = :newVersion"])
                .number(":newVersion", version.next().number()),
            Predecessor::SettledBefore(_) => expression.remove(&["#contactVersion"]),
        }
        .names([("#contactVersion", CONTACT_VERSION)]);
    }
    expression
}

fn add_step(expression: &mut Expression, step: Step, metadata: &ChangeMetadata) {
    expression
        .require(condition(step))
        .names([("#pk", PARTITION_KEY), ("#verifiedAt", VERIFIED_AT)]);
    if let Step::Record(at) | Step::Keep(at) = step {
        expression.text(":verifiedAt", at);
    }
    match step {
        Step::Record(_) => expression
            .set(&["#verifiedAt = :verifiedAt", "#verifiedBy = :actor"])
            // A label of the verification that is replaced must not pass for one of the new.
            .remove(&["#verificationSource"])
            .text(":actor", metadata.actor.as_str()),
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
    if !expression.is_check() {
        return expression.into_update(table, key.clone());
    }
    let condition = expression.condition();
    let (names, values) = expression.into_names_and_values();
    let check = ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(key.clone().attributes()))
        .condition_expression(condition)
        .set_expression_attribute_names(Some(names))
        .set_expression_attribute_values(values)
        .build()?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aws_sdk_dynamodb::types::{AttributeValue, Update};

    use super::*;
    use crate::domain::{
        Actor, AudienceSlug, ClientSlug, ExpectedVersion, OrganizationId, Timestamp,
    };

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn change(verified_at: Option<Timestamp>) -> VerifyContact {
        VerifyContact {
            audience: AudienceSlug::parse("newsletter").unwrap(),
            client: ClientSlug::parse("website").unwrap(),
            verified_at,
            expected_version: ExpectedVersion::Any,
            metadata: ChangeMetadata {
                actor: Actor::subject("client:website"),
                now: at("2026-05-20T15:04:02Z"),
                route: "PATCH /api/contacts/{id}/verification",
                request_id: "request_1".to_owned(),
            },
        }
    }

    fn keys() -> Keys {
        let tenant = Tenant::new(OrganizationId::parse("org_a").unwrap());
        Keys::new(&tenant, &ContactId::parse("c_1").unwrap(), &change(None))
    }

    fn build(plan: &Plan) -> (Update, TransactWriteItem) {
        build_after(Predecessor::AtVersion(Version::new(7)), plan)
    }

    fn build_after(predecessor: Predecessor, plan: &Plan) -> (Update, TransactWriteItem) {
        let request = write_request("contacts", &keys(), plan, predecessor, &change(None))
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
    const SET_SUBSCRIPTION: &str = "#changedSubscription = :subscription, \
        #subscriptionChangeRequestId = :requestId, #subscriptionChangedAt = :now";

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

        let subscription = subscription.update().unwrap();
        assert_eq!(
            subscription.condition_expression(),
            Some(
                "attribute_exists(#pk) AND (attribute_not_exists(#verifiedAt) OR #verifiedAt > :verifiedAt)"
            )
        );
        assert_eq!(
            subscription.update_expression(),
            "SET #verifiedAt = :verifiedAt, #verifiedBy = :actor, #updatedAt = :now, \
             #changeRequestId = :requestId, #contactVersion = :newVersion REMOVE #verificationSource"
        );
        assert_eq!(
            subscription.key()["sk"],
            s("SUBSCRIPTION#newsletter#website")
        );
    }

    #[test]
    fn without_a_read_the_contact_must_not_have_been_changed_lately() {
        let settled = Predecessor::SettledBefore(at("2026-05-20T15:03:32Z"));
        let (contact, subscription) = build_after(settled, &Plan::recording(at(T)));
        assert_eq!(
            contact.condition_expression(),
            Some(
                "attribute_exists(#pk) AND (#version = :first OR #updatedAt < :settledBefore) AND \
                 (attribute_not_exists(#verifiedAt) OR #verifiedAt > :verifiedAt)"
            )
        );
        let values = contact.expression_attribute_values().unwrap();
        assert_eq!(values[":first"], AttributeValue::N("1".to_owned()));
        assert_eq!(values[":settledBefore"], s("2026-05-20T15:03:32.000Z"));
        assert_eq!(
            subscription.update().unwrap().update_expression(),
            "SET #verifiedAt = :verifiedAt, #verifiedBy = :actor, #updatedAt = :now, \
             #changeRequestId = :requestId REMOVE #verificationSource, #contactVersion"
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
        let metadata = change(None).metadata;
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
            let version = Predecessor::AtVersion(Version::new(7));
            let settled = Predecessor::SettledBefore(Timestamp::EPOCH);
            for expression in [
                contact_expression(&plan, version, &keys(), &metadata),
                contact_expression(&plan, settled, &keys(), &metadata),
                subscription_expression(&plan, version, &metadata),
                subscription_expression(&plan, settled, &metadata),
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
}
