//! Counts the calls to the database for the log.

use std::cell::Cell;

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

tokio::task_local! {
    /// The tally of the current task's work. The SDK and the store work in the same task.
    static TALLY: Cell<Tally>;
}

/// The counters of a piece of work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Calls to the database, including the SDK's retries.
    pub(crate) calls: u32,
    /// How often the store retried the work after a conflict with another caller.
    pub(crate) conflicts_retried: u32,
}

/// Does the work, and returns its result with the tally.
pub(crate) async fn tallied<T>(work: impl Future<Output = T>) -> (T, Tally) {
    TALLY
        .scope(Cell::default(), async {
            let done = work.await;
            (done, TALLY.with(Cell::get))
        })
        .await
}

fn note(change: impl FnOnce(&mut Tally)) {
    // Work outside of `tallied`, such as loading a seed, has no tally to update.
    let _ = TALLY.try_with(|cell| {
        let mut tally = cell.get();
        change(&mut tally);
        cell.set(tally);
    });
}

/// Counts a retry after a conflict with another caller.
pub(super) fn note_conflict_retried() {
    note(|tally| tally.conflicts_retried += 1);
}

/// Counts every call that the SDK sends.
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
        note(|tally| tally.calls += 1);
        Ok(())
    }
}
