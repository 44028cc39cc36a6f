//! DynamoDB's answers to failed and to partly done calls.

use serde_json::{Value, json};

/// An error in the format of DynamoDB. The namespace names the layer that raised the error. It has no other meaning.
pub(super) fn error(code: &str) -> Value {
    match code {
        "ThrottlingException" => json!({
            "__type": "com.amazon.coral.availability#ThrottlingException",
            "message": "Rate exceeded",
        }),
        "AccessDeniedException" => json!({
            "__type": "com.amazon.coral.service#AccessDeniedException",
            "Message": "User: arn:aws:sts::123456789012:assumed-role/x/y is not authorized to perform this",
        }),
        "TransactionConflictException" => json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException",
            "message": "Transaction is ongoing for the item",
        }),
        code => json!({
            "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"),
            "message": format!("{code} that a test has asked for"),
        }),
    }
}

/// The refusal of a request because a transaction uses one of its items. For a transaction, it is the first item.
pub(super) fn conflict(request: &[u8]) -> Value {
    let request: Value = serde_json::from_slice(request).unwrap();
    match request["TransactItems"].as_array() {
        Some(items) => {
            let mut codes = vec!["None"; items.len()];
            codes[0] = "TransactionConflict";
            cancelled(&codes)
        }
        None => error("TransactionConflictException"),
    }
}

/// A cancelled transaction in the format of DynamoDB.
pub(super) fn cancelled(codes: &[&str]) -> Value {
    let reasons: Vec<_> = codes
        .iter()
        .map(|code| match *code {
            "None" => json!({ "Code": "None" }),
            "TransactionConflict" => {
                json!({ "Code": code, "Message": "Transaction is ongoing for the item" })
            }
            "ConditionalCheckFailed" => {
                json!({ "Code": code, "Message": "The conditional request failed" })
            }
            _ => json!({ "Code": code, "Message": format!("{code} that a test has asked for") }),
        })
        .collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": message,
        "CancellationReasons": reasons,
    })
}

/// An answer to a `BatchGetItem` in which DynamoDB looked up only the first item and throttled the rest.
pub(super) fn of_one_key(request: &[u8], answer: &[u8]) -> Value {
    let request: Value = serde_json::from_slice(request).unwrap();
    let mut answer: Value = serde_json::from_slice(answer).unwrap();
    let mut unprocessed = request["RequestItems"].clone();
    for (table, wanted) in unprocessed.as_object_mut().unwrap() {
        let items = answer["Responses"][table].as_array_mut().unwrap();
        items.truncate(1);
        let keys = wanted["Keys"].as_array_mut().unwrap();
        keys.retain(|key| {
            let key = key.as_object().unwrap();
            let is_of = |item: &Value| key.iter().all(|(name, value)| item[name] == *value);
            !items.iter().any(is_of)
        });
    }
    answer["UnprocessedKeys"] = unprocessed;
    answer
}
