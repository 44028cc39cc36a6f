//! What the functions log while they are tested: at the default level, with metrics, as on Lambda.
//!
//! It is kept for the tests to look at, and written to the file that `TEST_LOG` names, in which `.ci/run` then looks for
//! personal data.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{Mutex, Once, OnceLock};

use serde_json::Value;

use crate::development_settings;

/// The name that the functions have in their metrics.
pub const FUNCTION_NAME: &str = "tests";

/// All lines that name a request, by its id.
static LINES: Mutex<Option<HashMap<String, Vec<Value>>>> = Mutex::new(None);

static FILE: OnceLock<Option<File>> = OnceLock::new();

/// Starts the log of this process, unless it has been started.
pub fn start() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let level = development_settings().log_level;
        shared::init_logging(level, Some(FUNCTION_NAME.to_owned()), || Log);
    });
}

/// The lines that name this request, in their order. The last is that of the request itself.
#[must_use]
pub fn lines(request_id: &str) -> Vec<Value> {
    let lines = LINES.lock().unwrap();
    lines
        .as_ref()
        .and_then(|lines| lines.get(request_id).cloned())
        .unwrap_or_default()
}

struct Log;

impl Write for Log {
    /// Takes a whole line: both the requests' lines and tracing's are written in one piece.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let parsed: Value = serde_json::from_slice(line)?;
        if let Some(id) = parsed["request.id"].as_str() {
            let mut lines = LINES.lock().unwrap();
            let lines = lines.get_or_insert_default();
            lines.entry(id.to_owned()).or_default().push(parsed);
        }
        let file = FILE.get_or_init(|| {
            let path = std::env::var_os("TEST_LOG")?;
            let file = File::options().create(true).append(true).open(path);
            Some(file.unwrap())
        });
        if let Some(mut file) = file.as_ref() {
            file.write_all(line)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
