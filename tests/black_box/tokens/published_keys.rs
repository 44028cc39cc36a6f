//! Keys that an identity provider publishes: their fetches, cache and rotation, and failures of the provider.
//!
//! Where minutes must pass, the tests advance the runtime's clock while nothing is under way. Every connection is real.

use std::sync::Arc;
use std::time::Duration;

use black_box_tests::identity_provider::{IdentityProvider, Published};
use black_box_tests::keys::{SigningKey, key_set};
use black_box_tests::{Answer, Database};
use serde_json::{Value, json};
use shared::auth::DEVELOPMENT_SECRET;
use shared::http::Route;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{
    ENDPOINTS, Guarded, UNKNOWN_KEY, any_key, assert_invalid_token, assert_no_token,
    assert_unavailable, service,
};

/// The shortest time between two refetches (contract section 3).
const REFETCH_INTERVAL: Duration = Duration::from_mins(5);

fn keys(keys: &[&SigningKey]) -> Published {
    Published::Keys(key_set(keys))
}

/// A key that is not [`any_key`].
fn next_key() -> SigningKey {
    SigningKey::generate("HS256", "key_2")
}

/// A provider that publishes these keys, and an API that accepts their tokens.
async fn guarded(published: Published) -> (IdentityProvider, Guarded) {
    let provider = IdentityProvider::start(published).await;
    let api = Guarded::by_provider(&provider).await;
    (provider, api)
}

/// Advances the clock by this time. The clock is paused only while it advances, so no timer runs ahead of a connection.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn one_fetch_serves_every_request() {
    let key = any_key();
    let (provider, api) = guarded(keys(&[&key])).await;
    for _ in 0..3 {
        api.accepts(&key.token(&api.claims())).await;
    }
    assert_eq!(provider.requests(), 1);
}

#[tokio::test]
async fn keys_are_kept_for_the_life_of_the_process() {
    let key = any_key();
    let (provider, api) = guarded(keys(&[&key])).await;
    let mut claims = api.claims();
    claims["exp"] = json!(u64::MAX);
    let token = key.token(&claims);
    api.accepts(&token).await;
    pass(Duration::from_hours(240)).await;
    api.accepts(&token).await;
    assert_eq!(provider.requests(), 1);
}

#[tokio::test]
async fn keys_that_were_fetched_at_start_serve_the_first_request() {
    let key = any_key();
    let provider = IdentityProvider::start(keys(&[&key])).await;
    let database = Database::start().await;
    let service = service(&database, &[("JWT_KEYS_URL", provider.url.as_str())]).await;
    service.authenticator.prepare().await;
    let api = Guarded::with_service(database, service).await;
    provider.publish(Published::Status(500, json!({})));
    api.accepts(&key.token(&api.claims())).await;
    assert_eq!(provider.requests(), 1);
}

#[tokio::test]
async fn the_first_request_repeats_a_fetch_that_failed_at_start() {
    let key = any_key();
    let provider = IdentityProvider::start(Published::Status(500, json!({}))).await;
    let database = Database::start().await;
    let service = service(&database, &[("JWT_KEYS_URL", provider.url.as_str())]).await;
    service.authenticator.prepare().await;
    let api = Guarded::with_service(database, service).await;
    provider.publish(keys(&[&key]));
    api.accepts(&key.token(&api.claims())).await;
    assert_eq!(provider.requests(), 2);
}

/// An API whose handlers count the requests that arrive.
async fn guarded_and_arrivals(
    provider: &IdentityProvider,
) -> (Arc<Guarded>, watch::Receiver<usize>) {
    let database = Database::start().await;
    let mut service = service(&database, &[("JWT_KEYS_URL", provider.url.as_str())]).await;
    let (arrived, arrivals) = watch::channel(0);
    let clock = Arc::clone(&service.clock);
    // Each request reads the clock once when it arrives, and then goes on to its keys without a wait.
    service.clock = Arc::new(move || {
        arrived.send_modify(|count| *count += 1);
        clock()
    });
    let api = Guarded::with_service(database, service).await;
    (Arc::new(api), arrivals)
}

