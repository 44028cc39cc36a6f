//! The engine `dynoxide`, called directly instead of by HTTP.

use dynoxide::DynoxideError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Answer, TABLE};
use crate::ledger::{Item, Key, key_of};

/// The engine with the table.
pub(super) struct Engine(dynoxide::Database);

impl Engine {
    /// An engine with an empty table.
    pub(super) fn new() -> Self {
        let database = dynoxide::Database::memory().unwrap();
        let index = |name: &str, keys: Value| json!({ "IndexName": name, "KeySchema": keys, "Projection": { "ProjectionType": "KEYS_ONLY" } });
        let hash = |name: &str| json!({ "AttributeName": name, "KeyType": "HASH" });
        let range = |name: &str| json!({ "AttributeName": name, "KeyType": "RANGE" });
        let names = ["pk", "sk", "contactId", "organizationShard"];
        let attributes = names.map(|name| json!({ "AttributeName": name, "AttributeType": "S" }));
        let table = json!({
            "TableName": TABLE, "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": attributes,
            "KeySchema": [hash("pk"), range("sk")],
            "GlobalSecondaryIndexes": [
                index("contactsById", json!([hash("contactId")])),
                index("contactsByOrganization", json!([hash("organizationShard"), range("contactId")])),
            ],
        });
        database.create_table(read(table).unwrap()).unwrap();
        Self(database)
    }

    /// Puts an item.
    pub(super) fn put(&self, item: &Item) {
        let answer = self.execute("PutItem", json!({ "TableName": TABLE, "Item": item }));
        assert!(answer.is_ok(), "{}", answer.body);
    }

    /// The item of this key.
    pub(super) fn image(&self, (partition, sort): &Key) -> Option<Item> {
        let key = json!({ "pk": { "S": partition }, "sk": { "S": sort } });
        let mut answer = self.execute("GetItem", json!({ "TableName": TABLE, "Key": key }));
        answer.body.get_mut("Item").map(Value::take)
    }

    /// All items, in the order of their keys.
    pub(super) fn items(&self) -> Vec<Item> {
        let mut answer = self.execute("Scan", json!({ "TableName": TABLE }));
        assert_eq!(
            answer.body.get("LastEvaluatedKey"),
            None,
            "a page is enough"
        );
        let Value::Array(mut items) = answer.body["Items"].take() else {
            return Vec::new();
        };
        items.sort_by_cached_key(key_of);
        items
    }

    /// Executes a request.
    pub(super) fn execute(&self, operation: &str, body: Value) -> Answer {
        let Self(database) = self;
        match operation {
            "GetItem" => answered(body, |request| database.get_item(request)),
            "Query" => answered(body, |request| database.query(request)),
            "Scan" => answered(body, |request| database.scan(request)),
            "PutItem" => answered(body, |request| database.put_item(request)),
            "UpdateItem" => answered(body, |request| database.update_item(request)),
            "DeleteItem" => answered(body, |request| database.delete_item(request)),
            "TransactWriteItems" => {
                answered(body, |request| database.transact_write_items(request))
            }
            other => panic!("the engine is not asked for {other}"),
        }
    }
}

fn read<T: DeserializeOwned>(body: Value) -> serde_json::Result<T> {
    serde_json::from_value(body)
}

fn answered<Q: DeserializeOwned, A: Serialize>(
    body: Value,
    execute: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Answer {
    let request = match read(body) {
        Ok(request) => request,
        Err(error) => panic!("a request that no DynamoDB can read: {error}"),
    };
    match execute(request) {
        Ok(answer) => Answer::ok(serde_json::to_value(answer).unwrap()),
        Err(error) => {
            let body: Value = serde_json::from_str(&error.to_json()).unwrap();
            let code = body["__type"].as_str().unwrap_or_default();
            assert!(
                !code.ends_with("#ValidationException"),
                "a request that DynamoDB refuses: {body}"
            );
            Answer {
                status: error.status_code(),
                body,
            }
        }
    }
}
