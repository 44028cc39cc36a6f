//! Signals that ask a command to end.

use std::process;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Completes when the process is asked to end, with the exit code of one that was: 130 after SIGINT (Ctrl-C), 143 after
/// SIGTERM. Asked a second time, it ends at once.
///
/// # Errors
/// When signals cannot be waited for.
pub(crate) fn interrupted() -> anyhow::Result<impl Future<Output = u8>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let mut asked = async || {
            tokio::select! {
                _ = interrupt.recv() => 130,
                _ = terminate.recv() => 143,
            }
        };
        // Nobody waits for it any more when the command is at its end.
        let _ = tell.send(asked().await);
        process::exit(asked().await.into());
    });
    Ok(async {
        match told.await {
            Ok(code) => code,
            Err(_) => std::future::pending().await,
        }
    })
}
