use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use contacts::development::settings_from;
use lambda_http::http::HeaderValue;
use serde_json::Value;

use crate::fixtures::FIXTURES;
use crate::targets::token::is_accepted;

/// A JWK Set, as `JWT_KEYS` has it.
///
/// # Panics
/// When a refusal quotes a key, or when the authenticator accepts a token whose key is not in the set.
pub fn key_set(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let keys = |name: &str| Ok((name == "JWT_KEYS").then(|| text.to_owned()));
    let parsed: Value =
        serde_json::from_str(text.trim().trim_start_matches('\u{feff}')).unwrap_or_default();
    let authenticator = match settings_from(&keys) {
        Ok(settings) => settings.authenticator,
        Err(refusal) => {
            let refusal = refusal.to_string();
            assert!(
                refusal.starts_with("JWT_KEYS ") && !refusal.contains('\n'),
                "{refusal}"
            );
            for secret in members(&parsed, "k").filter(|secret| secret.len() > 8) {
                assert!(!refusal.contains(secret), "{refusal}");
            }
            return;
        }
    };
    let fixtures = FIXTURES.keys["keys"].as_array().unwrap().iter();
    for (key, token) in fixtures.zip(&FIXTURES.tokens) {
        let header = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        if is_accepted(&authenticator, &header) {
            let name = ["k", "n", "x"]
                .into_iter()
                .find(|name| key.get(name).is_some())
                .unwrap();
            let wanted = number(key[name].as_str().unwrap());
            let is_there = members(&parsed, name).any(|text| number(text) == wanted);
            assert!(
                is_there,
                "accepted: a token of {key}, which is not in {text}"
            );
        }
    }
}

/// The texts of this member in all keys.
fn members<'v>(set: &'v Value, name: &'v str) -> impl Iterator<Item = &'v str> {
    let keys = set["keys"].as_array().into_iter().flatten();
    keys.filter_map(move |key| key[name].as_str())
}

/// The decoded bytes without leading zeros.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    Some(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}
