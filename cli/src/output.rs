//! Standard output and standard error.

use std::io::{self, Write};

use anyhow::Context;

/// Writes a text and flushes it. A closed pipe is not an error: the command continues although nobody reads its output.
///
/// # Errors
/// When standard output cannot be written to.
pub fn print(text: &str) -> anyhow::Result<()> {
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

/// Writes a line to standard error. On a closed pipe, `eprintln!` would panic.
pub fn tell(line: &str) {
    // There is no other place to report this failure.
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}
