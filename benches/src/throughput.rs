//! `cargo measure throughput`: how many requests `contacts serve` answers beside what the bare SDK reaches with the same
//! calls on the same engine, and how latency grows with the data.
//!
//! Both are release builds, processes of their own, with the same contacts, and take turns. The machine's processors are
//! shared by them and the load, so what counts is the ratio; processor time is given too, since what else the machine
//! does cannot change it much.

pub(crate) mod bare;
mod check;
mod growth;
pub(crate) mod load;
pub(crate) mod process;
pub(crate) mod scene;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use contacts::client;
use hdrhistogram::Histogram;

use self::bare::Calls;
use self::load::{Answered, Api, Bare, Target, histogram, load};
use self::process::{Server, own_processor_time};
use self::scene::{Endpoint, Outcome, Shape, seed};

/// How it is measured.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only check what does not depend on time, as CI does: that every answer is right, how many calls a request makes
    /// of the database and over how many connections, and what they consume as the data grow.
    #[arg(long)]
    check: bool,
    /// This binary of `contacts` instead of the one that is built now, to compare two.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Requests of each kind in each round.
    #[arg(long, default_value_t = 2000)]
    requests: usize,
    /// How often `serve` and the bare SDK take turns.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Connections that ask at the same time.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 32])]
    connections: Vec<usize>,
    /// Most contacts among which latency is measured; 0 leaves growth out.
    #[arg(long, default_value_t = 1_000_000)]
    contacts: usize,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let binary = match &options.binary {
        Some(binary) => binary.clone(),
        None => process::build()?,
    };
    if options.check {
        return check::run(&binary).await;
    }
    throughput(&binary, &options).await?;
    if options.contacts > 0 {
        growth::run(&binary, options.contacts).await?;
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "it is for whoever runs the command")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// What the rounds of one kind of request came to, for `serve` or for the bare SDK.
struct Rounds {
    per_second: Vec<f64>,
    /// Processor time of a request in microseconds, everything that has a part in it counted: the load or the SDK in
    /// this process, and the other process.
    processor: Vec<f64>,
    latencies: Histogram<u64>,
    peak_megabytes: f64,
}

impl Rounds {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            per_second: Vec::new(),
            processor: Vec::new(),
            latencies: histogram()?,
            peak_megabytes: 0.0,
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 requests")]
    fn add(&mut self, answered: &Answered, processor: Duration) -> anyhow::Result<()> {
        self.per_second.push(answered.per_second());
        let requests = answered.latencies.len() as f64;
        self.processor
            .push(processor.as_secs_f64() * 1e6 / requests);
        self.latencies.add(&answered.latencies)?;
        Ok(())
    }

    fn milliseconds(&self, quantile: f64) -> f64 {
        milliseconds(&self.latencies, quantile)
    }
}

