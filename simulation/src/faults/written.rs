//! Incomplete and wrong writes.

use serde_json::{Value, json};

use super::edit::{drop_actions, emails, remove, route, sort_key, value, writes, writes_kind};
use super::{Plant, Planted};
use crate::database::Call;
use crate::ledger::key_of;
use crate::scene::ADDRESSES;

fn without(call: &mut Call, kind: &str, is_dropped: impl Fn(&str) -> bool) {
    for write in writes(call) {
        if sort_key(write).starts_with(kind) {
            drop_actions(write, &is_dropped);
        }
    }
}

/// The attributes of suppressions of an address.
const FACTS: [&str; 4] = [
    "hardBouncedAt",
    "complainedAt",
    "globallyUnsubscribedAt",
    "emailValidation",
];

/// Makes the contact remember only its last write. A list that a write sets as a whole keeps `remembered` ids.
fn remember_one(call: &mut Call, remembered: usize) {
    for write in writes(call) {
        drop_actions(write, |action| {
            action.starts_with("#recentRequests[") && !action.starts_with("#recentRequests[0]")
        });
        let list =
            value(write, "recentRequests").and_then(|list| list.get_mut("L")?.as_array_mut());
        for id in list.into_iter().flatten().skip(remembered) {
            *id = json!({ "S": "-" });
        }
    }
}

fn verifies_both(call: &mut Call) -> bool {
    writes(call)
        .iter()
        .any(|write| route(write).ends_with("/verification"))
}

