//! `cargo simulate`: runs simulated histories, and reports those that break a promise.

#![allow(clippy::print_stdout, reason = "a program for the command line")]

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use simulation::checks::violations;
use simulation::faults::{FAULTS, Fault};
use simulation::history::run;
use simulation::runs::run_many;

/// A history makes many short-lived allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs simulated histories, and reports those that break a promise.
#[derive(Parser)]
#[command(name = "simulate")]
struct Arguments {
    /// The number of histories; with `--faults`, the most for each fault.
    #[arg(long, default_value_t = 1000)]
    histories: u64,
    /// The seed of the first history; by default a new one.
    #[arg(long)]
    first: Option<u64>,
    /// Replays the history of this seed, twice, and shows its events.
    #[arg(long)]
    seed: Option<u64>,
    /// Plants the fault of this name into the program.
    #[arg(long)]
    fault: Option<String>,
    /// Plants each fault in turn, and prints the number of histories after which a check finds it.
    #[arg(long)]
    faults: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.seed.is_none() {
        // A panic counts as a violation. A replay of the seed shows its message.
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

/// Shows a history, and checks that a second run is the same.
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

/// Runs many histories.
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
        // The threads finish in any order. Sorting makes the table the same in every run.
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
