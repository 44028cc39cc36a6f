//! `contacts completions`: the script with which a shell completes the tool's commands and options.

use clap::CommandFactory;

use crate::arguments::{Arguments, CompletionsArguments};
use crate::output::print;

/// Prints the completion script of a shell.
///
/// # Errors
/// When standard output cannot be written to.
pub fn run(arguments: &CompletionsArguments) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "contacts",
        &mut script,
    );
    print(&String::from_utf8(script)?)
}
