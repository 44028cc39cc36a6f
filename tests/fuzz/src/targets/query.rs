use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::domain::{AudienceSlug, EmailAddress};

use crate::invisible::is_invisible;
use crate::request::Request;
use crate::scene::with_scene;
use crate::targets::api_event::check;

/// The query of a request for the status of an address.
///
/// # Panics
/// When the API reads its parameters differently from those of a form. The exception is a plus, which stays a plus.
pub fn query(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let request = Request::of("contact-status", "application", "", "").query(text.to_owned());
    if request.event().is_none() {
        return;
    }
    with_scene(|scene| {
        let answer = scene.answer(&request);
        let (status, fields) = expected(text.split('#').next().unwrap_or_default());
        assert_eq!(answer.status, status, "{fields}: {answer:?}");
        let found = if status == 200 {
            &answer.body["email"]
        } else {
            &answer.body["error"]["fields"]
        };
        assert_eq!(*found, fields, "{answer:?}");
        check(scene, request.route, &answer);
    });
}

/// The expected status, and the address or the fields at fault.
fn expected(query: &str) -> (u16, Value) {
    let mut parameters = BTreeMap::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parameters.insert(decoded(name), decoded(value));
    }
    let value = |name: &str| parameters.get(name).map_or("", |value| value.trim());
    let client = value("client");
    if !client.is_empty() && client != "website" {
        return (403, json!({ "client": "forbidden" }));
    }
    // An address has no blanks. A blank (`%20`) stands for a plus that somebody has read as a blank.
    let address = value("email").trim_matches(is_invisible).replace(' ', "+");
    let address = EmailAddress::parse(&address);
    let mut faults = BTreeMap::new();
    match &address {
        Ok(_) => {}
        Err(_) if value("email").is_empty() => drop(faults.insert("email", "required")),
        Err(_) => drop(faults.insert("email", "invalid")),
    }
    for name in ["audience", "client"] {
        if value(name).is_empty() {
            faults.insert(name, "required");
        }
    }
    // A text that can be no audience is a fault of the query. The function looks up any other audience if there is no fault.
    let audience = value("audience");
    let is_slug = AudienceSlug::parse(audience).is_ok();
    let is_looked_up = faults.is_empty() && !["newsletter", "other"].contains(&audience);
    if !audience.is_empty() && (!is_slug || is_looked_up) {
        faults.insert("audience", "not_found");
    }
    match address {
        Ok(address) if faults.is_empty() => (200, json!(address.normal_form())),
        _ => (400, json!(faults)),
    }
}

/// Decodes `%xx`. Bytes that are not UTF-8 become replacement characters.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let digits = after
            .get(..2)
            .filter(|digits| *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
