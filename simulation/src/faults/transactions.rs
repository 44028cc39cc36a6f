//! Reads and writes outside a transaction, or without consistency.

use serde_json::{Value, json};

use super::edit::{route, sort_key, writes};
use super::{Plant, Planted};
use crate::database::{Answer, Call, READ_ONE_BY_ONE};

/// Splits a transaction: the writes for which `is_apart` holds come after it, each by itself.
fn after_transaction(mut call: Call, is_apart: impl Fn(&Value) -> bool) -> Vec<Call> {
    if call.operation != "TransactWriteItems" {
        return vec![call];
    }
    let parts = call.body["TransactItems"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let of_part = |part: &Value| {
        part.as_object()
            .and_then(|part| part.values().next().cloned())
            .unwrap_or_default()
    };
    let (apart, together): (Vec<_>, Vec<_>) =
        parts.into_iter().partition(|part| is_apart(&of_part(part)));
    if apart.is_empty() || together.is_empty() {
        return vec![call];
    }
    call.body["TransactItems"] = json!(together);
    let mut calls = vec![call];
    for part in apart {
        let operation = if part.get("Put").is_some() {
            "PutItem"
        } else {
            "UpdateItem"
        };
        calls.push(Call {
            operation: operation.to_owned(),
            body: of_part(&part),
        });
    }
    calls
}

pub(super) const FAULTS: &[Planted] = &[
    (
        "torn-read",
        "a contact and its subscriptions are read one after another, not in a transaction",
        Plant::Call(|call| {
            if call.operation == "TransactGetItems" {
                READ_ONE_BY_ONE.clone_into(&mut call.operation);
            }
        }),
    ),
    (
        "inconsistent-read",
        "an item is read without consistency",
        Plant::Call(|call| {
            if call.operation == "GetItem" {
                call.body["ConsistentRead"] = json!(false);
            }
        }),
    ),
    (
        "inconsistent-history",
        "`record-history` reads the table without consistency",
        Plant::Call(|call| {
            if call.operation == "Query" {
                call.body["ConsistentRead"] = json!(false);
            }
            if let Some(wanted) = call
                .body
                .pointer_mut("/RequestItems/contacts")
                .filter(|_| call.operation == "BatchGetItem")
            {
                wanted["ConsistentRead"] = json!(false);
            }
        }),
    ),
    (
        "level-outside-transaction",
        "endpoint 3 writes the client's level after the transaction",
        Plant::Calls(|call| {
            after_transaction(call, |write| {
                sort_key(write).starts_with("SUBSCRIPTION#")
                    && route(write).ends_with("/verification")
            })
        }),
    ),
    (
        "subscription-outside-transaction",
        "subscriptions are written after the contact's transaction",
        Plant::Calls(|call| {
            after_transaction(call, |write| sort_key(write).starts_with("SUBSCRIPTION#"))
        }),
    ),
    (
        "claim-outside-transaction",
        "an address is claimed and released after the contact's transaction",
        Plant::Calls(|call| after_transaction(call, |write| sort_key(write) == "ADDRESS")),
    ),
    (
        "one-token-for-all",
        "all transactions have the same client request token",
        Plant::Call(|call| {
            if call.operation == "TransactWriteItems" {
                call.body["ClientRequestToken"] = json!("the-same");
            }
        }),
    ),
    (
        "cancellation-taken-for-done",
        "a cancelled transaction counts as successful",
        Plant::Answer(|call, answer| {
            let is_cancelled = answer.body.to_string().contains("ConditionalCheckFailed");
            if call.operation == "TransactWriteItems" && is_cancelled {
                *answer = Answer {
                    status: 200,
                    body: json!({}),
                };
            }
        }),
    ),
    (
        "refusal-taken-for-done",
        "a change that loses a race counts as successful",
        Plant::Answer(|call, answer| {
            let mut asked = call.clone();
            let is_edit = writes(&mut asked).iter().any(|write| {
                write["ConditionExpression"]
                    .as_str()
                    .is_some_and(|it| it.contains(":stored_version"))
            });
            if call.operation == "UpdateItem"
                && is_edit
                && answer.body["__type"]
                    .as_str()
                    .is_some_and(|kind| kind.ends_with("ConditionalCheckFailedException"))
            {
                *answer = Answer {
                    status: 200,
                    body: json!({}),
                };
            }
        }),
    ),
];
