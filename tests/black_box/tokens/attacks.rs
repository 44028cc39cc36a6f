//! The published attacks on JSON Web Tokens. Each test is named after its attack and states the source: RFC 8725 (best current
//! practices), the RFC whose rule is attacked, or the CVE of a vulnerable library.
//!
//! The tests try each attack on three endpoints ([`Guarded::refuses`]). Some deviations are harmless: they do not change what the
//! function reads, and mostly only the holder of the key can make them. The function accepts them, and their tests say why.
//! In headers: a repeated parameter that nobody reads, `zip` and `b64` without `crit`, any `typ`, a null `kid`. In claims: any
//! `iat`, a null `nbf`, the last of two organizations. In signatures: the second ECDSA signature of a message.

mod algorithms;
mod claims;
mod confusion;
mod elliptic_curves;
mod encoding;
mod extensions;
mod key_ids;
mod keys_in_header;
mod members;
mod resources;
mod serialization;
mod signature_bytes;
mod substitution;

use black_box_tests::keys::{SigningKey, base64url, unsigned};
use serde_json::Value;

use super::{ALGORITHM, Guarded, SIGNATURE, UNKNOWN_KEY, header_with};

const MALFORMED: &str = "malformed token";
const CRITICAL: &str = "malformed token: critical header not understood";

/// An API that accepts the tokens of one key of this algorithm.
async fn guarded(algorithm: &'static str) -> (SigningKey, Guarded) {
    let key = SigningKey::generate(algorithm, "key_1");
    let api = Guarded::by(&[&key]).await;
    (key, api)
}

/// The signed text with this signature.
fn token_of(signed: &str, signature: &[u8]) -> String {
    format!("{signed}.{}", base64url(signature))
}

/// A token with a valid signature, whose signed text need not be base64url.
fn sign_text(key: &SigningKey, signed: &str) -> String {
    token_of(signed, &key.sign(signed.as_bytes()))
}

/// Asserts that the API refuses a valid message with each signature that `forge` makes from the valid one.
async fn refuses_signatures(algorithm: &'static str, forge: impl Fn(&[u8]) -> Vec<Vec<u8>>) {
    let (key, api) = guarded(algorithm).await;
    let message = unsigned(&key.header(), &api.claims());
    for forged in forge(&key.sign(message.as_bytes())) {
        api.refuses(&token_of(&message, &forged), SIGNATURE).await;
    }
}

/// Asserts that the API accepts a token with a valid signature and this header parameter.
async fn accepts_header(name: &str, value: impl Into<Value>) {
    let (key, api) = guarded("HS256").await;
    let token = key.token_with_header(&header_with(&key, name, value), &api.claims());
    api.accepts(&token).await;
}

async fn refuses_headers<V: Into<Value>>(
    name: &str,
    values: impl IntoIterator<Item = V>,
    description: &str,
) {
    let (key, api) = guarded("HS256").await;
    for value in values {
        let token = key.token_with_header(&header_with(&key, name, value), &api.claims());
        api.refuses(&token, description).await;
    }
}
