//! Tokens that are valid elsewhere.

use black_box_tests::identity_provider::{IdentityProvider, Published};
use black_box_tests::keys::{SigningKey, key_set};
use serde_json::json;

use super::super::{AUDIENCE, Guarded, ISSUER};
use super::{UNKNOWN_KEY, guarded};

/// RFC 8725 sections 2.7 and 3.9: a token for another API of the same provider.
#[tokio::test]
async fn a_token_for_another_api_is_refused() {
    let (key, api) = guarded("RS256").await;
    for audience in [
        json!("https://mail.example.com"),
        json!(format!("{AUDIENCE}/")),
        json!(format!("{AUDIENCE}.attacker.example")),
        json!(AUDIENCE.to_uppercase()),
        json!(format!(" {AUDIENCE}")),
        json!(format!("{AUDIENCE},https://mail.example.com")),
        json!(["https://mail.example.com"]),
        json!([]),
        json!(""),
    ] {
        let token = key.token(&api.claims_with("aud", audience));
        api.refuses(&token, "audience is not accepted").await;
    }
}

/// RFC 8725 section 3.8: several issuers share keys, as the tenants of Microsoft Entra ID do.
#[tokio::test]
async fn a_token_of_another_issuer_with_the_same_key_is_refused() {
    let (key, api) = guarded("RS256").await;
    for issuer in [
        "https://idp.example.org/",
        "https://idp.example.com",
        "https://idp.example.com//",
        "https://idp.example.com/other",
        "https://IDP.example.com/",
        "http://idp.example.com/",
        "https://idp.example.com/ ",
        "https://idp.example.com/\u{0}",
        "https://idp.example.com.attacker.example/",
        "https://idp.example.com@attacker.example/",
        "",
    ] {
        let token = key.token(&api.claims_with("iss", issuer));
        api.refuses(&token, "issuer is not accepted").await;
    }
    assert!(ISSUER.starts_with("https://idp.example.com/"));
}

/// RFC 8725 section 3.8: a token names one issuer. A list could contain ours beside others.
#[tokio::test]
async fn a_token_with_a_list_of_issuers_is_refused() {
    let (key, api) = guarded("RS256").await;
    for issuer in [
        json!([ISSUER]),
        json!(["https://idp.example.org/", ISSUER]),
        json!({ ISSUER: true }),
    ] {
        let token = key.token(&api.claims_with("iss", issuer));
        api.refuses(&token, "claim malformed: iss").await;
    }
}

/// The token names our issuer, but another provider signed it, whose keys are not in the set.
#[tokio::test]
async fn a_token_that_another_provider_signed_is_refused() {
    let (ours, theirs) = (
        SigningKey::generate("ES256", "key_1"),
        SigningKey::generate("ES256", "key_of_theirs"),
    );
    let provider = IdentityProvider::start(Published::Keys(key_set(&[&ours]))).await;
    for api in [
        Guarded::by(&[&ours]).await,
        Guarded::by_provider(&provider).await,
    ] {
        api.accepts(&ours.token(&api.claims())).await;
        api.refuses(&theirs.token(&api.claims()), UNKNOWN_KEY).await;
    }
}

/// The organization of a token is that of its signed claims, whatever else the token or the request says.
#[tokio::test]
async fn an_organization_in_the_header_counts_for_nothing() {
    let (key, api) = guarded("HS256").await;
    let mut header = key.header();
    header["organizationId"] = json!("org_other");
    header["role"] = json!("SUPERADMIN");
    api.accepts(&key.token_with_header(&header, &api.claims()))
        .await;
    // RFC 7519 section 5.3 lets an encrypted token repeat claims in its header. A signed one has them in its payload alone.
    header["organizationId"] = api.claims()["organizationId"].clone();
    let token = key.token_with_header(&header, &api.claims_without("organizationId"));
    api.refuses(&token, "claim missing: organizationId").await;
}
