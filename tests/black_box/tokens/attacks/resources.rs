//! Tokens that are made to cost much. The function handles them with a bounded amount of work, and they break nothing.

use black_box_tests::keys::base64url;
use serde_json::json;

use super::{MALFORMED, guarded};

const TOO_LARGE: &str = "malformed token: over 8 KiB";

/// CVE-2025-61920. A token over 8 KiB is refused unread (contract section 3).
#[tokio::test]
async fn a_huge_header_is_refused_unread() {
    let (key, api) = guarded("HS256").await;
    let mut header = key.header();
    header["padding"] = json!("a".repeat(20 * 1024));
    api.refuses(&key.token_with_header(&header, &api.claims()), TOO_LARGE)
        .await;
}

#[tokio::test]
async fn huge_claims_are_refused_unread() {
    let (key, api) = guarded("HS256").await;
    let claims = api.claims_with("padding", "a".repeat(20 * 1024));
    api.refuses(&key.token(&claims), TOO_LARGE).await;
}

/// CVE-2025-27144, CVE-2025-30204: a reader that splits the whole text makes a part for each dot.
#[tokio::test]
async fn thousands_of_parts_are_refused() {
    let (key, api) = guarded("HS256").await;
    api.refuses(&".".repeat(8 * 1024), MALFORMED).await;
    api.refuses(&".".repeat(20 * 1024), TOO_LARGE).await;
    let header = base64url(key.header().to_string().as_bytes());
    api.refuses(&format!("{header}{}", ".".repeat(8000)), MALFORMED)
        .await;
}

/// A reader that calls itself for each level runs out of stack.
#[tokio::test]
async fn deeply_nested_claims_are_refused() {
    let (key, api) = guarded("HS256").await;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let depth = 4000 / (open.len() + close.len());
        let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        let claims = api
            .claims()
            .to_string()
            .replacen('{', &format!("{{\"x\":{nested},"), 1);
        let token = key.token_of_text(&key.header().to_string(), &claims);
        api.refuses(&token, MALFORMED).await;
    }
}

/// Harmless: the function skips a parameter that it does not read, without a call for each level.
#[tokio::test]
async fn a_deeply_nested_header_parameter_is_skipped() {
    let (key, api) = guarded("HS256").await;
    let nested = format!("{}1{}", "[".repeat(2000), "]".repeat(2000));
    let header = key
        .header()
        .to_string()
        .replacen('{', &format!("{{\"x\":{nested},"), 1);
    api.accepts(&key.token_of_text(&header, &api.claims().to_string()))
        .await;
}

/// The names of many members could all fall into one place of a hash table.
#[tokio::test]
async fn hundreds_of_claims_are_read() {
    let (key, api) = guarded("HS256").await;
    let mut claims = api.claims();
    for number in 0..400 {
        claims[format!("c{number}")] = json!(0);
    }
    api.accepts(&key.token(&claims)).await;
}
