//! Other forms than the compact one (RFC 7515 section 7.1), and encrypted tokens.

use black_box_tests::keys::{SigningKey, base64url};
use serde_json::{Value, json};

use super::super::Guarded;
use super::{ALGORITHM, MALFORMED, SIGNATURE, guarded};

/// The parts of a valid token.
fn parts(key: &SigningKey, api: &Guarded) -> [String; 3] {
    let token = key.token(&api.claims());
    let parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts.try_into().unwrap()
}

/// RFC 7515 section 7.2: general and flattened. RFC 7519 section 1 allows neither for a JWT.
#[tokio::test]
async fn a_token_in_json_is_refused() {
    let (key, api) = guarded("HS256").await;
    let [protected, payload, signature] = parts(&key, &api);
    let flattened = json!({ "protected": protected, "payload": payload, "signature": signature });
    let general = json!({
        "payload": payload, "signatures": [{ "protected": protected, "signature": signature }],
    });
    let with_dots = json!({
        "payload": payload, "header": { "kid": "a.b" }, "protected": protected, "signature": signature,
    });
    for token in [flattened, general, with_dots] {
        api.refuses(&token.to_string(), MALFORMED).await;
    }
}

/// CVE-2022-39227: a text that is JSON to one reader and compact to another, with the claims of an attacker for one of them.
#[tokio::test]
async fn a_token_in_both_forms_is_refused() {
    let (key, api) = guarded("HS256").await;
    let [protected, payload, signature] = parts(&key, &api);
    let mut claims = api.claims();
    claims["role"] = json!("SUPERADMIN");
    let forged = base64url(claims.to_string().as_bytes());
    let members = json!({ "protected": protected, "payload": payload, "signature": signature });
    let members = members.to_string();
    let json_first = members.replacen('{', &format!("{{\"  {protected}.{forged}.\":\"\","), 1);
    api.refuses(&json_first, MALFORMED).await;
    api.refuses(
        &format!("{protected}.{forged}.{signature}{members}"),
        MALFORMED,
    )
    .await;
}

/// RFC 7516: five parts. The API holds no key that decrypts.
#[tokio::test]
async fn an_encrypted_token_is_refused() {
    let (key, api) = guarded("HS256").await;
    for algorithm in [
        "dir",
        "RSA-OAEP",
        "RSA1_5",
        "A128KW",
        "ECDH-ES",
        "PBES2-HS256+A128KW",
    ] {
        let header =
            json!({ "alg": algorithm, "enc": "A256GCM", "kid": "key_1", "p2c": 2_000_000_000 });
        let header = base64url(header.to_string().as_bytes());
        api.refuses(&format!("{header}..AAAA.AAAA.AAAA"), ALGORITHM)
            .await;
        api.refuses(&format!("{header}.AAAA.AAAA.AAAA.AAAA"), ALGORITHM)
            .await;
    }
    // With the algorithm of the key, the token still has too many parts.
    let [header, payload, signature] = parts(&key, &api);
    api.refuses(
        &format!("{header}.{payload}.{signature}.AAAA.AAAA"),
        MALFORMED,
    )
    .await;
}

/// A reader that takes the first three parts, or the last three, would accept such a token.
#[tokio::test]
async fn a_token_with_more_parts_is_refused() {
    let (key, api) = guarded("HS256").await;
    let token = key.token(&api.claims());
    for text in [
        format!("{token}."),
        format!("{token}.."),
        format!("{token}.{token}"),
        format!(".{token}"),
        format!("{token}.AAAA"),
    ] {
        api.refuses(&text, MALFORMED).await;
    }
}

/// API Gateway joins repeated headers with a comma.
#[tokio::test]
async fn two_tokens_in_one_header_are_refused() {
    let (key, api) = guarded("HS256").await;
    let token = key.token(&api.claims());
    for between in [",", ", ", " ", ", Bearer ", ";"] {
        api.refuses(&format!("{token}{between}{token}"), MALFORMED)
            .await;
    }
}

/// A valid token with quotes around it, or with a word before it.
#[tokio::test]
async fn a_token_in_quotes_is_refused() {
    let (key, api) = guarded("HS256").await;
    let token = key.token(&api.claims());
    for text in [
        format!("\"{token}\""),
        format!("'{token}'"),
        format!("<{token}>"),
        format!("Bearer {token}"),
        format!("token={token}"),
    ] {
        api.refuses(&text, MALFORMED).await;
    }
}

/// The parts of two tokens, put together.
#[tokio::test]
async fn the_parts_of_two_tokens_do_not_make_a_third() {
    let (key, api) = guarded("HS256").await;
    let [header, payload, signature] = parts(&key, &api);
    let other = key.token_with_header(
        &json!({ "alg": "HS256", "kid": "key_1" }),
        &api.claims_with("sub", "other"),
    );
    let other: Vec<_> = other.split('.').collect();
    api.refuses(&format!("{header}.{}.{}", other[1], other[2]), SIGNATURE)
        .await;
    api.refuses(&format!("{}.{payload}.{signature}", other[0]), SIGNATURE)
        .await;
    api.refuses(&format!("{payload}.{header}.{signature}"), MALFORMED)
        .await;
    api.refuses(&Value::Null.to_string(), MALFORMED).await;
}
