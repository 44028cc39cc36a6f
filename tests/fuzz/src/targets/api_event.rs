use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lambda_http::http::Uri;
use serde_json::Value;
use shared::http::Route;

use crate::request::{Answer, REQUEST_ID, Request};
use crate::scene::{Scene, with_scene};
use crate::{contract, log};

/// The longest event. API Gateway has limits too, and no rule of ours depends on longer ones.
const MAX_BYTES: usize = 48 * 1024;

/// Passes an event of API Gateway through `lambda_http` to the handler of its route.
///
/// An input that begins with `{` is the event itself; any other is a request, as `Request::read` reads it.
///
/// # Panics
/// When the answer is an internal failure or not in the contract, or when a refused request has written something.
pub fn api_event(input: &[u8]) {
    if input.len() > MAX_BYTES {
        return;
    }
    let event = if input.starts_with(b"{") {
        serde_json::from_slice(input).ok().and_then(event)
    } else {
        let request = Request::read(input);
        request.event().map(|event| (request.route, event))
    };
    let Some((route, event)) = event else {
        return;
    };
    with_scene(|scene| {
        if let Some(answer) = scene.answer_event(route, event) {
            check(scene, route, &answer);
        }
    });
}

/// Asserts the rules for every answer.
pub(crate) fn check(scene: &Scene, route: Route, answer: &Answer) {
    let (writes, lines) = (scene.take_writes(), log::take());
    assert!(answer.status < 500, "{answer:?}: {lines:?}");
    contract::check(route, answer);
    let outcome = answer.body["outcome"].as_str();
    let outcome = outcome.or(answer.body["data"]["outcome"].as_str());
    let changes_nothing = answer.status >= 300 || matches!(outcome, Some("kept" | "unchanged"));
    assert!(
        writes.is_empty() || !changes_nothing,
        "{writes:?}: {answer:?}"
    );
}

/// An event with its route, if API Gateway could have sent it.
fn event(mut event: Value) -> Option<(Route, Value)> {
    let key = event["routeKey"].as_str()?;
    let route = Route::ALL.into_iter().find(|route| route.key() == key)?;
    let text = |place: &str| event.pointer(place).and_then(Value::as_str);
    // The front end refuses an invalid URL or body.
    let query = text("/rawQueryString").unwrap_or_default();
    let is_query = format!("http://a/?{query}").parse::<Uri>().is_ok();
    let is_path = text("/rawPath").is_some_and(|path| path.starts_with('/'));
    let body = text("/body").unwrap_or_default();
    let is_body = event["isBase64Encoded"] != true || BASE64_STANDARD.decode(body).is_ok();
    if !(is_query && is_path && is_body) {
        return None;
    }
    // The front end sets these members itself.
    let set = [
        ("/requestContext", "stage", "$default"),
        ("/requestContext", "requestId", REQUEST_ID),
        ("/requestContext/http", "method", route.method()),
        ("/headers", "host", "api.example.com"),
        ("/headers", "x-forwarded-proto", "https"),
    ];
    for (place, name, value) in set {
        let object = event.pointer_mut(place)?.as_object_mut()?;
        object.retain(|other, _| !other.eq_ignore_ascii_case(name) || other == name);
        object.insert(name.to_owned(), value.into());
    }
    Some((route, event))
}
