//! The label that says where a verification came from (contract sections 4 to 6).

use serde_json::{Value, json};

use super::{Crm, PHONE, assert_invalid, outcome, phone, verify_phone};

/// The label that is stored when a verification with this member is recorded.
async fn stored_label(member: Value) -> Option<Value> {
    let crm = Crm::with_plain_contact().await;
    let answer = crm
        .verify_contact_method(verify_phone(&json!({ "verificationSource": member })))
        .await;
    assert_eq!(outcome(&answer), "recorded");
    phone(&answer).get("verificationSource").cloned()
}

async fn refuse(member: Value) {
    let crm = Crm::with_plain_contact().await;
    let answer = crm
        .verify_contact_method(verify_phone(&json!({ "verificationSource": member })))
        .await;
    assert_invalid(&answer, &["verificationSource"]);
}

#[tokio::test]
async fn a_label_is_stored_and_shown() {
    assert_eq!(
        stored_label(json!("admin-manual")).await,
        Some(json!("admin-manual"))
    );
}

#[tokio::test]
async fn a_label_is_trimmed() {
    assert_eq!(
        stored_label(json!(" Web chat\n")).await,
        Some(json!("Web chat"))
    );
}

#[tokio::test]
async fn an_empty_label_counts_as_absent() {
    assert_eq!(stored_label(json!("")).await, None);
}

#[tokio::test]
async fn a_label_of_blanks_counts_as_absent() {
    assert_eq!(stored_label(json!("  ")).await, None);
}

#[tokio::test]
async fn a_label_that_is_null_counts_as_absent() {
    assert_eq!(stored_label(Value::Null).await, None);
}

#[tokio::test]
async fn a_label_has_up_to_100_characters_of_any_size() {
    let longest = "é".repeat(100);
    assert_eq!(stored_label(json!(longest)).await, Some(json!(longest)));
}

#[tokio::test]
async fn a_label_of_101_characters_is_refused() {
    refuse(json!("é".repeat(101))).await;
}

#[tokio::test]
async fn a_label_with_a_control_character_is_refused() {
    refuse(json!("web\u{7f}chat")).await;
}

#[tokio::test]
async fn a_label_of_two_lines_is_refused() {
    refuse(json!("web\nchat")).await;
}

#[tokio::test]
async fn a_label_that_is_not_a_text_is_refused() {
    refuse(json!(7)).await;
}

async fn with_labelled_phone() -> Crm {
    Crm::with_verified_phone(
        json!({ "verifiedAt": "2026-05-25T00:00:00Z", "verificationSource": "import" }),
    )
    .await
}

#[tokio::test]
async fn recording_without_a_label_removes_an_older_label() {
    let crm = with_labelled_phone().await;
    let answer = crm.verify_contact_method(verify_phone(&json!({}))).await;
    assert_eq!(outcome(&answer), "recorded");
    assert_eq!(phone(&answer).get("verificationSource"), None);
}

#[tokio::test]
async fn endpoint_1_has_no_label_and_removes_an_older_one() {
    let crm = with_labelled_phone().await;
    let body = json!({
        "phoneNumber": PHONE, "verifiedAt": "2026-05-20T15:04:01.135Z", "verificationSource": "webchat",
    });
    let answer = crm.verify_phone_number(body).await;
    assert_eq!(outcome(&answer), "recorded");
    assert_eq!(phone(&answer).get("verificationSource"), None);
}

#[tokio::test]
async fn a_label_of_a_clear_is_not_stored() {
    let crm = with_labelled_phone().await;
    let body = json!({ "verifiedAt": null, "verificationSource": "webchat" });
    let answer = crm.verify_contact_method(verify_phone(&body)).await;
    assert_eq!(outcome(&answer), "cleared");
    assert_eq!(
        phone(&answer),
        &json!({ "value": PHONE, "isPrimary": true })
    );
}
