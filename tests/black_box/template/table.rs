//! The table: the template creates the one that the code would create, and protects its data.

use black_box_tests::Database;
use black_box_tests::proxy::Proxy;
use contacts::client;
use serde_json::{Value, json};
use shared::store::{ChangeStream, create_table};

use super::stack::{KMS_KEY, Stack, TEMPLATE};

pub(super) const TABLE: &str = "AWS::DynamoDB::Table";

#[tokio::test]
async fn the_table_is_the_one_that_the_code_works_with() {
    let database = Database::start_own_table().await;
    let proxy = Proxy::start(&database.url).await;
    let client = client::client(&proxy.url, client::TIMEOUTS).await;
    let name = format!("{}-again", database.table);
    create_table(&client, &name, ChangeStream::NewAndOldImages)
        .await
        .unwrap();
    let asked = proxy.calls()[0].request.clone();
    let made = Stack::new().only(TABLE);
    for property in [
        "KeySchema",
        "AttributeDefinitions",
        "GlobalSecondaryIndexes",
        "BillingMode",
    ] {
        assert_eq!(made[property], asked[property], "{property}");
    }
    let view = |table: &Value| table["StreamSpecification"]["StreamViewType"].clone();
    assert_eq!(view(&made), view(&asked));
}

#[test]
fn the_table_outlives_its_stack_and_refuses_to_be_deleted() {
    let resource = &TEMPLATE["Resources"]["Table"];
    assert_eq!(resource["DeletionPolicy"], "Retain");
    assert_eq!(resource["UpdateReplacePolicy"], "Retain");
    let table = Stack::new().only(TABLE);
    assert_eq!(table["DeletionProtectionEnabled"], "true");
    let recovery = &table["PointInTimeRecoverySpecification"];
    assert_eq!(recovery["PointInTimeRecoveryEnabled"], "true");
}

#[test]
fn the_table_is_encrypted_with_the_key_and_has_the_limits_that_are_set() {
    let unset = Stack::new().only(TABLE);
    assert!(unset.get("SSESpecification").is_none());
    assert!(unset.get("OnDemandThroughput").is_none());
    let set = [("KmsKeyArn", KMS_KEY), ("MaxWriteRequestUnits", "500")];
    let table = Stack::with(&set).only(TABLE);
    let encryption = json!({ "SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": KMS_KEY });
    assert_eq!(table["SSESpecification"], encryption);
    let indexes = table["GlobalSecondaryIndexes"].as_array().unwrap();
    for limited in indexes.iter().chain([&table]) {
        let limits = json!({ "MaxWriteRequestUnits": "500" });
        assert_eq!(limited["OnDemandThroughput"], limits, "{limited}");
    }
}
