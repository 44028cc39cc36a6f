//! `cargo measure`: what docs/performance.md states, measured.
//!
//! Functions, the database and the command-line tool run as processes of their own, built as they are released.

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

/// Measures what docs/performance.md states.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    bench: Bench,
    #[command(flatten)]
    programs: programs::Options,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// From the start of a function's process to its first answer, its memory and its connections.
    ColdStart(cold_start::Options),
    /// Instructions and allocations of a function's start and of a warm request, by callgrind.
    Instructions(instructions::Options),
    /// Rows per second of `contacts import` and `export`, and their memory, as the contacts grow.
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
