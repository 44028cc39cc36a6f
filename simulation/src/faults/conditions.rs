//! Missing and wrong conditions.

use super::edit::{drop_clauses, replace_in_condition, sort_key, writes};
use super::{Plant, Planted};
use crate::database::Call;

fn without(call: &mut Call, is_dropped: impl Fn(&str) -> bool) {
    for write in writes(call) {
        drop_clauses(write, &is_dropped);
    }
}

fn compared_by(call: &mut Call, operator: &str) {
    for write in writes(call) {
        replace_in_condition(write, "> :verifiedAt", &format!("{operator} :verifiedAt"));
    }
}

pub(super) const FAULTS: &[Planted] = &[
    (
        "no-version-condition",
        "a change is written without the condition that the contact still has the version that was read",
        Plant::Call(|call| without(call, |clause| clause == "#version = :stored_version")),
    ),
    (
        "equal-replaces",
        "a verification replaces an equal one (`>=` instead of `>`)",
        Plant::Call(|call| compared_by(call, ">=")),
    ),
    (
        "latest-wins",
        "a later verification replaces an earlier one (`<` instead of `>`)",
        Plant::Call(|call| compared_by(call, "<")),
    ),
    (
        "if-match-ignored",
        "endpoints 1 and 2 ignore `If-Match`",
        Plant::Call(|call| without(call, |clause| clause.starts_with("#version IN"))),
    ),
    (
        "no-fence-condition",
        "a single update can take effect after the function gave it up",
        Plant::Call(|call| {
            if call.body["UpdateExpression"]
                .as_str()
                .is_some_and(|update| !update.contains("#fence"))
            {
                without(call, |clause| clause.contains("#fence"));
            }
        }),
    ),
    (
        "applied-twice",
        "a single update is sent again after an ambiguous failure, without the condition that it is not applied yet",
        Plant::Repeat(|call| {
            let mut again = call.clone();
            if call.operation != "UpdateItem" {
                return None;
            }
            without(&mut again, |clause| clause.contains("#recentRequests, "));
            Some(again)
        }),
    ),
    (
        "clear-without-condition",
        "a clear lacks the condition that there is something to clear",
        Plant::Call(|call| {
            if call.operation == "UpdateItem" {
                without(call, |clause| {
                    clause == "attribute_exists(#methods.#method.#verifiedAt)"
                });
            }
        }),
    ),
    (
        "claim-without-condition",
        "an address is claimed without the condition that it is unchanged since the read",
        Plant::Call(|call| {
            for write in writes(call) {
                if sort_key(write) == "ADDRESS" {
                    drop_clauses(write, |_| true);
                }
            }
        }),
    ),
    (
        "entry-without-condition",
        "a history entry is written without the condition that it does not exist, and all entries of a record have the same ordinal",
        Plant::Call(|call| {
            if call.operation == "PutItem" && sort_key(&call.body).starts_with("HISTORY#") {
                drop_clauses(&mut call.body, |_| true);
                let sort = sort_key(&call.body);
                let (place, ordinal) = sort.rsplit_once('#').unwrap_or_default();
                let first = format!("{place}#{}", "0".repeat(ordinal.len()));
                call.body["Item"]["sk"]["S"] = first.into();
            }
        }),
    ),
];
