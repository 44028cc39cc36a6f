//! One import: a thread reads the file, a dispatcher gives the records to workers, and the workers import them.

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use shared::domain::OrganizationId;
use shared::store::{RetryBudget, Store};

use super::dispatcher::Dispatcher;
use super::options::Options;
use super::reader::{Found, READER_FAILED, spawn_reader};
use super::record::Record;
use super::summary::{End, Summary};
use super::tally::{Counts, Rejects};
use super::workers::{self, Shared};
use crate::contact_file::values::ReadContext;
use crate::exit::usage;
use crate::export::START_BUDGET;

/// The time that the records in progress have after a signal. If the database did not answer, the import would retry them
/// for minutes.
const GRACE: Duration = Duration::from_secs(5);

/// Imports all records of `input`, until it ends or `stop` completes.
///
/// # Errors
/// When the import cannot begin: the file's header or first record is not valid, no organization is named, or the database
/// refuses or does not answer. Later failures are in the summary.
pub async fn import(
    store: &Store,
    input: impl Read + Send + 'static,
    options: Options,
    stop: impl Future<Output = u8>,
) -> anyhow::Result<Summary> {
    let rejects = Rejects::at(&options.rejects)?;
    let context = ReadContext {
        region: options.region,
        time_zone: options.time_zone,
        now: (options.clock)(),
    };
    let mut found = spawn_reader(input, options.file.clone(), context);
    let mut stop = std::pin::pin!(stop);
    let began = Instant::now();
    let first = tokio::select! {
        first = found.recv() => match first {
            Some(Found::Broken(error)) => return Err(error),
            None => bail!(READER_FAILED),
            first => first,
        },
        code = stop.as_mut() => return Ok(Summary {
            organization: None,
            counts: Counts::default(),
            up_to_line: 0,
            elapsed: began.elapsed(),
            end: End::Interrupted(code),
        }),
    };
    let organization = organization(options.organization.clone(), first.as_ref())?;
    let start = RetryBudget::new(START_BUDGET);
    let registered = start.run(|| store.registered(&organization)).await?;
    let shared = Arc::new(Shared::new(store, organization.clone(), options, rejects));
    let (mut workers, queues) = workers::start(&shared);
    let dispatcher = Dispatcher::new(Arc::clone(&shared), queues, registered.audiences);
    let end = dispatcher.run(first, &mut found, stop.as_mut()).await;
    drop(found);
    let interrupted = match end {
        End::Interrupted(code) => Some(code),
        _ => None,
    };
    let finished = async {
        while let Some(ended) = workers.join_next().await {
            ended.context("a worker has failed")?;
        }
        anyhow::Ok(end)
    };
    let given_up = async {
        let code = match interrupted {
            Some(code) => code,
            None => stop.await,
        };
        tokio::time::sleep(GRACE).await;
        code
    };
    let end = tokio::select! {
        end = finished => end?,
        code = given_up => End::Interrupted(code),
    };
    workers.shutdown().await;

    let mut tally = shared.tally();
    tally.finish()?;
    Ok(Summary {
        organization: Some(organization),
        counts: tally.counts,
        up_to_line: tally.up_to_line,
        elapsed: began.elapsed(),
        end: shared.take_failure().map_or(end, End::Failed),
    })
}

/// The given organization, or else the one that the first record names.
fn organization(
    given: Option<OrganizationId>,
    first: Option<&Found>,
) -> anyhow::Result<OrganizationId> {
    match (given, first) {
        (Some(given), _) => Ok(given),
        (
            None,
            Some(Found::Record {
                record: Record::Organization(row),
                ..
            }),
        ) => Ok(row.organization.clone()),
        (None, Some(Found::Fault { place, fault, .. })) => Err(usage(format!(
            "line {}: {} {}; --organization must name the organization of the contacts",
            place.line, fault.field, fault.reason
        ))),
        (None, _) => Err(usage(
            "no organization: --organization, or the first record of the file, must name the organization of the contacts",
        )),
    }
}
