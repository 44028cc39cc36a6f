//! `contacts import`: writes the records of a file to a table, many at a time. A second import of a file changes nothing.

mod application;
mod cells;
pub(crate) mod columns;
pub(crate) mod condition;
mod dispatcher;
pub(crate) mod header;
mod line_number;
mod lines;
pub(crate) mod member;
mod options;
mod queues;
mod quoting;
mod raw_record;
mod reader;
mod record;
mod run;
mod source;
mod summary;
mod tally;
pub(crate) mod text;
mod workers;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use shared::store::{DatabaseError, RetryBudget};

pub use self::columns::{ColumnMap, ColumnOptions, SetMember};
pub use self::condition::RowCondition;
pub use self::options::{FileOptions, Options};
pub use self::run::import;
pub use self::summary::{End, Summary};
pub use self::tally::Counts;

use crate::arguments::{Format, ImportArguments};
use crate::exit::{NOT_ALL, usage};
use crate::export::OUTAGE_BUDGET;
use crate::interrupt::interrupted;
use crate::output::tell;
use crate::progress::{Display, Progress, Unit};
use crate::report::{Report, conclude};
use crate::table::Table;

/// Imports a file, prints a report, and returns the exit code.
///
/// # Errors
/// When a setting or the file is invalid, or the database refuses or does not answer.
pub async fn run(arguments: ImportArguments) -> anyhow::Result<ExitCode> {
    conclude(arguments.json, report(arguments).await)
}

async fn report(arguments: ImportArguments) -> anyhow::Result<Report> {
    let interrupted = interrupted()?;
    let table = Table::named(arguments.table).await?;
    let file = FileOptions {
        format: format(&arguments.file, arguments.format)?,
        encoding: arguments.encoding,
        delimiter: arguments.delimiter,
        columns: ColumnOptions {
            maps: arguments.maps,
            sets: arguments.sets,
            ignore_unknown: arguments.ignore_unknown_columns,
            conditions: arguments.conditions,
        },
    };
    file.check()?;
    let rejects = rejects(arguments.rejects, &arguments.file)?;
    let name = || arguments.file.display().to_string();
    let (input, size) = open(&arguments.file).with_context(name)?;
    if !arguments.dry_run {
        table.create_on_this_machine().await?;
    }
    let progress = Arc::new(Progress::default());
    let retry_budget = RetryBudget::new(OUTAGE_BUDGET);
    let options = Options {
        organization: arguments.organization,
        file,
        dry_run: arguments.dry_run,
        rejects: rejects.clone(),
        region: table.settings.default_phone_region,
        time_zone: table.settings.time_zone,
        retry_budget: retry_budget.clone(),
        progress: Arc::clone(&progress),
        clock: shared::system_clock(),
    };
    let display = Display::start(progress, Unit::Rows, size, move || retry_budget.waits());
    let imported = import(&table.store, input, options, async move {
        let code = interrupted.await;
        tell(
            "contacts: finishing the records in progress; Ctrl-C or SIGTERM again ends the import at once",
        );
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
    let text = summary.report(arguments.dry_run, &rejects, &table.place);
    let mut members = table.members();
    members.extend(summary.members(arguments.dry_run, &rejects));
    let end = match summary.end {
        End::Whole if summary.counts.rejected == 0 => Ok(ExitCode::SUCCESS),
        End::Whole => Ok(NOT_ALL.into()),
        End::Interrupted(code) => Ok(code.into()),
        End::Failed(error) if error.is::<DatabaseError>() => {
            let otherwise =
                "may lack some of the records; run the command again to complete the import";
            Err(table.explain(error, otherwise).await)
        }
        End::Failed(error) => Err(error).with_context(name),
    };
    Ok(Report { text, members, end })
}

/// The format: the given one, or else the one of the file's extension.
fn format(file: &Path, given: Option<Format>) -> anyhow::Result<Format> {
    if is_standard_input(file) {
        return Ok(given.unwrap_or(Format::Jsonl));
    }
    given
        .or_else(|| Format::of_name(file))
        .ok_or_else(|| Format::is_missing(file))
}

/// The file for rejected records: the given one, or else one beside the file.
fn rejects(given: Option<PathBuf>, file: &Path) -> anyhow::Result<PathBuf> {
    match given {
        Some(rejects) if rejects == Path::new("-") => {
            Err(usage("--rejects must name a file; - is not possible"))
        }
        Some(rejects) => Ok(rejects),
        None if is_standard_input(file) => Ok("import.rejects.csv".into()),
        None => {
            let mut name = file.as_os_str().to_owned();
            name.push(".rejects.csv");
            Ok(name.into())
        }
    }
}

/// Opens the file, and returns its size in bytes if it has one.
fn open(file: &Path) -> anyhow::Result<(Box<dyn Read + Send>, Option<u64>)> {
    if is_standard_input(file) {
        return Ok((Box::new(io::stdin()), None));
    }
    let found = fs::metadata(file)?;
    if found.is_dir() {
        bail!("is a folder");
    }
    if !found.is_file() {
        return Ok((Box::new(Pipe::Unopened(file.to_owned())), None));
    }
    Ok((Box::new(File::open(file)?), Some(found.len())))
}

/// A named pipe or a device. The first read opens it, because opening a pipe waits until somebody writes to it.
enum Pipe {
    Unopened(PathBuf),
    Open(File),
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Open(file) => file.read(buffer),
            Self::Unopened(path) => {
                let mut file = File::open(path)?;
                let read = file.read(buffer);
                *self = Self::Open(file);
                read
            }
        }
    }
}

fn is_standard_input(file: &Path) -> bool {
    file == Path::new("-")
}
