//! `cargo measure import`: how many rows `contacts import` and `contacts export` do in a second, what memory they take, and
//! how latency of the endpoints that verify is, as the number of contacts grows.
//!
//! All are release builds, processes of their own, on one embedded engine for each number of contacts. They share the
//! machine's processors, so what counts is the ratio of one number of contacts to another.

mod tool;

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use contacts::client;
use contacts::seed::Seed;
use hdrhistogram::Histogram;
use serde_json::json;
use shared::domain::PhoneRegion;
use shared::store::Store;

use self::tool::{Ended, run_tool};
use crate::recorded_api::settings;
use crate::throughput::bare::Calls;
use crate::throughput::load::{Api, Bare, by_turns};
use crate::throughput::process::{self, Server};
use crate::throughput::scene::{Endpoint, Outcome, Shape, contact_id, seed};
use crate::throughput::{milliseconds, say};

/// Requests of each kind that are measured, and those before that, which are not.
const REQUESTS: usize = 500;
const WARM_UP: usize = 50;

/// Most memory of the tool, in megabytes, whatever the number of contacts.
const MOST_MEGABYTES: f64 = 80.0;

/// How it is measured.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only check what does not depend on time, as CI does: that all rows arrive, that the second import changes nothing,
    /// and that memory stays within its bounds.
    #[arg(long)]
    check: bool,
    /// This binary of `contacts` instead of the one that is built now.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// The numbers of contacts.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000, 1_000_000])]
    contacts: Vec<usize>,
    /// How many seconds pass between the import and the latencies. The embedded engine goes through the tokens of the last
    /// ten minutes' transactions at each transaction, and an import is many.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    settle: u64,
}

/// What a number of contacts came to.
struct Measured {
    contacts: usize,
    file_megabytes: f64,
    import: Ended,
    again: Ended,
    export: Ended,
    engine_megabytes: f64,
    /// Latencies of each endpoint, and of the bare SDK with the endpoint's calls.
    latencies: Vec<[Histogram<u64>; 2]>,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let binary = match options.binary {
        Some(binary) => binary,
        None => process::build()?,
    };
    let mut all = Vec::new();
    for contacts in options.contacts {
        let settle = Duration::from_secs(options.settle);
        let measured = measure(&binary, contacts, !options.check, settle).await?;
        say(&format!(
            "<!-- {contacts} contacts, {:.1} MB: imported in {:.1} s, again in {:.1} s, exported in {:.1} s -->",
            measured.file_megabytes,
            measured.import.elapsed.as_secs_f64(),
            measured.again.elapsed.as_secs_f64(),
            measured.export.elapsed.as_secs_f64(),
        ));
        for ended in [&measured.import, &measured.again, &measured.export] {
            ensure!(
                ended.peak_megabytes <= MOST_MEGABYTES,
                "with {contacts} contacts the tool has taken {:.1} MB",
                ended.peak_megabytes
            );
        }
        all.push(measured);
    }
    table(&all, !options.check);
    Ok(())
}

fn table(all: &[Measured], with_times: bool) {
    let Some(first) = all.first() else {
        return;
    };
    say(
        "\n| contacts | import: rows/s | ratio | again, unchanged: rows/s | ratio | export: rows/s | ratio | import: peak MB | \
         again: peak MB | export: peak MB | engine: peak MB |",
    );
    say("|---|---|---|---|---|---|---|---|---|---|---|");
    for measured in all {
        let rate = |ended: fn(&Measured) -> &Ended| {
            let rows = |measured: &Measured| ended(measured).per_second(measured.contacts);
            format!(
                "{:.0} | {:.2}",
                rows(measured),
                rows(measured) / rows(first)
            )
        };
        say(&format!(
            "| {} | {} | {} | {} | {:.1} | {:.1} | {:.1} | {:.0} |",
            measured.contacts,
            rate(|measured| &measured.import),
            rate(|measured| &measured.again),
            rate(|measured| &measured.export),
            measured.import.peak_megabytes,
            measured.again.peak_megabytes,
            measured.export.peak_megabytes,
            measured.engine_megabytes,
        ));
    }
    if !with_times {
        return;
    }
    say(&format!(
        "\n| contacts | endpoint | serve: p50 ms | ratio | p99 ms | bare SDK: p50 ms | ratio | p99 ms |\n\
         |---|---|---|---|---|---|---|---| <!-- {REQUESTS} requests each -->"
    ));
    for measured in all {
        for (place, endpoint) in Endpoint::ALL.into_iter().enumerate() {
            let cells = |target: usize| {
                let (latencies, first) = (
                    &measured.latencies[place][target],
                    &first.latencies[place][target],
                );
                let p50 = milliseconds(latencies, 0.5);
                format!(
                    "{p50:.2} | {:.2} | {:.2}",
                    p50 / milliseconds(first, 0.5),
                    milliseconds(latencies, 0.99),
                )
            };
            say(&format!(
                "| {} | {endpoint} | {} | {} |",
                measured.contacts,
                cells(0),
                cells(1)
            ));
        }
    }
}

