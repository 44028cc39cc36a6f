//! The report of a command at its end: lines for people or, with `--json`, an object for programs.

use std::process::ExitCode;

use serde_json::{Map, Value, json};

use crate::output::{print, tell};

/// The report of a command.
pub(crate) struct Report {
    /// The lines for people.
    pub(crate) text: String,
    /// The members of the object for programs.
    pub(crate) members: Map<String, Value>,
    /// The exit code of the command, or its error.
    pub(crate) end: anyhow::Result<ExitCode>,
}

/// Prints the report of a command, and returns its exit code. With `is_json`, standard output gets one JSON object and
/// nothing else. If the command failed, the member `error` has the reason.
///
/// # Errors
/// The error of the command, or when standard output cannot be written to.
pub(crate) fn conclude(is_json: bool, report: anyhow::Result<Report>) -> anyhow::Result<ExitCode> {
    let Report {
        mut text,
        mut members,
        end,
    } = match report {
        Ok(report) => report,
        Err(error) => Report {
            text: String::new(),
            members: Map::new(),
            end: Err(error),
        },
    };
    if is_json {
        if let Err(error) = &end {
            members.insert("error".to_owned(), json!(format!("{error:#}")));
        }
        text = format!("{}\n", Value::Object(members));
    }
    match (print(&text), end) {
        (Err(unprinted), Err(error)) => {
            tell(&format!("contacts: {unprinted:#}"));
            Err(error)
        }
        (printed, end) => printed.and(end),
    }
}
