//! Which key a token is checked with, and what does not pass for its signature.

use black_box_tests::identity_provider::{IdentityProvider, Published};
use black_box_tests::keys::{SigningKey, base64url, key_set, unsigned};
use serde_json::{Value, json};

use super::{Guarded, any_key};

const ALGORITHM: &str = "algorithm is not the one of the key";
const UNKNOWN_KEY: &str = "signature key unknown";
const SIGNATURE: &str = "signature is invalid";
const MALFORMED: &str = "malformed token";

async fn guarded() -> (SigningKey, Guarded) {
    let key = any_key();
    let api = Guarded::by(&[&key]).await;
    (key, api)
}

/// The header of a key's tokens with one member that is another.
fn header_with(key: &SigningKey, name: &str, value: impl Into<Value>) -> Value {
    let mut header = key.header();
    header[name] = value.into();
    header
}

fn header_without(key: &SigningKey, name: &str) -> Value {
    let mut header = key.header();
    header.as_object_mut().unwrap().remove(name).unwrap();
    header
}

/// Asserts what becomes of a rightly signed token with one member of its header that is another.
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
async fn a_token_without_a_signature_is_refused_if_it_says_none() {
    for none in ["none", "None", "NONE", "nOnE"] {
        let (key, api) = guarded().await;
        let token = format!(
            "{}.",
            unsigned(&header_with(&key, "alg", none), &api.claims())
        );
        api.refuses(&token, ALGORITHM).await;
    }
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let (key, api) = guarded().await;
    let token = format!("{}.", unsigned(&key.header(), &api.claims()));
    api.refuses(&token, SIGNATURE).await;
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
async fn an_algorithm_in_lower_case_is_refused() {
    refused_with("alg", "hs256", ALGORITHM).await;
}

#[tokio::test]
async fn an_algorithm_that_does_not_exist_is_refused() {
    refused_with("alg", "HS1024", ALGORITHM).await;
}

#[tokio::test]
async fn an_algorithm_that_is_not_text_is_refused() {
    refused_with("alg", json!(["HS256"]), MALFORMED).await;
}

#[tokio::test]
async fn a_header_without_an_algorithm_is_refused() {
    let (key, api) = guarded().await;
    let token = key.token_with_header(&header_without(&key, "alg"), &api.claims());
    api.refuses(&token, MALFORMED).await;
}

/// The classic confusion: what everybody knows, taken for a secret.
async fn refuses_public_bytes_as_secret(public_bytes: impl FnOnce(&SigningKey) -> Vec<u8>) {
    let key = SigningKey::generate("RS256", "key_1");
    let api = Guarded::by(&[&key]).await;
    let forger = SigningKey::hmac("HS256", "key_1", &public_bytes(&key));
    api.refuses(&forger.token(&api.claims()), ALGORITHM).await;
}

#[tokio::test]
async fn an_rsa_public_key_is_no_hmac_secret() {
    refuses_public_bytes_as_secret(SigningKey::public_bytes).await;
}

#[tokio::test]
async fn the_text_of_a_published_key_is_no_hmac_secret() {
    refuses_public_bytes_as_secret(|key| key.jwk().to_string().into_bytes()).await;
}

#[tokio::test]
async fn an_hmac_signature_with_an_rsa_public_key_is_refused_though_the_header_says_rsa() {
    let key = SigningKey::generate("RS256", "key_1");
    let api = Guarded::by(&[&key]).await;
    let forger = SigningKey::hmac("HS256", "key_1", &key.public_bytes());
    let token = forger.token_with_header(&key.header(), &api.claims());
    api.refuses(&token, SIGNATURE).await;
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
async fn a_signature_that_is_cut_short_is_refused() {
    let (key, api) = guarded().await;
    let message = unsigned(&key.header(), &api.claims());
    let signature = key.sign(message.as_bytes());
    for length in [1, 16, signature.len() - 1] {
        let token = format!("{message}.{}", base64url(&signature[..length]));
        api.refuses(&token, SIGNATURE).await;
    }
}

#[tokio::test]
async fn a_signature_with_a_byte_too_many_is_refused() {
    let (key, api) = guarded().await;
    let message = unsigned(&key.header(), &api.claims());
    let mut signature = key.sign(message.as_bytes());
    signature.push(0);
    api.refuses(&format!("{message}.{}", base64url(&signature)), SIGNATURE)
        .await;
}

#[tokio::test]
async fn an_elliptic_signature_of_zeros_is_refused() {
    let key = SigningKey::generate("ES256", "key_1");
    let api = Guarded::by(&[&key]).await;
    let message = unsigned(&key.header(), &api.claims());
    api.refuses(&format!("{message}.{}", base64url(&[0; 64])), SIGNATURE)
        .await;
}

#[tokio::test]
async fn an_unknown_key_is_refused() {
    let (_, api) = guarded().await;
    let other = SigningKey::generate("HS256", "key_2");
    api.refuses(&other.token(&api.claims()), UNKNOWN_KEY).await;
}

#[tokio::test]
async fn a_key_id_in_other_letters_is_refused() {
    refused_with("kid", "KEY_1", UNKNOWN_KEY).await;
}

#[tokio::test]
async fn an_empty_key_id_is_refused() {
    refused_with("kid", "", UNKNOWN_KEY).await;
}

#[tokio::test]
async fn a_key_id_that_is_not_text_is_refused() {
    refused_with("kid", 1, MALFORMED).await;
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
async fn a_key_that_the_token_brings_is_not_used() {
    let (key, api) = guarded().await;
    let attacker = key.impostor();
    let header = header_with(&attacker, "jwk", attacker.jwk());
    let token = attacker.token_with_header(&header, &api.claims());
    api.refuses(&token, SIGNATURE).await;
}

/// A token whose header points at the keys of an attacker is refused, and those keys are not even fetched.
async fn does_not_follow(name: &str) {
    let key = any_key();
    let attacker = key.impostor();
    let published = Published::Keys(key_set(&[&attacker]));
    let attackers_server = IdentityProvider::start(published).await;
    let api = Guarded::by(&[&key]).await;
    for (id, description) in [("key_1", SIGNATURE), ("key_of_the_attacker", UNKNOWN_KEY)] {
        let mut header = header_with(&attacker, name, attackers_server.url.as_str());
        header["kid"] = json!(id);
        let token = attacker.token_with_header(&header, &api.claims());
        api.refuses(&token, description).await;
    }
    assert_eq!(attackers_server.requests(), 0);
}

#[tokio::test]
async fn a_url_of_keys_in_the_token_is_not_followed() {
    does_not_follow("jku").await;
}

#[tokio::test]
async fn a_url_of_certificates_in_the_token_is_not_followed() {
    does_not_follow("x5u").await;
}

#[tokio::test]
async fn a_url_of_keys_in_the_token_is_not_followed_where_keys_are_fetched() {
    let key = any_key();
    let attacker = SigningKey::generate("HS256", "key_of_the_attacker");
    let provider = IdentityProvider::start(Published::Keys(key_set(&[&key]))).await;
    let attackers_server = IdentityProvider::start(Published::Keys(key_set(&[&attacker]))).await;
    let api = Guarded::by_provider(&provider).await;
    let header = header_with(&attacker, "jku", attackers_server.url.as_str());
    let token = attacker.token_with_header(&header, &api.claims());
    api.refuses(&token, UNKNOWN_KEY).await;
    assert_eq!(attackers_server.requests(), 0);
}

#[tokio::test]
async fn a_rightly_signed_token_may_say_where_its_key_is_published() {
    accepted_with("jku", "https://idp.example.com/keys").await;
}

#[tokio::test]
async fn a_critical_extension_is_refused() {
    let description = "malformed token: critical header not understood";
    let (key, api) = guarded().await;
    let mut header = header_with(&key, "crit", json!(["b64"]));
    header["b64"] = json!(false);
    let token = key.token_with_header(&header, &api.claims());
    api.refuses(&token, description).await;
}

#[tokio::test]
async fn a_list_of_no_critical_extensions_is_refused() {
    let description = "malformed token: critical header not understood";
    refused_with("crit", json!([]), description).await;
}

#[tokio::test]
async fn a_list_of_critical_extensions_that_is_null_is_refused() {
    let description = "malformed token: critical header not understood";
    refused_with("crit", Value::Null, description).await;
}

#[tokio::test]
async fn the_type_of_an_access_token_is_accepted() {
    accepted_with("typ", "at+jwt").await;
}

#[tokio::test]
async fn a_member_of_the_header_that_nobody_knows_is_accepted() {
    accepted_with("https://idp.example.com/x", json!({ "deep": [1, null] })).await;
}
