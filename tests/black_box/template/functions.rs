//! What every function is deployed with.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use shared::DEADLINE;

use super::globals::crate_of;
use super::stack::{PRODUCTION, Stack};
use super::watches::{ALARM, watches};

/// After this long API Gateway gives up on a function.
const API_GATEWAY_TIMEOUT: Duration = Duration::from_secs(30);

const LOG_GROUP: &str = "AWS::Logs::LogGroup";

/// That a property of every function is this.
#[track_caller]
fn assert_property(stack: &Stack, property: &str, expected: &Value) {
    for (name, function) in stack.functions() {
        assert_eq!(&function[property], expected, "{name} {property}");
    }
}

#[test]
fn every_function_is_a_binary_on_amazon_linux_2023() {
    assert_property(&Stack::new(), "Runtime", &json!("provided.al2023"));
    assert_property(&Stack::new(), "Handler", &json!("bootstrap"));
}

#[test]
fn every_function_runs_on_arm_and_nothing_else() {
    assert_property(&Stack::new(), "Architectures", &json!(["arm64"]));
}

#[test]
fn every_function_has_its_memory_stated() {
    for (name, function) in Stack::new().functions() {
        let megabytes = function["MemorySize"].as_u64();
        assert!(
            megabytes.is_some_and(|megabytes| (128..=10_240).contains(&megabytes)),
            "{name} MemorySize {megabytes:?}"
        );
    }
}

#[test]
fn every_function_answers_before_lambda_ends_it_and_that_before_api_gateway_gives_up() {
    for (name, function) in Stack::new().functions() {
        let timeout = function["Timeout"].as_u64().map(Duration::from_secs);
        assert!(
            timeout.is_some_and(|timeout| DEADLINE < timeout && timeout < API_GATEWAY_TIMEOUT),
            "{name} Timeout {timeout:?} is not between {DEADLINE:?} and {API_GATEWAY_TIMEOUT:?}"
        );
    }
}

#[test]
fn every_function_is_traced() {
    assert_property(&Stack::new(), "Tracing", &json!("Active"));
}

#[test]
fn every_function_logs_json_from_which_lambda_takes_nothing_out() {
    for (name, function) in Stack::new().functions() {
        let logging = &function["LoggingConfig"];
        assert_eq!(logging["LogFormat"], "JSON", "{name} LogFormat");
        // LOG_LEVEL alone decides.
        assert_eq!(
            logging["ApplicationLogLevel"], "TRACE",
            "{name} ApplicationLogLevel"
        );
    }
}

#[test]
fn every_function_has_a_log_group_of_its_own_that_forgets() {
    let stack = Stack::with(&[("LogRetentionDays", "90")]);
    let groups = stack.of_type(LOG_GROUP);
    let (mut owned, mut names) = (BTreeSet::new(), BTreeSet::new());
    for (name, function) in stack.functions() {
        let group = &function["LoggingConfig"]["LogGroup"];
        let Some(group) = stack.named(group, LOG_GROUP) else {
            panic!("{name} logs to {group}, which is no log group")
        };
        assert!(
            owned.insert(group.to_owned()),
            "{name} shares its log group"
        );
        let group_name = &groups[group]["LogGroupName"];
        assert!(
            names.insert(group_name.to_string()),
            "{group} shares its LogGroupName"
        );
        assert_eq!(
            groups[group]["RetentionInDays"], "90",
            "{group} RetentionInDays"
        );
    }
}

#[test]
fn how_often_a_function_runs_at_once_is_limited_where_that_is_set() {
    assert_property(&Stack::new(), "ReservedConcurrentExecutions", &Value::Null);
    let stack = Stack::with(&[("ReservedConcurrency", "50")]);
    assert_property(&stack, "ReservedConcurrentExecutions", &json!("50"));
}

#[test]
fn every_function_is_called_through_an_alias() {
    for (name, function) in Stack::new().functions() {
        assert!(
            function["AutoPublishAlias"].is_string(),
            "{name} AutoPublishAlias"
        );
    }
}

