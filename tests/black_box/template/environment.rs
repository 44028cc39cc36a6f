//! What the functions read at start, held against what they are given.

use std::cell::RefCell;
use std::collections::BTreeSet;

use contacts::development;
use serde_json::Value;
use shared::settings::Settings;

use super::assert_no_faults;
use super::globals::FUNCTION;
use super::stack::{AUDIENCE, ISSUER, KEYS_SECRET, KEYS_URL, SECRET_KEYS, Stack, TEMPLATE};

/// Where CloudFormation puts the value of a secret.
const SECRET: &str = "{{resolve:secretsmanager:";

/// The environment variables that a function is given.
pub(super) fn variables(function: &Value) -> &Value {
    &function["Environment"]["Variables"]
}

/// The names of all settings that the code asks for.
pub(super) fn settings_of_the_code() -> BTreeSet<String> {
    let asked = RefCell::new(BTreeSet::new());
    development::settings_from(&|name| {
        asked.borrow_mut().insert(name.to_owned());
        Ok(None)
    })
    .unwrap();
    asked.into_inner()
}

/// What the code reads from an environment, once it is deployed.
fn read(variables: &Value) -> Settings {
    let deployed = |value: &str| match value {
        "${Table}" => "contacts".to_owned(),
        secret if secret.starts_with(SECRET) => development::key_set(),
        value => value.to_owned(),
    };
    Settings::read(|name| Ok(variables[name].as_str().map(deployed))).unwrap()
}

/// That every function is given all settings but this one, and nothing else.
#[track_caller]
fn assert_given_all_but(other: &str, stack: &Stack) {
    let mut wanted = settings_of_the_code();
    assert!(wanted.remove(other), "{other} is no setting");
    assert_no_faults(stack.functions().iter().flat_map(|(name, function)| {
        let given = variables(function).as_object().unwrap();
        let given: BTreeSet<_> = given.keys().cloned().collect();
        let missing = wanted.difference(&given);
        let missing = missing.map(|setting| format!("{name} is not given {setting}"));
        let unread = given.difference(&wanted);
        let unread =
            unread.map(|setting| format!("{name} is given {setting} and does not read it"));
        missing.chain(unread).collect::<Vec<_>>()
    }));
}

#[test]
fn every_function_is_given_every_setting_and_nothing_that_it_does_not_read() {
    assert_given_all_but("JWT_KEYS", &Stack::new());
}

#[test]
fn with_keys_that_are_not_published_a_function_is_given_these_instead() {
    assert_given_all_but("JWT_KEYS_URL", &Stack::with(&SECRET_KEYS));
}

#[test]
fn every_function_works_on_the_table() {
    for (name, function) in Stack::new().functions() {
        assert_eq!(variables(&function)["TABLE_NAME"], "${Table}", "{name}");
    }
}

#[test]
fn each_parameter_reaches_the_setting_that_it_is_for() {
    let stack = Stack::with(&[
        ("JwtClaimOrganization", "the_organization"),
        ("JwtClaimRole", "the_role"),
        ("JwtClaimClient", "/the/client"),
        ("JwtSuperadminRole", "operator"),
        ("JwtAdminRole", "owner"),
        ("DefaultPhoneRegion", "GB"),
        ("TimeZone", "America/Toronto"),
        ("LogLevel", "warn"),
    ]);
    for (name, function) in stack.functions() {
        let settings = read(variables(&function));
        assert_eq!(settings.authenticator.issuer, ISSUER, "{name}");
        assert_eq!(settings.authenticator.audiences, [AUDIENCE], "{name}");
        let keys = format!("{:?}", settings.authenticator);
        assert!(keys.contains(KEYS_URL), "{name} {keys}");
        let claims = &settings.authenticator.claim_names;
        assert_eq!(
            claims.organization.to_string(),
            "the_organization",
            "{name}"
        );
        assert_eq!(claims.role.to_string(), "the_role", "{name}");
        assert_eq!(claims.client.to_string(), "/the/client", "{name}");
        let roles = &settings.authenticator.role_names;
        assert_eq!(roles.super_admin, "operator", "{name}");
        assert_eq!(roles.admin, "owner", "{name}");
        assert_eq!(
            settings.default_phone_region,
            "GB".parse().unwrap(),
            "{name}"
        );
        assert_eq!(
            settings.time_zone,
            "America/Toronto".parse().unwrap(),
            "{name}"
        );
        assert_eq!(settings.log_level.to_string(), "warn", "{name}");
    }
}

#[test]
fn what_is_not_set_is_what_the_code_takes_for_it() {
    let optional = development::settings_from(&|_| Ok(None)).unwrap();
    for (name, function) in Stack::new().functions() {
        let settings = read(variables(&function));
        assert_eq!(
            settings.authenticator.claim_names, optional.authenticator.claim_names,
            "{name}"
        );
        assert_eq!(
            settings.authenticator.role_names, optional.authenticator.role_names,
            "{name}"
        );
        assert_eq!(
            settings.default_phone_region, optional.default_phone_region,
            "{name}"
        );
        assert_eq!(settings.time_zone, optional.time_zone, "{name}");
        assert_eq!(settings.log_level, optional.log_level, "{name}");
    }
}

#[test]
fn every_log_level_that_can_be_chosen_is_one_of_the_code() {
    let levels = TEMPLATE["Parameters"]["LogLevel"]["AllowedValues"]
        .as_array()
        .unwrap();
    for level in levels {
        let level = level.as_str().unwrap();
        for (name, function) in Stack::with(&[("LogLevel", level)]).functions() {
            assert_eq!(
                read(variables(&function)).log_level.to_string(),
                level,
                "{name}"
            );
        }
    }
}

#[test]
fn keys_that_are_not_published_come_from_the_secret() {
    for (version, expected) in [
        ("", format!("{SECRET}{KEYS_SECRET}:SecretString:::}}}}")),
        ("v1", format!("{SECRET}{KEYS_SECRET}:SecretString:::v1}}}}")),
    ] {
        let [url, secret] = SECRET_KEYS;
        let stack = Stack::with(&[url, secret, ("JwtKeysSecretVersionId", version)]);
        for (name, function) in stack.functions() {
            assert_eq!(variables(&function)["JWT_KEYS"], expected, "{name}");
        }
    }
}

#[test]
fn keys_are_written_nowhere_but_into_the_functions() {
    let stack = Stack::with(&SECRET_KEYS);
    let others = stack.resources().into_iter();
    assert_no_faults(
        others
            .filter(|(_, resource)| resource["Type"] != FUNCTION)
            .filter(|(_, resource)| resource.to_string().contains("{{resolve:"))
            .map(|(name, _)| format!("{name} holds the value of a secret")),
    );
}

#[test]
fn no_tokens_are_accepted_unless_somebody_says_whose() {
    for name in ["JwtIssuer", "JwtAudience"] {
        let parameter = &TEMPLATE["Parameters"][name];
        assert!(
            parameter.is_object() && parameter.get("Default").is_none(),
            "{name}"
        );
    }
    for name in ["JwtKeysUrl", "JwtKeysSecretArn"] {
        assert_eq!(TEMPLATE["Parameters"][name]["Default"], "", "{name}");
    }
}
