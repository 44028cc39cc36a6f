use std::collections::BTreeSet;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::choices::line;
use crate::request::Request;
use crate::scene::{Scene, with_scene};
use crate::targets::api_event::check;

/// The queries: a contact, and its filter.
const QUERIES: [(&str, &str); 5] = [
    ("c_2", ""),
    ("c_2", "type=phone&value=%2B14165550101"),
    ("c_2", "type=email&value=ann@example.com"),
    ("c_1", ""),
    ("c_1", "type=email&value=jane.doe@example.com"),
];

thread_local! {
    /// The cursors of each query.
    static CURSORS: Vec<BTreeSet<String>> = with_scene(|scene| {
        let cursors: Vec<_> = QUERIES.iter().map(|query| cursors(scene, *query)).collect();
        assert!(cursors.iter().any(|cursors| cursors.len() > 2), "{cursors:?}");
        cursors
    });
}

/// A page of a history: the number of the query in the first line, the limit in the second, then the cursor.
///
/// # Panics
/// When the API accepts a cursor that no page of this query has, or a limit that is not from 1 to 100.
pub fn history_page(mut input: &[u8]) {
    let number = line(&mut input).first().copied().unwrap_or_default();
    let number = usize::from(number) % QUERIES.len();
    let Ok(limit) = str::from_utf8(line(&mut input)) else {
        return;
    };
    let Ok(cursor) = str::from_utf8(input) else {
        return;
    };
    CURSORS.with(|cursors| {
        with_scene(|scene| {
            let request = request(QUERIES[number], limit, cursor);
            let answer = scene.answer(&request);
            let is_limit = limit.trim().is_empty() || is_limit(limit.trim());
            let is_cursor = cursor.trim().is_empty() || cursors[number].contains(cursor.trim());
            let expected = if is_limit && is_cursor { 200 } else { 400 };
            assert_eq!(answer.status, expected, "{answer:?}");
            check(scene, request.route, &answer);
        });
    });
}

/// Whether a page can have this limit.
fn is_limit(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse().is_ok_and(|limit| (1..=100).contains(&limit))
}

fn request((contact, filter): (&str, &str), limit: &str, cursor: &str) -> Request {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let query = format!("{filter}&limit={}&cursor={}", encode(limit), encode(cursor));
    Request::of("get-history", "member", contact, "").query(query)
}

/// The cursors of the pages of a query.
fn cursors(scene: &Scene, query: (&str, &str)) -> BTreeSet<String> {
    let (mut cursors, mut next) = (BTreeSet::new(), String::new());
    loop {
        let answer = scene.answer(&request(query, "1", &next));
        assert_eq!(answer.status, 200, "{answer:?}");
        match &answer.body["nextCursor"] {
            Value::String(cursor) => next.clone_from(cursor),
            _ => return cursors,
        }
        cursors.insert(next.clone());
    }
}
