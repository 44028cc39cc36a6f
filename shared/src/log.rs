//! The log: one JSON line for each request, and a second line for each server error.

mod metrics;
mod request;

use std::error::Error;
use std::io;
use std::iter;
use std::panic;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use self::request::{REQUEST_LOG, RequestLog};

pub use self::metrics::LambdaFunction;
pub(crate) use self::request::{Measured, RequestLine, write_request};

/// Starts the log at this level. `writer` gets the lines. The metrics of a Lambda `function` are written at every level.
///
/// Libraries log at most errors, at every level: their other messages contain requests and answers, and with them tokens
/// and personal data.
pub fn init_logging<W: io::Write>(
    level: LevelFilter,
    function: Option<LambdaFunction>,
    writer: impl Fn() -> W + Clone + Send + Sync + 'static,
) {
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::ERROR))
        .with_target("shared", level)
        .with_target("record_history", level)
        .with_target("contacts", level);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_writer(writer.clone());
    // Both calls fail only if this process has started the log before. That log stays in use.
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(targets)
        .try_init();
    let _ = REQUEST_LOG.set(RequestLog {
        level,
        function,
        write_line: Box::new(move |line| {
            // A failure to write the log cannot be logged.
            let _ = writer().write_all(line);
        }),
    });
}

/// An error and its causes, down to the root, for the log.
#[must_use]
pub fn causes(error: &(dyn Error + 'static)) -> String {
    let causes = iter::successors(Some(error), |&error| error.source());
    let causes: Vec<_> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}

/// Logs the place of a panic without its message, which may quote personal data.
pub fn report_panics_by_place() {
    panic::set_hook(Box::new(|panic| {
        tracing::error!(
            place = panic.location().map(ToString::to_string),
            "panicked"
        );
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Failure(&'static str, #[source] Option<Box<Failure>>);

    #[test]
    fn an_error_is_logged_with_its_causes_down_to_the_root() {
        let root = Failure("no route to host", None);
        let middle = Failure("not connected", Some(Box::new(root)));
        let error = Failure("not recorded", Some(Box::new(middle)));
        assert_eq!(
            causes(&error),
            "not recorded: not connected: no route to host"
        );
    }
}
