//! Faults of the database under the endpoints for contacts, contact methods and subscriptions.

use black_box_tests::proxy::{Fault, PATIENT, Proxy};
use black_box_tests::{Answer, Api};
use serde_json::{Value, json};
use shared::store::ClientTimeouts;

use super::{body, contact, id};

/// The faults that lose an answer after the database has done the work.
const LOSSES: [Fault; 2] = [
    Fault::AfterDoing(&Fault::Reset),
    Fault::AfterDoing(&Fault::Error(500, "InternalServerError")),
];

async fn start(timeouts: ClientTimeouts) -> (Api, Proxy) {
    let (api, proxy) = Api::through_proxy(timeouts).await;
    api.seed(json!([])).await;
    (api, proxy)
}

#[tokio::test]
async fn an_upsert_whose_answer_gets_lost_is_made_once() {
    for loss in LOSSES {
        let (api, proxy) = start(PATIENT).await;
        let said = || body(json!({ "verified": true, "verified_at": "2024-01-01T00:00:00Z" }));
        proxy.fail("TransactWriteItems", [loss]);
        let made = api.upsert(said()).await;
        assert_eq!(
            (made.status, &made.body["outcome"]),
            (201, &json!("created"))
        );
        assert_eq!(made.body["verification_outcome"], "recorded");
        assert_eq!(made.header("etag"), Some("\"1\""));
        proxy.fail("TransactWriteItems", [loss]);
        let changed = api.upsert(body(json!({ "status": "subscribed" }))).await;
        assert_eq!(
            (changed.status, &changed.body["outcome"]),
            (200, &json!("updated"))
        );
        assert_eq!(changed.header("etag"), Some("\"2\""));
        // A single update has no idempotency token by which the database could recognize it.
        proxy.fail("UpdateItem", [loss]);
        let named = api.upsert(body(json!({ "firstName": "Jane" }))).await;
        assert_eq!(
            (named.status, &named.body["outcome"]),
            (200, &json!("updated"))
        );
        assert_eq!(named.header("etag"), Some("\"3\""));
        assert_eq!(id(&named), id(&made));
    }
}

#[tokio::test]
async fn a_method_whose_answer_gets_lost_is_added_and_removed_once() {
    for loss in LOSSES {
        let (api, proxy) = start(PATIENT).await;
        api.seed(json!([{ "id": "c_1" }])).await;
        for (kind, value, operation) in [
            ("phone", "+14165550100", "UpdateItem"),
            ("email", "jane@example.com", "TransactWriteItems"),
        ] {
            let method = json!({ "type": kind, "value": value });
            for path in ["contact-methods", "contact-methods/remove"] {
                proxy.fail(operation, [loss]);
                let path = format!("/api/contacts/c_1/{path}");
                let answer = api.post(&path, &api.user_token(), method.clone()).await;
                assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
                assert_eq!(answer.body["data"]["outcome"], "updated", "{path}");
                assert_eq!(answer.body["data"]["contact"], contact(&api, "c_1").await);
            }
        }
    }
}

#[tokio::test]
async fn a_lost_race_is_run_again() {
    let (api, proxy) = start(PATIENT).await;
    let conflict = Fault::Cancelled(&["TransactionConflict", "None", "None"]);
    proxy.fail("TransactWriteItems", [conflict, conflict]);
    let answer = api.upsert(body(json!({}))).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    assert_eq!(answer.logged()["conflicts_retried"], 2);
}

/// Asks each endpoint, as an application or as a person.
async fn ask_all(api: &Api) -> Vec<(&'static str, Answer)> {
    let (application, person) = (api.application_token("website"), api.user_token());
    let method = json!({ "type": "phone", "value": "+14165550100" });
    let scope = body(json!({ "scope": "client" }));
    let post = |path: &'static str, token: String, body: Value| async move {
        (path, api.post(path, &token, body).await)
    };
    let get =
        |path: &'static str, token: String| async move { (path, api.get(path, &token).await) };
    vec![
        post("/api/contacts", application.clone(), body(json!({}))).await,
        get("/api/contacts/c_1", person.clone()).await,
        get(
            "/api/contacts/status?email=a@example.com&audience=newsletter&client=website",
            application.clone(),
        )
        .await,
        post(
            "/api/contacts/c_1/contact-methods",
            person.clone(),
            method.clone(),
        )
        .await,
        post("/api/contacts/c_1/contact-methods/remove", person, method).await,
        post(
            "/api/subscriptions/subscribe",
            application.clone(),
            body(json!({})),
        )
        .await,
        post("/api/subscriptions/unsubscribe", application, scope).await,
    ]
}

#[tokio::test]
async fn a_permanent_failure_of_the_database_is_answered_with_503() {
    let timeouts = ClientTimeouts {
        attempts: 1,
        ..ClientTimeouts::default()
    };
    let (api, proxy) = start(timeouts).await;
    for operation in ["GetItem", "TransactGetItems"] {
        proxy.always(operation, Fault::Error(500, "InternalServerError"));
    }
    for (path, answer) in ask_all(&api).await {
        assert_eq!(answer.status, 503, "{path}: {:?}", answer.body);
        assert_eq!(answer.header("retry-after"), Some("1"), "{path}");
    }
}

#[tokio::test]
async fn a_refusal_by_the_database_is_answered_with_500_and_nothing_more() {
    let (api, proxy) = start(PATIENT).await;
    for operation in ["GetItem", "TransactGetItems"] {
        proxy.always(operation, Fault::Error(400, "AccessDeniedException"));
    }
    for (path, answer) in ask_all(&api).await {
        assert_eq!(answer.status, 500, "{path}: {:?}", answer.body);
        let text = answer.body.to_string();
        assert!(text.contains("Internal server error"), "{path}: {text}");
        assert!(!text.contains("AccessDenied"), "{path}: {text}");
    }
}

#[tokio::test]
async fn reads_that_a_write_in_flight_refuses_are_repeated() {
    let (api, proxy) = start(PATIENT).await;
    assert_eq!(api.upsert(body(json!({}))).await.status, 201);
    let refused = Fault::Cancelled(&["None", "TransactionConflict", "None"]);
    proxy.fail("TransactGetItems", [refused, refused]);
    assert_eq!(api.upsert(body(json!({}))).await.status, 200);
    proxy.fail("TransactGetItems", [refused, refused]);
    let answer = super::status_of(&api, super::ADDRESS, "website").await;
    assert_eq!(answer.body["exists"], true);
    proxy.always("TransactGetItems", refused);
    let answer = super::status_of(&api, super::ADDRESS, "website").await;
    assert_eq!(answer.status, 503, "{:?}", answer.body);
}
