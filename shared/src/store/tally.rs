//! What a piece of work asks of the database, counted for the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

tokio::task_local! {
    /// The tally of the work that is being done. What the SDK and the store do for it, they do in its task.
    static TALLY: Arc<Counters>;
}

#[derive(Debug, Default)]
struct Counters {
    calls: AtomicU32,
    conflicts_retried: AtomicU32,
}

/// What a piece of work asked of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Calls, those that the SDK repeated included.
    pub calls: u32,
    /// How often it was done again because another caller was faster.
    pub conflicts_retried: u32,
}

/// Does the work, and tells what it asked of the database.
pub async fn tallied<T>(work: impl Future<Output = T>) -> (T, Tally) {
    let counters = Arc::new(Counters::default());
    let done = TALLY.scope(Arc::clone(&counters), work).await;
    let tally = Tally {
        calls: counters.calls.load(Ordering::Relaxed),
        conflicts_retried: counters.conflicts_retried.load(Ordering::Relaxed),
    };
    (done, tally)
}

/// Notes that work is done again.
pub(super) fn note_conflict_retried() {
    // Work that nobody tallies, such as loading a seed, is not counted.
    let _ = TALLY.try_with(|tally| tally.conflicts_retried.fetch_add(1, Ordering::Relaxed));
}

/// Notes every call that the SDK sends.
#[derive(Debug)]
pub(super) struct NoteCalls;

impl Intercept for NoteCalls {
    fn name(&self) -> &'static str {
        "NoteCalls"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let _ = TALLY.try_with(|tally| tally.calls.fetch_add(1, Ordering::Relaxed));
        Ok(())
    }
}
