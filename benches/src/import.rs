//! Measures rows per second of `contacts import` and `export`, and their memory, for growing numbers of contacts.
//!
//! The tool and the embedded database share the machine's processors, so only ratios count.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use serde_json::json;
use tempfile::tempdir;
use tokio::process::Command;

use crate::database::Database;
use crate::process::peak_megabytes;
use crate::{print_head, print_row, programs};

/// The most that the tool's memory may grow between the first and the last number of contacts.
const MOST_GROWTH_MEGABYTES: f64 = 15.0;

/// The time between two looks at the memory of a process.
const LOOK: Duration = Duration::from_millis(20);

/// The options of this benchmark.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The numbers of contacts.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000])]
    sizes: Vec<usize>,
    /// Fail if the tool needs more memory for the last number of contacts than for the first.
    #[arg(long)]
    check: bool,
}

/// The result of a command of the tool.
struct Ended {
    report: String,
    elapsed: Duration,
    megabytes: f64,
}

pub(crate) async fn run(options: &Options, programs: &programs::Options) -> anyhow::Result<()> {
    let contacts = programs.contacts()?;
    print_head(&[
        "contacts",
        "import, rows/s",
        "again, unchanged",
        "export",
        "peak MB: import",
        "again",
        "export",
        "the database",
    ]);
    let mut peaks = Vec::new();
    for size in &options.sizes {
        let (ended, database_megabytes) = measure(&contacts, *size).await?;
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 rows")]
        let [import, again, export] = ended
            .each_ref()
            .map(|ended| format!("{:.0}", *size as f64 / ended.elapsed.as_secs_f64()));
        let megabytes = ended.each_ref().map(|ended| ended.megabytes);
        let [of_import, of_again, of_export] = megabytes.map(|megabytes| format!("{megabytes:.0}"));
        print_row(&[
            size.to_string(),
            import,
            again,
            export,
            of_import,
            of_again,
            of_export,
            format!("{database_megabytes:.0}"),
        ]);
        peaks.push(megabytes);
    }
    if let (true, Some(first), Some(last)) = (options.check, peaks.first(), peaks.last()) {
        for (first, last) in first.iter().zip(last) {
            ensure!(
                last - first <= MOST_GROWTH_MEGABYTES,
                "the tool needs {first:.0} MB and then {last:.0} MB: it must not grow with the contacts"
            );
        }
    }
    Ok(())
}

/// Measures an import, the same import again, and an export. Also returns the memory of the database.
async fn measure(contacts: &Path, size: usize) -> anyhow::Result<([Ended; 3], f64)> {
    let folder = tempdir()?;
    let source = folder.path().join("contacts.jsonl");
    write_file(&source, size)?;
    let source = source.to_string_lossy();
    let copy = folder.path().join("export.jsonl");
    let export = [
        "export",
        "--organization",
        "bench",
        "--output",
        &copy.to_string_lossy(),
    ];
    let database = Database::start(contacts)?;
    let import = run_tool(contacts, &database, &["import", &source]).await?;
    ensure!(import.says("created", size), "{}", import.report);
    let again = run_tool(contacts, &database, &["import", &source]).await?;
    ensure!(again.says("unchanged", size), "{}", again.report);
    let export = run_tool(contacts, &database, &export).await?;
    let lines = BufReader::new(File::open(&copy)?).lines().count();
    ensure!(
        lines == size + 1,
        "{lines} lines of {size} contacts were exported"
    );
    Ok(([import, again, export], peak_megabytes(database.id())?))
}

/// Writes ordinary contacts, each with its own address and two subscriptions.
fn write_file(path: &Path, size: usize) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let organization =
        json!({ "organization": "bench", "audiences": ["newsletter"], "clients": ["website"] });
    writeln!(file, "{organization}")?;
    let at = "2024-01-01T00:00:00.000Z";
    for n in 0..size {
        let contact = json!({
            "id": format!("c_{n:08}"), "firstName": "Jane", "lastName": "Doe",
            "phoneNumber": [{ "value": format!("+1416555{:04}", n % 10_000), "isPrimary": true }],
            "emails": [{ "value": format!("jane.doe.{n}@example.com"), "isPrimary": true,
                         "verifiedAt": at, "verifiedBy": "client:website" }],
            "subscriptions": [{ "audience": "newsletter", "status": "subscribed" },
                              { "audience": "newsletter", "client": "website", "status": "subscribed",
                                "verifiedAt": at, "verifiedBy": "client:website" }],
            "tags": { "newsletter": ["lead"] }, "createdAt": at, "updatedAt": at,
        });
        writeln!(file, "{contact}")?;
    }
    Ok(file.flush()?)
}

async fn run_tool(
    contacts: &Path,
    database: &Database,
    arguments: &[&str],
) -> anyhow::Result<Ended> {
    let began = Instant::now();
    let process = Command::new(contacts)
        .env_clear()
        .args(arguments)
        .args(["--dynamodb", &database.url])
        .env("TABLE_NAME", "contacts")
        .stdout(Stdio::piped())
        // The tool writes its progress there.
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let id = process.id().context("the tool has ended")?;
    let mut ending = std::pin::pin!(process.wait_with_output());
    let mut megabytes: f64 = 0.0;
    let output = loop {
        tokio::select! {
            output = ending.as_mut() => break output?,
            // An ended process has no memory to read.
            () = tokio::time::sleep(LOOK) => megabytes = megabytes.max(peak_megabytes(id).unwrap_or(0.0)),
        }
    };
    let report = String::from_utf8(output.stdout)?;
    ensure!(
        output.status.success(),
        "contacts {}: {report}",
        arguments[0]
    );
    Ok(Ended {
        report,
        elapsed: began.elapsed(),
        megabytes,
    })
}

impl Ended {
    fn says(&self, what: &str, count: usize) -> bool {
        let line = format!("{what} {count}");
        self.report.lines().any(|found| found == line)
    }
}
