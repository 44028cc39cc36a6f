use std::sync::LazyLock;

use lambda_http::http::HeaderValue;
use regex::bytes::Regex;
use serde_json::Value;

use crate::request::Request;
use crate::scene::with_scene;
use crate::targets::api_event::check;

/// A list of strong entity tags (RFC 9110 section 13.1.1). Empty elements of a list are allowed.
static LIST: LazyLock<Regex> = LazyLock::new(|| {
    let tag = r#""[\x21\x23-\x7e\x80-\xff]*""#;
    let pattern = format!("^(?-u)[ \t,]*{tag}(?:[ \t]*,[ \t,]*{tag})*[ \t,]*$");
    Regex::new(&pattern).unwrap()
});

/// `If-Match` of a request that finds nothing to change, and `If-None-Match` of a read.
///
/// # Panics
/// When an answer differs from RFC 9110 and contract section 9.
pub fn entity_tags(input: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(input) else {
        return;
    };
    // API Gateway passes headers on as texts.
    let header = String::from_utf8_lossy(value.as_bytes()).into_owned();
    let header = header.as_bytes();
    with_scene(|scene| {
        let clear = r#"{"type":"phone","value":"+493012345678"}"#;
        let write = Request::of("verify-contact-method", "member", "c_2", clear);
        let read = Request::of("get-contact", "member", "c_2", "");
        let current = scene.answer(&read).headers["etag"].clone();
        let write = write.header("if-match", value.clone());
        let answer = scene.answer(&write);
        let is_any = header.trim_ascii() == b"*";
        let names_it = || tags(header).any(|tag| tag == current.trim_matches('"').as_bytes());
        let expected = if is_any {
            200
        } else if !LIST.is_match(header) {
            400
        } else if names_it() {
            200
        } else {
            412
        };
        let is_long = answer.status == 400 && tags(header).count() > 100;
        assert!(
            answer.status == expected || is_long,
            "not {expected}: {answer:?}"
        );
        if answer.status == 200 {
            assert_eq!(answer.body["data"]["outcome"], "unchanged");
        }
        check(scene, write.route, &answer);

        let answer = scene.answer(&read.clone().header("if-none-match", value.clone()));
        let is_weak =
            |part: &[u8]| part.trim_ascii().strip_prefix(b"W/") == Some(current.as_bytes());
        let is_named = |part: &[u8]| part.trim_ascii() == current.as_bytes() || is_weak(part);
        let has_it = is_any || header.split(|byte| *byte == b',').any(is_named);
        assert_eq!(answer.status, if has_it { 304 } else { 200 }, "{answer:?}");
        assert_eq!(answer.body == Value::Null, has_it);
        check(scene, read.route, &answer);
    });
}

/// The texts between the quotes of a list.
fn tags(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == b'"').skip(1).step_by(2)
}