/// The answers to ten requests with this token. The provider sends its keys only when all of the requests wait.
async fn send_at_once(
    provider: &IdentityProvider,
    api: &Arc<Guarded>,
    arrivals: &mut watch::Receiver<usize>,
    token: &str,
) -> Vec<Answer> {
    provider.hold();
    let all = *arrivals.borrow() + 10;
    let mut requests = JoinSet::new();
    for _ in 0..10 {
        // An accepted request fails at its body, so the database, which handles one request after another, has no part in this.
        let request = api
            .request_to(Route::VerifyContactMethod, &api.contact)
            .bearer_auth(token)
            .json(&json!({}));
        let api = Arc::clone(api);
        requests.spawn(async move { api.api.send(request).await });
    }
    arrivals.wait_for(|count| *count == all).await.unwrap();
    provider.release();
    requests.join_all().await
}

#[tokio::test]
async fn concurrent_first_requests_share_one_fetch() {
    let key = any_key();
    let provider = IdentityProvider::start(keys(&[&key])).await;
    let (api, mut arrivals) = guarded_and_arrivals(&provider).await;
    let token = key.token(&api.claims());
    for answer in send_at_once(&provider, &api, &mut arrivals, &token).await {
        assert_eq!(answer.status, 400, "{answer:?}");
    }
    assert_eq!(provider.requests(), 1);
}

/// If each request tried for itself, the last one would wait for the timeouts of all others.
#[tokio::test]
async fn concurrent_first_requests_share_one_failure() {
    let key = any_key();
    let provider = IdentityProvider::start(Published::Status(500, json!({}))).await;
    let (api, mut arrivals) = guarded_and_arrivals(&provider).await;
    let token = key.token(&api.claims());
    for answer in send_at_once(&provider, &api, &mut arrivals, &token).await {
        assert_unavailable(Route::VerifyContactMethod, &answer);
    }
    assert_eq!(provider.requests(), 1);
}

#[tokio::test]
async fn concurrent_requests_with_a_new_key_share_one_refetch() {
    let (old, new) = (any_key(), next_key());
    let provider = IdentityProvider::start(keys(&[&old])).await;
    let (api, mut arrivals) = guarded_and_arrivals(&provider).await;
    api.accepts(&old.token(&api.claims())).await;
    provider.publish(keys(&[&old, &new]));
    let token = new.token(&api.claims());
    for answer in send_at_once(&provider, &api, &mut arrivals, &token).await {
        assert_eq!(answer.status, 400, "{answer:?}");
    }
    assert_eq!(provider.requests(), 2);
}

#[tokio::test]
async fn a_known_key_does_not_wait_for_a_refetch() {
    let key = any_key();
    let provider = IdentityProvider::start(keys(&[&key])).await;
    let (api, _) = guarded_and_arrivals(&provider).await;
    api.accepts(&key.token(&api.claims())).await;
    provider.hold();
    let unknown = next_key().token(&api.claims());
    let waiting = tokio::spawn({
        let api = Arc::clone(&api);
        async move { api.send(Route::VerifyContactMethod, &unknown).await }
    });
    provider.requested(2).await;
    api.accepts(&key.token(&api.claims())).await;
    assert!(!waiting.is_finished());
    provider.release();
    assert_eq!(waiting.await.unwrap().status, 401);
}

#[tokio::test]
async fn a_rotated_key_is_accepted() {
    let (old, new) = (any_key(), next_key());
    let (provider, api) = guarded(keys(&[&old])).await;
    api.accepts(&old.token(&api.claims())).await;
    provider.publish(keys(&[&new]));
    api.accepts(&new.token(&api.claims())).await;
    assert_eq!(provider.requests(), 2);
}

