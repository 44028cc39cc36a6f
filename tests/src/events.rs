//! The sample events of `events/`. They need the demo data and one fixed time.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The time at which the tests handle all events.
pub const NOW: &str = "2026-06-02T08:00:00.000Z";

/// The names of all events, `<function>/<case>`.
#[must_use]
pub fn names() -> BTreeSet<String> {
    let folder = folder();
    entries(&folder)
        .filter(|function| function.is_dir())
        .flat_map(|function| entries(&function).collect::<Vec<_>>())
        .map(|file| file.strip_prefix(&folder).unwrap().with_extension(""))
        .map(|name| name.to_str().unwrap().to_owned())
        .collect()
}

/// The event with this name.
#[must_use]
pub fn event(name: &str) -> Value {
    let file = folder().join(name).with_extension("json");
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")
}
