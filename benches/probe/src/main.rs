//! One warm invocation and its parts, done again and again, for `cargo measure warm` to count what they cost.
//!
//! It is a program of its own, with the dependencies of the functions and no others, so that what is measured is compiled
//! as it is deployed. It takes the settings of a function, and plays its part without Lambda.
//!
//!     probe EVENT_FILE TOKENS_FILE REPETITIONS count WORK   for callgrind, which counts each repetition
//!     probe EVENT_FILE TOKENS_FILE REPETITIONS time         processor time, the works in turn, to standard error as JSON
//!
//! Requests are sent with the tokens of the file, a line each, one after another and then again.
//! The log goes to standard output, as a function's does.

mod bare;
mod function;
mod scene;
mod work;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, bail};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use self::scene::Scene;
use self::work::Work;

/// How often each work is done before it is measured: connections are opened, lazy statics made, buffers grown.
const WARM_UP: u32 = 5;

/// How often a work is done before it is the next one's turn: enough for the processor's caches to hold what it needs.
const ROUNDS_IN_A_TURN: usize = 25;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let [event, tokens, repetitions, how @ ..] = arguments.as_slice() else {
        bail!("probe EVENT_FILE TOKENS_FILE REPETITIONS count WORK | time")
    };
    let read = |file| fs::read_to_string(file).with_context(|| format!("{file} cannot be read"));
    let event = serde_json::from_str(&read(event)?)?;
    let tokens = read(tokens)?.lines().map(str::to_owned).collect();
    let repetitions: u32 = repetitions.parse().context("REPETITIONS")?;
    let scene = Scene::new(event, tokens)?;
    match how {
        ["count", work] => count(&scene, Work::named(work)?, repetitions),
        ["time"] => time(&scene, repetitions),
        _ => bail!("how must be `count WORK` or `time`"),
    }
}

/// Does a work as often as asked. Nothing but the work is counted.
fn count(scene: &Scene, work: Work, repetitions: u32) -> anyhow::Result<()> {
    for round in 0..WARM_UP + repetitions {
        let mut input = scene.input(work, round)?;
        measuring_begins(round);
        let done = scene.run(work, &mut input);
        measuring_ends(round);
        done.with_context(|| format!("{work:?}"))?;
    }
    Ok(())
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

/// Does the works in turn, some rounds of each, and reports what processor time each round took, in nanoseconds.
fn time(scene: &Scene, repetitions: u32) -> anyhow::Result<()> {
    let rounds: Vec<_> = (0..WARM_UP + repetitions).collect();
    let mut taken = Work::TIMED.map(|_| Vec::new());
    for turn in rounds.chunks(ROUNDS_IN_A_TURN) {
        for (work, taken) in Work::TIMED.into_iter().zip(&mut taken) {
            let inputs: Vec<_> = turn
                .iter()
                .map(|round| scene.input(work, *round))
                .collect::<Result<_, _>>()?;
            for (round, mut input) in turn.iter().zip(inputs) {
                let before = processor_time()?;
                let done = scene.run(work, &mut input);
                let after = processor_time()?;
                done.with_context(|| format!("{work:?}"))?;
                if *round >= WARM_UP {
                    taken.push(u64::try_from(after.saturating_sub(before).as_nanos())?);
                }
            }
        }
    }
    let taken = Work::TIMED.into_iter().zip(taken);
    report(
        &json!(
            taken
                .map(|(work, taken)| (work.name(), taken))
                .collect::<BTreeMap<_, _>>()
        )
        .to_string(),
    );
    Ok(())
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
