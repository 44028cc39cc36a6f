//! The table: what the code makes for itself where nobody has made it, and what keeps its data.

use black_box_tests::Database;
use black_box_tests::proxy::Proxy;
use contacts::client;
use serde_json::{Value, json};
use shared::store::{ChangeStream, create_table};

use super::stack::{KMS_KEY, Stack, TEMPLATE};

pub(super) const TABLE: &str = "AWS::DynamoDB::Table";

fn table(parameters: &[(&str, &str)]) -> Value {
    let (_, table) = Stack::with(parameters).only(TABLE);
    table
}

/// How the code asks for the table.
async fn request_of_the_code() -> Value {
    let database = Database::start_own_table().await;
    let proxy = Proxy::start(&database.url).await;
    let client = client::client(&proxy.url, client::TIMEOUTS).await;
    let name = format!("{}-again", database.table);
    create_table(&client, &name, ChangeStream::NewAndOldImages)
        .await
        .unwrap();
    proxy.calls()[0].request.clone()
}

#[tokio::test]
async fn the_table_has_the_keys_and_the_index_that_the_code_works_with() {
    let (made, asked) = (table(&[]), request_of_the_code().await);
    for property in [
        "KeySchema",
        "AttributeDefinitions",
        "GlobalSecondaryIndexes",
    ] {
        assert_eq!(made[property], asked[property], "{property}");
    }
}

#[tokio::test]
async fn the_table_is_paid_by_request() {
    let (made, asked) = (table(&[]), request_of_the_code().await);
    assert_eq!(made["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(made["BillingMode"], asked["BillingMode"]);
    assert!(made.get("ProvisionedThroughput").is_none());
}

#[tokio::test]
async fn the_table_tells_of_its_changes() {
    let (made, asked) = (table(&[]), request_of_the_code().await);
    let view = |table: &Value| table["StreamSpecification"]["StreamViewType"].clone();
    assert_eq!(view(&made), "NEW_AND_OLD_IMAGES");
    assert_eq!(view(&made), view(&asked));
}

#[test]
fn the_table_outlives_its_stack() {
    let (name, _) = Stack::new().only(TABLE);
    let resource = &TEMPLATE["Resources"][&name];
    assert_eq!(resource["DeletionPolicy"], "Retain", "{name}");
    assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{name}");
}

#[test]
fn the_table_refuses_to_be_deleted_unless_that_is_switched_off() {
    assert_eq!(table(&[])["DeletionProtectionEnabled"], "true");
    let unprotected = table(&[("DeletionProtection", "false")]);
    assert_eq!(unprotected["DeletionProtectionEnabled"], "false");
}

#[test]
fn the_table_can_be_restored_unless_that_is_switched_off() {
    let specified = |table: Value| table["PointInTimeRecoverySpecification"].clone();
    assert_eq!(
        specified(table(&[])),
        json!({ "PointInTimeRecoveryEnabled": "true" })
    );
    assert_eq!(
        specified(table(&[("PointInTimeRecovery", "false")])),
        json!({ "PointInTimeRecoveryEnabled": "false" })
    );
}

#[test]
fn the_table_is_encrypted_with_the_key_that_is_set() {
    assert!(table(&[]).get("SSESpecification").is_none());
    assert_eq!(
        table(&[("KmsKeyArn", KMS_KEY)])["SSESpecification"],
        json!({ "SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": KMS_KEY })
    );
}
