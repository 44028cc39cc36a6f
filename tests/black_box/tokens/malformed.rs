//! Texts that are no signed token.

use black_box_tests::keys::{SigningKey, base64url, unsigned};
use serde_json::{Value, json};

use super::{Guarded, any_key};

/// Asserts that a text is refused as no token at all.
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
async fn a_token_of_two_parts_is_malformed() {
    is_malformed(|key, api| unsigned(&key.header(), &api.claims())).await;
}

#[tokio::test]
async fn a_token_of_four_parts_is_malformed() {
    is_malformed(|key, api| format!("{}.e30", key.token(&api.claims()))).await;
}

#[tokio::test]
async fn a_signature_that_is_not_base64_is_malformed() {
    is_malformed(|key, api| format!("{}.!", unsigned(&key.header(), &api.claims()))).await;
}

#[tokio::test]
async fn a_padded_signature_is_malformed() {
    is_malformed(|key, api| format!("{}=", key.token(&api.claims()))).await;
}

#[tokio::test]
async fn a_space_inside_is_malformed() {
    is_malformed(|key, api| key.token(&api.claims()).replacen('.', " .", 1)).await;
}

#[tokio::test]
async fn signed_claims_that_are_not_json_are_malformed() {
    is_malformed(|key, _| key.token_of_text(&key.header().to_string(), "not json")).await;
}

/// The two of them could be read by two readers as two algorithms.
#[tokio::test]
async fn an_algorithm_that_is_there_twice_is_malformed() {
    is_malformed(|key, api| {
        let header = r#"{"alg":"none","kid":"key_1","alg":"HS256"}"#;
        key.token_of_text(header, &api.claims().to_string())
    })
    .await;
}

#[tokio::test]
async fn an_expiry_that_is_there_twice_is_malformed() {
    is_malformed(|key, api| {
        let claims = api.claims().to_string().replacen('{', "{\"exp\":1,", 1);
        key.token_of_text(&key.header().to_string(), &claims)
    })
    .await;
}

#[tokio::test]
async fn an_encrypted_token_is_refused() {
    let api = Guarded::by(&[&any_key()]).await;
    let header = json!({ "alg": "dir", "enc": "A256GCM", "kid": "key_1" });
    let token = format!(
        "{}..AAAA.AAAA.AAAA",
        base64url(header.to_string().as_bytes())
    );
    api.refuses(&token, "algorithm is not the one of the key")
        .await;
}

#[tokio::test]
async fn claims_that_are_not_an_object_are_malformed() {
    for claims in [json!([]), json!("text"), json!(1), Value::Null] {
        is_malformed(|key, _| key.token(&claims)).await;
    }
}
