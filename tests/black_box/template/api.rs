//! How the API is limited, and what it logs.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

use super::routes::API;
use super::stack::Stack;

/// What an HTTP API can log that is nothing of its caller's: no address, no path with an id in it, no browser
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html>).
const IMPERSONAL: [&str; 15] = [
    "error.responseType",
    "httpMethod",
    "integration.error",
    "integration.integrationStatus",
    "integration.latency",
    "integration.requestId",
    "integration.status",
    "integrationErrorMessage",
    "integrationLatency",
    "integrationStatus",
    "requestId",
    "requestTime",
    "responseLatency",
    "responseLength",
    "status",
];

/// The route, which is impersonal since the template writes its path with `{id}`.
const ROUTE: &str = "routeKey";

/// The API's access log: where it goes, and a line of it.
fn access_log(stack: &Stack) -> (Value, String) {
    let (_, api) = stack.only(API);
    let settings = &api["AccessLogSettings"];
    let format = settings["Format"].as_str().unwrap();
    (settings["DestinationArn"].clone(), format.to_owned())
}

#[test]
fn the_api_takes_as_many_requests_as_is_set() {
    let stack = Stack::with(&[
        ("ThrottlingRateLimit", "12"),
        ("ThrottlingBurstLimit", "34"),
    ]);
    let (name, api) = stack.only(API);
    let settings = &api["DefaultRouteSettings"];
    assert_eq!(settings["ThrottlingRateLimit"], "12", "{name}");
    assert_eq!(settings["ThrottlingBurstLimit"], "34", "{name}");
}

#[test]
fn the_access_log_goes_to_a_log_group_that_forgets() {
    let stack = Stack::with(&[("LogRetentionDays", "90")]);
    let (destination, _) = access_log(&stack);
    let groups = stack.of_type("AWS::Logs::LogGroup");
    let group = groups
        .iter()
        .find(|(name, _)| destination == format!("${{{name}.Arn}}"));
    let (name, group) = group.unwrap_or_else(|| panic!("{destination} is no log group"));
    assert_eq!(group["RetentionInDays"], "90", "{name}");
    // For each group elsewhere API Gateway adds to a policy of the account's, whose size is limited.
    let group = group["LogGroupName"].as_str().unwrap_or_default();
    assert!(
        group.starts_with("/aws/vendedlogs/"),
        "{name} LogGroupName {group:?}"
    );
}

#[test]
fn a_line_of_the_access_log_is_json_with_the_id_that_the_caller_sees() {
    let (_, format) = access_log(&Stack::new());
    assert!(!format.contains('\n'), "{format}");
    let line: Value = serde_json::from_str(&format).unwrap();
    // The functions' own lines have it under the same name.
    assert_eq!(line["request.id"], "$context.requestId");
}

#[test]
fn the_access_log_holds_nothing_personal() {
    let (_, format) = access_log(&Stack::new());
    let variable = Regex::new(r"\$context\.([\w.]+)").unwrap();
    let logged: BTreeSet<_> = variable
        .captures_iter(&format)
        .map(|found| found[1].to_owned())
        .collect();
    assert_eq!(logged.len(), format.matches('$').count(), "{format}");
    for name in logged {
        assert!(
            name == ROUTE || IMPERSONAL.contains(&name.as_str()),
            "{name}"
        );
    }
}
