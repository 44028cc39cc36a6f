//! One run: a process from its start to its end, and what that took.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::process::Command;

use super::endpoint::Endpoint;
use super::runtime_api::{RuntimeApi, Waiting};

/// What a run took, from the start of the process.
pub(super) struct Run {
    /// Until it asked for its first event.
    pub(super) ready: Effort,
    /// From then on until its first answer.
    pub(super) first: Effort,
    /// A request after the first, on average.
    pub(super) warm: Effort,
    /// The most memory that it had, in MB.
    pub(super) peak_mb: f64,
    /// Pages that it touched for the first time until its first answer.
    pub(super) page_faults: u64,
    /// Connections to the database that were opened before it asked for its first event, during the first request, and
    /// during all others.
    pub(super) connections: [usize; 3],
}

/// Time that passed, how much of it the database had something to answer, and time that a processor worked.
#[derive(Clone, Copy)]
pub(super) struct Effort {
    pub(super) wall: Duration,
    pub(super) database: Duration,
    pub(super) processor: Duration,
}

/// Starts `binary` with this environment, has it handle the events one after another, `warm` times more than once all of
/// them, and ends it.
pub(super) async fn run(
    binary: &Path,
    environment: &[(&str, String)],
    events: &[String],
    warm: u32,
    endpoint: Option<&Endpoint>,
) -> anyhow::Result<Run> {
    let api = RuntimeApi::start().await?;
    let opened = || endpoint.map_or(0, Endpoint::new_connections);
    let database = || endpoint.map_or(Duration::ZERO, Endpoint::time_of_answers);
    opened();
    database();
    let mut command = Command::new(binary);
    command
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (*name, value)))
        .env("AWS_LAMBDA_RUNTIME_API", &api.address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    let started = Instant::now();
    let mut process = command
        .spawn()
        .with_context(|| binary.display().to_string())?;
    let id = process.id().context("the process has ended")?;
    let waiting = tokio::select! {
        waiting = api.ready() => waiting?,
        ended = process.wait() => bail!("{} has ended: {}", binary.display(), ended?),
    };
    let asked = waiting.since;
    let ready = Effort {
        wall: asked - started,
        database: database(),
        processor: processor_time(id)?,
    };
    let mut connections = [opened(), 0, 0];

    let mut events = events.iter().cycle();
    let (answered, mut waiting) = handle(waiting, events.next()).await?;
    let processor = processor_time(id)?;
    let first = Effort {
        wall: answered - asked,
        database: database(),
        processor: processor.saturating_sub(ready.processor),
    };
    connections[1] = opened();
    let page_faults = page_faults(id)?;

    let warm_started = Instant::now();
    for _ in 0..warm {
        (_, waiting) = handle(waiting, events.next()).await?;
    }
    let warm = Effort {
        wall: warm_started.elapsed() / warm,
        database: database() / warm,
        processor: processor_time(id)?.saturating_sub(processor) / warm,
    };
    connections[2] = opened();
    let peak_mb = peak_mb(id)?;
    process.kill().await?;
    Ok(Run {
        ready,
        first,
        warm,
        peak_mb,
        page_faults,
        connections,
    })
}

async fn handle(waiting: Waiting, event: Option<&String>) -> anyhow::Result<(Instant, Waiting)> {
    let (answered, waiting) = waiting.handle(event.context("no event")?).await?;
    // A number that is not there cannot be removed, which is no less work.
    if ![200, 404].contains(&answered.status) {
        bail!("the function answered {}", answered.status);
    }
    Ok((answered.at, waiting))
}

/// The time that a processor has worked for the threads of a process, in user mode and in the kernel, its start included.
fn processor_time(process: u32) -> anyhow::Result<Duration> {
    let mut time = Duration::ZERO;
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let statistics = fs::read_to_string(task?.path().join("schedstat"))?;
        let nanoseconds = statistics.split(' ').next().unwrap_or_default().parse()?;
        time += Duration::from_nanos(nanoseconds);
    }
    Ok(time)
}

fn page_faults(process: u32) -> anyhow::Result<u64> {
    let statistics = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // After the name in parentheses: state, 6 numbers, minor faults.
    let (_, numbers) = statistics.rsplit_once(") ").context("/proc/PID/stat")?;
    Ok(numbers
        .split(' ')
        .nth(7)
        .context("/proc/PID/stat")?
        .parse()?)
}

fn peak_mb(process: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let kibibytes: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|line| line.split_whitespace().next())
        .context("/proc/PID/status")?
        .parse()?;
    Ok(kibibytes / 1024.0)
}
