//! Wrong answers, and hidden failures.

use serde_json::{Value, json};

use super::{Plant, Planted};

pub(super) const FAULTS: &[Planted] = &[
    (
        "version-of-the-past",
        "an answer has the `ETag` of the previous version",
        Plant::Response(|response| {
            response.version = response.version.map(|version| version.saturating_sub(1));
        }),
    ),
    (
        "always-recorded",
        "the answer says `recorded` instead of `kept`",
        Plant::Response(|response| {
            for pointer in ["/outcome", "/data/outcome"] {
                if let Some(outcome) = response
                    .body
                    .pointer_mut(pointer)
                    .filter(|outcome| **outcome == "kept")
                {
                    *outcome = json!("recorded");
                }
            }
        }),
    ),
    (
        "ambiguous-id",
        "a super administrator gets one of several contacts with the same id",
        Plant::Answer(|call, answer| {
            if call.body["IndexName"] == "contactsById"
                && let Some(items) = answer.body["Items"].as_array_mut()
            {
                items.truncate(1);
            }
        }),
    ),
    (
        "levels-confused",
        "the contact's verification is shown as the client's",
        Plant::Response(|response| {
            if let Some(at) = response
                .body
                .pointer("/verified_at")
                .cloned()
                .filter(|at| *at != Value::Null)
                && let Some(of_client) = response.body.pointer_mut("/client/verified_at")
            {
                *of_client = at;
            }
        }),
    ),
    (
        "hidden-failures",
        "`record-history` answers that it recorded records that it could not record",
        Plant::HiddenFailures,
    ),
];
