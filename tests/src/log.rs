//! Captures the functions' log during the tests: at the default level and with metrics, as on Lambda.
//!
//! The tests can read the captured lines. This module also writes them to the file that `TEST_LOG` names, where
//! `.ci/run` searches for personal data.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{LazyLock, Mutex, Once};

use serde_json::Value;
use shared::LambdaFunction;

use crate::development_settings;

/// The function name in the metrics.
pub const FUNCTION_NAME: &str = "tests";
/// The function version in the metrics.
pub const FUNCTION_VERSION: &str = "1";

/// All lines of requests, by request id.
static LINES: LazyLock<Mutex<HashMap<String, Vec<Value>>>> = LazyLock::new(Mutex::default);

/// Log output that is not JSON. It fails every later test that reads the log.
static NOT_JSON: Mutex<Vec<String>> = Mutex::new(Vec::new());

static FILE: LazyLock<Option<File>> = LazyLock::new(|| {
    let path = std::env::var_os("TEST_LOG")?;
    let file = File::options().create(true).append(true).open(path);
    Some(file.unwrap())
});

/// Starts the log of this process once.
pub fn start() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let level = development_settings().log_level;
        let function = LambdaFunction {
            name: FUNCTION_NAME.to_owned(),
            version: FUNCTION_VERSION.to_owned(),
        };
        shared::init_logging(level, Some(function), || Log);
    });
}

/// The lines of this request, in order. The last line is the request's own line.
#[must_use]
pub fn lines(request_id: &str) -> Vec<Value> {
    // A test that panics with the lock poisons it. The other tests still need the list.
    let not_json = NOT_JSON.lock().unwrap().clone();
    assert!(not_json.is_empty(), "not JSON: {not_json:?}");
    let lines = LINES.lock().unwrap();
    lines.get(request_id).cloned().unwrap_or_default()
}

/// A metric with one of its sets of dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The value.
    pub value: Value,
    /// The dimensions, each with its value.
    pub dimensions: Vec<(String, Value)>,
}

/// The metrics that CloudWatch would extract from a line.
#[must_use]
pub fn metrics(line: &Value) -> Vec<Metric> {
    let list = |value: &Value| value.as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let with_value = |name: &Value| (text(name), line[text(name)].clone());
    let mut metrics = Vec::new();
    for directive in list(&line["_aws"]["CloudWatchMetrics"]) {
        for dimensions in list(&directive["Dimensions"]) {
            for metric in list(&directive["Metrics"]) {
                let (name, value) = with_value(&metric["Name"]);
                metrics.push(Metric {
                    namespace: text(&directive["Namespace"]),
                    name,
                    value,
                    dimensions: list(&dimensions).iter().map(with_value).collect(),
                });
            }
        }
    }
    metrics
}

struct Log;

impl Write for Log {
    /// Receives a whole line: the request log and `tracing` each write a line in one call.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // The file comes first, so that it contains all output.
        if let Some(mut file) = FILE.as_ref() {
            file.write_all(line)?;
        }
        // The writers of log lines ignore an error.
        let Ok(parsed) = serde_json::from_slice::<Value>(line) else {
            let text = String::from_utf8_lossy(line).into_owned();
            NOT_JSON.lock().unwrap().push(text);
            return Ok(line.len());
        };
        if let Some(id) = parsed["request.id"].as_str() {
            let mut lines = LINES.lock().unwrap();
            lines.entry(id.to_owned()).or_default().push(parsed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
