//! Exit codes, the same for all commands.

use std::fmt;
use std::process::ExitCode;

use shared::settings::InvalidSetting;

/// The command is done, but some records were rejected, some checks failed, or the contact does not exist.
pub(crate) const NOT_ALL: u8 = 1;
/// An argument, an option or a setting is missing or wrong. `clap` uses the same code.
const USAGE: u8 = 2;
/// The command could not begin, or it ended early.
const FAILED: u8 = 3;

/// The exit codes of the tool, for its `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0         The command is done.
  1         The command is done, but some records were rejected (import), some checks failed (smoke), the contact does not
            exist (show, erase), or the token is refused (token --explain).
  2         An argument, an option or a setting is missing or wrong.
  3         The command could not begin, or it ended early.
  130, 143  Ctrl-C or SIGTERM ended the command.";

/// The exit codes of a command without a partial result, for its `--help`.
pub(crate) const COMMAND_HELP: &str = "\
Exit codes:
  0         The command is done.
  2         An argument, an option or a setting is missing or wrong.
  3         The command could not begin, or it ended early.
  130, 143  Ctrl-C or SIGTERM ended the command.";

/// The exit codes of a command that prints something and reads no table, for its `--help`.
pub(crate) const PRINT_HELP: &str = "\
Exit codes:
  0  The command is done.
  2  An argument, an option or a setting is missing or wrong.
  3  The output cannot be written.";

/// The exit codes of `contacts token`, for its `--help`.
pub(crate) const TOKEN_HELP: &str = "\
Exit codes:
  0  The token is printed; with --explain, the token is accepted.
  1  With --explain, the token is refused, or the keys cannot be fetched.
  2  An argument, an option or a setting is missing or wrong.
  3  The token cannot be read, or the output cannot be written.";

/// The exit codes of `contacts serve`, for its `--help`.
pub(crate) const SERVE_HELP: &str = "\
Exit codes:
  0  Ctrl-C or SIGTERM ended the server.
  2  An argument, an option or a setting is missing or wrong.
  3  The server could not begin, or it ended early.";

/// The exit codes of `contacts show`, for its `--help`.
pub(crate) const SHOW_HELP: &str = "\
Exit codes:
  0         The command is done.
  1         The organization has no contact with this id.
  2         An argument, an option or a setting is missing or wrong.
  3         The table cannot be read.
  130, 143  Ctrl-C or SIGTERM ended the command.";

/// The exit codes of `contacts erase`, for its `--help`.
pub(crate) const ERASE_HELP: &str = "\
Exit codes:
  0         The contact is erased.
  1         The organization has no contact with this id, or the contact is already erased.
  2         An argument, an option or a setting is missing or wrong.
  3         The erasure could not begin, or it ended early.
  130, 143  Ctrl-C or SIGTERM ended the command.";

/// The exit codes of `contacts import`, for its `--help`.
pub(crate) const IMPORT_HELP: &str = "\
Exit codes:
  0         All records were imported.
  1         The whole file was read, but some records were rejected.
  2         An argument, an option or a setting is missing or wrong.
  3         The import could not begin, or it ended early.
  130, 143  Ctrl-C or SIGTERM ended the import.";

/// The exit codes of `contacts smoke`, for its `--help`.
pub(crate) const SMOKE_HELP: &str = "\
Exit codes:
  0         No check failed.
  1         Some checks failed.
  2         An argument, an option or a setting is missing or wrong.
  3         The checks could not begin: the API does not answer.
  130, 143  Ctrl-C or SIGTERM ended the command.";

/// A mistake of the caller: an argument, an option or a setting is missing or wrong.
#[derive(Debug)]
struct UsageError(String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// The error for this mistake of the caller.
#[must_use]
pub fn usage(mistake: impl fmt::Display) -> anyhow::Error {
    // `#` includes the causes of an `anyhow::Error`.
    UsageError(format!("{mistake:#}")).into()
}

/// The exit code of a command that failed with this error.
#[must_use]
pub fn code_of(error: &anyhow::Error) -> ExitCode {
    if is_usage(error) {
        USAGE.into()
    } else {
        FAILED.into()
    }
}

/// Whether the caller made a mistake.
pub(crate) fn is_usage(error: &anyhow::Error) -> bool {
    error.is::<UsageError>() || error.is::<InvalidSetting>()
}
