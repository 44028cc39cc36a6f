//! The `Authorization` header: the headers that have a token, and the refusals that come before and after that of a token.

use black_box_tests::keys::SigningKey;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::json;
use shared::http::Route;

use super::{ENDPOINTS, Guarded, any_key, assert_invalid_token, assert_no_token, body};

const NOT_BEARER: &str = "Authorization header is not a bearer token";

/// Asserts that every endpoint answers 401 to a header without a bearer token.
async fn assert_not_bearer(authorization: &[u8]) {
    let api = Guarded::by(&[&any_key()]).await;
    for endpoint in ENDPOINTS {
        let answer = api.send_authorization(endpoint, authorization).await;
        assert_no_token(endpoint, &answer, "invalid_authorization", NOT_BEARER);
    }
}

#[tokio::test]
async fn a_request_without_the_header_is_refused() {
    let api = Guarded::by(&[&any_key()]).await;
    for endpoint in ENDPOINTS {
        let answer = api.api.send(api.request(endpoint)).await;
        let text = "missing Authorization header";
        assert_no_token(endpoint, &answer, "missing_authorization", text);
    }
}

#[tokio::test]
async fn a_blank_header_counts_as_missing() {
    let api = Guarded::by(&[&any_key()]).await;
    for endpoint in ENDPOINTS {
        let answer = api.send_authorization(endpoint, b"").await;
        let text = "missing Authorization header";
        assert_no_token(endpoint, &answer, "missing_authorization", text);
    }
}

#[tokio::test]
async fn another_scheme_is_refused() {
    assert_not_bearer(b"Basic dXNlcjpwYXNzd29yZA==").await;
}

#[tokio::test]
async fn a_scheme_that_begins_like_bearer_is_refused() {
    assert_not_bearer(b"BearerToken abc.def.ghi").await;
}

#[tokio::test]
async fn an_empty_token_is_refused() {
    assert_not_bearer(b"Bearer ").await;
}

#[tokio::test]
async fn a_token_without_a_scheme_is_refused() {
    let key = any_key();
    let api = Guarded::by(&[&key]).await;
    let token = key.token(&api.claims());
    for endpoint in ENDPOINTS {
        let answer = api.send_authorization(endpoint, token.as_bytes()).await;
        assert_no_token(endpoint, &answer, "invalid_authorization", NOT_BEARER);
    }
}

#[tokio::test]
async fn a_token_of_bytes_that_are_not_ascii_is_refused() {
    let api = Guarded::by(&[&any_key()]).await;
    for endpoint in ENDPOINTS {
        let answer = api
            .send_authorization(endpoint, b"Bearer \xff\xfe.\xfd")
            .await;
        assert_invalid_token(endpoint, &answer, "malformed token");
    }
}

#[tokio::test]
async fn bytes_that_are_not_ascii_are_no_scheme() {
    assert_not_bearer(b"\xff\xfe token").await;
}

#[tokio::test]
async fn the_scheme_may_be_in_either_case() {
    let key = any_key();
    let api = Guarded::by(&[&key]).await;
    let token = key.token(&api.claims());
    for scheme in ["bearer", "BEARER", "bEaReR"] {
        let authorization = format!("{scheme} {token}");
        let answer = api
            .send_authorization(Route::VerifyContactMethod, authorization.as_bytes())
            .await;
        assert_eq!(answer.status, 200, "{scheme}");
    }
}

