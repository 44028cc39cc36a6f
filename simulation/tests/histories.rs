//! A few histories, to test the simulation itself. `.ci/simulate` runs thousands.

use simulation::checks::violations;
use simulation::faults::FAULTS;
use simulation::history::run;

#[test]
fn a_seed_is_one_history() {
    for seed in 0..6 {
        let (first, second) = (run(seed, None, false), run(seed, None, false));
        assert_eq!(first.fingerprint, second.fingerprint, "seed {seed}");
        assert_eq!(violations(&first), [], "seed {seed}");
        assert!(!first.commits.is_empty(), "seed {seed}");
    }
    assert_ne!(
        run(0, None, false).fingerprint,
        run(1, None, false).fingerprint
    );
}

#[test]
fn a_planted_fault_is_found() {
    let fault = FAULTS
        .iter()
        .find(|fault| fault.name == "one-level")
        .unwrap();
    let found = (0..20).any(|seed| !violations(&run(seed, Some(fault), false)).is_empty());
    assert!(found);
}

#[test]
fn the_page_lists_each_planted_fault() {
    let page = include_str!("../../docs/trust.md");
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let listed: Vec<_> = rows.map(|(name, _)| name).collect();
    let planted: Vec<_> = FAULTS.iter().map(|fault| fault.name).collect();
    assert_eq!(listed, planted);
}
