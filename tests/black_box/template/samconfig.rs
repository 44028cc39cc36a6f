//! What `sam deploy --config-env dev|staging|prod` deploys with.

use toml::Table;

use super::assert_no_faults;
use super::parameters::refusal;
use super::stack::{ALARM_TOPIC, AUDIENCE, ISSUER, KEYS_URL, Stack};

const SAMCONFIG: &str = include_str!("../../../samconfig.toml");

const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "prod"];

/// What is left for whoever deploys to say.
const TO_FILL_IN: [(&str, &str); 4] = [
    ("JwtIssuer", ISSUER),
    ("JwtAudience", AUDIENCE),
    ("JwtKeysUrl", KEYS_URL),
    ("AlarmTopicArn", ALARM_TOPIC),
];

/// The options of `sam deploy` in an environment.
fn options(environment: &str) -> Table {
    let all: Table = SAMCONFIG.parse().unwrap();
    let options = all[environment]["deploy"]["parameters"].as_table();
    options.unwrap().clone()
}

/// The parameters of an environment, as the file has them.
fn parameters(environment: &str) -> Vec<(String, String)> {
    let options = options(environment);
    let overrides = options["parameter_overrides"].as_table().unwrap();
    overrides
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

/// The parameters of an environment, with what the file leaves blank filled in.
fn filled_in(environment: &str) -> Vec<(String, String)> {
    let fill = |(name, value): (String, String)| {
        let given = TO_FILL_IN.iter().find(|(blank, _)| *blank == name);
        match given {
            Some((_, given)) if value.is_empty() => (name, (*given).to_owned()),
            _ => (name, value),
        }
    };
    parameters(environment).into_iter().map(fill).collect()
}

fn stack(parameters: &[(String, String)]) -> Stack {
    // What must be set comes from the file, or not at all.
    let unset = TO_FILL_IN.map(|(name, _)| (name, ""));
    let given = parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    Stack::with(&unset.into_iter().chain(given).collect::<Vec<_>>())
}

#[test]
fn each_environment_is_deployed_as_what_it_is_called() {
    for environment in ENVIRONMENTS {
        let parameters = parameters(environment);
        assert!(
            parameters.contains(&("Environment".to_owned(), environment.to_owned())),
            "{environment} {parameters:?}"
        );
    }
}

#[test]
fn each_environment_deploys_the_template_as_it_is_written() {
    // SAM would take the output of an old `sam build` first, and options of `default` count for no other environment.
    for environment in ENVIRONMENTS {
        let file = options(environment).get("template_file").cloned();
        assert_eq!(file, Some("template.yaml".into()), "{environment}");
    }
}

#[test]
fn each_environment_is_a_stack_of_its_own() {
    let mut names = ENVIRONMENTS.map(|environment| {
        options(environment)["stack_name"]
            .as_str()
            .unwrap()
            .to_owned()
    });
    names.sort();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
}

#[test]
fn the_template_takes_what_the_file_sets() {
    assert_no_faults(ENVIRONMENTS.iter().flat_map(|environment| {
        let filled_in = filled_in(environment).into_iter();
        filled_in
            .filter_map(|(name, value)| refusal(&name, &value))
            .map(move |refusal| format!("{environment}: {refusal}"))
    }));
}

#[test]
fn once_the_blanks_are_filled_in_no_rule_is_broken() {
    for environment in ENVIRONMENTS {
        let refusals = stack(&filled_in(environment)).refusals();
        assert_eq!(refusals, [""; 0], "{environment}");
    }
}

#[test]
fn the_file_has_a_blank_for_all_that_must_be_set() {
    for environment in ENVIRONMENTS {
        let parameters = parameters(environment);
        for (name, _) in &TO_FILL_IN[..3] {
            assert!(
                parameters.contains(&((*name).to_owned(), String::new())),
                "{environment} {name}"
            );
        }
    }
    let production = parameters("prod");
    assert!(production.contains(&("AlarmTopicArn".to_owned(), String::new())));
}

#[test]
fn an_environment_whose_blanks_are_left_is_refused() {
    for environment in ENVIRONMENTS {
        let parameters = parameters(environment);
        for required in ["JwtIssuer", "JwtAudience"] {
            assert!(
                parameters
                    .iter()
                    .any(|(name, value)| name == required && refusal(name, value).is_some()),
                "{environment} {required}"
            );
        }
        let refusals = stack(&parameters).refusals();
        assert!(
            refusals
                .iter()
                .any(|refusal| refusal.contains("JwtKeysUrl")),
            "{environment}"
        );
    }
}
