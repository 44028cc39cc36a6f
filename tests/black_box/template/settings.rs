//! The settings that the functions read at start, checked against those that they get. A changed setting reaches the functions.
//!
//! SAM publishes a new version of a function when the template changes, but not when a parameter does. Therefore the text of
//! one resource holds all settings, and the number of that resource is part of each version.

use std::cell::RefCell;
use std::collections::BTreeSet;

use contacts::development;
use serde_json::Value;
use shared::settings::Settings;

use super::parameters::SAMPLES;
use super::stack::{
    AUDIENCE, FUNCTION, ISSUER, KEYS_SECRET, KEYS_URL, SECRET_KEYS, Stack, TEMPLATE, text as scalar,
};

/// The beginning of a text that CloudFormation replaces with the value of a secret.
const SECRET: &str = "{{resolve:secretsmanager:";

/// The names of all settings that the code asks for.
fn settings_of_the_code() -> BTreeSet<String> {
    let asked = RefCell::new(BTreeSet::new());
    development::settings_from(&|name| {
        asked.borrow_mut().insert(name.to_owned());
        Ok(None)
    })
    .unwrap();
    asked.into_inner()
}

/// The environment variables that all functions behind the API get.
pub(super) fn variables(stack: &Stack) -> Value {
    let endpoints = stack.endpoints().into_values();
    let mut given = endpoints.map(|mut function| function["Environment"]["Variables"].take());
    let first = given.next().unwrap();
    assert!(given.all(|other| other == first));
    first
}

/// The settings that the deployed code reads from these variables.
fn read(stack: &Stack) -> Settings {
    let variables = variables(stack);
    let deployed = |value: &str| match value {
        "${Table}" => "contacts".to_owned(),
        secret if secret.starts_with(SECRET) => development::key_set(),
        value => value.to_owned(),
    };
    Settings::read(|name| Ok(variables[name].as_str().map(deployed))).unwrap()
}

#[test]
fn functions_are_given_every_setting_and_nothing_that_they_do_not_read() {
    let secret_keys = Stack::with(&SECRET_KEYS);
    for (stack, other) in [(Stack::new(), "JWT_KEYS"), (secret_keys, "JWT_KEYS_URL")] {
        let mut wanted = settings_of_the_code();
        assert!(wanted.remove(other), "{other} is no setting");
        let variables = variables(&stack);
        let given = variables.as_object().unwrap().keys().cloned();
        assert_eq!(given.collect::<BTreeSet<_>>(), wanted);
        assert_eq!(variables["TABLE_NAME"], "${Table}");
    }
}

#[test]
fn each_parameter_reaches_the_setting_that_it_is_for() {
    let settings = read(&Stack::with(&[
        ("JwtClaimOrganization", "the_organization"),
        ("JwtClaimRole", "the_role"),
        ("JwtClaimClient", "/the/client"),
        ("JwtSuperadminRole", "operator"),
        ("JwtAdminRole", "owner"),
        ("DefaultPhoneRegion", "GB"),
        ("TimeZone", "America/Toronto"),
        ("Monitoring", "none"),
    ]));
    let authenticator = &settings.authenticator;
    assert_eq!(authenticator.issuer, ISSUER);
    assert_eq!(authenticator.audiences, [AUDIENCE]);
    let keys = format!("{authenticator:?}");
    assert!(keys.contains(KEYS_URL), "{keys}");
    let claims = &authenticator.claim_names;
    assert_eq!(claims.organization.to_string(), "the_organization");
    assert_eq!(claims.role.to_string(), "the_role");
    assert_eq!(claims.client.to_string(), "/the/client");
    let roles = &authenticator.role_names;
    assert_eq!((&*roles.super_admin, &*roles.admin), ("operator", "owner"));
    assert_eq!(settings.default_phone_region, "GB".parse().unwrap());
    assert_eq!(settings.time_zone, "America/Toronto".parse().unwrap());
    assert!(!settings.has_metrics);
    let levels = TEMPLATE["Parameters"]["LogLevel"]["AllowedValues"]
        .as_array()
        .unwrap();
    for level in levels.iter().map(|level| level.as_str().unwrap()) {
        let settings = read(&Stack::with(&[("LogLevel", level)]));
        assert_eq!(settings.log_level.to_string(), level);
    }
}

#[test]
fn the_defaults_of_the_template_are_those_of_the_code() {
    let ours = development::settings_from(&|_| Ok(None)).unwrap();
    let settings = read(&Stack::new());
    assert_eq!(
        settings.authenticator.claim_names,
        ours.authenticator.claim_names
    );
    assert_eq!(
        settings.authenticator.role_names,
        ours.authenticator.role_names
    );
    assert_eq!(settings.default_phone_region, ours.default_phone_region);
    assert_eq!(settings.time_zone, ours.time_zone);
    assert_eq!(settings.log_level, ours.log_level);
    assert_eq!(settings.has_metrics, ours.has_metrics);
}

#[test]
fn keys_that_are_not_published_come_from_the_secret_and_are_in_the_functions_alone() {
    for version in ["", "v1"] {
        let version_of_it = [("JwtKeysSecretVersionId", version)];
        let stack = Stack::with(&[&SECRET_KEYS[..], &version_of_it].concat());
        let expected = format!("{SECRET}{KEYS_SECRET}:SecretString:::{version}}}}}");
        assert_eq!(variables(&stack)["JWT_KEYS"], expected);
        for (name, resource) in stack.resources() {
            let holds_it = resource.to_string().contains("{{resolve:");
            assert!(!holds_it || resource["Type"] == FUNCTION, "{name}");
        }
    }
}

#[test]
fn a_parameter_that_changes_the_variables_of_functions_changes_the_text_of_settings() {
    // The values that a version keeps.
    let given = |stack: &Stack| {
        let functions = stack.functions().into_values();
        functions
            .map(|it| (it["Environment"].clone(), it["KmsKeyArn"].clone()))
            .collect::<Vec<_>>()
    };
    let text = |stack: &Stack| stack.only("AWS::AppConfig::HostedConfigurationVersion");
    let samples = SAMPLES.iter().flat_map(|(parameter, accepted, _)| {
        accepted
            .iter()
            .map(|value| ((*parameter).to_owned(), (*value).to_owned()))
    });
    let parameters = TEMPLATE["Parameters"].as_object().unwrap().iter();
    let choices = parameters.flat_map(|(name, it)| {
        let allowed = it["AllowedValues"].as_array().into_iter().flatten();
        allowed.map(|value| (name.clone(), scalar(value)))
    });
    let values: Vec<_> = samples.chain(choices).collect();
    let mut changing = 0;
    for base in [&[][..], &SECRET_KEYS] {
        let before = Stack::with(base);
        for (parameter, value) in &values {
            let after = Stack::with(&[base, &[(parameter, value)]].concat());
            if given(&before) != given(&after) {
                changing += 1;
                assert_ne!(text(&before), text(&after), "{parameter} {value}");
            }
        }
    }
    assert_ne!(changing, 0);
}
