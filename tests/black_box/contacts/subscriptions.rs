//! `POST /api/subscriptions/subscribe` and `/unsubscribe`: what they change in every answer.

use black_box_tests::{Answer, Api};
use serde_json::{Value, json};

use super::{ADDRESS, body, fields, id, start, status_of};

async fn subscribe(api: &Api, changes: Value) -> Answer {
    let token = api.application_token("website");
    api.post("/api/subscriptions/subscribe", &token, body(changes))
        .await
}

async fn unsubscribe(api: &Api, changes: Value) -> Answer {
    let token = api.application_token("website");
    api.post("/api/subscriptions/unsubscribe", &token, body(changes))
        .await
}

/// Asserts that this answer, and those of the other endpoints that show the contact, name these reasons not to send.
async fn assert_blocked(api: &Api, answer: &Answer, expected: Value) {
    assert_eq!(
        answer.body["marketing"]["blocked_by"], expected,
        "{:?}",
        answer.body
    );
    let status = status_of(api, ADDRESS, "website").await;
    assert_eq!(status.body["marketing"]["blocked_by"], expected);
    let upsert = api.upsert(body(json!({}))).await;
    assert_eq!(upsert.body["marketing"]["blocked_by"], expected);
    let verified = json!({ "verified": true, "audience": "newsletter", "client": "website" });
    let verified = api.verify_contact(&id(answer), verified).await;
    assert_eq!(verified.body["marketing"]["blocked_by"], expected);
}

/// An API with a contact that is verified at both levels and subscribed.
async fn start_sendable() -> Api {
    let api = start().await;
    let made = api.upsert(body(json!({ "status": "subscribed" }))).await;
    let verified = json!({
        "verified": true, "verified_at": "2024-09-01T10:00:00Z", "audience": "newsletter", "client": "website",
    });
    let answer = api.verify_contact(&id(&made), verified).await;
    assert_eq!(answer.body["can_send_marketing"], true);
    api
}

#[tokio::test]
async fn a_client_unsubscribes_and_subscribes_and_the_verification_stays() {
    let api = start_sendable().await;
    let scope = json!({ "scope": "client", "reason": " too many " });
    let answer = unsubscribe(&api, scope).await;
    assert_eq!(
        (answer.status, &answer.body["outcome"]),
        (200, &json!("updated"))
    );
    assert_eq!(answer.header("etag"), Some("\"3\""));
    let client = &answer.body["client"];
    assert_eq!(client["status"], "unsubscribed");
    assert_eq!(client["unsubscribe_reason"], "too many");
    assert!(client["unsubscribed_at"].is_string());
    assert_eq!(client["verified_at"], "2024-09-01T10:00:00.000Z");
    assert_blocked(&api, &answer, json!(["not_subscribed"])).await;

    let answer = subscribe(&api, json!({})).await;
    assert_eq!(
        (answer.status, &answer.body["outcome"]),
        (200, &json!("updated"))
    );
    let client = &answer.body["client"];
    assert_eq!(client["status"], "subscribed");
    assert_eq!(client["unsubscribed_at"], json!(null));
    assert_eq!(client["unsubscribe_reason"], "");
    assert_eq!(client["verified_at"], "2024-09-01T10:00:00.000Z");
    assert_blocked(&api, &answer, json!([])).await;
}

#[tokio::test]
async fn an_unsubscribe_from_an_audience_lasts_until_a_subscribe_to_the_whole_audience() {
    let api = start_sendable().await;
    let answer = unsubscribe(&api, json!({ "scope": "audience", "reason": "moved" })).await;
    assert_eq!(answer.body["audience"]["status"], "unsubscribed");
    assert_eq!(answer.body["audience"]["unsubscribe_reason"], "moved");
    assert_eq!(answer.body["client"]["status"], "subscribed");
    assert_blocked(&api, &answer, json!(["audience_unsubscribed"])).await;
    // A subscribe for one client does not restart the audience's subscription.
    let answer = subscribe(&api, json!({})).await;
    assert_eq!(answer.body["outcome"], "unchanged");
    assert_blocked(&api, &answer, json!(["audience_unsubscribed"])).await;
    let answer = subscribe(&api, json!({ "scope": "audience" })).await;
    assert_eq!(answer.body["audience"]["status"], "subscribed");
    assert_blocked(&api, &answer, json!([])).await;
}

