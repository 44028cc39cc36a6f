//! Measures the time from the start of a function's process to its first answer, beside that of the smallest possible function.
//!
//! The functions take turns, so that other load on the machine disturbs all of them alike.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;

use crate::database::{Database, Endpoint};
use crate::events::{BASELINES, FUNCTIONS};
use crate::function::Function;
use crate::process::{peak_megabytes, processor_time};
use crate::{print_head, print_row, programs};

/// The most memory that a function may need.
const MOST_MEGABYTES: f64 = 25.0;

/// Requests after the first, an odd number: each run leaves the data as it found them.
const WARM_REQUESTS: u32 = 49;

/// The options of this benchmark.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many times each function starts.
    #[arg(long, default_value_t = 40)]
    runs: usize,
    /// Make three runs, and fail if a function opens more than one connection, opens it late, or needs too much memory.
    #[arg(long)]
    check: bool,
}

/// A function, and the way in which it reaches the database.
struct Scenario<'a> {
    name: String,
    binary: PathBuf,
    events: Vec<String>,
    endpoint: &'a Endpoint,
    runs: Vec<Run>,
}

/// The costs of one run.
struct Run {
    /// Until the function asked for its first event.
    ready: Duration,
    /// From the first event to its answer.
    first: Duration,
    /// Processor time: of the start, of the first request, and of a later request on average.
    processor: [Duration; 3],
    megabytes: f64,
    /// New connections to the database: at the start, in the first request, in all others.
    connections: [usize; 3],
}

pub(crate) async fn run(options: &Options, programs: &programs::Options) -> anyhow::Result<()> {
    let database = Database::start(&programs.contacts()?)?;
    let plain = Endpoint::start(&database, false).await?;
    let tls = Endpoint::start(&database, true).await?;
    let mut scenarios = scenarios(programs, [("", &plain), (", TLS", &tls)])?;
    let runs = if options.check { 3 } else { options.runs };
    for _ in 0..runs {
        for scenario in &mut scenarios {
            let run = scenario.run().await;
            scenario
                .runs
                .push(run.with_context(|| scenario.name.clone())?);
        }
    }
    print(&scenarios);
    if options.check {
        check(&scenarios)?;
    }
    Ok(())
}

fn scenarios<'a>(
    programs: &programs::Options,
    endpoints: [(&str, &'a Endpoint); 2],
) -> anyhow::Result<Vec<Scenario<'a>>> {
    let functions = programs.functions()?;
    let mut subjects = Vec::new();
    for name in BASELINES {
        subjects.push((name, FUNCTIONS[0].events()?));
    }
    for function in &FUNCTIONS {
        subjects.push((function.name, function.events()?));
    }
    subjects.retain(|(name, _)| programs.include(name));
    let scenario =
        |name: &str, events: &Vec<String>, (way, endpoint): (&str, &'a Endpoint)| Scenario {
            name: format!("`{name}`{way}"),
            binary: functions.binary(name),
            events: events.clone(),
            endpoint,
            runs: Vec::new(),
        };
    let both_ways = subjects
        .iter()
        .flat_map(|(name, events)| endpoints.map(|endpoint| scenario(name, events, endpoint)));
    Ok(both_ways.collect())
}

impl Scenario<'_> {
    async fn run(&self) -> anyhow::Result<Run> {
        self.endpoint.new_connections();
        let started = Instant::now();
        let command = Command::new(&self.binary);
        let mut function = Function::start(command, &self.endpoint.environment).await?;
        let asked = function.asks().await?;
        let id = function.id()?;
        let start = processor_time(id)?;
        let mut connections = [self.endpoint.new_connections(), 0, 0];

        let mut events = self.events.iter().cycle();
        let mut handle = async || function.handle(events.next().context("no event")?).await;
        let handed = Instant::now();
        let answered = handle().await?;
        let first = processor_time(id)?;
        connections[1] = self.endpoint.new_connections();

        for _ in 0..WARM_REQUESTS {
            handle().await?;
        }
        connections[2] = self.endpoint.new_connections();
        Ok(Run {
            ready: asked - started,
            first: answered - handed,
            processor: [
                start,
                first.saturating_sub(start),
                processor_time(id)?.saturating_sub(first) / WARM_REQUESTS,
            ],
            megabytes: peak_megabytes(id)?,
            connections,
        })
    }

    fn median(&self, measure: impl Fn(&Run) -> f64) -> f64 {
        let mut all: Vec<_> = self.runs.iter().map(measure).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn first_answer(&self) -> f64 {
        self.median(|run| milliseconds(run.ready + run.first))
    }
}

fn print(scenarios: &[Scenario<'_>]) {
    print_head(&[
        "medians, ms",
        "ready",
        "first answer",
        "× the first row",
        "processor: start",
        "first request",
        "warm request",
        "peak MB",
    ]);
    for scenario in scenarios {
        let floor = scenarios.first().map_or(f64::NAN, Scenario::first_answer);
        let [start, first, warm] =
            [0, 1, 2].map(|phase| scenario.median(|run| milliseconds(run.processor[phase])));
        print_row(&[
            scenario.name.clone(),
            format!("{:.1}", scenario.median(|run| milliseconds(run.ready))),
            format!("{:.1}", scenario.first_answer()),
            format!("{:.1}", scenario.first_answer() / floor),
            format!("{start:.1}"),
            format!("{first:.2}"),
            format!("{warm:.2}"),
            format!("{:.1}", scenario.median(|run| run.megabytes)),
        ]);
    }
}

/// Fails if a function opens more than the one connection of its start (`floor` opens none), or needs too much memory. Ignores times.
fn check(scenarios: &[Scenario<'_>]) -> anyhow::Result<()> {
    for Scenario { name, runs, .. } in scenarios {
        let expected = if name.contains("floor") {
            [0; 3]
        } else {
            [1, 0, 0]
        };
        for run in runs {
            ensure!(
                run.connections == expected,
                "{name} opens {:?} connections at its start, in its first request and later, not {expected:?}",
                run.connections
            );
            ensure!(
                run.megabytes <= MOST_MEGABYTES,
                "{name} needs {:.1} MB, over {MOST_MEGABYTES}",
                run.megabytes
            );
        }
    }
    Ok(())
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
