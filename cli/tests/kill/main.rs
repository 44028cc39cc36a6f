//! These tests kill `contacts serve` and `contacts import` at random moments, many times. Afterwards the table has every
//! acknowledged write, no write is half done, and the history has each change once.
//!
//! `KILLS=300` raises the number of kills of each test, and `KILL_SEED=…` repeats the random choices of a run.
//! The exact moments still differ from run to run, because they depend on the machine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../common/mod.rs"]
mod common;
mod creation;
mod history;
mod import;
mod model;
mod process;
mod requests;
mod serve;
mod table;
mod writers;

use std::env;

/// The number of kills of a test: the one of the environment, or else the default.
fn kills(default: u32) -> u32 {
    let given = env::var("KILLS").ok();
    given.map_or(default, |kills| kills.parse().unwrap())
}

/// The source of a test's random choices. Prints its seed.
fn random() -> fastrand::Rng {
    let given = env::var("KILL_SEED").ok();
    let seed = given.map_or_else(
        || fastrand::u64(..1 << 32),
        |given| given.parse::<u64>().unwrap(),
    );
    eprintln!("KILL_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}
