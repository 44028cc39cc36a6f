//! A change of a parameter reaches the functions: SAM publishes a new version of a function when the template changes,
//! but not when a parameter does. The text of a resource holds all settings, and its number is part of each version.

use serde_json::Value;

use super::assert_no_faults;
use super::environment::{settings_of_the_code, variables};
use super::parameters::SAMPLES;
use super::stack::{KEYS_SECRET, SECRET_KEYS, Stack};

const SETTINGS: &str = "AWS::AppConfig::HostedConfigurationVersion";

/// The text that holds the settings.
fn text(stack: &Stack) -> String {
    let (_, settings) = stack.only(SETTINGS);
    settings["Content"].as_str().unwrap().to_owned()
}

/// The environments of all functions.
fn environments(stack: &Stack) -> Vec<Value> {
    let functions = stack.functions().into_values();
    functions
        .map(|function| variables(&function).clone())
        .collect()
}

#[test]
fn the_version_of_every_function_names_the_number_of_the_settings() {
    let stack = Stack::new();
    let (settings, _) = stack.only(SETTINGS);
    let number = format!("${{{settings}.VersionNumber}}");
    for (name, function) in stack.functions() {
        let description = function["VersionDescription"].as_str().unwrap_or_default();
        assert!(
            description.contains(&number),
            "{name} VersionDescription {description:?}"
        );
    }
}

#[test]
fn every_setting_has_its_line() {
    let text = text(&Stack::new());
    let settings = settings_of_the_code();
    assert_no_faults(settings.iter().filter_map(|setting| {
        let has_line = text
            .lines()
            .any(|line| line.starts_with(&format!("{setting}=")));
        (!has_line).then(|| format!("{setting} has no line"))
    }));
}

#[test]
fn a_parameter_that_changes_what_functions_are_given_changes_the_settings() {
    let mut changing = 0;
    for base in [&[][..], &SECRET_KEYS] {
        let before = Stack::with(base);
        for (parameter, accepted, _) in SAMPLES {
            for value in accepted {
                let changes = [base, &[(parameter, *value)]].concat();
                let after = Stack::with(&changes);
                if environments(&before) != environments(&after) {
                    changing += 1;
                    assert_ne!(text(&before), text(&after), "{parameter} {value}");
                }
            }
        }
    }
    assert_ne!(changing, 0);
}

#[test]
fn the_settings_say_which_secret_holds_the_keys() {
    let [url, secret] = SECRET_KEYS;
    let text = text(&Stack::with(&[
        url,
        secret,
        ("JwtKeysSecretVersionId", "v1"),
    ]));
    assert!(
        text.contains(&format!("JWT_KEYS={KEYS_SECRET} v1\n")),
        "{text}"
    );
}
