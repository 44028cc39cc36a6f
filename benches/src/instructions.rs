//! Measures instructions and allocations of the functions, and compares them with limits.

use std::path::Path;

use anyhow::{Context, ensure};
use clap::Args;
use tempfile::tempdir;

use crate::callgrind::{self, Counts};
use crate::database::{Database, Endpoint};
use crate::events::{BASELINES, Cost, FUNCTIONS};
use crate::function::Function;
use crate::{print_head, print_row, programs};

/// Requests that count for the start: both events, so that each process leaves the data unchanged.
const FIRST_REQUESTS: usize = 2;
/// Requests after the first ones. An even number, for the same reason.
const WARM_REQUESTS: usize = 20;

/// The options of this benchmark.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Fail if a function costs more than its limit.
    #[arg(long)]
    check: bool,
}

pub(crate) async fn run(options: &Options, programs: &programs::Options) -> anyhow::Result<()> {
    let database = Database::start(&programs.contacts()?)?;
    let endpoint = Endpoint::start(&database, false).await?;
    let functions = programs.functions()?;
    print_head(&[
        "",
        "start and two requests, million instructions",
        "warm request, thousand instructions",
        "allocations",
    ]);
    let measure = async |name: &str, events: &[String]| {
        let cost = cost(&functions.binary(name), &endpoint, events).await;
        let cost = cost.with_context(|| name.to_owned())?;
        print_row(&[
            format!("`{name}`"),
            format!("{:.1}", cost.start_instructions / 1e6),
            format!("{:.0}", cost.warm_instructions / 1e3),
            format!("{:.0}", cost.warm_allocations),
        ]);
        anyhow::Ok(cost)
    };
    for name in BASELINES.into_iter().filter(|name| programs.include(name)) {
        measure(name, &FUNCTIONS[0].events()?).await?;
    }
    for function in FUNCTIONS
        .iter()
        .filter(|function| programs.include(function.name))
    {
        let cost = measure(function.name, &function.events()?).await?;
        ensure!(
            !options.check || cost.is_within(&function.limit),
            "{} costs more than its limit in benches/src/events.rs: {cost:?}, {:?}",
            function.name,
            function.limit
        );
    }
    Ok(())
}

async fn cost(binary: &Path, endpoint: &Endpoint, events: &[String]) -> anyhow::Result<Cost> {
    let start = counts(binary, endpoint, events, FIRST_REQUESTS).await?;
    let all = counts(binary, endpoint, events, FIRST_REQUESTS + WARM_REQUESTS).await?;
    #[expect(clippy::cast_precision_loss, reason = "a hundred million at most")]
    let warm = |of: fn(&Counts) -> i64| (of(&all) - of(&start)) as f64 / WARM_REQUESTS as f64;
    #[expect(clippy::cast_precision_loss, reason = "a hundred million at most")]
    Ok(Cost {
        start_instructions: start.instructions as f64,
        warm_instructions: warm(|counts| counts.instructions),
        warm_allocations: warm(|counts| counts.allocations),
    })
}

/// Counts the costs of a process from its start to its end, with this number of requests.
async fn counts(
    binary: &Path,
    endpoint: &Endpoint,
    events: &[String],
    requests: usize,
) -> anyhow::Result<Counts> {
    let folder = tempdir()?;
    let profile = folder.path().join("profile");
    let command = callgrind::command(binary, &profile);
    let mut function = Function::start(command, &endpoint.environment).await?;
    function.asks().await?;
    for event in events.iter().cycle().take(requests) {
        function.handle(event).await?;
    }
    function.end().await?;
    callgrind::read(&profile)
}
