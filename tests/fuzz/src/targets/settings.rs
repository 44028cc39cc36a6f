use std::collections::BTreeMap;

use contacts::development::settings_from;
use serde_json::Value;
use shared::auth::ClaimName;
use shared::settings::{HistorySettings, InvalidSetting, Settings};

/// The settings of a function, one in each line as `NAME=value`. In a value, `\n` stands for a line break.
///
/// # Panics
/// When a refusal is not one line that begins with the name of a setting, or when a claim's name finds a wrong value.
pub fn settings(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let values: BTreeMap<_, _> = lines
        .map(|(name, value)| (name, value.replace("\\n", "\n")))
        .collect();
    let value_of = |name: &str| Ok(values.get(name).cloned());
    check(Settings::read(value_of).err());
    check(HistorySettings::read(value_of).err());
    check(settings_from(&value_of).err());
    for name in values.values() {
        claim(name);
    }
}

fn check(refusal: Option<InvalidSetting>) {
    if let Some(refusal) = refusal {
        let refusal = refusal.to_string();
        let name = refusal.split(' ').next().unwrap_or_default();
        let is_name = name.contains('_')
            && name
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        assert!(is_name && !refusal.contains('\n'), "{refusal:?}");
    }
}

/// Compares the value that a claim's name finds with the expected one.
fn claim(name: &str) {
    let claims: Value = serde_json::from_str(
        r#"{"role":"a","a/b":{"c":["d"]},"~":{"":{"/":1}},"":"e","~1":"f","https://example.com/org":"g","a":{"b":{"c":"h"}}}"#,
    )
    .unwrap();
    let Ok(parsed) = name.parse::<ClaimName>() else {
        assert!(name.starts_with('/'), "{name:?} is the name of a claim");
        return;
    };
    assert_eq!(parsed.to_string(), name);
    let expected = if let Some(pointer) = name.strip_prefix('/') {
        let mut found = Some(&claims);
        for segment in pointer.split('/') {
            let mut segment = segment.replace("~1", "/");
            segment = segment.replace("~0", "~");
            found = found.and_then(|value| match value {
                Value::Object(members) => members.get(&segment),
                Value::Array(list) => index(&segment).and_then(|index| list.get(index)),
                _ => None,
            });
        }
        found
    } else {
        claims.get(name)
    };
    assert_eq!(parsed.find(&claims), expected, "{name:?}");
    let path: Vec<_> = parsed.path().collect();
    assert!(
        name.starts_with('/') || path == [name],
        "{name:?}: {path:?}"
    );
}

/// The index of an element (RFC 6901 section 4): no leading zeros.
fn index(segment: &str) -> Option<usize> {
    let is_index = segment == "0" || !segment.starts_with(['0', '+']);
    segment.parse().ok().filter(|_| is_index)
}
