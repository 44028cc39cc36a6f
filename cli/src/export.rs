//! `contacts export`: all data of one organization, in the format that `contacts import` reads.

mod cells;
mod destination;

use std::fmt;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::OptionFuture;
use shared::domain::OrganizationId;
use shared::store::{DatabaseError, Exported as ExportedRecord, RetryBudget, Store};

use self::cells::{header, row};
use self::destination::Destination;
use crate::arguments::{ExportArguments, Format};
use crate::contact_file::write;
use crate::interrupt::interrupted;
use crate::output::tell;
use crate::progress::{Display, Progress, Unit};
use crate::table::Table;

/// How long a command retries while the database is unavailable.
pub(crate) const OUTAGE_BUDGET: Duration = Duration::from_mins(15);

/// How long an export or an import retries its first read: the database may not exist at all.
pub(crate) const START_BUDGET: Duration = Duration::from_secs(20);

/// Exports an organization to a file or to standard output, and returns the exit code.
///
/// # Errors
/// When a setting is invalid, the output cannot be written, or the database refuses or does not answer.
pub async fn run(arguments: ExportArguments) -> anyhow::Result<ExitCode> {
    let table = Table::named(arguments.table).await?;
    let path = arguments.output.filter(|path| path != Path::new("-"));
    let mut output = Destination::open(path, arguments.format)?;
    let format = output.format();
    let (progress, retry_budget) = (Arc::default(), RetryBudget::new(OUTAGE_BUDGET));
    // The progress must not mix with the contacts on a terminal.
    let is_shown = !(io::stderr().is_terminal() && output.is_terminal());
    let display = is_shown.then(|| {
        let (progress, retry_budget) = (Arc::clone(&progress), retry_budget.clone());
        Display::start(progress, Unit::Records, None, move || retry_budget.waits())
    });
    // An unfinished file must be removed after a signal. For other destinations, the command leaves signals to the system.
    let stop = match output {
        Destination::File { .. } => Some(interrupted()?),
        _ => None,
    };
    let stop = OptionFuture::from(stop);
    let exported = {
        let output = BufWriter::new(output.writer());
        let organization = &arguments.organization;
        let export = export(
            &table.store,
            organization,
            format,
            output,
            &progress,
            &retry_budget,
        );
        tokio::select! {
            exported = export => exported,
            Some(code) = stop => return Ok(code.into()),
        }
    };
    drop(display);
    let exported = match exported {
        Ok(exported) => exported,
        // A reader that closes the pipe is no failure.
        Err(error) if is_broken_pipe(&error) => return Ok(ExitCode::SUCCESS),
        Err(error) if error.is::<DatabaseError>() => {
            let otherwise = "was not exported completely";
            return Err(table.explain(error, otherwise).await);
        }
        Err(error) => return Err(error.context(output.name())),
    };
    let place = &table.place;
    match output.finish()? {
        Some(path) => tell(&format!("{}: {exported} in {place}", path.display())),
        None if exported.is_nothing() => tell(&format!("contacts: {exported} in {place}")),
        None => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// The result of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    organization: OrganizationId,
    contacts: u64,
    /// The number of addresses that nobody owns.
    addresses: u64,
    has_registered: bool,
}

impl Exported {
    /// Whether the organization has no data at all. Most often its name is misspelt.
    fn is_nothing(&self) -> bool {
        self.contacts + self.addresses == 0 && !self.has_registered
    }
}

impl fmt::Display for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            organization,
            contacts,
            ..
        } = self;
        if self.is_nothing() {
            write!(f, "no data of organization {organization}")
        } else {
            write!(f, "{contacts} contacts of organization {organization}")
        }
    }
}

/// Writes all data of an organization, a batch of contacts at a time.
///
/// # Errors
/// When the output cannot be written, or the database refuses or does not answer for too long.
pub async fn export(
    store: &Store,
    organization: &OrganizationId,
    format: Format,
    mut output: impl Write,
    progress: &Progress,
    retry_budget: &RetryBudget,
) -> anyhow::Result<Exported> {
    let start = RetryBudget::new(START_BUDGET);
    let registered = start.run(|| store.registered(organization)).await?;
    let has_registered = !(registered.audiences.is_empty() && registered.clients.is_empty());
    let line = write::organization(organization, registered);
    if format == Format::Csv {
        output.write_all(&header()?)?;
    }
    write_record(&mut output, format, &line)?;
    let mut batches = std::pin::pin!(store.export(organization, retry_budget));
    let (mut contacts, mut addresses) = (0, 0);
    while let Some(batch) = batches.try_next().await? {
        for record in batch {
            match record {
                ExportedRecord::Contact(contact) => {
                    contacts += 1;
                    write_record(&mut output, format, &write::contact(*contact))?;
                }
                ExportedRecord::Address(address) => {
                    addresses += 1;
                    write_record(&mut output, format, &write::address(address))?;
                }
            }
            progress.row(0);
        }
    }
    output.flush()?;
    Ok(Exported {
        organization: organization.clone(),
        contacts,
        addresses,
        has_registered,
    })
}

fn write_record(
    output: &mut impl Write,
    format: Format,
    record: &impl serde::Serialize,
) -> anyhow::Result<()> {
    let mut bytes = match format {
        Format::Jsonl => serde_json::to_vec(record)?,
        Format::Csv => return Ok(output.write_all(&row(record)?)?),
    };
    bytes.push(b'\n');
    Ok(output.write_all(&bytes)?)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref()
        .is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe)
}
