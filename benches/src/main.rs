//! `cargo measure`: measures the figures of docs/performance.md.
//!
//! The functions, the database and the command-line tool run as separate processes, in release builds.

mod callgrind;
mod cold_start;
mod database;
mod events;
mod function;
mod import;
mod instructions;
mod process;
mod programs;
mod workspace;

use clap::{Parser, Subcommand};

/// Measures the figures of docs/performance.md.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    bench: Bench,
    #[command(flatten)]
    programs: programs::Options,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Measure the time from a function's start to its first answer, its memory and its connections.
    ColdStart(cold_start::Options),
    /// Measure instructions and allocations of a function's start and of a warm request, by callgrind.
    Instructions(instructions::Options),
    /// Measure rows per second of `contacts import` and `export`, and their memory, for growing numbers of contacts.
    Import(import::Options),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Arguments { bench, programs } = Arguments::parse();
    match bench {
        Bench::ColdStart(options) => cold_start::run(&options, &programs).await,
        Bench::Instructions(options) => instructions::run(&options, &programs).await,
        Bench::Import(options) => import::run(&options, &programs).await,
    }
}

/// Prints a row of a Markdown table.
#[expect(clippy::print_stdout, reason = "a program that measures prints")]
fn print_row<const N: usize, T: AsRef<str>>(cells: &[T; N]) {
    println!("| {} |", cells.each_ref().map(AsRef::as_ref).join(" | "));
}

/// Prints the head of a Markdown table.
fn print_head<const N: usize>(cells: &[&str; N]) {
    print_row(cells);
    print_row(&["---"; N]);
}
