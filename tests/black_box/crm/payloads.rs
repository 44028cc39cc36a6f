//! The bodies that endpoints 1 and 2 read, and their answers to an invalid body (contract section 6).

use serde_json::json;

use super::{Crm, EMAIL, PHONE, assert_invalid, assert_refused, outcome, verify_phone};

const JSON: &str = "application/json";

/// A body that clears a number, padded with blanks to this number of bytes.
fn body_of(bytes: usize) -> String {
    let body = json!({ "phoneNumber": PHONE }).to_string();
    format!("{body}{}", " ".repeat(bytes - body.len()))
}

#[tokio::test]
async fn endpoint_1_needs_a_number() {
    let crm = Crm::with_plain_contact().await;
    let answer = crm.verify_phone_number(json!({ "verifiedAt": null })).await;
    assert_invalid(&answer, &["phoneNumber"]);
}

#[tokio::test]
async fn endpoint_2_needs_a_type() {
    let crm = Crm::with_plain_contact().await;
    let answer = crm.verify_contact_method(json!({ "value": PHONE })).await;
    assert_invalid(&answer, &["type"]);
}

#[tokio::test]
async fn endpoint_2_needs_a_value() {
    let crm = Crm::with_plain_contact().await;
    let answer = crm.verify_contact_method(json!({ "type": "email" })).await;
    assert_invalid(&answer, &["value"]);
}

#[tokio::test]
async fn a_type_is_phone_or_email_in_lower_case() {
    let crm = Crm::with_plain_contact().await;
    let answer = crm
        .verify_contact_method(json!({ "type": "Phone", "value": PHONE }))
        .await;
    assert_invalid(&answer, &["type"]);
}

#[tokio::test]
async fn a_type_that_is_null_is_refused() {
    let crm = Crm::with_plain_contact().await;
    let answer = crm
        .verify_contact_method(json!({ "type": null, "value": EMAIL }))
        .await;
    assert_invalid(&answer, &["type"]);
}

#[tokio::test]
async fn endpoint_1_names_every_fault_at_once() {
    let crm = Crm::with_plain_contact().await;
    let body = json!({ "phoneNumber": "none", "verifiedAt": "never" });
    let request = crm.phone_request().header("if-match", "1").json(&body);
    assert_invalid(
        &crm.send(request).await,
        &["phoneNumber", "verifiedAt", "If-Match"],
    );
}

#[tokio::test]
async fn endpoint_2_names_every_fault_at_once() {
    let crm = Crm::with_plain_contact().await;
    let body = json!({ "type": "fax", "verifiedAt": "never", "verificationSource": 1 });
    let request = crm.method_request().header("if-match", "1").json(&body);
    assert_invalid(
        &crm.send(request).await,
        &[
            "type",
            "value",
            "verifiedAt",
            "verificationSource",
            "If-Match",
        ],
    );
}

#[tokio::test]
async fn a_fault_says_what_the_member_must_be() {
    let crm = Crm::with_plain_contact().await;
    let answer = crm
        .verify_contact_method(json!({ "type": "fax", "value": "1" }))
        .await;
    assert_refused(
        &answer,
        400,
        "Invalid payload: type must be \"phone\" or \"email\"",
    );
}

#[tokio::test]
async fn a_fault_does_not_repeat_what_was_sent() {
    let crm = Crm::with_plain_contact().await;
    let answer = crm
        .verify_phone_number(json!({ "phoneNumber": "416-555-0100 ext 77" }))
        .await;
    assert_invalid(&answer, &["phoneNumber"]);
    let text = answer.body["error"].as_str().unwrap();
    assert!(!text.contains("77"), "{text}");
}

#[tokio::test]
async fn members_that_nobody_asks_for_are_ignored() {
    let crm = Crm::with_plain_contact().await;
    let body = json!({ "type": 5, "value": [], "extra": { "a": null }, "phoneNumber": PHONE });
    assert_eq!(outcome(&crm.verify_phone_number(body).await), "unchanged");
    let body = verify_phone(&json!({ "phoneNumber": 5, "extra": [] }));
    assert_eq!(outcome(&crm.verify_contact_method(body).await), "recorded");
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let crm = Crm::with_plain_contact().await;
    let request = crm
        .phone_request()
        .header("content-type", JSON)
        .body("{\"phoneNumber\":");
    assert_refused(
        &crm.send(request).await,
        400,
        "Invalid payload: body must be valid JSON",
    );
}

