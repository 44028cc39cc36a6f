//! `docs/threat-model.md`: every test and check that it names exists.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

const PAGE: &str = include_str!("../../../docs/threat-model.md");

/// The page has more names than this. Fewer names would mean that the test reads the page wrongly.
const FEWEST_NAMES: usize = 100;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The code spans of a text that look like a test, `FILE::TEST`, or like a check.
fn names(text: &str) -> Vec<&str> {
    let code = text.split('`').skip(1).step_by(2);
    code.filter(|code| code.contains(".rs::") || code.starts_with(".ci/"))
        .collect()
}

/// The reason why the repository has no such test or check; `None` if it has.
fn fault(name: &str) -> Option<String> {
    let (file, test) = name.split_once("::").unwrap_or((name, ""));
    let Ok(code) = fs::read_to_string(repository().join(file)) else {
        return Some(format!("there is no file {file}"));
    };
    let is_there = if file.starts_with(".ci/") {
        is_called_by_ci(name)
    } else {
        let attribute = r"#\[(tokio::)?test(\([^)]*\))?\]\s+(#\[[^\]]*\]\s+)*";
        let function = format!(r"{attribute}(async )?fn {}\(", regex::escape(test));
        Regex::new(&function).unwrap().is_match(&code)
    };
    (!is_there).then(|| format!("{file} has no test {test}"))
}

/// Whether another script in `.ci` names this check.
fn is_called_by_ci(check: &str) -> bool {
    let checks = fs::read_dir(repository().join(".ci")).unwrap();
    let scripts = checks.map(|entry| entry.unwrap().path());
    let mut others = scripts.filter(|path| path.is_file() && !path.ends_with(&check[4..]));
    others.any(|path| fs::read_to_string(path).is_ok_and(|script| script.contains(check)))
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let names = names(PAGE);
    assert!(names.len() > FEWEST_NAMES, "{}", names.len());
    let faults: Vec<_> = names.into_iter().filter_map(fault).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_threat_has_a_test() {
    let rows = PAGE.lines().filter(|line| line.starts_with("| "));
    let without: Vec<_> = rows
        .filter(|row| names(row).is_empty() && !row.ends_with("| test |"))
        .collect();
    assert!(without.is_empty(), "{without:#?}");
}

#[test]
fn every_boundary_says_what_does_not_hold() {
    let sections = PAGE.split("\n## ").skip(1);
    let boundaries = sections.filter(|section| section.contains("| threat |"));
    let without: Vec<_> = boundaries
        .filter(|section| !section.contains("\n**Not held.** "))
        .map(|section| section.lines().next())
        .collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn a_test_that_does_not_exist_is_a_fault() {
    let here = "tests/black_box/docs/threat_model.rs";
    for (name, is_fault) in [
        ("a_test_that_does_not_exist_is_a_fault", false),
        ("a_test_that_does_not_exist", true),
        ("fault", true),
        ("repository", true),
    ] {
        let found = fault(&format!("{here}::{name}"));
        assert_eq!(found.is_some(), is_fault, "{name}: {found:?}");
    }
    assert!(fault("tests/black_box/nothing.rs::a_test").is_some());
    assert!(fault(".ci/nothing").is_some());
}