#[tokio::test]
async fn a_key_that_was_withdrawn_is_refused_once_its_successor_is_fetched() {
    let (old, new) = (any_key(), next_key());
    let (provider, api) = guarded(keys(&[&old])).await;
    // The same token was accepted before. With other keys, that does not count.
    let token = old.token(&api.claims());
    api.accepts(&token).await;
    provider.publish(keys(&[&new]));
    api.accepts(&new.token(&api.claims())).await;
    api.refuses(&token, UNKNOWN_KEY).await;
}

#[tokio::test]
async fn unknown_keys_lead_to_one_refetch_however_many_they_are() {
    let key = any_key();
    let (provider, api) = guarded(keys(&[&key])).await;
    api.accepts(&key.token(&api.claims())).await;
    for number in 0..5 {
        let unknown = SigningKey::generate("HS256", &format!("made_up_{number}"));
        api.refuses(&unknown.token(&api.claims()), UNKNOWN_KEY)
            .await;
    }
    assert_eq!(provider.requests(), 2);
}

#[tokio::test]
async fn a_rotated_key_is_refused_within_5_minutes_of_a_refetch() {
    let (old, new) = (any_key(), next_key());
    let (provider, api) = guarded(keys(&[&old])).await;
    let made_up = SigningKey::generate("HS256", "made_up");
    api.refuses(&made_up.token(&api.claims()), UNKNOWN_KEY)
        .await;
    provider.publish(keys(&[&new]));
    let fetches = provider.requests();
    // The remaining two minutes are far more than the rest of this test takes.
    pass(Duration::from_mins(3)).await;
    api.refuses(&new.token(&api.claims()), UNKNOWN_KEY).await;
    assert_eq!(provider.requests(), fetches);
}

#[tokio::test]
async fn a_rotated_key_is_accepted_5_minutes_after_a_refetch() {
    let (old, new) = (any_key(), next_key());
    let (provider, api) = guarded(keys(&[&old])).await;
    let made_up = SigningKey::generate("HS256", "made_up");
    api.refuses(&made_up.token(&api.claims()), UNKNOWN_KEY)
        .await;
    provider.publish(keys(&[&new]));
    let fetches = provider.requests();
    pass(REFETCH_INTERVAL).await;
    api.accepts(&new.token(&api.claims())).await;
    assert_eq!(provider.requests(), fetches + 1);
}

#[tokio::test]
async fn a_failed_refetch_keeps_the_old_keys() {
    let key = any_key();
    let (provider, api) = guarded(keys(&[&key])).await;
    api.accepts(&key.token(&api.claims())).await;
    provider.publish(Published::Status(500, json!({})));
    api.refuses(&next_key().token(&api.claims()), UNKNOWN_KEY)
        .await;
    api.accepts(&key.token(&api.claims())).await;
}

#[tokio::test]
async fn a_refetch_of_a_set_without_usable_keys_keeps_the_old_keys() {
    let key = any_key();
    let (provider, api) = guarded(keys(&[&key])).await;
    api.accepts(&key.token(&api.claims())).await;
    provider.publish(Published::Keys(json!({ "keys": [] })));
    api.refuses(&next_key().token(&api.claims()), UNKNOWN_KEY)
        .await;
    api.accepts(&key.token(&api.claims())).await;
}

#[tokio::test]
async fn a_failed_refetch_is_not_tried_again_within_5_minutes() {
    let (old, new) = (any_key(), next_key());
    let (provider, api) = guarded(keys(&[&old])).await;
    api.accepts(&old.token(&api.claims())).await;
    provider.publish(Published::Status(500, json!({})));
    api.refuses(&new.token(&api.claims()), UNKNOWN_KEY).await;
    provider.publish(keys(&[&new]));
    api.refuses(&new.token(&api.claims()), UNKNOWN_KEY).await;
    assert_eq!(provider.requests(), 2);
}

