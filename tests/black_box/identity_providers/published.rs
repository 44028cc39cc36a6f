//! Key sets in the form that each provider publishes, with the key that signs its tokens.

use black_box_tests::keys::SigningKey;
use serde_json::{Value, json};

/// The start of a certificate. Nothing reads it.
const CERTIFICATE: &str = "MIIDBTCCAe2gAwIBAgIQN33ROaIJ6bJBWDCxtmJEbjANBgkqhkiG9w0BAQsFADAt";

/// An RSA key with this `kid`, and its JWK with these members instead of `alg`.
fn rsa(id: &str, members: &Value) -> (SigningKey, Value) {
    let key = SigningKey::generate("RS256", id);
    let mut jwk = key.jwk();
    jwk.as_object_mut().unwrap().remove("alg").unwrap();
    add(&mut jwk, members);
    (key, jwk)
}

fn add(jwk: &mut Value, members: &Value) {
    let members = members.as_object().unwrap().clone();
    jwk.as_object_mut().unwrap().extend(members);
}

/// The JWK of another RSA key pair.
fn another(jwk: &Value, id: &str) -> Value {
    let mut other = jwk.clone();
    let impostor = SigningKey::generate("RS256", id).impostor().jwk();
    for name in ["n", "e", "kid"] {
        other[name] = impostor[name].clone();
    }
    other
}

/// A set of two keys, of which the second signs: providers publish the next key early.
fn two_keys(id: &str, members: &Value) -> (SigningKey, Value) {
    let (key, jwk) = rsa(id, members);
    let other = another(&jwk, "the-next-one");
    (key, json!({ "keys": [other, jwk] }))
}

pub(super) fn cognito() -> (SigningKey, Value) {
    two_keys("1234example=", &json!({ "alg": "RS256", "use": "sig" }))
}

pub(super) fn auth0() -> (SigningKey, Value) {
    two_keys(
        "NjVBRjY5MDlCMUIwNzU4RTA2QzZFMDQ4QzQ2MDAyQjVDNjk1RTM2Qg",
        &json!({
            "alg": "RS256", "use": "sig", "x5c": [CERTIFICATE],
            "x5t": "NjVBRjY5MDlCMUIwNzU4RTA2QzZFMDQ4QzQ2MDAyQjVDNjk1RTM2Qg",
        }),
    )
}

/// Entra publishes keys without `alg`, and each key once for each issuer that signs with it.
pub(super) fn entra() -> (SigningKey, Value) {
    let id = "nOo3ZDrODXEK1jKWhXslHR_KXEg";
    let members = json!({ "use": "sig", "x5t": id, "x5c": [CERTIFICATE] });
    let (key, jwk) = rsa(id, &members);
    let mut keys = Vec::new();
    for (jwk, issuer) in [
        (
            another(&jwk, "the-next-one"),
            "https://login.microsoftonline.com/{tenantid}/v2.0",
        ),
        (
            jwk.clone(),
            "https://login.microsoftonline.com/{tenantid}/v2.0",
        ),
        (
            jwk,
            "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
        ),
    ] {
        let mut jwk = jwk;
        add(
            &mut jwk,
            &json!({ "issuer": issuer, "cloud_instance_name": "microsoftonline.com" }),
        );
        keys.push(jwk);
    }
    (key, json!({ "keys": keys }))
}

pub(super) fn okta() -> (SigningKey, Value) {
    two_keys(
        "U5R8cHbGw445Qbq8zVO1PcCpXL8yG6IcovVa3laCoxM",
        &json!({ "alg": "RS256", "use": "sig" }),
    )
}

/// Keycloak also publishes a key for encryption.
pub(super) fn keycloak() -> (SigningKey, Value) {
    let certificate = json!({ "x5c": [CERTIFICATE], "x5t": "Vd6m", "x5t#S256": "2tzj" });
    let (key, mut signing) = rsa(
        "FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE",
        &json!({ "alg": "RS256", "use": "sig" }),
    );
    let mut encryption = another(&signing, "3gcAnKzRkzKSTWPFzIEWYGUhMnHuWRfaNTTcqBFP7vM");
    add(&mut encryption, &json!({ "alg": "RSA-OAEP", "use": "enc" }));
    add(&mut signing, &certificate);
    add(&mut encryption, &certificate);
    (key, json!({ "keys": [encryption, signing] }))
}

pub(super) fn google() -> (SigningKey, Value) {
    two_keys(
        "f90fb1ae048a548fb681ad6092b0b869ea467ac6",
        &json!({ "alg": "RS256", "use": "sig" }),
    )
}

/// Supabase publishes a key as the Web Crypto API exports it.
pub(super) fn supabase() -> (SigningKey, Value) {
    let key = SigningKey::generate("ES256", "b81269f1-21d8-4f2e-b719-c2240a840d90");
    let mut jwk = key.jwk();
    add(
        &mut jwk,
        &json!({ "use": "sig", "key_ops": ["verify"], "ext": true }),
    );
    (key, json!({ "keys": [jwk] }))
}

pub(super) fn zitadel() -> (SigningKey, Value) {
    two_keys(
        "180025476050733111",
        &json!({ "alg": "RS256", "use": "sig" }),
    )
}
