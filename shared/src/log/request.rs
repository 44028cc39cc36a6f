//! The log line of each request, whose members have fixed names. On Lambda the line also contains metrics.

use std::sync::OnceLock;

use serde::Serialize;
use tracing::level_filters::LevelFilter;

use super::metrics::{LambdaFunction, Metrics};
use crate::domain::Timestamp;

/// The log of requests of this process.
pub(super) static REQUEST_LOG: OnceLock<RequestLog> = OnceLock::new();

/// Writes a whole line.
type WriteLine = Box<dyn Fn(&[u8]) + Send + Sync>;

/// Writes one line for each request.
pub(super) struct RequestLog {
    pub(super) level: LevelFilter,
    /// The function whose metrics the lines contain; `None` if they contain no metrics.
    pub(super) function: Option<LambdaFunction>,
    pub(super) write_line: WriteLine,
}

/// The members of a request's line. None is personal: no token, no phone number, no address, no contact.
#[derive(Debug, Serialize)]
pub(crate) struct RequestLine<'a> {
    /// The id that the caller sees in `x-request-id`.
    #[serde(rename = "request.id")]
    pub(crate) request_id: &'a str,
    /// The id of the request's trace in AWS X-Ray.
    #[serde(rename = "trace.id", skip_serializing_if = "Option::is_none")]
    pub(crate) trace_id: Option<&'a str>,
    pub(crate) route: &'a str,
    pub(crate) status: u16,
    #[serde(rename = "organization.id", skip_serializing_if = "Option::is_none")]
    pub(crate) organization_id: Option<&'a str>,
    #[serde(rename = "caller.kind", skip_serializing_if = "Option::is_none")]
    pub(crate) caller_kind: Option<&'a str>,
    /// Whether it is the first request of its process.
    pub(crate) cold_start: bool,
}

/// The measurements of a request.
#[derive(Debug, Serialize)]
pub(crate) struct Measured<'a> {
    /// The outcome of the request, or the name of its failure.
    pub(crate) outcome: &'a str,
    /// The time from the request's arrival in the handler to its answer.
    pub(crate) duration_ms: f64,
    /// Calls to DynamoDB, including the SDK's retries.
    #[serde(rename = "dynamodb.calls")]
    pub(crate) dynamodb_calls: u32,
    /// How often the request started over because another write came first.
    pub(crate) conflicts_retried: u32,
}

/// Writes the line of a request. If the log's level excludes requests, the line has only the measurements and metrics. Without
/// metrics, there is then no line.
pub(crate) fn write_request(line: &RequestLine<'_>, measured: &Measured<'_>, now: Timestamp) {
    if let Some(log) = REQUEST_LOG.get()
        && let Some(line) = log.line(line, measured, now)
    {
        (log.write_line)(&line);
    }
}

impl RequestLog {
    fn line(
        &self,
        line: &RequestLine<'_>,
        measured: &Measured<'_>,
        now: Timestamp,
    ) -> Option<Vec<u8>> {
        let is_logged = self.level >= LevelFilter::INFO;
        let metrics = self
            .function
            .as_ref()
            .map(|function| Metrics::new(function, line.status, now));
        if !is_logged && metrics.is_none() {
            return None;
        }
        let document = Document {
            timestamp: now,
            level: "INFO",
            message: is_logged.then_some("request"),
            request: is_logged.then_some(line),
            measured,
            metrics,
        };
        // The line has only numbers and texts under fixed names, so JSON can represent all of it.
        let mut line = serde_json::to_vec(&document).ok()?;
        line.push(b'\n');
        Some(line)
    }
}

/// A line of the log.
#[derive(Serialize)]
struct Document<'a> {
    timestamp: Timestamp,
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    #[serde(flatten)]
    request: Option<&'a RequestLine<'a>>,
    #[serde(flatten)]
    measured: &'a Measured<'a>,
    #[serde(flatten)]
    metrics: Option<Metrics<'a>>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const LINE: RequestLine<'_> = RequestLine {
        request_id: "r-1",
        trace_id: None,
        route: "PATCH /x",
        status: 503,
        organization_id: Some("org_a"),
        caller_kind: None,
        cold_start: true,
    };
    const MEASURED: Measured<'_> = Measured {
        outcome: "unavailable",
        duration_ms: 1.5,
        dynamodb_calls: 4,
        conflicts_retried: 1,
    };

    fn line(level: LevelFilter, function: Option<&str>) -> Option<Value> {
        let log = RequestLog {
            level,
            function: function.map(|name| LambdaFunction {
                name: name.to_owned(),
                version: "7".to_owned(),
            }),
            write_line: Box::new(|_| ()),
        };
        let line = log.line(&LINE, &MEASURED, Timestamp::EPOCH)?;
        Some(serde_json::from_slice(&line).unwrap())
    }

    #[test]
    fn a_request_is_one_line_with_fixed_names() {
        assert_eq!(
            line(LevelFilter::INFO, None).unwrap(),
            json!({
                "timestamp": "1970-01-01T00:00:00.000Z", "level": "INFO", "message": "request",
                "request.id": "r-1", "route": "PATCH /x", "status": 503, "outcome": "unavailable",
                "organization.id": "org_a", "duration_ms": 1.5, "dynamodb.calls": 4, "conflicts_retried": 1,
                "cold_start": true,
            })
        );
    }

    #[test]
    fn on_lambda_the_line_names_its_metrics_and_holds_their_values_and_dimensions() {
        let line = line(LevelFilter::TRACE, Some("f")).unwrap();
        assert_eq!(
            (
                &line["FunctionName"],
                &line["requests"],
                &line["server_errors"]
            ),
            (&json!("f"), &json!(1), &json!(1))
        );
        let metadata = &line["_aws"];
        assert_eq!(metadata["Timestamp"], 0);
        for directive in metadata["CloudWatchMetrics"].as_array().unwrap() {
            assert_eq!(directive["Namespace"], "ContactVerification");
            for metric in directive["Metrics"].as_array().unwrap() {
                let name = metric["Name"].as_str().unwrap();
                assert!(line[name].is_number(), "{name}");
            }
            for set in directive["Dimensions"].as_array().unwrap() {
                for dimension in set.as_array().unwrap() {
                    assert!(line[dimension.as_str().unwrap()].is_string(), "{dimension}");
                }
            }
        }
    }

    #[test]
    fn a_level_above_info_logs_no_requests_but_still_measures_them_on_lambda() {
        for level in [LevelFilter::OFF, LevelFilter::ERROR, LevelFilter::WARN] {
            assert_eq!(line(level, None), None);
            let line = line(level, Some("f")).unwrap();
            assert_eq!(line["duration_ms"], 1.5);
            assert_eq!(line["outcome"], "unavailable");
            for logged in ["message", "request.id", "organization.id", "route"] {
                assert!(line.get(logged).is_none(), "{logged}");
            }
        }
    }
}
