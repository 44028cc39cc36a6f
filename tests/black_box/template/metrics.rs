//! The metrics that exist: those of AWS's services, and those that the functions write.
//!
//! An alarm on a missing metric is never raised, and AWS does not report the mistake.

use std::collections::{BTreeMap, BTreeSet};

use black_box_tests::{Api, log};
use serde_json::{Value, json};

use super::api::API;
use super::history::{MAPPING, QUEUE};
use super::scenes::played;
use super::stack::{FUNCTION, Stack};
use super::table::TABLE;

/// Metrics of AWS's services: the namespace, a set of dimensions, and the metrics with these dimensions.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html> (a REST API's have other names),
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html>,
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>,
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html>.
#[rustfmt::skip]
const FAMILIES: [(&str, &[&str], &[&str]); 10] = [
    ("AWS/ApiGateway", &["ApiId"], &["4xx", "5xx", "Count", "IntegrationLatency", "Latency"]),
    ("AWS/Lambda", &["FunctionName"], &["ConcurrentExecutions", "Errors", "Throttles"]),
    // These are metrics of a function that Lambda calls for records of a stream.
    ("AWS/Lambda", &["FunctionName"], &["DestinationDeliveryFailures", "IteratorAge"]),
    // These are metrics of a mapping with `MetricsConfig`.
    ("AWS/Lambda", &["EventSourceMappingUUID"], &["DroppedEventCount", "InvokedEventCount", "OnFailureDestinationDeliveredEventCount"]),
    ("AWS/SQS", &["QueueName"], &["ApproximateNumberOfMessagesVisible"]),
    ("AWS/Lambda", &["ExecutedVersion", "FunctionName", "Resource"], &["Errors", "Invocations"]),
    // This is a metric of one operation; a table as a whole does not have it.
    ("AWS/DynamoDB", &["Operation", "TableName"], &["SystemErrors"]),
    ("AWS/DynamoDB", &["TableName"], &["ReadThrottleEvents", "TransactionConflict", "WriteThrottleEvents"]),
    ("AWS/DynamoDB", &["TableName"], &["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"]),
    ("AWS/DynamoDB", &["GlobalSecondaryIndexName", "TableName"], &["ReadThrottleEvents", "WriteThrottleEvents"]),
];

/// A metric as an alarm or a dashboard names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Metric {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) dimensions: BTreeMap<String, String>,
}

/// All metrics: namespace, name, and a set of dimensions in alphabetical order.
pub(super) struct Known {
    metrics: BTreeSet<(String, String, Vec<String>)>,
    /// The operations that the code calls.
    pub(super) operations: BTreeSet<String>,
}

impl Known {
    /// Collects the metrics of AWS's services, and those of a line that the code writes for a request.
    pub(super) async fn new() -> Self {
        let mut metrics = BTreeSet::new();
        for (namespace, dimensions, names) in FAMILIES {
            let dimensions: Vec<_> = dimensions.iter().map(ToString::to_string).collect();
            for name in names {
                metrics.insert((namespace.to_owned(), (*name).to_owned(), dimensions.clone()));
            }
        }
        for metric in log::metrics(&line().await) {
            let dimensions: BTreeSet<_> = metric.dimensions.into_iter().map(|it| it.0).collect();
            let dimensions = dimensions.into_iter().collect();
            metrics.insert((metric.namespace, metric.name, dimensions));
        }
        let played = played().await.values();
        let operations = played.flat_map(|it| it.operations.clone()).collect();
        Self {
            metrics,
            operations,
        }
    }

    /// The fault of a metric, if it has one: nothing writes the metric, or a dimension does not belong to the stack.
    pub(super) fn fault(&self, metric: &Metric, stack: &Stack) -> Option<String> {
        let names: Vec<_> = metric.dimensions.keys().cloned().collect();
        let key = (metric.namespace.clone(), metric.name.clone(), names);
        let mut dimensions = metric.dimensions.iter();
        if !self.metrics.contains(&key) {
            return Some(format!("nothing writes {key:?}"));
        }
        let wrong = dimensions.find(|(name, value)| !self.is_of_stack(name, value, stack));
        wrong.map(|(name, value)| format!("{} of {name} {value}", metric.name))
    }

    /// Whether a dimension can have this value: the name of one of the stack's resources, of the right type.
    fn is_of_stack(&self, name: &str, value: &str, stack: &Stack) -> bool {
        match name {
            "ApiId" => stack.is_a(API, value),
            "FunctionName" => stack.is_a(FUNCTION, value),
            "EventSourceMappingUUID" => stack.is_a(MAPPING, value),
            "QueueName" => value
                .strip_suffix(".QueueName}")
                .is_some_and(|queue| stack.is_a(QUEUE, &format!("{queue}}}"))),
            // The alias that the API calls.
            "Resource" => value
                .strip_suffix(":live")
                .is_some_and(|function| stack.is_a(FUNCTION, function)),
            "ExecutedVersion" | "FunctionVersion" => value
                .strip_suffix(".Version.Version}")
                .is_some_and(|function| stack.is_a(FUNCTION, &format!("{function}}}"))),
            "TableName" => stack.is_a(TABLE, value),
            "GlobalSecondaryIndexName" => {
                let table = stack.only(TABLE);
                let indexes = table["GlobalSecondaryIndexes"].as_array().unwrap();
                indexes.iter().any(|index| index["IndexName"] == value)
            }
            "Operation" => self.operations.contains(value),
            _ => panic!("say here which values {name} has"),
        }
    }

    /// Whether such a metric exists, whatever the values of its dimensions.
    pub(super) fn has(&self, namespace: &str, name: &str, dimensions: &[&str]) -> bool {
        let dimensions = dimensions.iter().map(ToString::to_string).collect();
        self.metrics
            .contains(&(namespace.to_owned(), name.to_owned(), dimensions))
    }
}

/// The line that a function writes for a request.
async fn line() -> Value {
    let api = Api::start().await;
    let request = api.request("/api/contacts/c_1/verification");
    api.send(request.json(&json!({}))).await.logged()
}
