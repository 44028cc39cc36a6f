use std::collections::BTreeSet;

use black_box_tests::stream::recorder;
use serde_json::{Value, json};
use shared::domain::Timestamp;

use crate::log;
use crate::scene::with_scene;

/// A batch of the table's stream, as Lambda passes it to `record-history`, or a single record.
///
/// # Panics
/// When the function panics, leaves out a record without a report, or sends a time that neither a record nor the table has.
pub fn stream_record(input: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Value>(input) else {
        return;
    };
    let batch = if event.get("Records").is_some() {
        event
    } else {
        json!({ "Records": [event] })
    };
    let Some(records) = batch["Records"].as_array() else {
        return;
    };
    if records.len() > 20 {
        return;
    }
    let mut times = BTreeSet::new();
    texts(&batch, &mut |text| {
        times.extend(Timestamp::parse_rfc3339(text));
    });
    with_scene(|scene| {
        let (recorder, kept) = recorder(scene.store().clone());
        let response = scene.run(recorder.record(batch.clone()));
        let lines = log::take();
        assert_eq!(response.batch_item_failures, [], "{lines:?}");
        for report in kept.reports.lock().unwrap().iter() {
            assert!(!report.reason.contains("panicked"), "{report:?}: {lines:?}");
            assert!(report.reason.starts_with("cannot read "), "{report:?}");
        }
        // If a record says that an address left, the function reads the subscriptions that ended with it from the table.
        let is_of_the_table = |time| {
            let mut is_found = false;
            for made_it in &scene.records {
                texts(made_it, &mut |text| {
                    is_found |= Timestamp::parse_rfc3339(text).is_ok_and(|found| found == time);
                });
            }
            is_found
        };
        for event in kept.events() {
            for state in ["before", "after"] {
                let state = &event["data"][state];
                for time in ["verifiedAt", "since"] {
                    let time = state[time]
                        .as_str()
                        .map(|time| Timestamp::parse_rfc3339(time).unwrap());
                    assert!(
                        time.is_none_or(|time| times.contains(&time) || is_of_the_table(time)),
                        "guessed: {event}"
                    );
                }
            }
        }
    });
}

/// Calls `see` with each text within a value.
fn texts(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(list) => list.iter().for_each(|value| texts(value, see)),
        Value::Object(members) => members.values().for_each(|value| texts(value, see)),
        _ => {}
    }
}
