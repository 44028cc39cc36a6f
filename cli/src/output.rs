//! Standard output.

use std::io::{self, Write};

use anyhow::Context;

/// Writes at once, whoever reads. That nobody does any more is no reason to end.
///
/// # Errors
/// When it cannot be written to.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("standard output")
        }
        _ => Ok(()),
    }
}
