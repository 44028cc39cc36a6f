//! Extensions that change what a token means: `crit`, `b64`, `zip`, `typ`, `cty`.

use black_box_tests::keys::{base64url, unsigned};
use serde_json::{Value, json};

use super::{
    CRITICAL, MALFORMED, SIGNATURE, accepts_header, guarded, header_with, refuses_headers,
    sign_text,
};

/// RFC 7515 section 4.1.11; CVE-2025-59420.
#[tokio::test]
async fn a_critical_extension_that_nobody_knows_is_refused() {
    let (key, api) = guarded("HS256").await;
    let mut header = header_with(&key, "crit", json!(["https://example.com/policy"]));
    header["https://example.com/policy"] = json!("deny");
    api.refuses(&key.token_with_header(&header, &api.claims()), CRITICAL)
        .await;
}

/// RFC 7515 section 4.1.11: neither a registered parameter nor one that is missing may be listed.
#[tokio::test]
async fn a_critical_parameter_that_is_not_an_extension_is_refused() {
    let lists = [
        json!(["alg"]),
        json!(["exp"]),
        json!(["kid", "kid"]),
        json!(["missing"]),
        json!(["crit"]),
    ];
    refuses_headers("crit", lists, CRITICAL).await;
}

/// RFC 7515 section 4.1.11: `crit` is a list that is not empty.
#[tokio::test]
async fn critical_extensions_that_are_not_a_list_are_refused() {
    let lists = [
        json!([]),
        Value::Null,
        json!(""),
        json!("b64"),
        json!({}),
        json!(false),
        json!([1]),
    ];
    refuses_headers("crit", lists, CRITICAL).await;
}

/// RFC 7797 section 6.
#[tokio::test]
async fn an_unencoded_payload_is_refused() {
    let (key, api) = guarded("HS256").await;
    let mut header = header_with(&key, "crit", json!(["b64"]));
    header["b64"] = json!(false);
    api.refuses(&key.token_with_header(&header, &api.claims()), CRITICAL)
        .await;
    let encoded = base64url(header.to_string().as_bytes());
    api.refuses(&sign_text(&key, &format!("{encoded}.payload")), CRITICAL)
        .await;
}

/// RFC 7797 section 6: `b64` needs `crit`. Without `crit`, the function does not read `b64`, and decodes the payload.
#[tokio::test]
async fn a_payload_is_decoded_despite_b64_without_crit() {
    accepts_header("b64", false).await;
    let (key, api) = guarded("HS256").await;
    let header = base64url(header_with(&key, "b64", false).to_string().as_bytes());
    let claims = api.claims().to_string();
    api.refuses(&sign_text(&key, &format!("{header}.{claims}")), MALFORMED)
        .await;
    let without_dots = r#"{"sub":"subject_1"}"#;
    api.refuses(
        &sign_text(&key, &format!("{header}.{without_dots}")),
        MALFORMED,
    )
    .await;
}

/// RFC 7797 appendix and RFC 7515 appendix F: the payload comes by another way. The API has no such way.
#[tokio::test]
async fn a_detached_payload_is_refused() {
    let (key, api) = guarded("HS256").await;
    let token = key.token(&api.claims());
    let parts: Vec<_> = token.split('.').collect();
    api.refuses(&format!("{}..{}", parts[0], parts[2]), SIGNATURE)
        .await;
    api.refuses(&sign_text(&key, &format!("{}.", parts[0])), MALFORMED)
        .await;
}

/// RFC 8725 section 3.6; CVE-2024-33664 and CVE-2024-28176 are about such payloads that grow without bound. Compression is for
/// encrypted tokens only, so a compressed payload is not JSON. Nobody reads `zip`, so `zip` alone changes nothing.
#[tokio::test]
async fn a_compressed_payload_is_not_unpacked() {
    accepts_header("zip", "DEF").await;
    let (key, api) = guarded("HS256").await;
    let claims = api.claims().to_string();
    let length = u16::try_from(claims.len()).unwrap();
    // RFC 1951 section 3.2.4: one block, stored.
    let (low_first, complement) = (length.to_le_bytes(), (!length).to_le_bytes());
    let packed = [&[1][..], &low_first, &complement, claims.as_bytes()].concat();
    let header = base64url(header_with(&key, "zip", "DEF").to_string().as_bytes());
    let token = sign_text(&key, &format!("{header}.{}", base64url(&packed)));
    api.refuses(&token, MALFORMED).await;
}

/// RFC 8725 sections 2.8 and 3.11. Nobody reads `typ`: identity providers write many values, and the audience tells tokens for this
/// API from others. The API accepts a token of any type if the token is for this API, and refuses it otherwise.
#[tokio::test]
async fn a_token_of_another_type_is_accepted_or_refused_by_its_audience() {
    let (key, api) = guarded("HS256").await;
    for kind in [
        "at+jwt",
        "JWT",
        "id_token+jwt",
        "logout+jwt",
        "secevent+jwt",
        "dpop+jwt",
    ] {
        let header = header_with(&key, "typ", kind);
        api.accepts(&key.token_with_header(&header, &api.claims()))
            .await;
        let other = api.claims_with("aud", "https://other.example.com");
        let token = key.token_with_header(&header, &other);
        api.refuses(&token, "audience is not accepted").await;
    }
}

/// RFC 7519 section 5.2: the payload of a nested token is a token and not claims, however often it is signed.
#[tokio::test]
async fn a_token_within_a_token_is_refused() {
    let (key, api) = guarded("HS256").await;
    let inner = key.token(&api.claims());
    let header = header_with(&key, "cty", "JWT");
    api.refuses(&key.token_of_text(&header.to_string(), &inner), MALFORMED)
        .await;
    api.refuses(&key.token_with_header(&header, &json!(inner)), MALFORMED)
        .await;
    let unsigned_inner = format!(
        "{}.",
        unsigned(&header_with(&key, "alg", "none"), &api.claims())
    );
    api.refuses(
        &key.token_of_text(&header.to_string(), &unsigned_inner),
        MALFORMED,
    )
    .await;
}
