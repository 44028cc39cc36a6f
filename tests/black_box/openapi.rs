//! The API's description (`openapi.yaml`) against the answers of the API. `.ci/schemathesis` sends more requests, at random.

use std::time::Duration;

use black_box_tests::openapi::{OpenApi, Operation};
use black_box_tests::stream::record_all;
use black_box_tests::{Answer, Api, Database, development_settings, service_at};
use contacts::development::{self, Identity};
use proptest::prelude::*;
use proptest::string::string_regex;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use shared::domain::{
    AudienceSlug, ClientSlug, ContactId, OrganizationId, TimeZone, Timestamp, VerificationSource,
};
use shared::store::add_stream;

/// The time at which the tests send the examples.
const NOW: &str = "2026-11-21T12:00:00.000Z";

/// An endpoint whose example needs more than the demo data.
const HISTORY: &str = "get-history";

/// An API over the demo data.
async fn start() -> Api {
    let database = Database::with_demo_data().await;
    let service = service_at(NOW, database.store().await);
    Api::with_service(database, service).await
}

/// A token of the organization in the demo data that has the example's contact.
fn token(operation: &Operation<'_>) -> String {
    let (organization, subject, client) = match operation.security_scheme() {
        "bearerAuth" => ("64f0a1b2c3d4e5f6a7b8c9d3", "64a1b2c3d4e5f60012345679", None),
        "applicationAuth" => ("org_a", "website", Some("website")),
        other => panic!("{other}"),
    };
    let identity = Identity {
        subject: subject.to_owned(),
        organization: Some(OrganizationId::parse(organization).unwrap()),
        client: client.map(|client| ClientSlug::parse(client).unwrap()),
        // Only administrators may erase.
        role: (operation.id() == "erase-contact").then(|| "ADMIN".to_owned()),
    };
    development::token(&development_settings(), &identity, Duration::from_hours(1)).unwrap()
}

/// The example of an endpoint as a request, without a token.
fn request(api: &Api, operation: &Operation<'_>, path: &str) -> RequestBuilder {
    let request = api.request_by(&operation.method, path);
    match operation.body() {
        Some((_, example)) => request.json(example),
        None => request,
    }
}

/// Sends a request to an endpoint, and checks the answer against the document.
async fn answered(
    api: &Api,
    operation: &Operation<'_>,
    request: RequestBuilder,
    status: u16,
) -> Answer {
    let answer = api.send(request).await;
    let id = operation.id();
    assert_eq!(answer.status, status, "{id}: {}", answer.body);
    assert_eq!(operation.faults(&answer), [""; 0], "{id}: {}", answer.body);
    answer
}

/// The example of an endpoint with another value for one member.
fn with_member(operation: &Operation<'_>, member: &str, value: &str) -> Value {
    let (_, example) = operation.body().unwrap();
    let mut body = example.clone();
    body[member] = json!(value);
    body
}

#[tokio::test]
async fn each_example_is_answered_as_the_document_shows() {
    let document = OpenApi::read();
    let operations = document.operations().into_iter();
    for operation in operations.filter(|operation| operation.id() != HISTORY) {
        let api = start().await;
        let path = operation.example_path();
        let request = request(&api, &operation, &path).bearer_auth(token(&operation));
        let answer = answered(&api, &operation, request, 200).await;
        let shown = &operation.answer(200).unwrap()["content"]["application/json"]["example"];
        assert_eq!(&answer.body, shown, "{}", operation.id());
    }
}

#[tokio::test]
async fn the_example_of_the_history_follows_that_of_a_verification() {
    let document = OpenApi::read();
    let api = start().await;
    add_stream(&api.database.client().await, &api.database.table)
        .await
        .unwrap();
    for id in ["verify-contact-method", HISTORY] {
        let operation = document.operation(id);
        let path = operation.example_path();
        let request = request(&api, &operation, &path).bearer_auth(token(&operation));
        let mut answer = answered(&api, &operation, request, 200).await;
        record_all(&api.database).await;
        if id == HISTORY {
            let shown = &operation.answer(200).unwrap()["content"]["application/json"]["example"];
            for member in ["id", "requestId"] {
                assert!(answer.body["entries"][0][member].is_string());
                answer.body["entries"][0][member] = shown["entries"][0][member].clone();
            }
            assert_eq!(&answer.body, shown);
        }
    }
}

