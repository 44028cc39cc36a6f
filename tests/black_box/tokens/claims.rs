//! The claims of a token with a valid signature: its times, issuer, audience, subject and organization.

use black_box_tests::fresh_organization;
use black_box_tests::keys::{SigningKey, now_seconds};
use serde_json::{Value, json};
use shared::http::Route;

use super::{AUDIENCE, Guarded, any_key};

async fn guarded() -> (SigningKey, Guarded) {
    let key = any_key();
    let api = Guarded::by(&[&key]).await;
    (key, api)
}

/// Asserts that the API accepts a token in which one claim has another value.
async fn accepted_with(name: &str, value: impl Into<Value>) {
    let (key, api) = guarded().await;
    api.accepts(&key.token(&api.claims_with(name, value))).await;
}

async fn refused_with(name: &str, value: impl Into<Value>, description: &str) {
    let (key, api) = guarded().await;
    api.refuses(&key.token(&api.claims_with(name, value)), description)
        .await;
}

async fn refused_without(name: &str, description: &str) {
    let (key, api) = guarded().await;
    api.refuses(&key.token(&api.claims_without(name)), description)
        .await;
}

#[tokio::test]
async fn a_valid_token_is_accepted() {
    let (key, api) = guarded().await;
    api.accepts(&key.token(&api.claims())).await;
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    refused_with("exp", now_seconds() - 61, "token expired").await;
}

#[tokio::test]
async fn a_token_that_expired_within_the_leeway_is_accepted() {
    accepted_with("exp", now_seconds() - 30).await;
}

#[tokio::test]
async fn an_expiry_with_a_fraction_is_accepted() {
    accepted_with("exp", json!(4_102_444_800.5)).await;
}

#[tokio::test]
async fn an_expiry_in_the_last_second_that_a_number_can_hold_is_accepted() {
    accepted_with("exp", u64::MAX).await;
}

#[tokio::test]
async fn a_token_without_an_expiry_is_refused() {
    refused_without("exp", "claim missing: exp").await;
}

#[tokio::test]
async fn a_token_that_is_not_valid_yet_is_refused() {
    refused_with("nbf", now_seconds() + 600, "token not yet valid").await;
}

#[tokio::test]
async fn a_token_that_becomes_valid_within_the_leeway_is_accepted() {
    accepted_with("nbf", now_seconds() + 60).await;
}

#[tokio::test]
async fn a_token_that_has_become_valid_is_accepted() {
    accepted_with("nbf", now_seconds() - 600).await;
    accepted_with("nbf", -1).await;
}

#[tokio::test]
async fn another_issuer_is_refused() {
    refused_with("iss", "https://idp.example.org/", "issuer is not accepted").await;
}

#[tokio::test]
async fn a_token_without_an_issuer_is_refused() {
    refused_without("iss", "claim missing: iss").await;
}

#[tokio::test]
async fn an_issuer_that_is_a_number_is_refused() {
    refused_with("iss", 1, "claim malformed: iss").await;
}

#[tokio::test]
async fn another_audience_is_refused() {
    refused_with(
        "aud",
        "https://mail.example.com",
        "audience is not accepted",
    )
    .await;
}

#[tokio::test]
async fn a_list_of_audiences_with_ours_is_accepted() {
    accepted_with("aud", json!(["https://mail.example.com", AUDIENCE])).await;
}

#[tokio::test]
async fn a_list_of_audiences_without_ours_is_refused() {
    let others = json!(["https://mail.example.com", "contacts"]);
    refused_with("aud", others, "audience is not accepted").await;
}

#[tokio::test]
async fn an_empty_list_of_audiences_is_refused() {
    refused_with("aud", json!([]), "audience is not accepted").await;
}

#[tokio::test]
async fn a_token_without_an_audience_is_refused() {
    refused_without("aud", "claim missing: aud").await;
}

#[tokio::test]
async fn an_audience_that_is_an_object_is_refused() {
    refused_with("aud", json!({ AUDIENCE: true }), "claim malformed: aud").await;
}

#[tokio::test]
async fn a_token_without_a_subject_is_refused() {
    refused_without("sub", "claim missing: sub").await;
}

#[tokio::test]
async fn a_blank_subject_counts_as_missing() {
    for subject in [json!("  "), json!([]), json!({})] {
        refused_with("sub", subject, "claim missing: sub").await;
    }
}

#[tokio::test]
async fn a_subject_of_another_type_is_malformed() {
    for subject in [
        json!(7),
        json!(1.5),
        json!(true),
        json!(["user_1"]),
        json!({ "id": 1 }),
    ] {
        refused_with("sub", subject, "claim malformed: sub").await;
    }
}

#[tokio::test]
async fn a_subject_may_have_255_characters() {
    accepted_with("sub", "é".repeat(255)).await;
    refused_with("sub", "é".repeat(256), "claim malformed: sub").await;
    refused_with("sub", "x".repeat(300), "claim malformed: sub").await;
}

