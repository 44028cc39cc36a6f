//! A command of the tool, as a process whose time and memory are looked at.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::process::Command;
use url::Url;

use crate::throughput::process::{command, peak_megabytes};

/// Between two looks at the memory of a process.
const LOOK: Duration = Duration::from_millis(20);

/// How a command ended.
pub(super) struct Ended {
    report: String,
    pub(super) elapsed: Duration,
    /// The most memory that it had when it was looked at last.
    pub(super) peak_megabytes: f64,
}

impl Ended {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 rows")]
    pub(super) fn per_second(&self, rows: usize) -> f64 {
        rows as f64 / self.elapsed.as_secs_f64()
    }

    /// Checks the report of an import: created, updated, unchanged, rejected.
    pub(super) fn has_counts(&self, counts: [usize; 4]) -> anyhow::Result<()> {
        for (name, count) in ["created", "updated", "unchanged", "rejected"]
            .into_iter()
            .zip(counts)
        {
            let line = format!("{name} {count}");
            ensure!(
                self.report.lines().any(|found| found == line),
                "not {line}:\n{}",
                self.report
            );
        }
        Ok(())
    }
}

/// Runs a command on a database, and waits for its end.
pub(super) async fn run_tool(
    binary: &Path,
    database: &Url,
    arguments: &[&str],
) -> anyhow::Result<Ended> {
    let mut command = Command::from(command(binary));
    command
        .args(arguments)
        .args(["--dynamodb", database.as_str()])
        .env("TABLE_NAME", "contacts")
        .stdout(Stdio::piped())
        // Its progress.
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let began = Instant::now();
    let process = command.spawn()?;
    let id = process.id().context("it has ended already")?;
    let mut ending = std::pin::pin!(process.wait_with_output());
    let mut peak: f64 = 0.0;
    let output = loop {
        tokio::select! {
            output = ending.as_mut() => break output?,
            // Once it has ended there is nothing to look at.
            () = tokio::time::sleep(LOOK) => peak = peak.max(peak_megabytes(id).unwrap_or(0.0)),
        }
    };
    let elapsed = began.elapsed();
    let report = String::from_utf8(output.stdout)?;
    ensure!(output.status.success(), "{}: {report}", arguments[0]);
    Ok(Ended {
        report,
        elapsed,
        peak_megabytes: peak,
    })
}