#[test]
fn a_change_of_any_property_publishes_a_new_version() {
    // By default SAM does so for a change of the code only.
    assert_property(&Stack::new(), "AutoPublishAliasAllProperties", &json!(true));
}

#[test]
fn in_production_a_new_version_gets_some_of_the_requests_first() {
    for (name, function) in Stack::with(&PRODUCTION).functions() {
        let kind = function["DeploymentPreference"]["Type"]
            .as_str()
            .unwrap_or_default();
        assert!(
            kind.starts_with("Canary10Percent"),
            "{name} is deployed {kind}"
        );
    }
}

#[test]
fn in_production_a_new_version_gets_all_requests_at_once_where_that_is_set() {
    let at_once = [&PRODUCTION[..], &[("GradualDeployment", "false")]].concat();
    for (name, function) in Stack::with(&at_once).functions() {
        let kind = &function["DeploymentPreference"]["Type"];
        assert_eq!(kind, "AllAtOnce", "{name}");
    }
}

#[test]
fn a_version_that_was_rolled_back_does_not_stay() {
    // Lambda would give it again for the same code, and CloudFormation refuses to make what exists.
    assert_property(&Stack::new(), "VersionDeletionPolicy", &json!("Delete"));
}

#[test]
fn elsewhere_a_new_version_gets_all_requests_at_once() {
    for (name, function) in Stack::new().functions() {
        let kind = &function["DeploymentPreference"]["Type"];
        assert_eq!(kind, "AllAtOnce", "{name}");
    }
}

#[test]
fn a_deployment_is_rolled_back_when_the_new_version_fails() {
    let stack = Stack::new();
    let alarms = stack.of_type(ALARM);
    for (name, function) in stack.functions() {
        let rollback = function["DeploymentPreference"]["Alarms"].as_array();
        let mut watched = BTreeSet::new();
        for alarm in rollback.into_iter().flatten() {
            let alarm = stack
                .named(alarm, ALARM)
                .unwrap_or_else(|| panic!("{name} is rolled back on {alarm}, which is no alarm"));
            let version = format!("${{{name}.Version.Version}}");
            // Another alarm for each version: what the one before did must not stop the one that mends it.
            let alarm_name = alarms[alarm]["AlarmName"].as_str().unwrap_or_default();
            assert!(alarm_name.contains(&version), "{alarm} is no version's own");
            for watch in watches(&alarms[alarm]) {
                let dimensions = &watch.metric.dimensions;
                let watched_version = dimensions
                    .get("ExecutedVersion")
                    .or(dimensions.get("FunctionVersion"));
                assert_eq!(
                    (dimensions.get("FunctionName"), watched_version),
                    (Some(&format!("${{{name}}}")), Some(&version)),
                    "{name} is rolled back on {alarm}"
                );
                watched.insert(watch.metric.name);
            }
        }
        for metric in ["Errors", "server_errors"] {
            assert!(
                watched.contains(metric),
                "{name} is not rolled back on {metric}"
            );
        }
    }
}

#[test]
fn every_function_is_deployed_from_where_its_crate_is_built() {
    for (name, function) in Stack::new().functions() {
        let crate_name = crate_of(&function);
        let folder = format!("target/lambda/{crate_name}/");
        assert_eq!(function["CodeUri"], folder, "{name} CodeUri");
        let manifest = functions_folder().join(crate_name).join("Cargo.toml");
        assert!(manifest.is_file(), "{name} has no {}", manifest.display());
    }
}

#[test]
fn every_crate_of_a_function_is_deployed_once() {
    let mut deployed: Vec<_> = Stack::new()
        .functions()
        .values()
        .map(|function| crate_of(function).to_owned())
        .collect();
    deployed.sort();
    let mut crates: Vec<_> = fs::read_dir(functions_folder())
        .unwrap()
        .map(|folder| folder.unwrap().file_name().into_string().unwrap())
        .collect();
    crates.sort();
    assert_eq!(deployed, crates);
}

fn functions_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions")
}
