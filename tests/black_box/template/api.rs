//! The API's access log, its address, and what a page in a browser may send to it and see of its answers.

use std::collections::BTreeSet;

use black_box_tests::Api;
use black_box_tests::proxy::{Fault, PATIENT};
use regex::Regex;
use serde_json::{Value, json};
use shared::store::ClientTimeouts;

use super::functions::route;
use super::stack::{Stack, TEMPLATE};

pub(super) const API: &str = "AWS::Serverless::HttpApi";

/// The variables that an HTTP API can log without personal data: no address, no path with an id, no browser
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html>). The key of a route has
/// `{id}` instead of an id.
const IMPERSONAL: [&str; 10] = [
    "error.responseType",
    "integration.error",
    "integration.status",
    "integrationErrorMessage",
    "integrationLatency",
    "requestId",
    "requestTime",
    "responseLatency",
    "responseLength",
    "routeKey",
];

/// The headers that the endpoints read.
const READ: [&str; 4] = ["authorization", "content-type", "if-match", "if-none-match"];

/// The headers that browsers show of every answer, and those that the server adds by itself.
const ALWAYS_SEEN: [&str; 3] = ["content-length", "content-type", "date"];

#[test]
fn a_line_of_the_access_log_is_json_with_the_callers_id_and_nothing_personal() {
    let api = Stack::new().only(API);
    let format = api["AccessLogSettings"]["Format"].as_str().unwrap();
    assert!(!format.contains('\n'), "{format}");
    let line: Value = serde_json::from_str(format).unwrap();
    // The log lines of the functions have the id under the same name.
    assert_eq!(line["request.id"], "$context.requestId");
    let variable = Regex::new(r"\$context\.([\w.]+)").unwrap();
    let logged: Vec<_> = variable
        .captures_iter(format)
        .map(|it| it[1].to_owned())
        .collect();
    assert_eq!(logged.len(), format.matches('$').count(), "{format}");
    for name in logged {
        let is_impersonal = name == "status" || IMPERSONAL.contains(&name.as_str());
        assert!(is_impersonal, "{name}");
    }
}

#[test]
fn the_api_answers_at_the_domain_if_one_is_set() {
    let url = |stack: &Stack| stack.resolve(&TEMPLATE["Outputs"]["ApiUrl"]["Value"]);
    assert_eq!(url(&Stack::new()), Some(json!("${Api.ApiEndpoint}")));
    let stack = Stack::with(&[
        ("DomainName", "contacts.example.com"),
        ("CertificateArn", "c"),
    ]);
    assert_eq!(url(&stack), Some(json!("https://contacts.example.com")));
    let mapping = stack.only("AWS::ApiGatewayV2::ApiMapping");
    let mapped = (&mapping["DomainName"], &mapping["ApiId"], &mapping["Stage"]);
    assert_eq!(
        mapped,
        (&json!("${Domain}"), &json!("${Api}"), &json!("$default"))
    );
}

/// A list of the API's CORS configuration.
fn cors(list: &str) -> BTreeSet<String> {
    let api = Stack::with(&[("CorsOrigins", "https://a.example,https://b.example")]).only(API);
    let texts = api["CorsConfiguration"][list].as_array().unwrap().iter();
    texts
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn pages_of_the_origins_that_are_set_may_call_and_no_others() {
    let origins = ["https://a.example", "https://b.example"].map(str::to_owned);
    assert_eq!(cors("AllowOrigins"), BTreeSet::from(origins));
    let api = Stack::new().only(API);
    assert!(api.get("CorsConfiguration").is_none());
}

#[test]
fn pages_may_send_the_methods_of_the_routes_and_the_headers_that_the_endpoints_read() {
    let endpoints = Stack::new().endpoints();
    let methods: BTreeSet<_> = endpoints.values().map(|it| route(it).0).collect();
    assert_eq!(cors("AllowMethods"), methods);
    assert_eq!(
        cors("AllowHeaders"),
        BTreeSet::from(READ.map(str::to_owned))
    );
}

#[tokio::test]
async fn pages_see_every_header_that_the_endpoints_answer() {
    let timeouts = ClientTimeouts {
        attempts: 1,
        ..PATIENT
    };
    let (api, proxy) = Api::through_proxy(timeouts).await;
    api.seed(json!([{ "id": "c_1", "phoneNumber": [{ "value": "+14165550100" }] }]))
        .await;
    let body = json!({ "phoneNumber": "+14165550100", "verifiedAt": "2024-01-01T00:00:00Z" });
    let recorded = api.verify_phone_number("c_1", body.clone()).await;
    let path = "/api/contacts/c_1/phone-number/verify";
    let refused = api.send(api.request(path).json(&body)).await;
    proxy.always("UpdateItem", Fault::Error(500, "InternalServerError"));
    let unavailable = api.verify_phone_number("c_1", body).await;

    let answers = [recorded, refused, unavailable];
    let statuses = answers.each_ref().map(|answer| answer.status);
    assert_eq!(statuses, [200, 401, 503]);
    let headers = answers.iter().flat_map(|answer| answer.headers.keys());
    let mut answered: BTreeSet<_> = headers.map(ToString::to_string).collect();
    for name in ALWAYS_SEEN {
        answered.remove(name);
    }
    assert!(answered.contains("www-authenticate"));
    // API Gateway renames this header in some answers.
    answered.insert("x-amzn-remapped-www-authenticate".to_owned());
    assert_eq!(cors("ExposeHeaders"), answered);
}
