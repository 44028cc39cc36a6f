//! Key sets in the forms that providers publish.

use black_box_tests::identity_provider::{IdentityProvider, Published};
use black_box_tests::keys::{SigningKey, key_set};
use serde_json::{Value, json};

use super::{Guarded, any_key};

/// The JWK of a key without its `alg`.
fn without_algorithm(key: &SigningKey) -> Value {
    let mut jwk = key.jwk();
    jwk.as_object_mut().unwrap().remove("alg").unwrap();
    jwk
}

/// Asserts that the API accepts tokens of a key whose JWK has no `alg`, and refuses those of the other algorithm.
async fn is_used_without_algorithm(algorithm: &'static str, other: &'static str) {
    let key = SigningKey::generate(algorithm, "key_1");
    let set = json!({ "keys": [without_algorithm(&key)] });
    let provider = IdentityProvider::start(Published::Keys(set.clone())).await;
    for api in [
        Guarded::by_key_set(&set).await,
        Guarded::by_provider(&provider).await,
    ] {
        api.accepts(&key.token(&api.claims())).await;
        let other = SigningKey::generate(other, "key_1");
        api.refuses(
            &other.token(&api.claims()),
            "algorithm is not the one of the key",
        )
        .await;
    }
}

#[tokio::test]
async fn an_rsa_key_without_algorithm_is_used_with_rs256() {
    for other in ["RS384", "RS512", "PS256", "HS256"] {
        is_used_without_algorithm("RS256", other).await;
    }
}

#[tokio::test]
async fn a_p256_key_without_algorithm_is_used_with_es256() {
    is_used_without_algorithm("ES256", "ES384").await;
}

#[tokio::test]
async fn a_p384_key_without_algorithm_is_used_with_es384() {
    is_used_without_algorithm("ES384", "ES256").await;
}

#[tokio::test]
async fn an_ed25519_key_without_algorithm_is_used_with_eddsa() {
    is_used_without_algorithm("EdDSA", "RS256").await;
}

/// A public RSA key is no HMAC secret, whatever a token says.
#[tokio::test]
async fn a_public_key_without_algorithm_is_no_secret() {
    let key = SigningKey::generate("RS256", "key_1");
    let api = Guarded::by_key_set(&json!({ "keys": [without_algorithm(&key)] })).await;
    let forged = SigningKey::hmac("HS256", "key_1", &key.public_bytes());
    api.refuses(
        &forged.token(&api.claims()),
        "algorithm is not the one of the key",
    )
    .await;
}

#[tokio::test]
async fn a_secret_without_algorithm_is_left_out_of_a_published_set() {
    let (key, secret) = (any_key(), SigningKey::generate("HS256", "key_2"));
    let set = json!({ "keys": [without_algorithm(&secret), key.jwk()] });
    let provider = IdentityProvider::start(Published::Keys(set)).await;
    let api = Guarded::by_provider(&provider).await;
    api.accepts(&key.token(&api.claims())).await;
    api.refuses(&secret.token(&api.claims()), "signature key unknown")
        .await;
}

/// Real sets also have certificates, the issuer of a key, encryption keys, and kinds of keys that we do not use.
#[tokio::test]
async fn other_members_and_other_keys_do_not_spoil_a_published_set() {
    let key = SigningKey::generate("RS256", "key_1");
    let mut entra = without_algorithm(&key);
    entra["use"] = json!("sig");
    entra["x5t"] = json!("key_1");
    entra["x5c"] = json!(["MIIC/jCCAeagAwIBAgIJAJ"]);
    entra["issuer"] = json!("https://login.microsoftonline.com/{tenantid}/v2.0");
    let mut keycloak = key.jwk();
    keycloak["kid"] = json!("encryption");
    keycloak["alg"] = json!("RSA-OAEP");
    keycloak["use"] = json!("enc");
    keycloak["x5t#S256"] = json!("b7oYtPqiMQVjuTXgbFpEbg");
    let mut unknown_algorithm = key.jwk();
    unknown_algorithm["kid"] = json!("unknown");
    unknown_algorithm["alg"] = json!("RS1");
    let p521 = json!({ "kty": "EC", "crv": "P-521", "kid": "p521", "alg": "ES512", "x": "AAAA", "y": "AAAA" });
    let secp256k1 =
        json!({ "kty": "EC", "crv": "secp256k1", "kid": "k1", "x": "AAAA", "y": "AAAA" });
    let x25519 = json!({ "kty": "OKP", "crv": "X25519", "kid": "x", "x": "AAAA" });
    let set = json!({ "keys": [keycloak, unknown_algorithm, p521, secp256k1, x25519, entra] });
    let provider = IdentityProvider::start(Published::Keys(set)).await;
    let api = Guarded::by_provider(&provider).await;
    api.accepts(&key.token(&api.claims())).await;
}

/// Microsoft Entra ID lists a key once for each issuer that signs with it.
#[tokio::test]
async fn a_key_that_is_listed_twice_is_used() {
    let key = SigningKey::generate("RS256", "key_1");
    let (mut first, mut second) = (without_algorithm(&key), key.jwk());
    first["issuer"] = json!("https://login.microsoftonline.com/{tenantid}/v2.0");
    second["issuer"] =
        json!("https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0");
    let set = json!({ "keys": [first, second] });
    let provider = IdentityProvider::start(Published::Keys(set.clone())).await;
    for api in [
        Guarded::by_key_set(&set).await,
        Guarded::by_provider(&provider).await,
    ] {
        api.accepts(&key.token(&api.claims())).await;
        // The key still counts as the only one of its set.
        let header = json!({ "alg": "RS256" });
        let token = key.token_with_header(&header, &api.claims());
        api.accepts(&token).await;
    }
}

#[tokio::test]
async fn the_first_of_two_different_keys_with_one_id_is_used() {
    let key = SigningKey::generate("RS256", "key_1");
    let set = key_set(&[&key, &key.impostor()]);
    let provider = IdentityProvider::start(Published::Keys(set)).await;
    let api = Guarded::by_provider(&provider).await;
    api.accepts(&key.token(&api.claims())).await;
    api.refuses(&key.impostor().token(&api.claims()), "signature is invalid")
        .await;
}

#[tokio::test]
async fn a_byte_order_mark_before_a_set_is_ignored() {
    let key = any_key();
    let set = format!("\u{feff}{}", key_set(&[&key]));
    let provider = IdentityProvider::start(Published::Text(set.clone())).await;
    for api in [
        Guarded::with_settings(&[("JWT_KEYS", &set)]).await,
        Guarded::with_settings(&[("JWT_KEYS", &format!(" {set}\n"))]).await,
        Guarded::by_provider(&provider).await,
    ] {
        api.accepts(&key.token(&api.claims())).await;
    }
}