#[tokio::test]
async fn a_contact_that_is_new_is_answered_as_the_document_shows() {
    let document = OpenApi::read();
    for id in ["upsert-contact", "subscribe"] {
        let operation = document.operation(id);
        let api = start().await;
        let path = operation.example_path();
        let body = with_member(&operation, "email", "new@example.com");
        let request = api.request_by(&operation.method, &path).json(&body);
        let request = request.bearer_auth(token(&operation));
        let mut answer = answered(&api, &operation, request, 201).await;
        let shown = &operation.answer(201).unwrap()["content"]["application/json"]["example"];
        // The request has another address, so that the contact is new. The contact's id is random.
        for member in ["contact_id", "email"] {
            answer.body[member] = shown[member].clone();
        }
        assert_eq!(&answer.body, shown, "{id}");
    }
}

#[tokio::test]
async fn a_contact_that_the_caller_has_already_is_answered_as_described() {
    let document = OpenApi::read();
    let api = start().await;
    let operation = document.operation("get-contact");
    let request = request(&api, &operation, &operation.example_path())
        .bearer_auth(token(&operation))
        .header("if-none-match", "\"1\"");
    answered(&api, &operation, request, 304).await;
}

#[tokio::test]
async fn an_address_that_nobody_has_is_answered_as_described() {
    let document = OpenApi::read();
    let api = start().await;
    let operation = document.operation("contact-status");
    let path = operation.example_path().replace("jane.doe", "nobody");
    let request = request(&api, &operation, &path).bearer_auth(token(&operation));
    let answer = answered(&api, &operation, request, 200).await;
    assert_eq!(answer.body["exists"], false);
    assert_eq!(answer.header("etag"), None);
}

#[tokio::test]
async fn each_endpoint_refuses_as_described() {
    let document = OpenApi::read();
    let api = start().await;
    for operation in document.operations() {
        let path = operation.example_path();
        let good = || request(&api, &operation, &path).bearer_auth(token(&operation));

        answered(&api, &operation, request(&api, &operation, &path), 401).await;
        let bad_token = request(&api, &operation, &path).bearer_auth("x.y.z");
        answered(&api, &operation, bad_token, 401).await;

        if operation.path.contains("{id}") {
            let path = operation.path.replace("{id}", "nobody");
            let request = request(&api, &operation, &path).bearer_auth(token(&operation));
            answered(&api, &operation, request, 404).await;
        }
        if operation.body().is_some() {
            let media_type = good().header("content-type", "text/plain");
            answered(&api, &operation, media_type, 415).await;
            let large = good().body(vec![b' '; 16 * 1024 + 1]);
            answered(&api, &operation, large, 413).await;
            for bad in [
                "[]",
                "{",
                r#"{"type":1,"email":1,"audience":1,"client":"website"}"#,
            ] {
                answered(&api, &operation, good().body(bad), 400).await;
            }
            answered(&api, &operation, good().header("if-match", "3"), 400).await;
            answered(&api, &operation, good().header("if-match", "\"99\""), 412).await;
        }
        if operation.id() == "erase-contact" {
            let person = token(&document.operation("get-contact"));
            let request = request(&api, &operation, &path).bearer_auth(person);
            answered(&api, &operation, request, 403).await;
            answered(&api, &operation, good().header("if-match", "3"), 400).await;
            answered(&api, &operation, good().header("if-match", "\"99\""), 412).await;
        }
        if operation.security_scheme() == "applicationAuth" {
            let person = token(&document.operation("get-contact"));
            let request = request(&api, &operation, &path).bearer_auth(person);
            answered(&api, &operation, request, 403).await;
        }
    }
}

#[tokio::test]
async fn a_query_at_fault_is_refused_as_described() {
    let document = OpenApi::read();
    let api = start().await;
    let operation = document.operation("contact-status");
    for query in [
        "",
        "?client=website&email=x&audience=",
        "?email=a@b.c&client=website&audience=none",
    ] {
        let request = api.request_by("GET", &format!("{}{query}", operation.path));
        let request = request.bearer_auth(token(&operation));
        answered(&api, &operation, request, 400).await;
    }
}

#[test]
fn each_endpoint_describes_a_success_and_the_common_failures() {
    for operation in OpenApi::read().operations() {
        for status in [200, 400, 401, 429, 500, 503] {
            assert!(
                operation.answer(status).is_some(),
                "{} {status}",
                operation.id()
            );
        }
    }
}

