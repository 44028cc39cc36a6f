//! What the functions log while they are tested: at the default level, with metrics, as on Lambda.
//!
//! It is kept for the tests to look at, and written to the file that `TEST_LOG` names, in which `.ci/run` then looks for
//! personal data.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{LazyLock, Mutex, Once};

use serde_json::Value;
use shared::LambdaFunction;

use crate::development_settings;

/// The name that the functions have in their metrics.
pub const FUNCTION_NAME: &str = "tests";
/// And their version.
pub const FUNCTION_VERSION: &str = "1";

/// All lines that name a request, by its id.
static LINES: LazyLock<Mutex<HashMap<String, Vec<Value>>>> = LazyLock::new(Mutex::default);

/// All that is no line of JSON. It names no request, so that it fails every test that looks at the log after it.
static NOT_JSON: Mutex<Vec<String>> = Mutex::new(Vec::new());

static FILE: LazyLock<Option<File>> = LazyLock::new(|| {
    let path = std::env::var_os("TEST_LOG")?;
    let file = File::options().create(true).append(true).open(path);
    Some(file.unwrap())
});

/// Starts the log of this process, unless it has been started.
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

/// The lines that name this request, in their order. The last is that of the request itself.
#[must_use]
pub fn lines(request_id: &str) -> Vec<Value> {
    // A test that fails while it holds the list would keep it from the others.
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
    /// Its value.
    pub value: Value,
    /// The dimensions, each with its value.
    pub dimensions: Vec<(String, Value)>,
}

/// The metrics that CloudWatch would take out of a line.
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
    /// Takes a whole line: both the requests' lines and tracing's are written in one piece.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // First of all, so that the file holds whatever is logged.
        if let Some(mut file) = FILE.as_ref() {
            file.write_all(line)?;
        }
        // Who logs takes no notice of an error.
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