#[tokio::test]
async fn a_bad_signature_of_a_known_key_leads_to_no_refetch() {
    let key = any_key();
    let (provider, api) = guarded(keys(&[&key])).await;
    let forged = key.impostor().token(&api.claims());
    api.refuses(&forged, "signature is invalid").await;
    assert_eq!(provider.requests(), 1);
}

#[tokio::test]
async fn another_algorithm_of_a_known_key_leads_to_no_refetch() {
    let key = any_key();
    let (provider, api) = guarded(keys(&[&key])).await;
    let other = SigningKey::generate("HS512", "key_1").token(&api.claims());
    api.refuses(&other, "algorithm is not the one of the key")
        .await;
    assert_eq!(provider.requests(), 1);
}

#[tokio::test]
async fn a_token_without_a_key_id_is_checked_with_the_only_published_key() {
    let key = any_key();
    let (provider, api) = guarded(keys(&[&key])).await;
    let mut header = key.header();
    header.as_object_mut().unwrap().remove("kid");
    api.accepts(&key.token_with_header(&header, &api.claims()))
        .await;
    assert_eq!(provider.requests(), 1);
}

#[tokio::test]
async fn a_request_without_a_token_needs_no_keys() {
    let (provider, api) = guarded(Published::Status(500, json!({}))).await;
    for endpoint in ENDPOINTS {
        let answer = api.api.send(api.request(endpoint)).await;
        let text = "missing Authorization header";
        assert_no_token(endpoint, &answer, "missing_authorization", text);
    }
    assert_eq!(provider.requests(), 0);
}

#[tokio::test]
async fn a_malformed_token_needs_no_keys() {
    let (provider, api) = guarded(Published::Status(500, json!({}))).await;
    api.refuses("opaque-token", "malformed token").await;
    assert_eq!(provider.requests(), 0);
}

#[tokio::test]
async fn keys_of_kinds_that_nobody_knows_are_passed_over() {
    let key = any_key();
    let mut encryption = next_key().jwk();
    encryption["use"] = json!("enc");
    let set = json!({ "keys": [
        { "kty": "AKP", "kid": "post_quantum", "alg": "ML-DSA-44", "pub": "AAAA" },
        { "kty": "RSA", "kid": "without_alg", "n": "AQAB", "e": "AQAB" },
        encryption,
        "not even an object",
        null,
        key.jwk(),
    ] });
    let (_provider, api) = guarded(Published::Keys(set)).await;
    api.accepts(&key.token(&api.claims())).await;
}

#[tokio::test]
async fn a_key_for_encryption_is_not_used_for_tokens() {
    let key = any_key();
    let encryption = next_key();
    let mut jwk = encryption.jwk();
    jwk["use"] = json!("enc");
    let set = json!({ "keys": [jwk, key.jwk()] });
    let (_provider, api) = guarded(Published::Keys(set)).await;
    api.refuses(&encryption.token(&api.claims()), UNKNOWN_KEY)
        .await;
}

#[tokio::test]
async fn the_development_key_is_not_used_though_it_is_published() {
    let key = any_key();
    let development = SigningKey::hmac("HS256", "development", DEVELOPMENT_SECRET);
    let (_provider, api) = guarded(keys(&[&key, &development])).await;
    api.refuses(&development.token(&api.claims()), UNKNOWN_KEY)
        .await;
}

/// Asserts that an API which never had keys answers 503, and accepts callers from the first request after the provider is
/// back.
async fn unavailable_until_it_is_back(failing: impl FnOnce(Value) -> Published) {
    let key = any_key();
    let (provider, api) = guarded(failing(key_set(&[&key]))).await;
    let token = key.token(&api.claims());
    api.is_unavailable_to(&token).await;
    provider.publish(keys(&[&key]));
    api.accepts(&token).await;
}

#[tokio::test]
async fn without_keys_an_answer_of_500_means_unavailable() {
    unavailable_until_it_is_back(|keys| Published::Status(500, keys)).await;
}

