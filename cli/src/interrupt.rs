//! Signals that ask a command to end.

use std::process;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// The exit code after SIGINT.
const SIGINT: u8 = 130;
/// The exit code after SIGTERM.
const SIGTERM: u8 = 143;

/// Why a command with this exit code ended early.
pub(crate) fn name_of(code: u8) -> &'static str {
    match code {
        SIGINT => "interrupted by SIGINT",
        _ => "interrupted by SIGTERM",
    }
}

/// Completes when the process receives SIGINT (Ctrl-C) or SIGTERM, with the exit code for it: 130 or 143. A second signal
/// ends the process at once.
///
/// # Errors
/// When the signal handlers cannot be installed.
pub(crate) fn interrupted() -> anyhow::Result<impl Future<Output = u8>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let mut asked = async || {
            tokio::select! {
                _ = interrupt.recv() => SIGINT,
                _ = terminate.recv() => SIGTERM,
            }
        };
        // The receiver is gone when the command is about to end anyway.
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
