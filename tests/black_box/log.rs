//! The log line of each request. On Lambda, the line is also a document in embedded metric format.
//!
//! The tests of costs check `dynamodb.calls` against the calls of every request.

use black_box_tests::log::{self, Metric};
use black_box_tests::proxy::{Fault, PATIENT, Proxy};
use black_box_tests::schema::Schema;
use black_box_tests::{Answer, Api, Database, service_at};
use serde_json::{Value, json};

async fn api() -> Api {
    let api = Api::start().await;
    seed(&api).await;
    api
}

/// An API with the same contact, and with a proxy in front of the database.
async fn api_through_proxy() -> (Api, Proxy) {
    let (api, proxy) = Api::through_proxy(PATIENT).await;
    seed(&api).await;
    (api, proxy)
}

async fn seed(api: &Api) {
    api.seed(json!([{
        "id": "c_1",
        "phoneNumber": [{ "value": "+14165550100" }],
        "emails": [{ "value": "jane@example.com" }],
        "subscriptions": [{ "audience": "newsletter", "client": "website" }],
    }]))
    .await;
}

async fn verify(api: &Api) -> Answer {
    let body = json!({ "phoneNumber": "+14165550100", "verifiedAt": "2024-01-01T00:00:00Z" });
    api.verify_phone_number("c_1", body).await
}

/// Calls endpoint 3, whose transaction can lose races.
async fn verify_contact(api: &Api) -> Answer {
    let body = json!({ "verified": true, "audience": "newsletter", "client": "website" });
    api.verify_contact("c_1", body).await
}

#[tokio::test]
async fn a_request_has_one_line_in_the_log_with_its_outcome() {
    let api = api().await;
    let answer = verify(&api).await;
    let id = answer.header("x-request-id").unwrap();
    let lines = log::lines(id);
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert!(line["duration_ms"].as_f64().unwrap() > 0.0);
    assert!(line["cold_start"].is_boolean());
    let said = |name: &str| line[name].clone();
    assert_eq!(
        json!({
            "level": said("level"), "message": said("message"), "route": said("route"), "status": said("status"),
            "outcome": said("outcome"), "organization.id": said("organization.id"),
            "caller.kind": said("caller.kind"), "dynamodb.calls": said("dynamodb.calls"),
            "conflicts_retried": said("conflicts_retried"),
        }),
        json!({
            "level": "INFO", "message": "request", "route": "PATCH /api/contacts/{id}/phone-number/verify",
            "status": 200, "outcome": "recorded", "organization.id": api.organization, "caller.kind": "user",
            "dynamodb.calls": 1, "conflicts_retried": 0,
        })
    );
}

#[tokio::test]
async fn a_request_without_a_token_has_neither_organization_nor_caller_in_its_line() {
    let api = api().await;
    let request = api.request("/api/contacts/c_1/verification");
    let answer = api.send(request.json(&json!({}))).await;
    let line = answer.logged();
    assert_eq!(
        (&line["status"], &line["outcome"], &line["dynamodb.calls"]),
        (&json!(401), &json!("unauthorized"), &json!(0))
    );
    assert!(line.get("organization.id").is_none() && line.get("caller.kind").is_none());
}

#[tokio::test]
async fn an_internal_failure_has_a_second_line_with_its_cause() {
    let (api, proxy) = api_through_proxy().await;
    proxy.always("UpdateItem", Fault::Error(400, "AccessDeniedException"));
    let answer = verify(&api).await;
    assert_eq!(answer.status, 500);
    let [failure, line] = &log::lines(answer.header("x-request-id").unwrap())[..] else {
        panic!("not two lines");
    };
    assert_eq!(
        (&failure["level"], &failure["message"]),
        (&json!("ERROR"), &json!("request failed"))
    );
    let cause = failure["error"].as_str().unwrap();
    assert!(cause.contains("AccessDeniedException"), "{cause}");
    assert_eq!(line["outcome"], "internal_error");
}

/// An API with the same contact, whose clock always shows this time.
async fn api_at(time: &str) -> Api {
    let database = Database::start().await;
    let service = service_at(time, database.store().await);
    let api = Api::with_service(database, service).await;
    seed(&api).await;
    api
}