#[tokio::test]
async fn a_subject_with_a_control_character_is_refused() {
    for subject in ["user\u{0}", "user\n1", "\u{7f}user", "us\u{85}er"] {
        refused_with("sub", subject, "claim malformed: sub").await;
    }
}

#[tokio::test]
async fn a_claim_that_is_null_counts_as_missing() {
    for name in ["exp", "iss", "aud", "sub"] {
        refused_with(name, Value::Null, &format!("claim missing: {name}")).await;
    }
}

/// `client:<slug>` is the actor of an application. A user with such a subject would pass for the application.
#[tokio::test]
async fn a_users_subject_that_looks_like_an_application_is_refused() {
    let (key, api) = guarded().await;
    for subject in [
        "client:website",
        " client:website",
        "cli\u{200b}ent:website",
    ] {
        let mut claims = api.claims_with("sub", subject);
        claims["client"].take();
        api.refuses(&key.token(&claims), "claim malformed: sub")
            .await;
    }
}

#[tokio::test]
async fn an_applications_subject_may_look_like_an_application() {
    accepted_with("sub", "client:website").await;
}

#[tokio::test]
async fn a_token_without_an_organization_is_refused() {
    refused_without("organizationId", "claim missing: organizationId").await;
}

#[tokio::test]
async fn a_blank_organization_counts_as_missing() {
    refused_with("organizationId", "", "claim missing: organizationId").await;
}

#[tokio::test]
async fn an_organization_that_is_null_counts_as_missing() {
    refused_with(
        "organizationId",
        Value::Null,
        "claim missing: organizationId",
    )
    .await;
}

#[tokio::test]
async fn an_organization_that_is_a_number_is_refused() {
    refused_with("organizationId", 1, "claim malformed: organizationId").await;
}

/// `#` separates the parts of a key, so it could name another organization's contact.
#[tokio::test]
async fn an_organization_with_the_separator_of_keys_is_refused() {
    let description = "claim malformed: organizationId";
    refused_with("organizationId", "org_a#CONTACT#c_1", description).await;
}

#[tokio::test]
async fn a_client_that_is_not_a_slug_is_refused() {
    refused_with("client", "Web Site", "claim malformed: client").await;
}

#[tokio::test]
async fn another_role_is_accepted_and_means_nothing() {
    for role in [
        json!("ADMIN"),
        json!(["EDITOR", ""]),
        json!({ "EDITOR": {} }),
    ] {
        accepted_with("role", role).await;
    }
}

#[tokio::test]
async fn a_claim_that_nobody_asks_for_is_accepted() {
    accepted_with("https://idp.example.com/x", json!({ "deep": [1, null] })).await;
}

#[tokio::test]
async fn a_super_administrator_needs_no_organization() {
    let (key, api) = guarded().await;
    let mut claims = api.claims_without("organizationId");
    claims["role"] = json!("SUPERADMIN");
    let token = key.token(&claims);
    for endpoint in [Route::VerifyPhoneNumber, Route::VerifyContactMethod] {
        let answer = api.send(endpoint, &token).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[tokio::test]
async fn a_role_in_other_letters_is_not_a_super_administrators() {
    for role in [
        json!("superadmin"),
        json!("SUPERADMIN "),
        json!("SUPERADMIN EDITOR"),
        json!(["superadmin", "SUPERADMIN,ADMIN"]),
        json!({ "Superadmin": "SUPERADMIN" }),
    ] {
        let (key, api) = guarded().await;
        let mut claims = api.claims_without("organizationId");
        claims["role"] = role;
        api.refuses(&key.token(&claims), "claim missing: organizationId")
            .await;
    }
}

#[tokio::test]
async fn a_super_administrator_with_a_malformed_organization_is_refused() {
    let (key, api) = guarded().await;
    let mut claims = api.claims_with("organizationId", "a#b");
    claims["role"] = json!("SUPERADMIN");
    api.refuses(&key.token(&claims), "claim malformed: organizationId")
        .await;
}

#[tokio::test]
async fn a_token_of_another_organization_finds_no_contact() {
    let (key, api) = guarded().await;
    let token = key.token(&api.claims_with("organizationId", json!(fresh_organization())));
    let answer = api.send(Route::VerifyContactMethod, &token).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.body["error"], "Contact not found");
}

#[tokio::test]
async fn the_actor_is_the_subject_of_a_persons_token() {
    let (key, api) = guarded().await;
    let token = key.token(&api.claims_without("client"));
    assert_eq!(api.recorded_by(&token).await, "subject_1");
}

#[tokio::test]
async fn the_actor_is_the_client_of_an_applications_token() {
    let (key, api) = guarded().await;
    let token = key.token(&api.claims());
    assert_eq!(api.recorded_by(&token).await, "client:website");
}
