//! Keys whose private halves were not kept, and tokens that were signed with them.

use std::sync::LazyLock;

use serde_json::{Value, json};

use black_box_tests::keys::{SigningKey, key_set};
use contacts::demo::MAILER_ORGANIZATION;
use contacts::development::{AUDIENCE, ISSUER};

/// The keys and tokens of `fixtures.json`.
pub(crate) static FIXTURES: LazyLock<Fixtures> = LazyLock::new(|| {
    let fixtures: Value = serde_json::from_str(include_str!("fixtures.json")).unwrap();
    let tokens = fixtures["tokens"].as_array().unwrap().iter();
    Fixtures {
        keys: fixtures["keys"].clone(),
        tokens: tokens
            .map(|token| token.as_str().unwrap().to_owned())
            .collect(),
    }
});

/// Keys and tokens.
pub(crate) struct Fixtures {
    /// A JWK Set.
    pub(crate) keys: Value,
    /// A token of each key.
    pub(crate) tokens: Vec<String>,
}

/// New fixtures: a key of each kind, and a token of each key that is valid until 2099. The tokens in the corpus are of the old keys.
#[must_use]
pub fn new_fixtures() -> Value {
    let kinds = [
        "HS256", "HS512", "RS256", "PS256", "ES256", "ES384", "EdDSA",
    ];
    let keys = kinds.map(|kind| SigningKey::generate(kind, kind));
    let claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "user_1", "organizationId": MAILER_ORGANIZATION,
        "role": "ADMIN", "exp": 4_070_908_800_u64,
    });
    let keys: Vec<_> = keys.iter().collect();
    let tokens: Vec<_> = keys.iter().map(|key| key.token(&claims)).collect();
    json!({ "keys": key_set(&keys), "tokens": tokens })
}
