use std::sync::LazyLock;

use black_box_tests::keys::SigningKey;
use contacts::development::{AUDIENCE, ISSUER, settings_from};
use futures_util::FutureExt;
use lambda_http::http::HeaderValue;
use serde_json::Value;
use shared::auth::{Authenticator, DEVELOPMENT_SECRET};
use shared::domain::Timestamp;

use crate::choices::line;
use crate::fixtures::FIXTURES;

/// The time at which tokens are verified: 2026-06-02T08:00:00Z.
const NOW: f64 = 1_780_387_200.0;

/// An `Authorization` header, or after an empty line the header and the claims of a token that is signed with the published key.
///
/// # Panics
/// When the authenticator accepts a token that nobody signed, or one whose claims are invalid.
pub fn token(mut input: &[u8]) {
    if input.starts_with(b"\n") {
        line(&mut input);
        let header = String::from_utf8_lossy(line(&mut input));
        signed(&header, &String::from_utf8_lossy(input));
    } else {
        forged(input);
    }
}

/// Asserts that only signed tokens are accepted, byte for byte.
fn forged(header: &[u8]) {
    static AUTHENTICATOR: LazyLock<Authenticator> =
        LazyLock::new(|| authenticator(&FIXTURES.keys.to_string()));
    let Ok(header) = HeaderValue::from_bytes(header) else {
        return;
    };
    if is_accepted(&AUTHENTICATOR, &header) {
        let token = header.as_bytes()["bearer ".len()..].trim_ascii();
        let is_signed = FIXTURES
            .tokens
            .iter()
            .any(|signed| signed.as_bytes() == token);
        assert!(is_signed, "accepted: {header:?}");
    }
}

/// Asserts that only signed tokens with valid claims are accepted.
fn signed(header: &str, claims: &str) {
    static KEY: LazyLock<SigningKey> =
        LazyLock::new(|| SigningKey::hmac("HS256", "development", DEVELOPMENT_SECRET));
    static AUTHENTICATOR: LazyLock<Authenticator> =
        LazyLock::new(|| settings_from(&|_| Ok(None)).unwrap().authenticator);
    let token = KEY.token_of_text(header, claims);
    let Ok(value) = HeaderValue::from_str(&format!("Bearer {token}")) else {
        return;
    };
    if is_accepted(&AUTHENTICATOR, &value) {
        let header: Value = serde_json::from_str(header).unwrap();
        let claims: Value = serde_json::from_str(claims).unwrap();
        let is_key = header["alg"] == "HS256" && header.get("crit").is_none();
        let is_key = is_key && (header["kid"].is_null() || header["kid"] == "development");
        assert!(is_key && is_valid(&claims), "accepted: {header} {claims}");
    }
}

/// Whether the claims are those of a valid token (contract section 3).
fn is_valid(claims: &Value) -> bool {
    let is_present = |name: &str| match &claims[name] {
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(list) => list.len() == 1,
        Value::Object(members) => members.len() == 1,
        _ => false,
    };
    let audience = if claims["aud"].is_null() {
        &claims["client_id"]
    } else {
        &claims["aud"]
    };
    let is_audience = audience == AUDIENCE
        || audience
            .as_array()
            .is_some_and(|list| list.iter().any(|audience| audience == AUDIENCE));
    let role = &claims["role"];
    let is_super_admin = role == "SUPERADMIN"
        || role
            .as_array()
            .is_some_and(|list| list.iter().any(|role| role == "SUPERADMIN"))
        || role.get("SUPERADMIN").is_some();
    let is_subject = claims["sub"]
        .as_str()
        .is_some_and(|subject| !subject.trim().is_empty());
    let is_user = !is_present("client");
    let is_actor = !is_user
        || !claims["sub"]
            .as_str()
            .unwrap_or_default()
            .starts_with("client:");
    claims["exp"]
        .as_f64()
        .is_some_and(|expiry| expiry >= NOW - 60.0)
        && claims["nbf"]
            .as_f64()
            .is_none_or(|not_before| not_before <= NOW + 60.0)
        && claims["iss"] == ISSUER
        && is_audience
        && is_subject
        && is_actor
        && (is_present("organizationId") || is_super_admin)
}

/// An authenticator with these keys and the development settings.
pub(crate) fn authenticator(keys: &str) -> Authenticator {
    let keys = |name: &str| Ok((name == "JWT_KEYS").then(|| keys.to_owned()));
    settings_from(&keys).unwrap().authenticator
}

/// Whether the authenticator accepts the token. Panics if a refusal is not one short line of ASCII, so it cannot quote the token.
pub(crate) fn is_accepted(authenticator: &Authenticator, header: &HeaderValue) -> bool {
    let now = Timestamp::parse_rfc3339("2026-06-02T08:00:00Z").unwrap();
    let answer = authenticator.authenticate(Some(header), now).now_or_never();
    match answer.unwrap() {
        Ok(_) => true,
        Err(refusal) => {
            let refusal = refusal.to_string();
            let is_one_line = !refusal.contains('\n') && refusal.len() < 200;
            assert!(is_one_line && refusal.is_ascii(), "{refusal}");
            false
        }
    }
}