#[tokio::test]
async fn several_spaces_may_follow_the_scheme() {
    let key = any_key();
    let api = Guarded::by(&[&key]).await;
    let authorization = format!("Bearer   {}", key.token(&api.claims()));
    let answer = api
        .send_authorization(Route::VerifyContactMethod, authorization.as_bytes())
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn two_headers_are_refused_though_each_has_a_valid_token() {
    let key = any_key();
    let api = Guarded::by(&[&key]).await;
    let token = key.token(&api.claims());
    for endpoint in ENDPOINTS {
        let request = api
            .request(endpoint)
            .bearer_auth(&token)
            .bearer_auth(&token);
        // API Gateway joins the headers with a comma, which no token contains.
        let answer = api.api.send(request).await;
        assert_invalid_token(endpoint, &answer, "malformed token");
    }
}

/// Valid tokens of increasing length, from just below 8 KiB to just above.
fn tokens_around_8_kib(key: &SigningKey, api: &Guarded) -> impl Iterator<Item = String> {
    let padded = |length| key.token(&api.claims_with("padding", "a".repeat(length)));
    // Base64 makes four bytes of three.
    let shortest = (8 * 1024 - padded(0).len()) * 3 / 4 - 4;
    (shortest..shortest + 8).map(padded)
}

#[tokio::test]
async fn a_token_of_8_kib_is_accepted() {
    let key = any_key();
    let api = Guarded::by(&[&key]).await;
    let token = tokens_around_8_kib(&key, &api)
        .take_while(|token| token.len() <= 8 * 1024)
        .last()
        .unwrap();
    // Not every length is possible.
    assert!(token.len() >= 8 * 1024 - 1);
    api.accepts(&token).await;
}

#[tokio::test]
async fn a_token_of_over_8_kib_is_refused() {
    let key = any_key();
    let api = Guarded::by(&[&key]).await;
    let token = tokens_around_8_kib(&key, &api)
        .find(|token| token.len() > 8 * 1024)
        .unwrap();
    api.refuses(&token, "malformed token: over 8 KiB").await;
}

#[tokio::test]
async fn an_invalid_token_is_answered_before_a_body_that_is_too_large() {
    let api = Guarded::by(&[&any_key()]).await;
    for endpoint in ENDPOINTS {
        let request = api
            .request_to(endpoint, &api.contact)
            .bearer_auth("bad")
            .json(&json!({ "padding": "a".repeat(17 * 1024) }));
        assert_invalid_token(endpoint, &api.api.send(request).await, "malformed token");
    }
}

#[tokio::test]
async fn an_invalid_token_is_answered_before_a_content_type_that_is_not_json() {
    let api = Guarded::by(&[&any_key()]).await;
    for endpoint in ENDPOINTS {
        let request = api
            .request_to(endpoint, &api.contact)
            .bearer_auth("bad")
            .header(CONTENT_TYPE, "text/plain")
            .body("{}");
        assert_invalid_token(endpoint, &api.api.send(request).await, "malformed token");
    }
}

#[tokio::test]
async fn an_invalid_token_is_answered_before_an_invalid_body() {
    let api = Guarded::by(&[&any_key()]).await;
    for endpoint in ENDPOINTS {
        let request = api
            .request_to(endpoint, &api.contact)
            .bearer_auth("bad")
            .header(CONTENT_TYPE, "application/json")
            .body("{");
        assert_invalid_token(endpoint, &api.api.send(request).await, "malformed token");
    }
}

#[tokio::test]
async fn an_invalid_token_is_answered_before_a_missing_contact() {
    let api = Guarded::by(&[&any_key()]).await;
    for endpoint in ENDPOINTS {
        let request = api
            .request_to(endpoint, "c_none")
            .bearer_auth("bad")
            .json(&body(endpoint));
        assert_invalid_token(endpoint, &api.api.send(request).await, "malformed token");
    }
}

#[tokio::test]
async fn a_missing_token_is_answered_before_a_body_that_is_too_large() {
    let api = Guarded::by(&[&any_key()]).await;
    for endpoint in ENDPOINTS {
        let request = api
            .request_to(endpoint, &api.contact)
            .json(&json!({ "padding": "a".repeat(17 * 1024) }));
        let answer = api.api.send(request).await;
        let text = "missing Authorization header";
        assert_no_token(endpoint, &answer, "missing_authorization", text);
    }
}

#[tokio::test]
async fn a_refused_request_changes_nothing() {
    let key = any_key();
    let api = Guarded::by(&[&key]).await;
    let request = |token: &str| {
        api.request_to(Route::VerifyContactMethod, &api.contact)
            .header(AUTHORIZATION, format!("Bearer {token}"))
    };
    let record =
        json!({ "type": "phone", "value": "+14165550100", "verifiedAt": "2026-05-15T09:12:00Z" });
    let forged = key.impostor().token(&api.claims());
    let refused = api.api.send(request(&forged).json(&record)).await;
    assert_eq!(refused.status, 401);
    let clear = request(&key.token(&api.claims())).json(&body(Route::VerifyContactMethod));
    let answer = api.api.send(clear).await;
    assert_eq!(answer.body["data"]["outcome"], "unchanged");
    assert_eq!(answer.header("etag"), Some("\"1\""));
}
