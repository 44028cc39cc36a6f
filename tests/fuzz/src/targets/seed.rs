use contacts::seed::Seed;
use serde_json::{Map, Value};
use shared::domain::PhoneRegion;

use crate::scene::with_scene;

/// A seed file.
///
/// # Panics
/// When the refusal of a file does not name the place, or when an accepted file cannot be loaded.
pub fn seed(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    match Seed::parse(text, PhoneRegion::CANADA) {
        Ok(seed) => with_scene(|scene| {
            scene.run(seed.load(scene.store())).unwrap();
        }),
        Err(refusal) => {
            let refusal = format!("{refusal:#}");
            let named = ["organizations", "line ", "column ", "the file: "];
            // The file may have members that no seed has, with members of a contact inside. Such a refusal begins with the outer member.
            let is_of_a_member = || {
                let members: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
                members.keys().any(|member| refusal.starts_with(member))
            };
            assert!(
                named.iter().any(|place| refusal.contains(place)) || is_of_a_member(),
                "{refusal}"
            );
        }
    }
}
