//! Random sequences of requests, imports and edits by hand. The test redelivers, splits and interrupts their records, and reorders
//! them between items. The history then equals that of a model, entry for entry.
//!
//! The model uses no records: it compares a contact's export before and after each step.

mod chaos;
mod model;
mod steps;

use std::env;

use black_box_tests::is_engine_embedded;
use black_box_tests::stream::records;
use serde_json::Value;

use self::chaos::Chaos;
use self::model::Model;
use self::steps::{CONTACTS, Step, Steps};
use super::{history_of, start};

/// The number of sequences in a run. DynamoDB Local needs about ten seconds for each.
fn sequences() -> u64 {
    if is_engine_embedded() { 6 } else { 2 }
}

/// The number of steps in a sequence.
const STEPS: usize = 60;

/// The seed of the first sequence: that of a failed run (`HISTORY_SEED`), or a new one.
fn first_seed() -> u64 {
    match env::var("HISTORY_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => fastrand::u64(..1 << 32),
    }
}

#[tokio::test]
async fn the_history_is_that_of_the_model_whatever_happens_to_the_records() {
    let first = first_seed();
    for seed in first..first + sequences() {
        eprintln!("HISTORY_SEED={seed}");
        sequence(seed).await;
    }
}

async fn sequence(seed: u64) {
    let api = start().await;
    let mut random = fastrand::Rng::with_seed(seed);
    let mut steps = Steps::start(&api).await;
    let mut model = Model::default();
    let mut chaos = Chaos::new(&api.database).await;
    model.note(&api, &Step::Route("seed")).await;
    for _ in 0..STEPS {
        let step = steps.make(&mut random).await;
        model.note(&api, &step).await;
        // Some records come at once, others long after.
        if random.u8(..4) == 0 {
            chaos.collect(records(&api.database).await);
            chaos.deliver(&mut random, false).await;
        }
    }
    chaos.collect(records(&api.database).await);
    chaos.deliver(&mut random, true).await;
    for contact in CONTACTS {
        let limit = random.u16(1..8);
        let found = history_of(&api, contact, &format!("limit={limit}")).await;
        model.assert_equal(contact, &found, &format!("HISTORY_SEED={seed}"));
        for (kind, value) in model.methods(contact) {
            let query = format!(
                "type={kind}&value={}&limit={limit}",
                value.replace('+', "%2B")
            );
            let of_method = history_of(&api, contact, &query).await;
            let expected: Vec<Value> = found
                .iter()
                .filter(|entry| entry["type"] == kind && entry["value"] == value)
                .cloned()
                .collect();
            assert_eq!(of_method, expected, "HISTORY_SEED={seed}: {kind} {value}");
        }
    }
    chaos.assert_events_are_entries(&api).await;
}
