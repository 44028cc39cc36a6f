//! `If-Match` on every write (contract section 9).

use black_box_tests::{Answer, Api};
use serde_json::{Value, json};

use super::{body, start};

/// Sends a request with an `If-Match`.
async fn send(api: &Api, path: &str, token: &str, tags: &str, body: Value) -> Answer {
    let request = api.request_by("POST", path).bearer_auth(token);
    api.send(request.header("if-match", tags).json(&body)).await
}

/// Every write to an existing contact, in an order in which each write changes something.
fn writes(id: &str) -> Vec<(String, bool, Value)> {
    let method = json!({ "type": "phone", "value": "+14165550101" });
    vec![
        (
            "/api/contacts".to_owned(),
            true,
            body(json!({ "firstName": "Jane" })),
        ),
        (
            format!("/api/contacts/{id}/contact-methods"),
            false,
            method.clone(),
        ),
        (
            format!("/api/contacts/{id}/contact-methods/remove"),
            false,
            method,
        ),
        (
            "/api/subscriptions/subscribe".to_owned(),
            true,
            body(json!({})),
        ),
        (
            "/api/subscriptions/unsubscribe".to_owned(),
            true,
            body(json!({ "scope": "client" })),
        ),
    ]
}

#[tokio::test]
async fn a_write_is_made_at_the_version_that_is_expected_and_at_no_other() {
    let api = start().await;
    let made = api.upsert(body(json!({}))).await;
    let mut version = 1;
    for (path, is_applications, body) in writes(&super::id(&made)) {
        let token = if is_applications {
            api.application_token("website")
        } else {
            api.user_token()
        };
        let current = format!("\"{version}\"");
        for tags in ["\"77\"".to_owned(), format!("\"{}\"", version + 1)] {
            let answer = send(&api, &path, &token, &tags, body.clone()).await;
            assert_eq!(answer.status, 412, "{path}: {:?}", answer.body);
            assert_eq!(answer.header("etag"), Some(current.as_str()), "{path}");
            if is_applications {
                assert_eq!(answer.body["error"]["code"], "precondition_failed");
            } else {
                assert_eq!(answer.body["error"], "Contact has changed");
            }
        }
        let answer = send(&api, &path, &token, "W/\"1\"", body.clone()).await;
        assert_eq!(answer.status, 400, "{path}");
        version += 1;
        let answer = send(&api, &path, &token, &format!("\"99\", {current}"), body).await;
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
        assert_eq!(
            answer.header("etag"),
            Some(format!("\"{version}\"").as_str()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_request_with_if_match_creates_no_contact() {
    let api = start().await;
    let token = api.application_token("website");
    for path in ["/api/contacts", "/api/subscriptions/subscribe"] {
        for tags in ["*", "\"1\""] {
            let answer = send(&api, path, &token, tags, body(json!({}))).await;
            assert_eq!(
                (answer.status, answer.header("etag")),
                (412, None),
                "{path}"
            );
        }
    }
    assert_eq!(api.upsert(body(json!({}))).await.status, 201);
    let answer = send(&api, "/api/contacts", &token, "*", body(json!({}))).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_missing_contact_or_number_is_answered_before_a_wrong_version() {
    let api = start().await;
    let path = "/api/subscriptions/unsubscribe";
    let token = api.application_token("website");
    let answer = send(
        &api,
        path,
        &token,
        "\"1\"",
        body(json!({ "scope": "client" })),
    )
    .await;
    assert_eq!(answer.status, 404);
    api.seed(json!([{ "id": "c_1" }])).await;
    let path = "/api/contacts/c_1/contact-methods/remove";
    let method = json!({ "type": "phone", "value": "+14165550100" });
    let answer = send(&api, path, &api.user_token(), "\"7\"", method).await;
    assert_eq!(answer.status, 404);
}
