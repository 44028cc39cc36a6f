//! The order of refusals: 401, 413 and 415, 400, 404, 412 (contract section 3).

use serde_json::json;

use super::{Crm, PHONE, assert_invalid, assert_refused};

const TOO_LARGE: usize = 16 * 1024 + 1;

#[tokio::test]
async fn a_caller_without_a_token_does_not_hear_that_its_body_is_too_large() {
    let crm = Crm::start().await;
    let request = crm.api.request("/api/contacts/c_1/phone-number/verify");
    let answer = crm.send(request.body("x".repeat(TOO_LARGE))).await;
    assert_refused(&answer, 401, "Unauthorized: missing Authorization header");
}

#[tokio::test]
async fn a_caller_without_a_token_does_not_hear_that_its_content_type_is_wrong() {
    let crm = Crm::start().await;
    let request = crm.api.request("/api/contacts/c_1/phone-number/verify");
    let answer = crm
        .send(request.header("content-type", "text/plain").body("x"))
        .await;
    assert_refused(&answer, 401, "Unauthorized: missing Authorization header");
}

#[tokio::test]
async fn a_caller_without_a_token_does_not_hear_that_its_body_is_bad() {
    let crm = Crm::start().await;
    let request = crm.api.request("/api/contacts/c_1/verify-contact-methods");
    let answer = crm.send(request.json(&json!([]))).await;
    assert_refused(&answer, 401, "Unauthorized: missing Authorization header");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read() {
    let crm = Crm::start().await;
    let request = crm
        .phone_request()
        .header("content-type", "application/json");
    let answer = crm.send(request.body("x".repeat(TOO_LARGE))).await;
    assert_refused(&answer, 413, "Payload too large");
}

#[tokio::test]
async fn a_body_of_another_type_is_not_read() {
    let crm = Crm::start().await;
    let request = crm.phone_request().header("content-type", "text/plain");
    let answer = crm.send(request.body("{")).await;
    assert_refused(&answer, 415, "Content type must be application/json");
}

#[tokio::test]
async fn a_bad_body_is_refused_before_the_contact_is_looked_for() {
    let crm = Crm::start().await;
    assert_invalid(&crm.verify_phone_number(json!({})).await, &["phoneNumber"]);
}

#[tokio::test]
async fn a_bad_body_is_refused_before_the_id_is_looked_at() {
    let crm = Crm::start().await;
    let request = crm.request("c.1", "phone-number/verify", &crm.api.user_token());
    assert_invalid(&crm.send(request.json(&json!({}))).await, &["phoneNumber"]);
}

#[tokio::test]
async fn a_bad_if_match_is_refused_before_the_contact_is_looked_for() {
    let crm = Crm::start().await;
    let request = crm.phone_request().header("if-match", "W/\"1\"");
    let answer = crm
        .send(request.json(&json!({ "phoneNumber": PHONE })))
        .await;
    assert_invalid(&answer, &["If-Match"]);
}

#[tokio::test]
async fn an_unknown_contact_is_answered_before_a_wrong_version() {
    let crm = Crm::start().await;
    let request = crm.phone_request().header("if-match", "\"7\"");
    let answer = crm
        .send(request.json(&json!({ "phoneNumber": PHONE })))
        .await;
    assert_refused(&answer, 404, "Contact not found");
}

#[tokio::test]
async fn a_missing_number_is_answered_before_a_wrong_version() {
    let crm = Crm::with_plain_contact().await;
    let request = crm.phone_request().header("if-match", "\"7\"");
    let answer = crm
        .send(request.json(&json!({ "phoneNumber": "+14165550199" })))
        .await;
    assert_refused(&answer, 404, "Phone number not found on contact");
}
