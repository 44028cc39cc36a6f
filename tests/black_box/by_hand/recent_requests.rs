//! Somebody emptied, cut or replaced a contact's list of recent writes. A verification still succeeds, and restores the list.

use aws_sdk_dynamodb::types::AttributeValue;
use black_box_tests::Api;
use black_box_tests::proxy::Fault;
use serde_json::json;

use super::{CONTACT, PHONE, item, set, start, text};

const VERIFIED_AT: &str = "2026-05-20T15:04:01.135Z";

async fn assert_verified_with_list(list: AttributeValue) {
    let (api, _proxy) = start("subscribed").await;
    set(&api, CONTACT, &["recentRequests"], list.clone()).await;
    assert_outcome(&api, Some(VERIFIED_AT), "recorded", 2).await;
    let stored = item(&api, CONTACT).await;
    let stored = stored["recentRequests"].as_l().unwrap();
    assert_eq!(stored.len(), 8, "{list:?}");
    assert_outcome(&api, Some(VERIFIED_AT), "kept", 2).await;
    assert_outcome(&api, None, "cleared", 3).await;
    assert_outcome(&api, None, "unchanged", 3).await;
}

async fn assert_outcome(api: &Api, verified_at: Option<&str>, outcome: &str, version: u64) {
    let body = json!({ "phoneNumber": PHONE, "verifiedAt": verified_at });
    let answer = api.verify_phone_number("c_1", body).await;
    assert_eq!(answer.body["data"]["outcome"], outcome, "{:?}", answer.body);
    assert_eq!(answer.header("etag"), Some(&*format!("\"{version}\"")));
}

#[tokio::test]
async fn a_contact_with_an_empty_list_of_writes_is_verified() {
    assert_verified_with_list(AttributeValue::L(Vec::new())).await;
}

#[tokio::test]
async fn a_contact_with_a_short_list_of_writes_is_verified() {
    assert_verified_with_list(AttributeValue::L(vec![text("AZ5GVwDnw4fZlq2k"), text("-")])).await;
}

#[tokio::test]
async fn a_contact_whose_list_of_writes_is_not_a_list_is_verified() {
    assert_verified_with_list(text("-")).await;
    assert_verified_with_list(AttributeValue::Null(true)).await;
}

/// A process whose clock is ahead gave up a write. Until that time, DynamoDB refuses single updates, and no process can give up
/// another write.
#[tokio::test]
async fn a_contact_with_a_write_of_a_later_time_that_was_given_up_is_verified_once() {
    let (api, proxy) = start("subscribed").await;
    let later = AttributeValue::N("9999999999999".to_owned());
    set(&api, CONTACT, &["fence"], later).await;
    proxy.fail("UpdateItem", [Fault::Reset]);
    assert_outcome(&api, Some(VERIFIED_AT), "recorded", 2).await;
    assert_eq!(proxy.count("UpdateItem"), 3);
}
