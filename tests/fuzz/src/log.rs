//! The log of the code under test while it handles one input.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::Once;

use black_box_tests::development_settings;
use serde_json::Value;

thread_local! {
    /// The lines of this thread. Each target handles its inputs in one thread.
    static LINES: RefCell<Vec<Value>> = const { RefCell::new(Vec::new()) };
}

/// Starts the log of this process, once.
pub(crate) fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        shared::init_logging(development_settings().log_level, None, || Log);
    });
}

/// Takes the lines since the last use of this function.
pub(crate) fn take() -> Vec<Value> {
    LINES.with_borrow_mut(std::mem::take)
}

struct Log;

impl Write for Log {
    /// Gets a whole line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let parsed = serde_json::from_slice(line);
        let parsed = parsed.unwrap_or_else(|_| panic!("a line of the log is not JSON: {line:?}"));
        LINES.with_borrow_mut(|lines| lines.push(parsed));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
