//! What a piece of work asks of the database, counted for the log.

use std::cell::Cell;

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

tokio::task_local! {
    /// The tally of the work that is being done. What the SDK and the store do for it, they do in its task.
    static TALLY: Cell<Tally>;
}

/// What a piece of work asked of the database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Calls, those that the SDK repeated included.
    pub(crate) calls: u32,
    /// How often it was done again because another caller was faster.
    pub(crate) conflicts_retried: u32,
}

/// Does the work, and tells what it asked of the database.
pub(crate) async fn tallied<T>(work: impl Future<Output = T>) -> (T, Tally) {
    TALLY
        .scope(Cell::default(), async {
            let done = work.await;
            (done, TALLY.with(Cell::get))
        })
        .await
}

fn note(change: impl FnOnce(&mut Tally)) {
    // Work that nobody tallies, such as loading a seed, is not counted.
    let _ = TALLY.try_with(|cell| {
        let mut tally = cell.get();
        change(&mut tally);
        cell.set(tally);
    });
}

/// Notes that work is done again because another caller was faster.
pub(super) fn note_conflict_retried() {
    note(|tally| tally.conflicts_retried += 1);
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
        note(|tally| tally.calls += 1);
        Ok(())
    }
}