async fn measure(
    binary: &Path,
    contacts: usize,
    with_times: bool,
    settle: Duration,
) -> anyhow::Result<Measured> {
    let folder = tempfile::tempdir()?;
    let source = folder.path().join("contacts.jsonl");
    write_file(&source, contacts)?;
    let database = Server::start(binary, &["--database-only"])?;
    let path = source.to_string_lossy();
    let import = run_tool(binary, &database.url, &["import", &path]).await?;
    let imported = tokio::time::Instant::now();
    import.has_counts([contacts, 0, 0, 0])?;
    let again = run_tool(binary, &database.url, &["import", &path]).await?;
    again.has_counts([0, 0, contacts, 0])?;
    let copy = folder.path().join("export.jsonl");
    let arguments = [
        "export",
        "--organization",
        "bench",
        "--output",
        &copy.to_string_lossy(),
    ];
    let export = run_tool(binary, &database.url, &arguments).await?;
    let lines = BufReader::new(File::open(&copy)?).lines().count();
    ensure!(
        lines == contacts + 1,
        "{lines} lines of {contacts} contacts were exported"
    );
    let latencies = if with_times {
        tokio::time::sleep_until(imported + settle).await;
        latencies(binary, &database, contacts).await?
    } else {
        Vec::new()
    };
    Ok(Measured {
        contacts,
        file_megabytes: megabytes(std::fs::metadata(&source)?.len()),
        import,
        again,
        export,
        engine_megabytes: database.peak_megabytes()?,
        latencies,
    })
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 bytes")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Ordinary contacts, each with an address of its own and two subscriptions.
fn write_file(path: &Path, contacts: usize) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let organization =
        json!({ "organization": "bench", "audiences": ["newsletter"], "clients": ["website"] });
    writeln!(file, "{organization}")?;
    for n in 0..contacts {
        let contact = json!({
            "id": contact_id(n), "firstName": "Jane", "lastName": "Doe",
            "phoneNumber": [{ "value": format!("+1416555{:04}", n % 10_000), "isPrimary": true }],
            "emails": [{ "value": format!("jane.doe.{n}@example.com"), "isPrimary": true,
                         "verifiedAt": "2024-01-01T00:00:00.000Z", "verifiedBy": "client:website" }],
            "subscriptions": [{ "audience": "newsletter", "status": "subscribed" },
                              { "audience": "newsletter", "client": "website", "status": "subscribed",
                                "verifiedAt": "2024-01-01T00:00:00.000Z", "verifiedBy": "client:website" }],
            "tags": { "newsletter": ["lead"] },
            "createdAt": "2024-01-01T00:00:00.000Z", "updatedAt": "2024-06-01T00:00:00.000Z",
        });
        writeln!(file, "{contact}")?;
    }
    Ok(file.flush()?)
}

/// Latencies of each endpoint among that many contacts, and of the bare SDK with its calls.
async fn latencies(
    binary: &Path,
    database: &Server,
    contacts: usize,
) -> anyhow::Result<Vec<[Histogram<u64>; 2]>> {
    let serve = Server::start(binary, &["--dynamodb", database.url.as_str()])?;
    let client = client::client(&database.url, client::TIMEOUTS).await;
    let store = Store::new(client.clone(), settings()?.table_name);
    let mut all = Vec::new();
    let mut next = contacts;
    for endpoint in Endpoint::ALL {
        let asked = next..next + 2 * (WARM_UP + REQUESTS);
        next = asked.end;
        Seed::parse(&seed(asked.clone(), Shape::ORDINARY), PhoneRegion::CANADA)?
            .load(&store)
            .await?;
        let calls = Arc::new(Calls::record(endpoint, Outcome::Recorded).await?);
        let api = Api::new(&serve.url, endpoint, Outcome::Recorded)?;
        let bare = Bare::new(client.clone(), calls);
        all.push(by_turns(&api, &bare, asked, WARM_UP).await?);
    }
    Ok(all)
}
