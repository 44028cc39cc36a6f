//! Metrics in the log: CloudWatch reads them from lines in its embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
//!
//! Crates for this format write lines of their own. One line for request and metrics halves the cost.

use std::sync::LazyLock;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::domain::Timestamp;

/// The namespace of the metrics in CloudWatch.
const NAMESPACE: &str = "ContactVerification";

/// A function on Lambda: the dimensions of all its metrics.
#[derive(Debug, Clone, Serialize)]
pub struct LambdaFunction {
    /// Its name.
    #[serde(rename = "FunctionName")]
    pub name: String,
    /// Its version. An alarm on this dimension rolls a failing new version back.
    #[serde(rename = "FunctionVersion")]
    pub version: String,
}

/// The members that make a line a document in embedded metric format.
#[derive(Serialize)]
pub(super) struct Metrics<'a> {
    #[serde(flatten)]
    function: &'a LambdaFunction,
    requests: u8,
    /// 1 if the answer was 5xx, else 0: the average is the share of such answers.
    server_errors: u8,
    #[serde(rename = "_aws")]
    metadata: Metadata,
}

impl<'a> Metrics<'a> {
    /// The metrics of a request that was answered with this status.
    pub(super) fn new(function: &'a LambdaFunction, status: u16, now: Timestamp) -> Self {
        Self {
            function,
            requests: 1,
            server_errors: u8::from(status >= 500),
            metadata: Metadata {
                timestamp: now.unix_milliseconds(),
                directives: WRITTEN_DIRECTIVES.as_deref(),
            },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    /// Milliseconds since 1970.
    timestamp: i64,
    #[serde(rename = "CloudWatchMetrics")]
    directives: Option<&'static RawValue>,
}

/// The directives as JSON. They are the larger part of each line and always the same, so they are serialized once.
/// They hold nothing that JSON cannot represent.
static WRITTEN_DIRECTIVES: LazyLock<Option<Box<RawValue>>> =
    LazyLock::new(|| to_raw_value(&DIRECTIVES).ok());

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    /// Sets of dimensions, each the name of a member. CloudWatch keeps each metric once for each set.
    dimensions: &'static [&'static [&'static str]],
    metrics: &'static [Metric],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    /// The member that holds its value.
    name: &'static str,
    unit: &'static str,
}

/// The metrics. They have few dimensions: CloudWatch charges for every metric and every value of its dimensions.
const DIRECTIVES: [Directive; 3] = [
    Directive {
        namespace: NAMESPACE,
        dimensions: &[&["FunctionName", "outcome"]],
        metrics: &[Metric::count("requests")],
    },
    Directive {
        namespace: NAMESPACE,
        dimensions: &[&["FunctionName"], &["FunctionName", "FunctionVersion"]],
        metrics: &[Metric::count("server_errors")],
    },
    Directive {
        namespace: NAMESPACE,
        dimensions: &[&["FunctionName"]],
        metrics: &[
            Metric {
                name: "duration_ms",
                unit: "Milliseconds",
            },
            Metric::count("dynamodb.calls"),
            Metric::count("conflicts_retried"),
        ],
    },
];

impl Metric {
    const fn count(name: &'static str) -> Self {
        Self {
            name,
            unit: "Count",
        }
    }
}
