//! Metrics in the log: CloudWatch reads them from lines in its embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
//!
//! Crates for this format write separate lines. One line for both the request and its metrics halves the cost.

use std::sync::LazyLock;

use serde::Serialize;
use serde_json::from_str;
use serde_json::value::RawValue;

use crate::domain::Timestamp;

/// A function on Lambda: the dimensions of all its metrics.
#[derive(Debug, Clone, Serialize)]
pub struct LambdaFunction {
    /// The name.
    #[serde(rename = "FunctionName")]
    pub name: String,
    /// The version. An alarm on this dimension rolls back a new version that fails.
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
                directives: *READ_DIRECTIVES,
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

/// The directives name the metrics and their dimensions, which are members of the line. They are always the same, so they
/// are written here as they appear in each line. CloudWatch keeps each metric once for each set of dimensions, and
/// charges for every metric and every value of its dimensions, so the metrics have few dimensions.
const DIRECTIVES: &str = concat!(
    r#"[{"Namespace":"ContactVerification","Dimensions":[["FunctionName","outcome"]],"#,
    r#""Metrics":[{"Name":"requests","Unit":"Count"}]},"#,
    r#"{"Namespace":"ContactVerification","Dimensions":[["FunctionName"],["FunctionName","FunctionVersion"]],"#,
    r#""Metrics":[{"Name":"server_errors","Unit":"Count"}]},"#,
    r#"{"Namespace":"ContactVerification","Dimensions":[["FunctionName"]],"#,
    r#""Metrics":[{"Name":"duration_ms","Unit":"Milliseconds"},{"Name":"dynamodb.calls","Unit":"Count"},"#,
    r#"{"Name":"conflicts_retried","Unit":"Count"}]}]"#,
);

/// The directives as a member of a line, parsed once. Tests check that they are valid JSON.
static READ_DIRECTIVES: LazyLock<Option<&RawValue>> = LazyLock::new(|| from_str(DIRECTIVES).ok());