#[tokio::test]
async fn a_global_unsubscribe_lasts_until_a_global_subscribe() {
    let api = start_sendable().await;
    let other = json!({ "audience": "other", "status": "subscribed", "verified": true });
    api.upsert(body(other)).await;
    let answer = unsubscribe(&api, json!({ "scope": "global", "reason": "enough" })).await;
    assert_eq!(answer.body["global_unsubscribed"], true);
    assert_blocked(&api, &answer, json!(["globally_unsubscribed"])).await;
    let other = api.upsert(body(json!({ "audience": "other" }))).await;
    assert_eq!(
        other.body["marketing"]["blocked_by"],
        json!(["globally_unsubscribed"])
    );
    assert_eq!(other.body["can_send_transactional"], true);
    let answer = subscribe(&api, json!({ "scope": "audience" })).await;
    assert_blocked(&api, &answer, json!(["globally_unsubscribed"])).await;
    let answer = subscribe(&api, json!({ "scope": "global" })).await;
    assert_blocked(&api, &answer, json!([])).await;
}

#[tokio::test]
async fn a_repeated_unsubscribe_changes_nothing() {
    let api = start_sendable().await;
    for scope in ["client", "audience", "global"] {
        let first = unsubscribe(&api, json!({ "scope": scope, "reason": "a" })).await;
        assert_eq!(first.body["outcome"], "updated", "{scope}");
        let again = unsubscribe(&api, json!({ "scope": scope, "reason": "b" })).await;
        assert_eq!(again.body["outcome"], "unchanged", "{scope}");
        assert_eq!(again.header("etag"), first.header("etag"), "{scope}");
        let mut expected = first.body;
        expected["outcome"] = json!("unchanged");
        assert_eq!(again.body, expected, "{scope}");
    }
}

#[tokio::test]
async fn an_unknown_address_is_subscribed_as_a_new_contact() {
    let api = start().await;
    let answer = subscribe(&api, json!({})).await;
    assert_eq!(
        (answer.status, &answer.body["outcome"]),
        (201, &json!("created"))
    );
    assert_eq!(answer.body["client"]["status"], "subscribed");
    assert_eq!(
        answer.body["marketing"]["blocked_by"],
        json!(["not_verified"])
    );
}

#[tokio::test]
async fn a_client_unsubscribes_nobody_that_it_has_not_onboarded() {
    let api = start().await;
    let unknown = unsubscribe(&api, json!({ "scope": "global" })).await;
    api.post(
        "/api/contacts",
        &api.application_token("app"),
        body(json!({ "client": "app" })),
    )
    .await;
    let of_another = unsubscribe(&api, json!({ "scope": "global" })).await;
    for answer in [unknown, of_another] {
        assert_eq!(answer.status, 404);
        assert_eq!(fields(&answer), &json!({ "contact_id": "not_found" }));
    }
    let seen = status_of(&api, ADDRESS, "app").await;
    assert_eq!(seen.body["global_unsubscribed"], false);
}

#[tokio::test]
async fn every_member_at_fault_is_named_at_once() {
    let api = start().await;
    let wrong = json!({ "email": null, "audience": null, "scope": "all", "reason": 5 });
    let answer = unsubscribe(&api, wrong).await;
    assert_eq!(
        fields(&answer),
        &json!({ "email": "required", "audience": "required", "scope": "invalid", "reason": "must_be_string" })
    );
    let answer = unsubscribe(&api, json!({})).await;
    assert_eq!(fields(&answer), &json!({ "scope": "required" }));
    let answer = subscribe(&api, json!({ "audience": "nobodys" })).await;
    assert_eq!(fields(&answer), &json!({ "audience": "not_found" }));
    let answer = subscribe(&api, json!({ "client": "app" })).await;
    assert_eq!(
        (answer.status, fields(&answer)),
        (403, &json!({ "client": "forbidden" }))
    );
}
