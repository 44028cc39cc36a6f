//! The permissions that a call of DynamoDB needs: actions on the table or its index, each with the partition keys that it
//! touches (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>).

use std::collections::BTreeSet;

use serde_json::Value;

/// The ARN of the table, as the template names it.
pub(super) const TABLE_ARN: &str = "${Table.Arn}";

/// A permission that a call needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Request {
    pub(super) action: String,
    pub(super) resource: String,
    /// The values of the condition key `dynamodb:LeadingKeys`.
    pub(super) leading_keys: BTreeSet<String>,
}

/// The permissions that a call of an operation needs. Panics if the call uses another table than the one of this name.
pub(super) fn requests<'c>(operation: &str, call: &'c Value, table: &str) -> Vec<Request> {
    match operation {
        "GetItem" | "UpdateItem" => {
            assert_eq!(call["TableName"], table);
            vec![on_table(operation, [&call["Key"]])]
        }
        "PutItem" => {
            assert_eq!(call["TableName"], table);
            vec![on_table(operation, [&call["Item"]])]
        }
        // `BatchGetItem` needs its own permission, and not that of `GetItem`.
        "BatchGetItem" => {
            let tables = call["RequestItems"].as_object().unwrap();
            assert!(tables.keys().eq([table]), "{tables:?}");
            vec![on_table(
                operation,
                tables[table]["Keys"].as_array().unwrap(),
            )]
        }
        // `BatchWriteItem` needs its own permission, and not those of `PutItem` and `DeleteItem`.
        "BatchWriteItem" => {
            let tables = call["RequestItems"].as_object().unwrap();
            assert!(tables.keys().eq([table]), "{tables:?}");
            let writes = tables[table].as_array().unwrap().iter();
            let key = |write: &'c Value| match write.get("PutRequest") {
                Some(put) => &put["Item"],
                None => &write["DeleteRequest"]["Key"],
            };
            vec![on_table(operation, writes.map(key))]
        }
        // A transaction needs the permissions of its parts, and none of its own.
        "TransactGetItems" => {
            let items = call["TransactItems"].as_array().unwrap();
            let get = |item: &Value| {
                assert_eq!(item["Get"]["TableName"], table);
                on_table("GetItem", [&item["Get"]["Key"]])
            };
            items.iter().map(get).collect()
        }
        "TransactWriteItems" => {
            let items = call["TransactItems"].as_array().unwrap();
            items
                .iter()
                .map(|item| of_transaction(item, table))
                .collect()
        }
        "Query" => {
            assert_eq!(call["TableName"], table);
            vec![query(call)]
        }
        _ => panic!("say here what {operation} needs"),
    }
}

fn of_transaction(item: &Value, table: &str) -> Request {
    let (kind, item) = item.as_object().unwrap().iter().next().unwrap();
    assert_eq!(item["TableName"], table);
    match kind.as_str() {
        "ConditionCheck" => on_table("ConditionCheckItem", [&item["Key"]]),
        "Update" => on_table("UpdateItem", [&item["Key"]]),
        "Delete" => on_table("DeleteItem", [&item["Key"]]),
        "Put" => on_table("PutItem", [&item["Item"]]),
        _ => panic!("say here what a {kind} in a transaction needs"),
    }
}

fn on_table<'k>(operation: &str, keys: impl IntoIterator<Item = &'k Value>) -> Request {
    let key = |key: &Value| key["pk"]["S"].as_str().unwrap().to_owned();
    Request {
        action: format!("dynamodb:{operation}"),
        resource: TABLE_ARN.to_owned(),
        leading_keys: keys.into_iter().map(key).collect(),
    }
}

/// The permission for a query of the table, or of an index. A query of an index needs no permission on the table.
fn query(call: &Value) -> Request {
    let index = call.get("IndexName").and_then(Value::as_str);
    let condition = call["KeyConditionExpression"].as_str().unwrap();
    let (_, placeholder) = condition.split_once(" = ").unwrap();
    let placeholder = placeholder.split(' ').next().unwrap();
    let value = &call["ExpressionAttributeValues"][placeholder]["S"];
    let index = index.map(|index| format!("/index/{index}"));
    Request {
        action: "dynamodb:Query".to_owned(),
        resource: format!("{TABLE_ARN}{}", index.unwrap_or_default()),
        leading_keys: BTreeSet::from([value.as_str().unwrap().to_owned()]),
    }
}