pub(super) const FAULTS: &[Planted] = &[
    (
        "no-recent-requests",
        "a contact does not remember its last writes",
        Plant::Call(|call| {
            remember_one(call, 0);
            for write in writes(call) {
                super::edit::drop_clauses(write, |clause| clause.contains("#recentRequests"));
                drop_actions(write, |action| action.starts_with("#recentRequests["));
            }
        }),
    ),
    (
        "short-memory",
        "the contact remembers only its last write",
        Plant::Call(|call| remember_one(call, 1)),
    ),
    (
        "no-fence",
        "a single update with a lost answer is repeated without giving up the first one",
        Plant::Call(|call| {
            let update = call.body["UpdateExpression"].as_str().unwrap_or_default();
            if update.contains("#fence = ") {
                call.body["ExpressionAttributeValues"][":drawnAt"] = json!({ "N": "0" });
            }
        }),
    ),
    (
        "version-stays",
        "endpoints 1 and 2 do not raise the version",
        Plant::Call(|call| {
            without(call, "CONTACT", |action| {
                action == "#version = #version + :one"
            });
        }),
    ),
    (
        "version-stays-for-subscriptions",
        "a change of a subscription does not raise the contact's version",
        Plant::Call(|call| {
            if writes_kind(call, "SUBSCRIPTION#") {
                without(call, "CONTACT", |action| action == "#version = :version");
            }
        }),
    ),
    (
        "verifier-not-written",
        "a verification is recorded without its verifier",
        Plant::Call(|call| {
            without(call, "CONTACT", |action| {
                action.ends_with("#verifiedBy = :changedBy")
            });
        }),
    ),
    (
        "label-stays",
        "a verification without a label keeps the label of the one that it replaces",
        Plant::Call(|call| {
            if call.body["UpdateExpression"]
                .as_str()
                .is_some_and(|update| update.contains("#verifiedAt = "))
            {
                without(call, "CONTACT", |action| {
                    action == "#methods.#method.#verificationSource"
                });
            }
        }),
    ),
    (
        "clear-forgets-time",
        "a clear does not keep its time",
        Plant::Call(|call| without(call, "CONTACT", |action| action.contains("#clearedAt = "))),
    ),
    (
        "one-level",
        "endpoint 3 writes only the client's level",
        Plant::Call(|call| {
            if verifies_both(call) {
                without(call, "CONTACT", |action| action.starts_with("#emails"));
            }
        }),
    ),
    (
        "contact-level-alone",
        "endpoint 3 writes only the contact's level",
        Plant::Call(|call| {
            if verifies_both(call) {
                let items = call.body["TransactItems"].as_array_mut();
                if let Some(items) = items {
                    items.truncate(1);
                }
            }
        }),
    ),
    (
        "entry-id-reused",
        "an address that is added again gets its former id",
        Plant::Call(|call| {
            for write in writes(call)
                .into_iter()
                .filter(|write| sort_key(write) == "CONTACT")
            {
                for (address, entry) in emails(write) {
                    if let Some(place) = ADDRESSES.iter().position(|known| *known == address) {
                        entry["id"] = json!({ "S": format!("1-{}", 10 + place) });
                    }
                }
            }
        }),
    ),
    (
        "claim-forgets",
        "a contact that claims an address does not get the facts that block mail to the address",
        Plant::Call(|call| {
            if writes_kind(call, "ADDRESS") {
                for (_, entry) in writes(call)
                    .into_iter()
                    .filter(|write| sort_key(write) == "CONTACT")
                    .flat_map(emails)
                {
                    for fact in FACTS {
                        remove(entry, fact);
                    }
                }
            }
        }),
    ),
    (
        "release-forgets",
        "an address that leaves its contact loses the facts that block mail to it",
        Plant::Call(|call| {
            without(call, "ADDRESS", |action| {
                FACTS
                    .iter()
                    .any(|fact| action.starts_with(&format!("#{fact} = ")))
            });
        }),
    ),
    (
        "address-deleted",
        "the item of an address that leaves its contact is deleted",
        Plant::Call(|call| {
            for part in call.body["TransactItems"]
                .as_array_mut()
                .into_iter()
                .flatten()
            {
                let Some(update) = part.get("Update") else {
                    continue;
                };
                let removed = update["UpdateExpression"]
                    .as_str()
                    .and_then(|text| text.split_once("REMOVE "));
                if removed.is_some_and(|(_, removed)| removed.contains("#ownerId"))
                    && sort_key(update) == "ADDRESS"
                {
                    *part = json!({ "Delete": { "TableName": update["TableName"], "Key": update["Key"] } });
                }
            }
        }),
    ),
    (
        "former-owners-forgotten",
        "an address forgets its former owners",
        Plant::Call(|call| {
            for write in writes(call)
                .into_iter()
                .filter(|write| sort_key(write) == "ADDRESS")
            {
                drop_actions(write, |action| action.starts_with("#formerOwnerIds = "));
                write
                    .get_mut("Item")
                    .into_iter()
                    .for_each(|item| remove(item, "formerOwnerIds"));
            }
        }),
    ),
    (
        "upsert-restarts",
        "an upsert restarts an ended subscription",
        Plant::Call(|call| {
            for write in writes(call) {
                if !sort_key(write).starts_with("SUBSCRIPTION#")
                    || route(write) != "POST /api/contacts"
                {
                    continue;
                }
                if write.get("Item").is_none() && value(write, "status").is_none() {
                    let update = write["UpdateExpression"].as_str().unwrap_or_default();
                    write["UpdateExpression"] =
                        json!(update.replacen("SET ", "SET #status = :status, ", 1));
                    write["ExpressionAttributeNames"]["#status"] = json!("status");
                    write["ExpressionAttributeValues"][":status"] = Value::Null;
                }
                if let Some(status) = value(write, "status") {
                    *status = json!({ "S": "subscribed" });
                }
            }
        }),
    ),
    (
        "erasure-leaves-subscriptions",
        "an erasure leaves the subscriptions",
        Plant::Calls(|call| skip_batches(call, "DeleteRequest")),
    ),
    (
        "erasure-leaves-history",
        "an erasure leaves the history unchanged",
        Plant::Calls(|call| skip_batches(call, "PutRequest")),
    ),
    (
        "write-skipped",
        "some transactions are never executed, but get an answer of success",
        Plant::Calls(|call| {
            let is_skipped =
                call.operation == "TransactWriteItems" && call.body.to_string().len() % 5 == 0;
            if is_skipped { Vec::new() } else { vec![call] }
        }),
    ),
];

fn skip_batches(call: Call, kind: &str) -> Vec<Call> {
    let requests = call
        .body
        .pointer("/RequestItems/contacts")
        .and_then(Value::as_array);
    let is_of_kind = requests.is_some_and(|requests| {
        requests.iter().any(|request| {
            let item = request
                .pointer(&format!("/{kind}/Item"))
                .or_else(|| request.pointer(&format!("/{kind}/Key")));
            item.is_some_and(|item| !key_of(item).1.is_empty())
        })
    });
    if call.operation == "BatchWriteItem" && is_of_kind {
        Vec::new()
    } else {
        vec![call]
    }
}
