mod edit;
mod verifications;

use serde_json::{Value, json};
use shared::store::Item;

use self::edit::Edit;
use self::verifications::{Seen, check_seen};
use crate::choices::Choices;
use crate::request::{Answer, Request};
use crate::scene::{Scene, with_scene};
use crate::{contract, log};

/// The requests: the function, the caller, the contact, and the body or the query.
const REQUESTS: [(&str, &str, &str, &str); 20] = [
    ("get-contact", "member", "c_2", ""),
    ("get-contact", "member", "c_1", ""),
    (
        "contact-status",
        "application",
        "",
        "email=ann@example.com&audience=newsletter&client=website",
    ),
    (
        "contact-status",
        "application",
        "",
        "email=jane.doe@example.com&audience=newsletter&client=website",
    ),
    ("get-history", "member", "c_2", ""),
    (
        "get-history",
        "member",
        "c_1",
        "type=email&value=jane.doe@example.com&limit=1",
    ),
    (
        "verify-phone-number",
        "member",
        "c_2",
        r#"{"phoneNumber":"+493012345678","verifiedAt":"2026-01-01T00:00:00Z"}"#,
    ),
    (
        "verify-phone-number",
        "member",
        "c_2",
        r#"{"phoneNumber":"+14165550101","verifiedAt":"2026-01-01T00:00:00Z"}"#,
    ),
    (
        "verify-contact-method",
        "member",
        "c_2",
        r#"{"type":"email","value":"ann.lee@example.com"}"#,
    ),
    (
        "verify-contact-method",
        "member",
        "c_1",
        r#"{"type":"email","value":"jane.doe@example.com"}"#,
    ),
    (
        "verify-contact",
        "application",
        "c_2",
        r#"{"audience":"newsletter","client":"website","verified":true,"email":"ann.lee@example.com"}"#,
    ),
    (
        "verify-contact",
        "application",
        "c_1",
        r#"{"audience":"newsletter","client":"website","verified":false}"#,
    ),
    (
        "upsert-contact",
        "application",
        "",
        r#"{"audience":"newsletter","client":"website","email":"ann@example.com","firstName":"Anna","tags":["x"]}"#,
    ),
    (
        "upsert-contact",
        "application",
        "",
        r#"{"audience":"newsletter","client":"website","email":"former@example.com","status":"subscribed"}"#,
    ),
    (
        "add-contact-method",
        "member",
        "c_2",
        r#"{"type":"email","value":"former@example.com"}"#,
    ),
    (
        "remove-contact-method",
        "member",
        "c_2",
        r#"{"type":"email","value":"ann.lee@example.com"}"#,
    ),
    (
        "subscribe",
        "application",
        "",
        r#"{"audience":"newsletter","client":"website","email":"jane.doe@example.com","scope":"global"}"#,
    ),
    (
        "unsubscribe",
        "application",
        "",
        r#"{"audience":"newsletter","client":"website","email":"ann@example.com","scope":"audience"}"#,
    ),
    ("erase-contact", "administrator", "c_2", ""),
    ("erase-contact", "administrator", "c_4", ""),
];

/// Edits the table by hand, then sends a request. The input is the number of the request, then edits, as `Edit::read` reads them.
///
/// # Panics
/// When the answer is neither right nor an internal failure that names the unreadable attribute and has written nothing.
pub fn table_item(input: &[u8]) {
    let mut choices = Choices::of(input);
    let (function, caller, id, text) = *choices.one_of(&REQUESTS);
    let request = match function {
        "contact-status" | "get-history" => {
            Request::of(function, caller, id, "").query(text.to_owned())
        }
        _ => Request::of(function, caller, id, text),
    };
    with_scene(|scene| {
        let mut edits: Vec<Edit> = Vec::new();
        let mut items = scene.items.clone();
        while edits.len() < 3 && !choices.is_empty() {
            edits.extend(Edit::read(&mut choices, &mut items));
        }
        let seen = Seen::of_scene(scene);
        if !put(scene, &items) {
            return;
        }
        scene.take_writes();
        log::take();
        let context = format!("{function} {id} after {edits:?}");
        let answer = scene.answer(&request);
        let (writes, lines) = (scene.take_writes(), log::take());
        contract::check(request.route, &answer);
        match answer.status {
            500 => check_failure(&edits, &writes, &lines, &context),
            ..500 => {
                let changes_nothing = answer.status >= 300 || function.starts_with("get");
                assert!(
                    writes.is_empty() || !changes_nothing,
                    "{context}: {writes:?}"
                );
                if function != "erase-contact" {
                    let after = Seen::read(scene);
                    check_seen(&seen, &after, &edits, writes.is_empty(), text, &context);
                    check_unknown(scene, &edits, &context);
                }
            }
            _ => panic!("{context}: {answer:?} {lines:?}"),
        }
        check_log(&lines, &answer, &context);
    });
}

/// Puts the changed items. Returns false if DynamoDB does not accept one of them.
fn put(scene: &Scene, items: &[Item]) -> bool {
    let changed = items
        .iter()
        .zip(&scene.items)
        .filter(|(item, before)| item != before);
    for (item, before) in changed {
        if item.is_empty() {
            scene.delete(before);
        } else if scene.put(item.clone()).is_err() {
            return false;
        }
    }
    true
}

/// Asserts that an internal failure names the unreadable attribute, and has written nothing.
fn check_failure(edits: &[Edit], writes: &[String], lines: &[Value], context: &str) {
    let failure = lines.iter().find(|line| line["level"] == "ERROR");
    let failure = failure.unwrap_or_else(|| panic!("{context}: nothing is logged"));
    let cause = failure["error"].as_str().unwrap_or_default();
    let is_named = edits.iter().any(|edit| edit.is_named_in(cause));
    let is_inconsistent = cause.contains("the table is inconsistent: ");
    assert!(is_named || is_inconsistent, "{context}: {cause}");
    // Endpoints 1 and 2 read the contact from the answer to their single update, and so only after the write.
    let is_single_update = writes == ["UpdateItem"] && context.starts_with("verify-");
    // An erasure has several steps. Its repetition completes it once the item is readable.
    let is_erasure = context.starts_with("erase-contact");
    assert!(
        writes.is_empty() || is_single_update || is_erasure,
        "{context}: a failure wrote {writes:?}: {cause}"
    );
}

/// Asserts that no line has values of the table, and that none reports a panic.
fn check_log(lines: &[Value], answer: &Answer, context: &str) {
    for line in lines.iter().chain([&json!({ "answer": answer.status })]) {
        let line = line.to_string();
        for secret in [edit::SECRET, "panicked", "example.com", "4165550101"] {
            assert!(!line.contains(secret), "{context}: {line}");
        }
    }
}

/// Asserts that unknown attributes keep their values.
fn check_unknown(scene: &Scene, edits: &[Edit], context: &str) {
    if !edits.iter().any(Edit::is_unknown) {
        return;
    }
    let items = scene.found();
    for edit in edits {
        assert!(edit.has_kept_unknown(&items), "{context}: {edit:?} is lost");
    }
}
