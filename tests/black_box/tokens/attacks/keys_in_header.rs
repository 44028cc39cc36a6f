//! Tokens that bring their own key, or its address.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use black_box_tests::identity_provider::{IdentityProvider, Published};
use black_box_tests::keys::{SigningKey, key_set};
use serde_json::{Value, json};

use super::super::Guarded;
use super::{SIGNATURE, UNKNOWN_KEY, guarded, header_with};

/// Asserts that the API refuses the tokens of an attacker who signs with its own key and adds this parameter. The tokens have the
/// `kid` of the API's key, another one, or none.
async fn refuses_key_of_token(name: &str, value: impl Fn(&SigningKey) -> Value) {
    for algorithm in ["HS256", "RS256", "ES256", "EdDSA"] {
        let (key, api) = guarded(algorithm).await;
        let attacker = key.impostor();
        let mut header = header_with(&attacker, name, value(&attacker));
        let ids = [
            (json!("key_1"), SIGNATURE),
            (json!("attackers"), UNKNOWN_KEY),
            (Value::Null, SIGNATURE),
        ];
        for (id, description) in ids {
            header["kid"] = id;
            let token = attacker.token_with_header(&header, &api.claims());
            api.refuses(&token, description).await;
        }
    }
}

/// RFC 7515 section 4.1.3, RFC 8725 section 3.10; CVE-2018-0114.
#[tokio::test]
async fn a_key_in_the_header_is_not_used() {
    refuses_key_of_token("jwk", SigningKey::jwk).await;
}

/// RFC 7515 section 4.1.6: the function does not read certificates, so it uses no key of one.
#[tokio::test]
async fn a_certificate_in_the_header_is_not_used() {
    refuses_key_of_token("x5c", |attacker| {
        json!([BASE64_STANDARD.encode(attacker.jwk().to_string())])
    })
    .await;
}

/// RFC 7515 sections 4.1.7 and 4.1.8.
#[tokio::test]
async fn the_thumbprint_of_a_certificate_chooses_no_key() {
    for name in ["x5t", "x5t#S256"] {
        refuses_key_of_token(name, |_| json!("key_1")).await;
    }
}

/// Asserts that an API with `JWT_KEYS`, and one that fetches its keys, refuse a token whose header names an attacker's server.
/// Neither calls that server.
async fn does_not_follow(name: &str) {
    let key = SigningKey::generate("HS256", "key_1");
    let attacker = SigningKey::generate("HS256", "attackers");
    let provider = IdentityProvider::start(Published::Keys(key_set(&[&key]))).await;
    let attackers_server = IdentityProvider::start(Published::Keys(key_set(&[&attacker]))).await;
    for api in [
        Guarded::by(&[&key]).await,
        Guarded::by_provider(&provider).await,
    ] {
        for (id, description) in [("key_1", SIGNATURE), ("attackers", UNKNOWN_KEY)] {
            let mut header = header_with(&attacker, name, attackers_server.url.as_str());
            header["kid"] = json!(id);
            let token = attacker.token_with_header(&header, &api.claims());
            api.refuses(&token, description).await;
        }
    }
    assert_eq!(attackers_server.requests(), 0);
}

/// RFC 7515 section 4.1.2, RFC 8725 section 3.10: such a URL would also let the attacker choose the server that is called (SSRF).
#[tokio::test]
async fn a_url_of_keys_in_the_header_is_not_followed() {
    does_not_follow("jku").await;
}

/// RFC 7515 section 4.1.5, RFC 8725 section 3.10.
#[tokio::test]
async fn a_url_of_certificates_in_the_header_is_not_followed() {
    does_not_follow("x5u").await;
}

/// The `kid` is a name in the set, not an address.
#[tokio::test]
async fn a_key_id_that_is_a_url_is_not_followed() {
    let (_, api) = guarded("HS256").await;
    let attacker = SigningKey::generate("HS256", "attackers");
    let attackers_server = IdentityProvider::start(Published::Keys(key_set(&[&attacker]))).await;
    let header = header_with(&attacker, "kid", attackers_server.url.as_str());
    let token = attacker.token_with_header(&header, &api.claims());
    api.refuses(&token, UNKNOWN_KEY).await;
    assert_eq!(attackers_server.requests(), 0);
}