#[tokio::test]
async fn a_body_that_is_not_an_object_is_refused() {
    let crm = Crm::with_plain_contact().await;
    let answer = crm
        .verify_contact_method(json!([verify_phone(&json!({}))]))
        .await;
    assert_refused(&answer, 400, "Invalid payload: body must be a JSON object");
}

#[tokio::test]
async fn a_body_that_is_not_utf_8_is_refused() {
    let crm = Crm::with_plain_contact().await;
    let body = b"{\"phoneNumber\":\"+14165550100\",\"note\":\"\xff\"}";
    let request = crm
        .phone_request()
        .header("content-type", JSON)
        .body(body.to_vec());
    assert_refused(
        &crm.send(request).await,
        400,
        "Invalid payload: body must be valid JSON",
    );
}

#[tokio::test]
async fn an_empty_body_lacks_what_is_required() {
    let crm = Crm::with_plain_contact().await;
    assert_invalid(&crm.send(crm.phone_request()).await, &["phoneNumber"]);
    assert_invalid(&crm.send(crm.method_request()).await, &["type", "value"]);
}

/// A body of endpoint 1 in which this member is a deeply nested array.
fn nested(member: &str) -> String {
    let (open, close) = ("[".repeat(8000), "]".repeat(8000));
    format!("{{\"phoneNumber\":\"{PHONE}\",\"{member}\":{open}{close}}}")
}

#[tokio::test]
async fn a_member_that_nests_deep_and_that_nobody_asks_for_does_no_harm() {
    let crm = Crm::with_plain_contact().await;
    let request = crm
        .phone_request()
        .header("content-type", JSON)
        .body(nested("note"));
    assert_eq!(outcome(&crm.send(request).await), "unchanged");
}

#[tokio::test]
async fn a_member_that_nests_deep_is_refused_as_any_other_of_its_type() {
    let crm = Crm::with_plain_contact().await;
    let request = crm
        .phone_request()
        .header("content-type", JSON)
        .body(nested("verifiedAt"));
    assert_invalid(&crm.send(request).await, &["verifiedAt"]);
}

#[tokio::test]
async fn a_body_of_16_kib_is_read() {
    let crm = Crm::with_plain_contact().await;
    let request = crm
        .phone_request()
        .header("content-type", JSON)
        .body(body_of(16_384));
    assert_eq!(outcome(&crm.send(request).await), "unchanged");
}

#[tokio::test]
async fn a_body_over_16_kib_is_refused() {
    let crm = Crm::with_plain_contact().await;
    let request = crm
        .phone_request()
        .header("content-type", JSON)
        .body(body_of(16_385));
    assert_refused(&crm.send(request).await, 413, "Payload too large");
}

// The function gets this body in base64, which is a third larger.
#[tokio::test]
async fn the_size_of_a_body_is_its_own_and_not_that_of_its_base64() {
    let crm = Crm::with_plain_contact().await;
    let merge_patch = "application/merge-patch+json";
    let request = crm.phone_request().header("content-type", merge_patch);
    assert_eq!(
        outcome(&crm.send(request.body(body_of(16_384))).await),
        "unchanged"
    );
    let request = crm.phone_request().header("content-type", merge_patch);
    assert_refused(
        &crm.send(request.body(body_of(16_385))).await,
        413,
        "Payload too large",
    );
}

#[tokio::test]
async fn every_content_type_of_json_is_accepted() {
    let crm = Crm::with_plain_contact().await;
    for content_type in [
        "application/json",
        "Application/JSON; charset=UTF-8",
        "application/merge-patch+json",
        "application/vnd.api+json",
    ] {
        let request = crm.phone_request().header("content-type", content_type);
        let answer = crm.send(request.body(body_of(100))).await;
        assert_eq!(outcome(&answer), "unchanged", "{content_type}");
    }
}

#[tokio::test]
async fn a_content_type_is_optional() {
    let crm = Crm::with_plain_contact().await;
    let answer = crm.send(crm.phone_request().body(body_of(100))).await;
    assert_eq!(outcome(&answer), "unchanged");
}

#[tokio::test]
async fn another_content_type_is_refused() {
    let crm = Crm::with_plain_contact().await;
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
    ] {
        let request = crm.phone_request().header("content-type", content_type);
        let answer = crm.send(request.body(body_of(100))).await;
        assert_refused(&answer, 415, "Content type must be application/json");
    }
}
