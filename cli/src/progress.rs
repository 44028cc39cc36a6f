//! The progress of a command, on standard error: a bar on a terminal, elsewhere a line every few seconds.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;

use crate::output::tell;

/// The time between two updates of the bar.
const REDRAW_INTERVAL: Duration = Duration::from_millis(200);

/// The time between two lines.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Counters of the work that is done so far.
#[derive(Debug, Default)]
pub struct Progress {
    rows: AtomicU64,
    bytes: AtomicU64,
}

/// The unit that a command counts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit {
    /// The rows of a file.
    Rows,
    /// The contacts of an organization, and its addresses that nobody owns.
    Records,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Records => "records",
        }
    }
}

impl Progress {
    /// Counts another row, which ends at this byte of the file.
    pub(crate) fn row(&self, bytes: u64) {
        self.rows.fetch_add(1, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// The number of rows that are done.
    pub(crate) fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }
}

/// Shows progress until it is dropped.
pub(crate) struct Display {
    bar: Option<ProgressBar>,
    showing: JoinHandle<()>,
}

impl Display {
    /// Starts the display. `size` is the size of the file in bytes, if it is known. `waits` returns how often the command has
    /// waited for the database.
    pub(crate) fn start(
        progress: Arc<Progress>,
        unit: Unit,
        size: Option<u64>,
        waits: impl Fn() -> u64 + Send + 'static,
    ) -> Self {
        let began = Instant::now();
        let text = move |progress: &Progress, waits: u64| {
            let rows = progress.rows();
            let rate = per_second(rows, began.elapsed());
            let waited = match waits {
                0 => String::new(),
                waits => format!(", waited {waits} times for the database"),
            };
            let unit = unit.name();
            format!("{rows} {unit}, {rate:.0} {unit}/s{waited}")
        };
        let bar = stderr().is_terminal().then(|| bar(size));
        let shown = bar.clone();
        let showing = tokio::spawn(async move {
            loop {
                let bytes = || progress.bytes.load(Ordering::Relaxed);
                if let Some(bar) = &shown {
                    bar.set_position(bytes());
                    bar.set_message(text(&progress, waits()));
                    bar.tick();
                    tokio::time::sleep(REDRAW_INTERVAL).await;
                } else {
                    tokio::time::sleep(LINE_INTERVAL).await;
                    let share = match size {
                        Some(size) if size > 0 => format!(", {} %", bytes() * 100 / size),
                        _ => String::new(),
                    };
                    tell(&format!("{}{share}", text(&progress, waits())));
                }
            }
        });
        Self { bar, showing }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.showing.abort();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(size: Option<u64>) -> ProgressBar {
    let template = match size {
        Some(_) => "{bar:30} {percent} % {msg}, {eta} left",
        None => "{spinner} {msg}",
    };
    let bar = ProgressBar::with_draw_target(size, ProgressDrawTarget::stderr());
    // The only possible error is a mistake in the template above. The bar keeps the default style then.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Rows per second.
#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 rows")]
pub(crate) fn per_second(rows: u64, elapsed: Duration) -> f64 {
    rows as f64 / elapsed.as_secs_f64().max(f64::EPSILON)
}
