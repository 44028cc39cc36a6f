//! `contacts export`: all that the table holds of one organization, as `contacts import` takes it back.

mod cells;
pub mod record;

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures_util::TryStreamExt;
use shared::domain::OrganizationId;
use shared::store::{DatabaseError, Persistence, Store};

use self::cells::{header, row};
use self::record::{ContactLine, OrganizationLine};
use crate::arguments::{ExportArguments, Format};
use crate::progress::{Display, Progress};
use crate::table::Table;

pub(crate) use self::cells::COLUMNS;

/// How long reading goes on without any success.
pub(crate) const OUTAGE_BUDGET: Duration = Duration::from_mins(15);

/// Exports an organization to a file or to standard output.
///
/// # Errors
/// When a setting is bad, the output cannot be written, or the database refuses or does not answer.
pub async fn run(arguments: ExportArguments) -> anyhow::Result<()> {
    let table = Table::named(arguments.dynamodb).await?;
    let output = Output::open(arguments.output)?;
    let (progress, persistence) = (Arc::default(), Persistence::new(OUTAGE_BUDGET));
    let is_watched = io::stderr().is_terminal() && output.leaves_the_terminal_free();
    let display = is_watched.then(|| {
        let persistence = persistence.clone();
        Display::start(Arc::clone(&progress), None, move || persistence.waits())
    });
    let (organization, format) = (&arguments.organization, arguments.format);
    let exported = match output {
        Output::Standard => {
            let output = BufWriter::new(io::stdout());
            export(
                &table.store,
                organization,
                format,
                output,
                &progress,
                &persistence,
            )
            .await
        }
        Output::File {
            file,
            partial,
            path,
        } => {
            let output = BufWriter::new(file);
            let done = export(
                &table.store,
                organization,
                format,
                output,
                &progress,
                &persistence,
            )
            .await;
            match (done, partial) {
                (Ok(()), Some(partial)) => fs::rename(partial, &path)
                    .with_context(|| format!("--output {}", path.display())),
                (done, _) => done,
            }
        }
    };
    drop(display);
    match exported {
        // That nobody reads on is no failure.
        Err(error) if is_broken_pipe(&error) => Ok(()),
        Err(error) if error.is::<DatabaseError>() => {
            let otherwise = "was not exported to its end";
            Err(table.explain(error, otherwise).await)
        }
        done => done,
    }
}

/// Writes all that the store holds of an organization, a batch of contacts at a time.
///
/// # Errors
/// When the output cannot be written, or the database refuses or does not answer for too long.
pub async fn export(
    store: &Store,
    organization: &OrganizationId,
    format: Format,
    mut output: impl Write,
    progress: &Progress,
    persistence: &Persistence,
) -> anyhow::Result<()> {
    let registered = persistence.run(|| store.registered(organization)).await?;
    let line = OrganizationLine::new(organization, &registered);
    match format {
        Format::Jsonl => write_line(&mut output, &line)?,
        Format::Csv => {
            output.write_all(&header()?)?;
            output.write_all(&row(&line)?)?;
        }
    }
    let mut contacts = std::pin::pin!(store.export(organization, persistence));
    while let Some(batch) = contacts.try_next().await? {
        for contact in batch {
            let line = ContactLine::from(contact);
            match format {
                Format::Jsonl => write_line(&mut output, &line)?,
                Format::Csv => output.write_all(&row(&line)?)?,
            }
            progress.row(0);
        }
    }
    Ok(output.flush()?)
}

fn write_line(output: &mut impl Write, line: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut json = serde_json::to_vec(line)?;
    json.push(b'\n');
    Ok(output.write_all(&json)?)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref()
        .is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Where to.
enum Output {
    Standard,
    /// A file. It gets its name once it is whole; a device or a pipe has one already.
    File {
        file: File,
        partial: Option<PathBuf>,
        path: PathBuf,
    },
}

impl Output {
    fn open(path: Option<PathBuf>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self::Standard);
        };
        let is_special = fs::metadata(&path).is_ok_and(|found| !found.is_file());
        let partial = (!is_special).then(|| partial(&path));
        let file = match &partial {
            Some(partial) => File::create(partial),
            None => File::options().write(true).open(&path),
        };
        let file = file.with_context(|| format!("--output {}", path.display()))?;
        Ok(Self::File {
            file,
            partial,
            path,
        })
    }

    fn leaves_the_terminal_free(&self) -> bool {
        match self {
            Self::Standard => !io::stdout().is_terminal(),
            Self::File { .. } => true,
        }
    }
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}
