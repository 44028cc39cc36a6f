//! What a page in a browser may send to the API and see of its answers.

use std::collections::BTreeSet;

use black_box_tests::proxy::{Fault, PATIENT};
use black_box_tests::{Answer, Api};
use serde_json::{Value, json};
use shared::store::ClientTimeouts;

use super::routes::{API, routes};
use super::stack::Stack;

const ORIGINS: &str = "https://crm.example.com,https://mail.example.com";

/// The headers that the endpoints read.
const READ: [&str; 4] = ["authorization", "content-type", "if-match", "if-none-match"];

/// What browsers show of every answer, and what the server adds by itself.
const ALWAYS_SEEN: [&str; 3] = ["content-length", "content-type", "date"];

/// Headers that API Gateway may answer under another name.
const RENAMED: [(&str, &str); 1] = [("www-authenticate", "x-amzn-remapped-www-authenticate")];

/// What the API tells browsers.
fn cors() -> Value {
    let (_, api) = Stack::with(&[("CorsOrigins", ORIGINS)]).only(API);
    api["CorsConfiguration"].clone()
}

fn texts(list: &Value) -> BTreeSet<String> {
    let texts = list.as_array().unwrap().iter();
    texts
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn pages_of_the_origins_that_are_set_may_call_and_no_others() {
    assert_eq!(
        cors()["AllowOrigins"],
        json!(["https://crm.example.com", "https://mail.example.com"])
    );
}

#[test]
fn without_origins_no_page_may_call() {
    let (name, api) = Stack::new().only(API);
    assert!(api.get("CorsConfiguration").is_none(), "{name}");
}

#[test]
fn pages_may_use_the_methods_of_the_routes_and_no_others() {
    let methods: BTreeSet<_> = routes().into_iter().map(|route| route.method).collect();
    assert_eq!(texts(&cors()["AllowMethods"]), methods);
}

#[test]
fn pages_may_send_the_headers_that_the_endpoints_read_and_no_others() {
    assert_eq!(
        texts(&cors()["AllowHeaders"]),
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
    assert_eq!(
        answers.each_ref().map(|answer| answer.status),
        [200, 401, 503]
    );
    let mut answered: BTreeSet<_> = answers.iter().flat_map(headers).collect();
    for name in ALWAYS_SEEN {
        answered.remove(name);
    }
    for (name, renamed) in RENAMED {
        assert!(answered.contains(name), "{name} is not answered");
        answered.insert(renamed.to_owned());
    }
    assert_eq!(texts(&cors()["ExposeHeaders"]), answered);
}

/// The names of the headers of an answer.
fn headers(answer: &Answer) -> BTreeSet<String> {
    answer.headers.keys().map(ToString::to_string).collect()
}
