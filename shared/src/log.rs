//! The log: JSON lines. One for each request, one more for each failure that is ours.
//!
//! The line of a request has fixed names, and on Lambda it is also a document in CloudWatch's embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>),
//! from which CloudWatch makes metrics. The crates that write this format write documents of their own; one line for both
//! halves what is paid for.

use std::io;
use std::panic;
use std::sync::OnceLock;

use serde::Serialize;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::domain::Timestamp;

/// The namespace of the metrics in CloudWatch.
const NAMESPACE: &str = "ContactVerification";

/// Where the lines of requests go.
static REQUEST_LOG: OnceLock<RequestLog> = OnceLock::new();

/// Writes a whole line.
type Write = Box<dyn Fn(&[u8]) + Send + Sync>;

struct RequestLog {
    level: LevelFilter,
    /// The name of this Lambda function, which its metrics have as a dimension. Elsewhere there are no metrics.
    function_name: Option<String>,
    write: Write,
}

/// Writes the log from this level on to what `writer` makes, and on Lambda, where the function has a name, metrics at
/// every level.
///
/// Libraries only report errors, at every level: what else they would say holds requests and answers, and with them
/// tokens and personal data.
pub fn init_logging<W: io::Write>(
    level: LevelFilter,
    function_name: Option<String>,
    writer: impl Fn() -> W + Clone + Send + Sync + 'static,
) {
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::ERROR))
        .with_target("shared", level)
        .with_target("contacts", level);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_writer(writer.clone());
    // Only a second start in one process finds a log there already. It is as good.
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(targets)
        .try_init();
    let _ = REQUEST_LOG.set(RequestLog {
        level,
        function_name,
        write: Box::new(move |line| {
            // There is nobody to tell that the log cannot be written.
            let _ = writer().write_all(line);
        }),
    });
}

/// Reports a panic by its place, without its message: that may quote what was being worked on.
pub fn report_panics_by_place() {
    panic::set_hook(Box::new(|panic| {
        tracing::error!(
            place = panic.location().map(ToString::to_string),
            "panicked"
        );
    }));
}

/// What the log says of a request. Nothing in it is personal: no token, no phone number, no address, no contact.
#[derive(Debug, Serialize)]
pub(crate) struct RequestLine<'a> {
    /// The id that the caller sees in `x-request-id`.
    #[serde(rename = "request.id")]
    pub(crate) request_id: &'a str,
    /// The id of its trace in AWS X-Ray.
    #[serde(rename = "trace.id", skip_serializing_if = "Option::is_none")]
    pub(crate) trace_id: Option<&'a str>,
    pub(crate) route: &'a str,
    pub(crate) status: u16,
    #[serde(rename = "organization.id", skip_serializing_if = "Option::is_none")]
    pub(crate) organization_id: Option<&'a str>,
    #[serde(rename = "caller.kind", skip_serializing_if = "Option::is_none")]
    pub(crate) caller_kind: Option<&'a str>,
    /// Whether it is the first of its process.
    pub(crate) cold_start: bool,
}

/// What is measured of a request.
#[derive(Debug, Serialize)]
pub(crate) struct Measured<'a> {
    /// What came of it.
    pub(crate) outcome: &'a str,
    /// From its arrival in the handler to its answer.
    pub(crate) duration_ms: f64,
    /// Calls of DynamoDB, those that the SDK repeated included.
    #[serde(rename = "dynamodb.calls")]
    pub(crate) dynamodb_calls: u32,
    /// How often its work was done again because another caller was faster.
    pub(crate) conflicts_retried: u32,
}

/// Writes the line of a request, or what is to be written of it at the log's level.
pub(crate) fn write_request(line: &RequestLine<'_>, measured: &Measured<'_>, now: Timestamp) {
    if let Some(log) = REQUEST_LOG.get()
        && let Some(line) = log.line(line, measured, now)
    {
        (log.write)(&line);
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
        let metrics = self.function_name.as_deref().map(|function_name| Metrics {
            function_name,
            requests: 1,
            server_errors: u8::from(line.status >= 500),
            metadata: Metadata {
                timestamp: now.unix_milliseconds(),
                directives: DIRECTIVES,
            },
        });
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
        // Numbers and texts under fixed names: there is nothing in it that JSON cannot hold.
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

/// What makes the line a document in embedded metric format: metrics are members of the line, and this names them.
#[derive(Serialize)]
struct Metrics<'a> {
    #[serde(rename = "FunctionName")]
    function_name: &'a str,
    requests: u8,
    /// Whether the answer was 5xx: its average is the share of such answers.
    server_errors: u8,
    #[serde(rename = "_aws")]
    metadata: Metadata,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    /// Milliseconds since 1970.
    timestamp: i64,
    #[serde(rename = "CloudWatchMetrics")]
    directives: [Directive; 2],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    /// Sets of dimensions, each the name of a member.
    dimensions: [&'static [&'static str]; 1],
    metrics: &'static [Metric],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    /// The member that holds its value.
    name: &'static str,
    unit: &'static str,
}

/// Requests by outcome, all else by function only: CloudWatch charges for every metric with every value of its
/// dimensions.
const DIRECTIVES: [Directive; 2] = [
    Directive {
        namespace: NAMESPACE,
        dimensions: [&["FunctionName", "outcome"]],
        metrics: &[Metric::count("requests")],
    },
    Directive {
        namespace: NAMESPACE,
        dimensions: [&["FunctionName"]],
        metrics: &[
            Metric::count("server_errors"),
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

    fn line(level: LevelFilter, function_name: Option<&str>) -> Option<Value> {
        let log = RequestLog {
            level,
            function_name: function_name.map(str::to_owned),
            write: Box::new(|_| ()),
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
            for dimension in directive["Dimensions"][0].as_array().unwrap() {
                assert!(line[dimension.as_str().unwrap()].is_string(), "{dimension}");
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
