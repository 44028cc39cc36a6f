//! The key that verifies a token, and the signatures that do not pass.

use black_box_tests::keys::{SigningKey, unsigned};
use serde_json::{Value, json};

use super::{ALGORITHM, Guarded, SIGNATURE, UNKNOWN_KEY, any_key, header_with};

async fn guarded() -> (SigningKey, Guarded) {
    let key = any_key();
    let api = Guarded::by(&[&key]).await;
    (key, api)
}

fn header_without(key: &SigningKey, name: &str) -> Value {
    let mut header = key.header();
    header.as_object_mut().unwrap().remove(name).unwrap();
    header
}

/// Asserts that the API accepts a token with a valid signature and another value of one header parameter.
async fn accepted_with(name: &str, value: impl Into<Value>) {
    let (key, api) = guarded().await;
    let token = key.token_with_header(&header_with(&key, name, value), &api.claims());
    api.accepts(&token).await;
}

async fn refused_with(name: &str, value: impl Into<Value>, description: &str) {
    let (key, api) = guarded().await;
    let token = key.token_with_header(&header_with(&key, name, value), &api.claims());
    api.refuses(&token, description).await;
}

#[tokio::test]
async fn an_algorithm_other_than_the_keys_is_refused() {
    let secret = [7; 64];
    let key = SigningKey::hmac("HS256", "key_1", &secret);
    let api = Guarded::by(&[&key]).await;
    let other = SigningKey::hmac("HS512", "key_1", &secret);
    api.refuses(&other.token(&api.claims()), ALGORITHM).await;
}

#[tokio::test]
async fn another_padding_of_the_same_rsa_key_is_refused() {
    let key = SigningKey::generate("RS256", "key_1");
    let api = Guarded::by(&[&key]).await;
    api.refuses(&key.rsa_for("PS256").token(&api.claims()), ALGORITHM)
        .await;
}

#[tokio::test]
async fn an_algorithm_that_does_not_exist_is_refused() {
    refused_with("alg", "HS1024", ALGORITHM).await;
}

#[tokio::test]
async fn a_signature_of_another_key_is_refused() {
    let (key, api) = guarded().await;
    api.refuses(&key.impostor().token(&api.claims()), SIGNATURE)
        .await;
}

#[tokio::test]
async fn claims_that_were_changed_are_refused() {
    let (key, api) = guarded().await;
    let token = key.token(&api.claims());
    let (_, signature) = token.rsplit_once('.').unwrap();
    let mut claims = api.claims();
    claims["role"] = json!("SUPERADMIN");
    let changed = format!("{}.{signature}", unsigned(&key.header(), &claims));
    api.refuses(&changed, SIGNATURE).await;
}

#[tokio::test]
async fn a_header_that_was_changed_is_refused() {
    let (key, api) = guarded().await;
    let token = key.token(&api.claims());
    let (_, signature) = token.rsplit_once('.').unwrap();
    let header = header_with(&key, "typ", "at+jwt");
    let changed = format!("{}.{signature}", unsigned(&header, &api.claims()));
    api.refuses(&changed, SIGNATURE).await;
}

#[tokio::test]
async fn an_unknown_key_is_refused() {
    let (_, api) = guarded().await;
    let other = SigningKey::generate("HS256", "key_2");
    api.refuses(&other.token(&api.claims()), UNKNOWN_KEY).await;
}

#[tokio::test]
async fn a_token_without_a_key_id_is_checked_with_the_only_key() {
    let (key, api) = guarded().await;
    let token = key.token_with_header(&header_without(&key, "kid"), &api.claims());
    api.accepts(&token).await;
}

#[tokio::test]
async fn a_token_without_a_key_id_and_of_another_key_is_refused() {
    let (key, api) = guarded().await;
    let token = key
        .impostor()
        .token_with_header(&header_without(&key, "kid"), &api.claims());
    api.refuses(&token, SIGNATURE).await;
}

#[tokio::test]
async fn a_token_without_a_key_id_is_refused_where_there_are_two_keys() {
    let key = any_key();
    let api = Guarded::by(&[&key, &SigningKey::generate("ES256", "key_2")]).await;
    let token = key.token_with_header(&header_without(&key, "kid"), &api.claims());
    api.refuses(&token, UNKNOWN_KEY).await;
}

#[tokio::test]
async fn the_key_id_chooses_among_several_keys() {
    let (first, second) = (any_key(), SigningKey::generate("ES256", "key_2"));
    let api = Guarded::by(&[&first, &second]).await;
    api.accepts(&first.token(&api.claims())).await;
    api.accepts(&second.token(&api.claims())).await;
}

#[tokio::test]
async fn a_token_of_one_key_with_the_id_of_another_is_refused() {
    let first = any_key();
    let second = SigningKey::generate("HS256", "key_2");
    let api = Guarded::by(&[&first, &second]).await;
    let token = first.token_with_header(&second.header(), &api.claims());
    api.refuses(&token, SIGNATURE).await;
}

#[tokio::test]
async fn the_algorithm_chooses_among_keys_of_one_id() {
    let plain = SigningKey::generate("RS256", "key_1");
    let padded = plain.rsa_for("PS256");
    let api = Guarded::by(&[&plain, &padded]).await;
    api.accepts(&plain.token(&api.claims())).await;
    api.accepts(&padded.token(&api.claims())).await;
}

#[tokio::test]
async fn a_valid_token_may_say_where_its_key_is_published() {
    accepted_with("jku", "https://idp.example.com/keys").await;
}

#[tokio::test]
async fn a_member_of_the_header_that_nobody_knows_is_accepted() {
    accepted_with("https://idp.example.com/x", json!({ "deep": [1, null] })).await;
}
