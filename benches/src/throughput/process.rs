//! The release binary `contacts`, as processes of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use url::Url;

use crate::release;

/// Builds the binary with the release profile, and says where it is. With this program's features, or most of what both
/// are made of would be built twice.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    release::build(&[
        "--bin",
        "contacts",
        "--package",
        "benches",
        "--package",
        "contacts",
    ])?;
    // This program is a release build of the same workspace.
    Ok(std::env::current_exe()?.with_file_name("contacts"))
}

/// A running `contacts serve`. It ends with this.
pub(crate) struct Server {
    process: Child,
    pub(crate) url: Url,
    /// What it says after it listens has to go somewhere.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts it with these arguments, on a free port, and waits until it listens.
    pub(crate) fn start(binary: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut process = command(binary)
            .arg("serve")
            .args(["--port", "0"])
            .args(arguments)
            .stdout(Stdio::piped())
            // The log: it is written, but nobody reads it.
            .stderr(Stdio::null())
            .spawn()
            .context("contacts does not start")?;
        let mut stdout = BufReader::new(process.stdout.take().context("no standard output")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        // Where there is no such line, it has ended.
        let url = line.trim_end().strip_prefix("listening on ");
        let url = url.context("contacts serve cannot start")?.parse()?;
        Ok(Self {
            process,
            url,
            _stdout: stdout,
        })
    }

    /// Processor time so far, of all its threads.
    pub(super) fn processor_time(&self) -> anyhow::Result<Duration> {
        processor_time(&format!("/proc/{}", self.process.id()))
    }

    /// The most memory that it has had, in megabytes.
    pub(crate) fn peak_megabytes(&self) -> anyhow::Result<f64> {
        peak_megabytes(self.process.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already. Its data are in memory.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The most memory that a process has had, in megabytes.
pub(crate) fn peak_megabytes(process: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kilobytes.context("no VmHWM")?.parse::<f64>()? / 1024.0)
}

/// A command of the binary with an environment that sets nothing.
pub(crate) fn command(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    // What the environment sets would replace the development settings.
    for (name, _) in std::env::vars_os() {
        if name != "PATH" {
            command.env_remove(name);
        }
    }
    command
}

/// Processor time of this process so far.
pub(super) fn own_processor_time() -> anyhow::Result<Duration> {
    processor_time("/proc/self")
}

fn processor_time(process: &str) -> anyhow::Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("{process}/task"))? {
        // A thread that has ended in the meantime has none.
        if let Ok(times) = fs::read_to_string(thread?.path().join("schedstat")) {
            let running = times.split_whitespace().next().context("no schedstat")?;
            nanoseconds += running.parse::<u64>()?;
        }
    }
    Ok(Duration::from_nanos(nanoseconds))
}
