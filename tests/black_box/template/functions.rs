//! The deployment of every function, and the route that reaches it.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use black_box_tests::Api;
use serde_json::{Value, json};
use shared::DEADLINE;

use super::stack::{KMS_KEY, Stack, crate_of};

/// The time after which API Gateway gives up on a function.
const API_GATEWAY_TIMEOUT: Duration = Duration::from_secs(30);

/// The method and the path of a function, which has one route of the API.
pub(super) fn route(function: &Value) -> (String, String) {
    let events: Vec<_> = function["Events"].as_object().unwrap().values().collect();
    let [event] = events[..] else {
        panic!("{events:?} is not one event");
    };
    let properties = &event["Properties"];
    // Without `ApiId`, SAM creates another API, without logs and limits.
    assert_eq!(
        (&event["Type"], &properties["ApiId"]),
        (&json!("HttpApi"), &json!("${Api}"))
    );
    let text = |member: &str| properties[member].as_str().unwrap().to_owned();
    (text("Method"), text("Path"))
}

#[tokio::test]
async fn every_route_is_the_one_that_its_function_logs() {
    let api = Api::start().await;
    for (name, function) in Stack::new().endpoints() {
        let (method, path) = route(&function);
        let request = api.request_by(&method, &path.replace("{id}", "c_1"));
        let answer = api.send(request.json(&json!({}))).await;
        assert_eq!(
            answer.logged()["route"],
            format!("{method} {path}"),
            "{name}"
        );
    }
}

#[test]
fn every_crate_of_a_function_is_deployed_once_from_where_it_is_built() {
    let functions = Stack::new().functions();
    let mut deployed: Vec<_> = functions.values().map(crate_of).collect();
    deployed.sort_unstable();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../functions");
    let crates: BTreeSet<_> = fs::read_dir(folder)
        .unwrap()
        .map(|crate_folder| crate_folder.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(deployed.iter().eq(&crates), "{deployed:?} {crates:?}");
    for (name, function) in &functions {
        let folder = format!("target/lambda/{}/", crate_of(function));
        assert_eq!(function["CodeUri"], folder, "{name}");
    }
}

#[test]
fn every_endpoint_times_out_before_lambda_and_lambda_before_api_gateway() {
    for (name, function) in Stack::new().endpoints() {
        let timeout = function["Timeout"].as_u64().map(Duration::from_secs);
        assert!(
            timeout.is_some_and(|timeout| DEADLINE < timeout && timeout < API_GATEWAY_TIMEOUT),
            "{name} Timeout {timeout:?} is not between {DEADLINE:?} and {API_GATEWAY_TIMEOUT:?}"
        );
    }
}

#[test]
fn every_function_logs_to_its_own_group_with_a_retention_and_lambda_filters_no_line() {
    let stack = Stack::with(&[("LogRetentionDays", "90"), ("KmsKeyArn", KMS_KEY)]);
    let groups = stack.of_type("AWS::Logs::LogGroup");
    let mut names = BTreeSet::new();
    for (name, function) in stack.functions() {
        let logging = &function["LoggingConfig"];
        // Lambda filters no lines: `LOG_LEVEL` alone decides which lines there are.
        let level = (&logging["LogFormat"], &logging["ApplicationLogLevel"]);
        assert_eq!(level, (&json!("JSON"), &json!("TRACE")), "{name}");
        let group_name = format!("{name}Logs");
        assert_eq!(logging["LogGroup"], format!("${{{group_name}}}"), "{name}");
        let group = &groups[&group_name];
        let folder = format!("/aws/lambda/${{AWS::StackName}}/{name}");
        assert_eq!(group["LogGroupName"], folder, "{name}");
        names.insert(group_name);
    }
    names.insert("ApiAccessLogs".to_owned());
    assert!(groups.keys().eq(&names), "{groups:?}");
    for (name, group) in &groups {
        let kept = (&group["RetentionInDays"], &group["KmsKeyId"]);
        assert_eq!(kept, (&json!("90"), &json!(KMS_KEY)), "{name}");
    }
}
