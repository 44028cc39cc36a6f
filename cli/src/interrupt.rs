//! Signals that ask a command to end.

use std::{process, thread};

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// The exit code after SIGINT.
const SIGINT: u8 = 130;
/// The exit code after SIGTERM.
const SIGTERM: u8 = 143;

/// The reason why a command with this exit code ended early.
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
    // A runtime apart from the command's own: a second signal ends the process even while all of the command's threads wait.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = {
        let _within = runtime.enter();
        (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        )
    };
    let (tell, told) = oneshot::channel();
    let handle = async move {
        let mut asked = async || {
            tokio::select! {
                _ = interrupt.recv() => SIGINT,
                _ = terminate.recv() => SIGTERM,
            }
        };
        // If the receiver is gone, the command is about to end anyway.
        let _ = tell.send(asked().await);
        process::exit(asked().await.into());
    };
    thread::spawn(move || runtime.block_on(handle));
    Ok(async {
        match told.await {
            Ok(code) => code,
            Err(_) => std::future::pending().await,
        }
    })
}
