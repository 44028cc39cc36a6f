//! The fuzz targets: each is a function of an input's bytes, and panics when something is wrong.
//!
//! `cargo test -p fuzz-targets` replays the corpus, and tries some mutations of it. `.ci/fuzz TARGET` tries many more, guided by
//! coverage. Both call the same functions.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a target that panics has found something"
)]

mod choices;
mod contract;
mod engine;
mod fixtures;
mod invisible;
mod log;
pub mod mutate;
mod request;
mod scene;
mod targets;

pub use self::fixtures::new_fixtures;
pub use self::scene::stream_records;
pub use self::targets::*;

/// A target: its name, which is also the name of its corpus, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 15] = [
    ("api_event", api_event),
    ("email_address", email_address),
    ("entity_tags", entity_tags),
    ("history_page", history_page),
    ("identifier", identifier),
    ("import", import),
    ("key_set", key_set),
    ("phone_number", phone_number),
    ("query", query),
    ("seed", seed),
    ("settings", settings),
    ("stream_record", stream_record),
    ("table_item", table_item),
    ("time", time),
    ("token", token),
];
