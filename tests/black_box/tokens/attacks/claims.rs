//! Values that are not times, or that some readers take for other times (RFC 7519 section 2, `NumericDate`).

use black_box_tests::keys::now_seconds;
use serde_json::{Value, json};

use super::{MALFORMED, guarded};

async fn accepts_claim(name: &str, values: impl IntoIterator<Item = Value>) {
    let (key, api) = guarded("HS256").await;
    for value in values {
        api.accepts(&key.token(&api.claims_with(name, value))).await;
    }
}

async fn refuses_claim(name: &str, values: impl IntoIterator<Item = Value>, description: &str) {
    let (key, api) = guarded("HS256").await;
    for value in values {
        let token = key.token(&api.claims_with(name, value));
        api.refuses(&token, description).await;
    }
}

/// Texts sort and convert in surprising ways: `"9"` is later than `"10"`, and some readers take `"1e9"` for a number.
#[tokio::test]
async fn an_expiry_that_is_no_number_is_refused() {
    let later = now_seconds() + 3600;
    let values = [
        json!(later.to_string()),
        json!("1e99"),
        json!("never"),
        json!(""),
        json!("2099-01-01T00:00:00Z"),
        json!([later]),
        json!({ "$numberLong": later }),
        json!(true),
        json!(false),
    ];
    refuses_claim("exp", values, "claim malformed: exp").await;
}

/// A number that wraps around would be in the future again.
#[tokio::test]
async fn an_expiry_in_the_past_is_refused_in_every_form() {
    let values = [
        json!(0),
        json!(-0.0),
        json!(-1),
        json!(i64::MIN),
        json!(-1e300),
        json!(1e-300),
        json!(1_000_000_000.9),
        json!(1.7e9),
    ];
    refuses_claim("exp", values, "token expired").await;
}

#[tokio::test]
async fn an_expiry_too_large_for_a_time_is_refused_or_far() {
    refuses_claim("exp", [json!(1e300), json!(1.9e19)], "claim malformed: exp").await;
    accepts_claim(
        "exp",
        [json!(u64::MAX), json!(i64::MAX), json!(253_402_300_800_u64)],
    )
    .await;
}

/// Milliseconds instead of seconds are a common mistake. Such a token does not expire for 50,000 years, but the provider signed it.
#[tokio::test]
async fn an_expiry_in_milliseconds_is_far() {
    accepts_claim("exp", [json!((now_seconds() + 3600) * 1000)]).await;
}

#[tokio::test]
async fn an_expiry_of_more_digits_than_any_number_is_malformed() {
    let (key, api) = guarded("HS256").await;
    for digits in ["9".repeat(400), "1e400".to_owned()] {
        let claims = api.claims_without("exp").to_string();
        let claims = claims.replacen('{', &format!("{{\"exp\":{digits},"), 1);
        let token = key.token_of_text(&key.header().to_string(), &claims);
        api.refuses(&token, MALFORMED).await;
    }
}

#[tokio::test]
async fn a_beginning_that_is_no_number_is_refused() {
    let values = [
        json!("0"),
        json!(""),
        json!([0]),
        json!({}),
        json!(true),
        json!(1e300),
    ];
    refuses_claim("nbf", values, "claim malformed: nbf").await;
}

#[tokio::test]
async fn a_beginning_in_the_future_is_refused_in_every_form() {
    let soon = now_seconds() + 600;
    let values = [
        json!(soon),
        json!(u64::MAX),
        json!(i64::MAX),
        json!(4.2e9),
        json!(soon * 1000),
    ];
    refuses_claim("nbf", values, "token not yet valid").await;
}

/// Harmless: null counts as absent (contract section 3), and a token need not have `nbf`.
#[tokio::test]
async fn a_beginning_that_is_null_or_past_does_not_matter() {
    accepts_claim(
        "nbf",
        [Value::Null, json!(0), json!(-1), json!(-1e300), json!(1.5)],
    )
    .await;
}

/// Harmless: `iat` (RFC 7519 section 4.1.6) and `jti` are not read, since `exp` alone ends a token.
#[tokio::test]
async fn claims_that_nobody_reads_do_not_matter() {
    for name in ["iat", "jti", "auth_time", "azp"] {
        accepts_claim(
            name,
            [
                json!(now_seconds() + 9999),
                json!("text"),
                json!(-1),
                Value::Null,
                json!({}),
            ],
        )
        .await;
    }
}
