use std::collections::BTreeSet;

use super::*;
use crate::smoke::refusals;

fn clears(check: &Check) -> bool {
    let body: Value = serde_json::from_str(&check.body).unwrap();
    body["verifiedAt"].is_null() && body["verified"] != true
}

#[test]
fn nothing_is_written_before_the_contact_is_proved_to_be_the_sample() {
    for sample in samples("somebody") {
        for proof in &sample.proofs {
            assert_eq!(proof.if_match, IfMatch::Never, "{}", proof.sentence);
            let status = match proof.route {
                Route::ContactStatus => 200,
                _ => 412,
            };
            assert_eq!(proof.expected.status, status, "{}", proof.sentence);
            assert_eq!(proof.contact, sample.contact, "{}", proof.sentence);
        }
        let phases: Vec<_> = sample.checks().map(|(phase, _)| phase).collect();
        assert!(phases.is_sorted_by_key(|phase| *phase as u8), "{phases:?}");
    }
}

#[test]
fn all_proofs_and_clears_are_of_one_version() {
    for sample in samples("somebody") {
        let proved: Vec<_> = sample
            .proofs
            .iter()
            .map(|proof| proof.expected.version)
            .collect();
        assert_eq!(proved[0], ExpectedVersion::Some);
        assert!(
            proved[1..].iter().all(|v| *v == ExpectedVersion::Same),
            "{proved:?}"
        );
        assert!(!sample.clears.is_empty());
        for clear in &sample.clears {
            assert_eq!(clear.if_match, IfMatch::Current, "{}", clear.sentence);
            assert_eq!(clear.contact, sample.contact, "{}", clear.sentence);
            assert!(clears(clear), "{}", clear.sentence);
        }
    }
}

#[test]
fn the_last_check_of_each_sample_clears() {
    for sample in samples("somebody") {
        let last = sample.steps.last().unwrap();
        assert_eq!(last.if_match, IfMatch::Absent);
        assert!(clears(last));
    }
}

#[test]
fn every_route_has_a_refusal_and_an_example() {
    let refused: BTreeSet<_> = refusals::checks().iter().map(|check| check.route).collect();
    let samples = samples("somebody");
    let steps = samples.iter().flat_map(|sample| &sample.steps);
    let successes = steps.filter(|step| step.expected.status == 200);
    let exampled: BTreeSet<_> = successes.map(|step| step.route).collect();
    let all = BTreeSet::from(Route::ALL);
    assert_eq!(refused, all, "the checks of refusals.rs");
    // The checks erase no contact, because no contact can get the id of a sample again after an erasure.
    let erases = BTreeSet::from([Route::EraseContact]);
    assert_eq!(exampled, &all - &erases, "the samples");
}