#[tokio::test]
async fn without_keys_an_answer_of_404_means_unavailable() {
    unavailable_until_it_is_back(|keys| Published::Status(404, keys)).await;
}

#[tokio::test]
async fn without_keys_an_answer_of_203_means_unavailable() {
    unavailable_until_it_is_back(|keys| Published::Status(203, keys)).await;
}

#[tokio::test]
async fn without_keys_a_document_that_is_not_json_means_unavailable() {
    unavailable_until_it_is_back(|_| Published::Text("<html>maintenance</html>".to_owned())).await;
}

#[tokio::test]
async fn without_keys_an_empty_document_means_unavailable() {
    unavailable_until_it_is_back(|_| Published::Text(String::new())).await;
}

#[tokio::test]
async fn without_keys_a_document_that_is_not_a_set_means_unavailable() {
    unavailable_until_it_is_back(|keys| Published::Keys(keys["keys"].clone())).await;
}

#[tokio::test]
async fn without_keys_an_empty_set_means_unavailable() {
    unavailable_until_it_is_back(|_| Published::Keys(json!({ "keys": [] }))).await;
}

#[tokio::test]
async fn without_keys_a_document_that_is_too_large_means_unavailable() {
    unavailable_until_it_is_back(|keys| {
        Published::Text(format!("{}{keys}", " ".repeat(1024 * 1024)))
    })
    .await;
}

#[tokio::test]
async fn without_keys_a_document_that_breaks_off_means_unavailable() {
    unavailable_until_it_is_back(|_| Published::BrokenOff).await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let key = any_key();
    let elsewhere = IdentityProvider::start(keys(&[&key])).await;
    let (_provider, api) = guarded(Published::Redirect(elsewhere.url.clone())).await;
    api.is_unavailable_to(&key.token(&api.claims())).await;
    assert_eq!(elsewhere.requests(), 0);
}

#[tokio::test]
async fn without_keys_a_provider_that_cannot_be_reached_means_unavailable() {
    // Nothing listens on port 1, and no process without privileges can.
    let api = Guarded::with_settings(&[("JWT_KEYS_URL", "http://127.0.0.1:1/keys")]).await;
    api.is_unavailable_to(&any_key().token(&api.claims())).await;
}

#[tokio::test]
async fn without_keys_a_provider_that_hangs_means_unavailable() {
    let key = any_key();
    let provider = IdentityProvider::start(keys(&[&key])).await;
    let (api, _) = guarded_and_arrivals(&provider).await;
    let token = key.token(&api.claims());
    provider.hold();
    for (endpoint, fetches) in ENDPOINTS.into_iter().zip(1..) {
        let waiting = tokio::spawn({
            let (api, token) = (Arc::clone(&api), token.clone());
            async move { api.send(endpoint, &token).await }
        });
        provider.requested(fetches).await;
        pass(Duration::from_secs(3)).await;
        assert_unavailable(endpoint, &waiting.await.unwrap());
    }
    provider.release();
    api.accepts(&token).await;
}

#[tokio::test]
async fn a_refetch_that_hangs_keeps_the_old_keys() {
    let key = any_key();
    let provider = IdentityProvider::start(keys(&[&key])).await;
    let (api, _) = guarded_and_arrivals(&provider).await;
    api.accepts(&key.token(&api.claims())).await;
    provider.hold();
    let unknown = next_key().token(&api.claims());
    let waiting = tokio::spawn({
        let api = Arc::clone(&api);
        async move { api.send(Route::VerifyContactMethod, &unknown).await }
    });
    provider.requested(2).await;
    pass(Duration::from_secs(3)).await;
    assert_invalid_token(
        Route::VerifyContactMethod,
        &waiting.await.unwrap(),
        UNKNOWN_KEY,
    );
    api.accepts(&key.token(&api.claims())).await;
}
