use contacts::seed::Seed;
use shared::domain::PhoneRegion;

use crate::scene::with_scene;

/// A seed file.
///
/// # Panics
/// When a file is refused without a word that names the place, or is accepted but cannot be loaded.
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
            assert!(
                named.iter().any(|place| refusal.contains(place)),
                "{refusal}"
            );
        }
    }
}
