//! The options and parameters of `sam deploy --config-env dev|staging|prod`.

use toml::Table;

use super::assert_no_faults;
use super::parameters::{refusal, refusals};
use super::stack::{ALARM_TOPIC, AUDIENCE, ISSUER, KEYS_URL};

const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "prod"];

/// The parameters that operators fill in: the first three in each environment, and the last one in production.
const TO_FILL_IN: [(&str, &str); 4] = [
    ("JwtIssuer", ISSUER),
    ("JwtAudience", AUDIENCE),
    ("JwtKeysUrl", KEYS_URL),
    ("AlarmTopicArn", ALARM_TOPIC),
];

/// The options of `sam deploy` in an environment.
fn options(environment: &str) -> Table {
    let all: Table = include_str!("../../../samconfig.toml").parse().unwrap();
    let options = all[environment]["deploy"]["parameters"].as_table();
    options.unwrap().clone()
}

/// The parameters of an environment in the file.
fn parameters(environment: &str) -> Vec<(String, String)> {
    let options = options(environment);
    let overrides = options["parameter_overrides"].as_table().unwrap().iter();
    overrides
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

/// The rules that parameters break. A parameter to fill in is empty unless the file sets it.
fn broken_rules(parameters: &[(String, String)]) -> Vec<&'static str> {
    let unset = TO_FILL_IN.map(|(name, _)| (name, ""));
    let given = parameters.iter().map(|(name, value)| (&**name, &**value));
    refusals(&unset.into_iter().chain(given).collect::<Vec<_>>())
}

#[test]
fn each_environment_deploys_the_source_template_into_its_own_stack() {
    for environment in ENVIRONMENTS {
        let options = options(environment);
        // Otherwise SAM would use the output of an old `sam build`. Options of `default` do not apply to other environments.
        assert_eq!(options["template_file"].as_str(), Some("template.yaml"));
        // Without this option, SAM fails at the loop in the template.
        assert_eq!(options["language_extensions"].as_bool(), Some(true));
        let name = options["stack_name"].as_str().unwrap();
        assert!(name.ends_with(environment), "{name}");
        let itself = ("Environment".to_owned(), environment.to_owned());
        assert!(parameters(environment).contains(&itself), "{environment}");
    }
}

#[test]
fn an_environment_is_accepted_once_its_blanks_are_filled_in() {
    for environment in ENVIRONMENTS {
        let mut parameters = parameters(environment);
        for (name, value) in &mut parameters {
            let blank = TO_FILL_IN.iter().find(|(blank, _)| blank == name);
            if let Some((_, given)) = blank.filter(|_| value.is_empty()) {
                *value = (*given).to_owned();
            }
        }
        assert_no_faults(
            parameters
                .iter()
                .filter_map(|(name, value)| refusal(name, value)),
        );
        assert_eq!(broken_rules(&parameters), [""; 0], "{environment}");
    }
}

#[test]
fn an_environment_with_empty_blanks_is_refused() {
    for environment in ENVIRONMENTS {
        let parameters = parameters(environment);
        let wanted = if environment == "prod" { 4 } else { 3 };
        for (name, _) in &TO_FILL_IN[..wanted] {
            let blank = ((*name).to_owned(), String::new());
            assert!(parameters.contains(&blank), "{environment} {name}");
        }
        assert!(refusal("JwtIssuer", "").is_some() && refusal("JwtAudience", "").is_some());
        let rules = broken_rules(&parameters);
        assert!(
            rules.iter().any(|rule| rule.contains("JwtKeysUrl")),
            "{environment}"
        );
    }
}
