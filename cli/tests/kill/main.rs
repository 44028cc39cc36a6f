//! `contacts serve` and `contacts import` are killed at random moments, many times. Afterwards every acknowledged write is
//! there, nothing is half done, and the history tells what happened, once.
//!
//! `KILLS=300` raises the number of kills of each test, and `KILL_SEED=…` repeats the random choices of a run.
//! The moments themselves differ from run to run, as the machine does.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../common/mod.rs"]
mod common;
mod history;
mod import;
mod model;
mod process;
mod requests;
mod serve;
mod table;
mod writers;

use std::env;

/// How many kills a test makes: that of the environment, or this number.
fn kills(default: u32) -> u32 {
    let given = env::var("KILLS").ok();
    given.map_or(default, |kills| kills.parse().unwrap())
}

/// The random choices of a test, which it prints.
fn random() -> fastrand::Rng {
    let given = env::var("KILL_SEED").ok();
    let seed = given.map_or_else(
        || fastrand::u64(..1 << 32),
        |given| given.parse::<u64>().unwrap(),
    );
    eprintln!("KILL_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}
