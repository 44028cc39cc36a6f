//! The metrics that there are: those of AWS's services, and those that the functions write.
//!
//! An alarm on a metric that does not exist is never raised, and nothing says so.

use std::collections::{BTreeMap, BTreeSet};

use black_box_tests::{Api, log};
use serde_json::{Value, json};

use super::families::{FAMILIES, OPERATIONS};
use super::globals::FUNCTION;
use super::routes::API;
use super::stack::Stack;
use super::table::TABLE;

/// A metric as an alarm or a dashboard names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Metric {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) dimensions: BTreeMap<String, String>,
}

/// The sets of dimensions of each metric, by namespace and name.
pub(super) struct Known(BTreeMap<(String, String), BTreeSet<Vec<String>>>);

impl Known {
    /// Those of AWS's services, and those of a line that the code writes for a request.
    pub(super) async fn new() -> Self {
        let mut known = Self(BTreeMap::new());
        for family in FAMILIES {
            for (name, dimensions) in family.names.iter().flat_map(|name| {
                family
                    .dimensions
                    .iter()
                    .map(move |dimensions| (name, dimensions))
            }) {
                known.add(
                    family.namespace,
                    name,
                    dimensions.iter().map(ToString::to_string),
                );
            }
        }
        for metric in log::metrics(&line().await) {
            let dimensions = metric.dimensions.into_iter().map(|(name, _)| name);
            known.add(&metric.namespace, &metric.name, dimensions);
        }
        known
    }

    fn add(&mut self, namespace: &str, name: &str, dimensions: impl Iterator<Item = String>) {
        let metric = (namespace.to_owned(), name.to_owned());
        let mut dimensions: Vec<_> = dimensions.collect();
        dimensions.sort();
        self.0.entry(metric).or_default().insert(dimensions);
    }

    /// What is wrong with a metric, if anything is: nothing writes it, or it is not one of the stack's.
    pub(super) fn fault(&self, metric: &Metric, stack: &Stack) -> Option<String> {
        let key = (metric.namespace.clone(), metric.name.clone());
        let Some(sets) = self.0.get(&key) else {
            return Some(format!(
                "{} has no metric {} that is known here",
                metric.namespace, metric.name
            ));
        };
        let names: Vec<_> = metric.dimensions.keys().cloned().collect();
        if !sets.contains(&names) {
            return Some(format!("{} has {sets:?}, not {names:?}", metric.name));
        }
        let wrong = metric
            .dimensions
            .iter()
            .find(|(name, value)| !is_of_stack(name, value, stack));
        wrong.map(|(name, value)| format!("{} of {name} {value}", metric.name))
    }
}

/// Whether a dimension can have this value: the name of one of the stack's resources, of the right type.
fn is_of_stack(name: &str, value: &str, stack: &Stack) -> bool {
    let is_a = |kind: &str| stack.named(&json!(value), kind).is_some();
    match name {
        "ApiId" => is_a(API),
        "FunctionName" => is_a(FUNCTION),
        // The alias that the API calls.
        "Resource" => value
            .strip_suffix(":live")
            .is_some_and(|function| stack.named(&json!(function), FUNCTION).is_some()),
        "ExecutedVersion" | "FunctionVersion" => value
            .strip_suffix(".Version.Version}")
            .is_some_and(|function| {
                stack
                    .named(&json!(format!("{function}}}")), FUNCTION)
                    .is_some()
            }),
        "TableName" => is_a(TABLE),
        "GlobalSecondaryIndexName" => {
            let (_, table) = stack.only(TABLE);
            let indexes = table["GlobalSecondaryIndexes"].as_array().unwrap();
            indexes.iter().any(|index| index["IndexName"] == value)
        }
        "Operation" => OPERATIONS.contains(&value),
        // Any of those that there are.
        "outcome" => value == "*",
        _ => panic!("say here which values {name} has"),
    }
}

/// The line that a function writes for a request.
async fn line() -> Value {
    let api = Api::start().await;
    let request = api.request("/api/contacts/c_1/verification");
    api.send(request.json(&json!({}))).await.logged()
}

fn metric(namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> Metric {
    let dimensions = dimensions.iter();
    Metric {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        dimensions: dimensions
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    }
}

#[tokio::test]
async fn metrics_that_exist_are_told_from_those_that_do_not() {
    let (known, stack) = (Known::new().await, Stack::new());
    let function = ("FunctionName", "${VerifyContact}");
    let table = ("TableName", "${Table}");
    for metric in [
        metric("AWS/ApiGateway", "5xx", &[("ApiId", "${Api}")]),
        metric("AWS/Lambda", "Errors", &[function]),
        metric(
            "AWS/DynamoDB",
            "SystemErrors",
            &[table, ("Operation", "Query")],
        ),
        metric("AWS/DynamoDB", "UserErrors", &[]),
        metric("ContactVerification", "server_errors", &[function]),
        metric(
            "ContactVerification",
            "server_errors",
            &[
                function,
                ("FunctionVersion", "${VerifyContact.Version.Version}"),
            ],
        ),
        metric(
            "ContactVerification",
            "requests",
            &[function, ("outcome", "*")],
        ),
    ] {
        assert_eq!(known.fault(&metric, &stack), None, "{metric:?}");
    }
    for metric in [
        metric("AWS/ApiGateway", "5XXError", &[("ApiId", "${Api}")]),
        metric("AWS/ApiGateway", "5xx", &[("ApiName", "${Api}")]),
        metric("AWS/ApiGateway", "5xx", &[("ApiId", "${Table}")]),
        metric("AWS/Lambda", "Errors", &[("FunctionName", "VerifyContact")]),
        metric("AWS/Lambda", "Errors", &[]),
        metric("AWS/DynamoDB", "SystemErrors", &[table]),
        metric(
            "AWS/DynamoDB",
            "SystemErrors",
            &[table, ("Operation", "Get")],
        ),
        metric("AWS/DynamoDB", "UserErrors", &[table]),
        metric("ContactVerification", "server_errors", &[]),
        metric(
            "ContactVerification",
            "server_errors",
            &[function, ("FunctionVersion", "${Table.Version.Version}")],
        ),
        metric("ContactVerification", "requests", &[function]),
        metric("Contacts", "requests", &[function]),
    ] {
        assert!(known.fault(&metric, &stack).is_some(), "{metric:?}");
    }
}