#[expect(clippy::cast_precision_loss, reason = "far less than 2^52 nanoseconds")]
pub(crate) fn milliseconds(latencies: &Histogram<u64>, quantile: f64) -> f64 {
    latencies.value_at_quantile(quantile) as f64 / 1e6
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

async fn throughput(binary: &Path, options: &Options) -> anyhow::Result<()> {
    say(&format!(
        "Requests per second of `contacts serve`, and of the bare SDK with the same calls on the same engine; {} rounds of \
         {} requests each, on contacts of their own; medians.\n",
        options.rounds, options.requests
    ));
    say(
        "| endpoint, outcome | connections | serve: requests/s | p50 ms | p99 ms | bare: requests/s | p50 ms | p99 ms | \
         **ratio** | (rounds) | processor time, µs: serve | bare | ratio |",
    );
    say("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    let mut peak: f64 = 0.0;
    for endpoint in Endpoint::ALL {
        let mut calls = Vec::new();
        for outcome in Outcome::ALL {
            calls.push((outcome, Arc::new(Calls::record(endpoint, outcome).await?)));
        }
        for &connections in &options.connections {
            let rounds = measure(binary, options, endpoint, &calls, connections).await?;
            for (outcome, serve, bare) in rounds {
                peak = peak.max(serve.peak_megabytes);
                say(&row(endpoint, outcome, connections, &serve, &bare));
            }
        }
        for (outcome, calls) in &calls {
            say(&format!(
                "<!-- {endpoint}, {outcome}: {} -->",
                calls.names()
            ));
        }
    }
    say(&format!(
        "\nPeak memory of `contacts serve` with the {} contacts of a round in it (VmHWM): {peak:.1} MB.",
        options.requests + options.connections.iter().max().unwrap_or(&0)
    ));
    Ok(())
}

fn row(
    endpoint: Endpoint,
    outcome: Outcome,
    connections: usize,
    serve: &Rounds,
    bare: &Rounds,
) -> String {
    let ratios: Vec<_> = serve
        .per_second
        .iter()
        .zip(&bare.per_second)
        .map(|(serve, bare)| serve / bare)
        .collect();
    let (least, most) = ratios
        .iter()
        .fold((f64::MAX, f64::MIN), |(least, most), ratio| {
            (least.min(*ratio), most.max(*ratio))
        });
    let (serve_time, bare_time) = (median(&serve.processor), median(&bare.processor));
    format!(
        "| {endpoint}, {outcome} | {connections} | {:.0} | {:.2} | {:.2} | {:.0} | {:.2} | {:.2} | **{:.0} %** | \
         {:.0}–{:.0} % | {serve_time:.0} | {bare_time:.0} | {:.2} |",
        median(&serve.per_second),
        serve.milliseconds(0.5),
        serve.milliseconds(0.99),
        median(&bare.per_second),
        bare.milliseconds(0.5),
        bare.milliseconds(0.99),
        median(&ratios) * 100.0,
        least * 100.0,
        most * 100.0,
        serve_time / bare_time,
    )
}

/// The rounds of an endpoint with a number of connections: for each outcome, those of `serve` and of the bare SDK.
async fn measure(
    binary: &Path,
    options: &Options,
    endpoint: Endpoint,
    calls: &[(Outcome, Arc<Calls>)],
    connections: usize,
) -> anyhow::Result<Vec<(Outcome, Rounds, Rounds)>> {
    let contacts = 0..options.requests + connections;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("seed.json");
    std::fs::write(&file, seed(contacts.clone(), Shape::ORDINARY))?;
    let file = file.to_string_lossy();

    let mut measured = Vec::new();
    for (outcome, _) in calls {
        measured.push((*outcome, Rounds::new()?, Rounds::new()?));
    }
    for round in 0..options.rounds {
        // Each with a database of its own, as new: what is recorded is so on contacts that have nothing recorded.
        let serve = Server::start(binary, &["--seed", &file])?;
        let database = Server::start(binary, &["--seed", &file, "--database-only"])?;
        let client = client::client(&database.url, client::TIMEOUTS).await;
        for ((outcome, calls), (_, of_serve, of_bare)) in calls.iter().zip(&mut measured) {
            let api = Arc::new(Api::new(&serve.url, endpoint, *outcome)?);
            let bare = Arc::new(Bare::new(client.clone(), Arc::clone(calls)));
            // Neither is always the first.
            for turn in [round, round + 1] {
                if turn % 2 == 0 {
                    take_turn(
                        &serve,
                        Arc::clone(&api),
                        contacts.clone(),
                        connections,
                        of_serve,
                    )
                    .await?;
                } else {
                    take_turn(
                        &database,
                        Arc::clone(&bare),
                        contacts.clone(),
                        connections,
                        of_bare,
                    )
                    .await?;
                }
            }
            of_serve.peak_megabytes = of_serve.peak_megabytes.max(serve.peak_megabytes()?);
        }
    }
    Ok(measured)
}

async fn take_turn<T: Target>(
    server: &Server,
    target: Arc<T>,
    contacts: std::ops::Range<usize>,
    connections: usize,
    rounds: &mut Rounds,
) -> anyhow::Result<()> {
    let time = || Ok::<_, anyhow::Error>(server.processor_time()? + own_processor_time()?);
    let mut before = Ok(Duration::ZERO);
    let answered = load(target, contacts, connections, || before = time()).await?;
    rounds.add(&answered, time()?.saturating_sub(before?))
}
