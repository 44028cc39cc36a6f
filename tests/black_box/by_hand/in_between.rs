//! Somebody changes a subscription by hand after a request has read it. The contact's version does not show that change.

use std::sync::Arc;

use black_box_tests::Answer;
use black_box_tests::proxy::WRITE;
use serde_json::{Value, json};

use super::{
    EMAIL, SUBSCRIPTION, end_subscription, end_subscription_before_the_write, item, start, text,
};

fn upsert(changes: &[(&str, Value)]) -> Value {
    let mut body = json!({ "email": EMAIL, "audience": "newsletter", "client": "website" });
    for (name, value) in changes {
        body[*name] = value.clone();
    }
    body
}

fn verification() -> Value {
    json!({
        "audience": "newsletter", "client": "website",
        "verified": true, "verified_at": "2024-09-01T10:00:00Z",
    })
}

/// The client's subscription in an answer, without the time of its end.
fn client(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let mut client = answer.body["client"].clone();
    client["unsubscribed_at"] = Value::Null;
    client
}

#[tokio::test]
async fn an_upsert_treats_a_subscription_changed_during_it_like_one_changed_before_it() {
    for changes in [
        vec![("status", json!("subscribed"))],
        vec![("status", json!("subscribed")), ("firstName", json!("Ann"))],
        vec![
            ("verified", json!(true)),
            ("verified_at", json!("2024-09-01T10:00:00Z")),
        ],
    ] {
        let (api, _proxy) = start("pending").await;
        end_subscription(&api).await;
        let before = api.upsert(upsert(&changes)).await;
        let stored_before = item(&api, SUBSCRIPTION).await["status"].clone();

        let (api, proxy) = start("pending").await;
        let api = Arc::new(api);
        end_subscription_before_the_write(&api, &proxy);
        let in_between = api.upsert(upsert(&changes)).await;
        let stored_in_between = item(&api, SUBSCRIPTION).await["status"].clone();

        assert!(proxy.count(WRITE) > 0, "{changes:?}");
        assert_eq!(client(&in_between), client(&before), "{changes:?}");
        assert_eq!(stored_in_between, stored_before, "{changes:?}");
        assert_eq!(
            in_between.body["marketing"], before.body["marketing"],
            "{changes:?}"
        );
    }
}

#[tokio::test]
async fn endpoint_3_shows_and_keeps_a_subscription_that_was_ended_by_hand_in_between() {
    let (api, proxy) = start("subscribed").await;
    let api = Arc::new(api);
    end_subscription_before_the_write(&api, &proxy);
    let answer = api.verify_contact("c_1", verification()).await;
    assert_eq!(answer.body["outcome"], "recorded");
    assert_eq!(client(&answer)["status"], "unsubscribed");
    assert_eq!(client(&answer)["verified_at"], "2024-09-01T10:00:00.000Z");
    assert_eq!(answer.header("etag"), Some("\"2\""));
    let stored = item(&api, SUBSCRIPTION).await;
    assert_eq!(stored["status"], text("unsubscribed"));
}

#[tokio::test]
async fn unsubscribing_a_subscription_that_was_ended_by_hand_in_between_does_not_end_it_again() {
    let (api, proxy) = start("subscribed").await;
    let api = Arc::new(api);
    end_subscription_before_the_write(&api, &proxy);
    let mut body = upsert(&[("scope", json!("client")), ("reason", json!("too many"))]);
    body["email"] = json!(EMAIL);
    let token = api.application_token("website");
    let answer = api
        .post("/api/subscriptions/unsubscribe", &token, body)
        .await;
    assert_eq!(answer.body["outcome"], "unchanged");
    assert_eq!(client(&answer)["unsubscribe_reason"], "");
    let stored = item(&api, SUBSCRIPTION).await;
    assert_eq!(stored.get("unsubscribeReason"), None);
}
