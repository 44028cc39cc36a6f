//! `cargo simulate`: lets simulated histories happen, and says in which of them a promise was broken.

#![allow(clippy::print_stdout, reason = "a program for the command line")]

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use simulation::checks::violations;
use simulation::faults::{FAULTS, Fault};
use simulation::history::run;
use simulation::runs::run_many;

/// A history allocates much and lives shortly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Lets simulated histories happen, and says in which of them a promise was broken.
#[derive(Parser)]
#[command(name = "simulate")]
struct Arguments {
    /// How many histories.
    #[arg(long, default_value_t = 1000)]
    histories: u64,
    /// The seed of the first history; a new one unless it is given.
    #[arg(long)]
    first: Option<u64>,
    /// Replays the history of this seed, twice, and shows what happens in it.
    #[arg(long)]
    seed: Option<u64>,
    /// Plants a fault into the program.
    #[arg(long)]
    fault: Option<String>,
    /// Plants each fault in turn, and says after how many histories it is found.
    #[arg(long)]
    faults: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.seed.is_none() {
        // A panic is a violation. Its trace is shown where the seed is replayed.
        std::panic::set_hook(Box::new(|_| {}));
    }
    let fault = arguments.fault.as_deref().map(|name| {
        let found = FAULTS.iter().find(|fault| fault.name == name);
        found.unwrap_or_else(|| panic!("there is no fault {name}"))
    });
    if let Some(seed) = arguments.seed {
        return replay(seed, fault);
    }
    let first = arguments.first.unwrap_or_else(|| fastrand::u64(..1 << 48));
    println!("the first seed is {first}");
    if arguments.faults {
        find_faults(first, arguments.histories)
    } else {
        search(first, arguments.histories, fault)
    }
}

/// Shows a history, and that it is the same in another run.
fn replay(seed: u64, fault: Option<&'static Fault>) -> ExitCode {
    let history = run(seed, fault, true);
    let again = run(seed, fault, false);
    let found = violations(&history);
    for violation in &found {
        println!("{}: {}", violation.check, violation.what);
    }
    println!("fingerprint {:016x}", history.fingerprint);
    let is_same = history.fingerprint == again.fingerprint;
    if !is_same {
        println!("the second run was another one");
    }
    exit_code(is_same && found.is_empty())
}

/// Lets many histories happen.
fn search(first: u64, count: u64, fault: Option<&'static Fault>) -> ExitCode {
    let began = Instant::now();
    let summary = run_many(first, count, fault, 10);
    for (seed, found) in &summary.broken {
        println!("seed {seed}: {}: {}", found[0].check, found[0].what);
    }
    let seconds = began.elapsed().as_secs();
    println!(
        "{} histories with {} requests in {seconds} s. In them:",
        summary.histories, summary.requests
    );
    for (event, count) in &summary.counts {
        println!("{count:>12} {event}");
    }
    println!(
        "{} histories in which a promise was broken",
        summary.broken.len()
    );
    exit_code(summary.broken.is_empty())
}

fn find_faults(first: u64, count: u64) -> ExitCode {
    println!("| fault | what the program does wrong | found by | seed | after |");
    println!("|---|---|---|---|---|");
    let mut missed = 0;
    for fault in FAULTS.iter() {
        let mut summary = run_many(first, count, Some(fault), 1);
        // The processors finish in any order; the table is the same in every run.
        summary.broken.sort_by_key(|(seed, _)| *seed);
        let Fault { name, what, .. } = fault;
        if let Some((seed, found)) = summary.broken.first() {
            let (check, after) = (found[0].check, seed - first + 1);
            println!("| `{name}` | {what} | {check} | {seed} | {after} |");
        } else {
            missed += 1;
            println!(
                "| `{name}` | {what} | **not found** | | {} |",
                summary.histories
            );
        }
    }
    println!(
        "\n{} of {} faults were found",
        FAULTS.len() - missed,
        FAULTS.len()
    );
    exit_code(missed == 0)
}

fn exit_code(is_success: bool) -> ExitCode {
    if is_success {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
