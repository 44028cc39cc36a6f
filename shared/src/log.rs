//! The log: JSON lines. One for each request, one more for each failure that is ours.

mod metrics;
mod request;

use std::io;
use std::panic;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use self::request::RequestLog;

pub use self::metrics::LambdaFunction;
pub(crate) use self::request::{Measured, RequestLine, write_request};

/// Writes the log from this level on to what `writer` makes, and the metrics of this Lambda function, if it is one, at
/// every level.
///
/// Libraries only report errors, at every level: what else they would say holds requests and answers, and with them
/// tokens and personal data.
pub fn init_logging<W: io::Write>(
    level: LevelFilter,
    function: Option<LambdaFunction>,
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
    RequestLog::init(level, function, writer);
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
