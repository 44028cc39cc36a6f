//! `cargo measure`: what docs/performance.md states, measured.

mod cold_start;
mod cost;
mod import;
mod recorded_api;
mod recorder;
mod release;
mod throughput;
mod warm;

use clap::{Parser, Subcommand};

/// Measures what docs/performance.md states.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// From the start of a process to its first answer, beside the least that a function can be.
    ColdStart(cold_start::Options),
    /// Processor time of a warm request, by phase and beside the bare SDK call.
    Warm(warm::Options),
    /// DynamoDB calls, capacity units and the price of a million requests, by endpoint and outcome.
    Cost(cost::Options),
    /// Requests per second of `contacts serve` beside the bare engine's, and how latency grows with the data.
    Throughput(throughput::Options),
    /// Rows per second of `contacts import` and `export`, their memory, and latency, as the contacts grow.
    Import(import::Options),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().bench {
        Bench::ColdStart(options) => cold_start::run(options).await,
        Bench::Warm(options) => warm::run(options).await,
        Bench::Cost(options) => cost::run(options).await,
        Bench::Throughput(options) => throughput::run(options).await,
        Bench::Import(options) => import::run(options).await,
    }
}