#[test]
fn each_example_fits_its_schema() {
    let document = OpenApi::read();
    for operation in document.operations() {
        if let Some((schema, example)) = operation.body() {
            assert_eq!(
                document.faults(schema, example),
                [""; 0],
                "{}",
                operation.id()
            );
        }
        for (status, answer) in operation.answers() {
            let Some(content) = answer.get("content") else {
                assert_eq!(status, 304);
                continue;
            };
            let content = &content["application/json"];
            let faults = document.faults(&content["schema"], &content["example"]);
            assert_eq!(faults, [""; 0], "{} {status}", operation.id());
        }
    }
    for name in document.schema_names() {
        let schema = document.named_schema(name);
        for example in schema["examples"].as_array().into_iter().flatten() {
            assert_eq!(document.faults(schema, example), [""; 0], "{name}");
        }
    }
}

#[test]
fn a_body_that_the_document_does_not_describe_is_a_fault() {
    let document = OpenApi::read();
    let operation = document.operation("verify-contact");
    let (schema, example) = operation.body().unwrap();
    for (member, value) in [
        ("verified", json!("yes")),
        ("verified", json!(null)),
        ("verified_at", json!("2024-13-01T00:00:00Z")),
        ("verified_at", json!("2024-04-31T00:00:00Z")),
        ("audience", json!("")),
        ("client", json!("Website")),
    ] {
        let mut body = example.clone();
        body[member] = value;
        assert!(!document.faults(schema, &body).is_empty(), "{body}");
    }
    let operation = document.operation("upsert-contact");
    let (schema, example) = operation.body().unwrap();
    for (fits, numbers) in [
        (
            true,
            json!([{ "value": "+14165550100", "isPrimary": true }]),
        ),
        (true, json!([])),
        (true, json!(null)),
        (false, json!([{ "isPrimary": true }])),
        (false, json!(14_165_550_100_u64)),
    ] {
        let mut body = example.clone();
        body["phoneNumber"] = numbers;
        assert_eq!(document.faults(schema, &body).is_empty(), fits, "{body}");
    }
}

/// Returns a function that tells whether a text fits a schema.
fn fitting(name: &'static str) -> impl Fn(&str) -> bool {
    let document = OpenApi::read();
    let validator = document.validator(document.named_schema(name));
    move |text| validator.is_valid(&json!(text))
}

#[test]
fn identifiers_of_the_document_are_those_of_the_code() {
    let (id, slug, organization) = (
        fitting("ContactId"),
        fitting("AudienceSlug"),
        fitting("OrganizationId"),
    );
    proptest!(|(text in "[a-zA-Z0-9_.#-]{0,3}|[a-z0-9_-]{60,130}|[!-~]{125,130}")| {
        prop_assert_eq!(id(&text), ContactId::parse(&text).is_ok());
        prop_assert_eq!(slug(&text), AudienceSlug::parse(&text).is_ok());
        prop_assert_eq!(organization(&text), OrganizationId::parse(&text).is_ok());
    });
}

#[test]
fn each_time_of_the_document_is_a_time_of_both_dialects() {
    let document = OpenApi::read();
    let schema = &document.named_schema("VerifyContact")["properties"]["verified_at"];
    let fits = document.validator(schema);
    // The times are between 1970 and 9999 whatever the offset. The day is at most 28, so none is a leap day.
    let times = string_regex(
        "(19[7-9][1-9]|[2-8][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\
         (\\.[0-9]{1,9})?(Z|z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])",
    );
    proptest!(|(text in times.unwrap())| {
        prop_assert!(fits.is_valid(&json!(text)), "{}", text);
        let read = Timestamp::parse_rfc3339(&text);
        prop_assert!(read.is_ok(), "{}", text);
        prop_assert_eq!(read, Timestamp::parse_iso8601(&text, TimeZone::UTC));
    });
}

#[test]
fn labels_of_the_document_are_labels_of_the_code() {
    let fits = fitting("VerificationSource");
    proptest!(|(text in "[a-zé -]{0,3}[a-z\u{1}\u{85}]{0,2}|[é-]{99,102}")| {
        let trimmed = text.trim();
        // A blank label counts as absent.
        let is_read = trimmed.is_empty() || VerificationSource::parse(&text).is_ok();
        prop_assert_eq!(fits(trimmed), is_read);
    });
}