#[tokio::test]
async fn with_a_clock_before_2020_every_request_is_refused_and_the_log_says_why() {
    let api = api_at("2019-12-31T23:59:59.999Z").await;
    let shown = api.get("/api/contacts/c_1", &api.user_token()).await;
    let without_token = api.request("/api/contacts/c_1/verification");
    for answer in [
        verify(&api).await,
        verify_contact(&api).await,
        api.upsert(json!({})).await,
        api.send(without_token.json(&json!({}))).await,
        shown,
    ] {
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("retry-after"), Some("1"));
        let [failure, line] = &log::lines(answer.header("x-request-id").unwrap())[..] else {
            panic!("not two lines");
        };
        let cause = failure["error"].as_str().unwrap();
        assert!(cause.contains("2019-12-31T23:59:59.999Z"), "{cause}");
        assert_eq!(line["dynamodb.calls"], 0);
    }
}

#[tokio::test]
async fn a_clock_at_the_start_of_2020_is_accepted() {
    let api = api_at("2020-01-01T00:00:00Z").await;
    assert_eq!(verify(&api).await.body["data"]["outcome"], "recorded");
}

#[tokio::test]
async fn calls_that_the_sdk_repeats_count() {
    let (api, proxy) = api_through_proxy().await;
    proxy.fail("UpdateItem", [Fault::THROTTLED; 2]);
    let answer = verify(&api).await;
    assert_eq!(answer.status, 200);
    let line = answer.logged();
    assert_eq!(
        (&line["dynamodb.calls"], &line["conflicts_retried"]),
        (&json!(3), &json!(0))
    );
}

#[tokio::test]
async fn lost_races_that_are_run_again_count() {
    let (api, proxy) = api_through_proxy().await;
    proxy.fail("TransactWriteItems", [Fault::Conflict; 2]);
    let answer = verify_contact(&api).await;
    assert_eq!(answer.body["outcome"], "recorded");
    let line = answer.logged();
    assert_eq!(
        (&line["dynamodb.calls"], &line["conflicts_retried"]),
        (&json!(6), &json!(2))
    );
}

#[tokio::test]
async fn a_retry_for_want_of_capacity_does_not_count_as_a_race() {
    let (api, proxy) = api_through_proxy().await;
    let throttled = Fault::Cancelled(&["ThrottlingError", "None"]);
    proxy.fail("TransactWriteItems", [throttled]);
    let answer = verify_contact(&api).await;
    assert_eq!(answer.body["outcome"], "recorded");
    let line = answer.logged();
    assert_eq!(
        (&line["dynamodb.calls"], &line["conflicts_retried"]),
        (&json!(4), &json!(0))
    );
}

#[tokio::test]
async fn calls_of_one_request_do_not_count_for_another_at_the_same_time() {
    let (api, proxy) = api_through_proxy().await;
    proxy.fail("TransactWriteItems", [Fault::Conflict; 3]);
    let (contact, numbers) = tokio::join!(verify_contact(&api), async {
        let mut answers = Vec::new();
        for _ in 0..5 {
            answers.push(verify(&api).await);
        }
        answers
    });
    assert!(contact.logged()["dynamodb.calls"].as_u64().unwrap() >= 8);
    for answer in numbers {
        assert_eq!(answer.logged()["dynamodb.calls"], 1);
    }
}

#[tokio::test]
async fn each_line_is_a_document_in_embedded_metric_format() {
    let (api, proxy) = api_through_proxy().await;
    let schema = Schema::of_embedded_metric_format();
    let recorded = verify(&api).await;
    let kept = verify(&api).await;
    proxy.always("UpdateItem", Fault::Error(500, "InternalServerError"));
    let unavailable = verify(&api).await;
    for (answer, outcome, server_errors) in [
        (recorded, "recorded", 0),
        (kept, "kept", 0),
        (unavailable, "unavailable", 1),
    ] {
        let line = answer.logged();
        assert_eq!(schema.faults(&line), Vec::<String>::new(), "{line}");
        let function = || ("FunctionName".to_owned(), json!(log::FUNCTION_NAME));
        let metric = |name: &str, value: Value| Metric {
            namespace: "ContactVerification".to_owned(),
            name: name.to_owned(),
            value,
            dimensions: vec![function()],
        };
        let measured = |name: &str| metric(name, line[name].clone());
        let requests = Metric {
            dimensions: vec![function(), ("outcome".to_owned(), json!(outcome))],
            ..metric("requests", json!(1))
        };
        let version = ("FunctionVersion".to_owned(), json!(log::FUNCTION_VERSION));
        let server_errors = metric("server_errors", json!(server_errors));
        let server_errors_of_version = Metric {
            dimensions: vec![function(), version],
            ..server_errors.clone()
        };
        assert_eq!(
            log::metrics(&line),
            [
                requests,
                server_errors,
                server_errors_of_version,
                measured("duration_ms"),
                measured("dynamodb.calls"),
                measured("conflicts_retried"),
            ]
        );
    }
}
