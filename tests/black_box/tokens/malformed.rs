//! Texts that are not signed tokens.

use black_box_tests::keys::{SigningKey, base64url, unsigned};
use serde_json::json;

use super::{Guarded, any_key};

/// Asserts that the API refuses a text as a malformed token.
async fn is_malformed(text: impl FnOnce(&SigningKey, &Guarded) -> String) {
    let key = any_key();
    let api = Guarded::by(&[&key]).await;
    api.refuses(&text(&key, &api), "malformed token").await;
}

#[tokio::test]
async fn a_word_is_malformed() {
    is_malformed(|_, _| "opaque-token".to_owned()).await;
}

#[tokio::test]
async fn dots_alone_are_malformed() {
    is_malformed(|_, _| "..".to_owned()).await;
}

#[tokio::test]
async fn a_header_that_is_not_base64_is_malformed() {
    is_malformed(|key, api| key.token(&api.claims()).replacen("ey", "!!", 1)).await;
}

#[tokio::test]
async fn a_header_that_is_not_json_is_malformed() {
    is_malformed(|_, _| format!("{}.e30.c2lnbmF0dXJl", base64url(b"not json"))).await;
}

#[tokio::test]
async fn a_header_that_is_not_an_object_is_malformed() {
    is_malformed(|key, api| key.token_with_header(&json!("HS256"), &api.claims())).await;
}

#[tokio::test]
async fn a_header_that_is_not_unicode_is_malformed() {
    is_malformed(|_, _| format!("{}.e30.c2lnbmF0dXJl", base64url(b"{\"alg\":\"\xff\"}"))).await;
}

#[tokio::test]
async fn a_signature_that_is_not_base64_is_malformed() {
    is_malformed(|key, api| format!("{}.!", unsigned(&key.header(), &api.claims()))).await;
}

#[tokio::test]
async fn signed_claims_that_are_not_json_are_malformed() {
    is_malformed(|key, _| key.token_of_text(&key.header().to_string(), "not json")).await;
}
