//! What CloudWatch makes metrics of: a line of the log that is a document in its embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
//!
//! The crates that write this format write documents of their own; one line for both halves what is paid for.

use std::sync::LazyLock;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::domain::Timestamp;

/// The namespace of the metrics in CloudWatch.
const NAMESPACE: &str = "ContactVerification";

/// A function as Lambda runs it: the dimensions that all its metrics have.
#[derive(Debug, Clone, Serialize)]
pub struct LambdaFunction {
    /// Its name.
    #[serde(rename = "FunctionName")]
    pub name: String,
    /// Its version. An alarm on it takes back a new version that fails.
    #[serde(rename = "FunctionVersion")]
    pub version: String,
}

/// What makes the line a document in embedded metric format: metrics are members of the line, and this names them.
#[derive(Serialize)]
pub(super) struct Metrics<'a> {
    #[serde(flatten)]
    function: &'a LambdaFunction,
    requests: u8,
    /// Whether the answer was 5xx: its average is the share of such answers.
    server_errors: u8,
    #[serde(rename = "_aws")]
    metadata: Metadata,
}

impl<'a> Metrics<'a> {
    /// What is measured of a request that was answered with this status, beside its line.
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

/// The directives as JSON, which is the same in each line and the larger part of it: written once. There is nothing in
/// it that JSON cannot hold.
static WRITTEN_DIRECTIVES: LazyLock<Option<Box<RawValue>>> =
    LazyLock::new(|| to_raw_value(&DIRECTIVES).ok());

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    /// Sets of dimensions, each the name of a member. Each metric is kept once for each set.
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

/// Few sets of dimensions: CloudWatch charges for every metric with every value of its dimensions.
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
