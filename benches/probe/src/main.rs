//! One warm invocation and its parts, done again and again, for `cargo measure warm` to count what they cost.
//!
//! It is a program of its own, with the dependencies of the functions and no others, so that what is measured is compiled
//! as it is deployed. It takes the settings of a function, and plays its part without Lambda.
//!
//!     probe EVENT_FILE REPETITIONS count WORK     for callgrind, which counts each repetition
//!     probe EVENT_FILE REPETITIONS time           processor time, the works interleaved, to standard error as JSON
//!
//! The log goes to standard output, as a function's does.

mod bare;
mod function;
mod work;

use std::hint::black_box;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, bail};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Map, json};

use self::work::{Work, Works};

/// How often each work is done before it is measured: connections are opened, lazy statics made, buffers grown.
const WARM_UP: u32 = 5;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let [event, repetitions, how @ ..] = arguments.as_slice() else {
        bail!("probe EVENT_FILE REPETITIONS count WORK | time")
    };
    let event = fs::read(event).with_context(|| format!("{event} cannot be read"))?;
    let repetitions: u32 = repetitions.parse().context("REPETITIONS")?;
    let works = Works::new(event)?;
    match how {
        ["count", work] => count(&works, Work::named(work)?, repetitions),
        ["time"] => time(&works, repetitions),
        _ => bail!("how must be `count WORK` or `time`"),
    }
}

/// Does a work as often as asked. Nothing but the work is counted.
fn count(works: &Works, work: Work, repetitions: u32) -> anyhow::Result<()> {
    for round in 0..WARM_UP + repetitions {
        works.restore()?;
        let request = works.request();
        measuring_begins(round);
        let done = works.run(work, request);
        measuring_ends(round);
        done.with_context(|| format!("{work:?}"))?;
    }
    works.restore()
}

/// Where callgrind begins to count.
#[inline(never)]
fn measuring_begins(round: u32) {
    black_box(round);
}

/// Where callgrind has counted one repetition. Its body is another, or the compiler would make one function of both.
#[inline(never)]
fn measuring_ends(round: u32) {
    black_box(!round);
}

/// Does the works in turn, and reports what processor time each took, in nanoseconds.
fn time(works: &Works, repetitions: u32) -> anyhow::Result<()> {
    let mut taken = Map::from_iter(Work::TIMED.map(|work| (work.name().to_owned(), json!([]))));
    for round in 0..WARM_UP + repetitions {
        for work in Work::TIMED {
            works.restore()?;
            let request = works.request();
            let before = processor_time()?;
            let done = works.run(work, request);
            let after = processor_time()?;
            done.with_context(|| format!("{work:?}"))?;
            if round >= WARM_UP
                && let Some(taken) = taken[work.name()].as_array_mut()
            {
                let nanoseconds = u64::try_from(after.saturating_sub(before).as_nanos())?;
                taken.push(nanoseconds.into());
            }
        }
    }
    report(&json!(taken).to_string());
    works.restore()
}

/// What this process has used of the processor, in all threads, in user and kernel mode.
fn processor_time() -> anyhow::Result<Duration> {
    Ok(clock_gettime(ClockId::ProcessCPUTime).try_into()?)
}

#[expect(
    clippy::print_stderr,
    reason = "standard output is the log, as in a function"
)]
fn report(json: &str) {
    eprintln!("{json}");
}
