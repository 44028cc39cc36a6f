//! `contacts import`: the records of a file into a table, many at a time, each once however often it is run.

mod application;
mod cells;
mod contact;
mod fault;
mod lines;
mod queues;
mod record;
mod run;
mod source;
mod tally;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use shared::store::{DatabaseError, RetryBudget};

pub use self::run::{End, Options, Summary, import};
pub use self::tally::Counts;

use crate::arguments::{Format, ImportArguments};
use crate::export::OUTAGE_BUDGET;
use crate::interrupt::interrupted;
use crate::output::print;
use crate::progress::{Display, Progress, per_second};
use crate::table::Table;

/// Imports a file, says how far it got, and answers with the exit code.
///
/// # Errors
/// When a setting or the file is bad, or the database refuses or does not answer.
pub async fn run(arguments: ImportArguments) -> anyhow::Result<ExitCode> {
    let interrupted = interrupted()?;
    let table = Table::named(arguments.dynamodb).await?;
    let is_standard_input = arguments.file == Path::new("-");
    let format = format(&arguments.file, arguments.format)?;
    let rejects = match arguments.rejects {
        Some(rejects) if rejects == Path::new("-") => bail!("--rejects -: must be a file's name"),
        Some(rejects) => rejects,
        None if is_standard_input => "import.rejects.csv".into(),
        None => beside(&arguments.file),
    };
    let name = || arguments.file.display().to_string();
    let (input, size): (Box<dyn Read + Send>, _) = if is_standard_input {
        (Box::new(io::stdin()), None)
    } else {
        let file = File::open(&arguments.file).with_context(name)?;
        let found = fs::metadata(&arguments.file).with_context(name)?;
        if found.is_dir() {
            bail!("{}: is a folder", name());
        }
        (Box::new(file), found.is_file().then_some(found.len()))
    };
    if !arguments.dry_run {
        table.create_on_this_machine().await?;
    }
    let progress = Arc::new(Progress::default());
    let retry_budget = RetryBudget::new(OUTAGE_BUDGET);
    let options = Options {
        organization: arguments.organization,
        format,
        dry_run: arguments.dry_run,
        rejects: rejects.clone(),
        region: table.settings.default_phone_region,
        time_zone: table.settings.time_zone,
        retry_budget: retry_budget.clone(),
        progress: Arc::clone(&progress),
        clock: shared::system_clock(),
    };
    let display = Display::start(progress, size, move || retry_budget.waits());
    let imported = import(&table.store, input, options, async move {
        let code = interrupted.await;
        eprintln!("contacts: finishing what is under way; once more ends it at once");
        code
    });
    let imported = imported.await;
    drop(display);
    let summary = match imported {
        Ok(summary) => summary,
        Err(error) if error.is::<DatabaseError>() => {
            return Err(table.explain(error, "cannot be read").await);
        }
        Err(error) => return Err(error).with_context(name),
    };
    print(&report(&summary, arguments.dry_run, &rejects, &table.place))?;
    match summary.end {
        End::Whole if summary.counts.rejected == 0 => Ok(ExitCode::SUCCESS),
        End::Whole => Ok(ExitCode::FAILURE),
        End::Interrupted(code) => Ok(code.into()),
        End::Failed(error) if error.is::<DatabaseError>() => {
            let otherwise = "has not taken all; the same again goes on";
            Err(table.explain(error, otherwise).await)
        }
        End::Failed(error) => Err(error).with_context(name),
    }
}

fn report(summary: &Summary, dry_run: bool, rejects: &Path, place: &str) -> String {
    let mut lines = Vec::new();
    if let Some(organization) = &summary.organization {
        lines.push(format!("organization {organization} in {place}"));
    }
    if dry_run {
        lines.push("dry run, nothing is written: this is what would be".to_owned());
    }
    lines.push(summary.counts.to_string());
    if summary.counts.rejected > 0 {
        lines.push(format!("rejects are in {}", rejects.display()));
    }
    let rate = per_second(summary.counts.total(), summary.elapsed);
    lines.push(format!("{rate:.0} rows per second"));
    let again = match &summary.end {
        End::Whole => None,
        // The same file would end at the same line again.
        End::Failed(error) if !error.is::<DatabaseError>() => Some(""),
        End::Failed(_) | End::Interrupted(_) => Some("; the same again goes on"),
    };
    if let Some(again) = again {
        let done = if dry_run { "looked at" } else { "done" };
        lines.push(format!(
            "it ended early: all is {done} up to line {}, and perhaps some beyond{again}",
            summary.up_to_line
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The format, by the file's name unless it is given.
fn format(file: &Path, given: Option<Format>) -> anyhow::Result<Format> {
    if file == Path::new("-") {
        return Ok(given.unwrap_or(Format::Jsonl));
    }
    given.or_else(|| Format::of_name(file)).with_context(|| {
        format!(
            "{}: the name does not say the format, as .csv, .jsonl or .ndjson do: say it with --format",
            file.display()
        )
    })
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".rejects.csv");
    name.into()
}
