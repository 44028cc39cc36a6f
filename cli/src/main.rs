//! `contacts`, the command-line tool.

use std::process::ExitCode;

use clap::Parser;
use contacts::arguments::{Arguments, Command, TokenArguments};
use contacts::development::{self, Identity};
use contacts::seed;
use contacts::serve;
use contacts::smoke;
use mimalloc::MiMalloc;

/// Several threads allocate for each request here, and free what others allocated: the SDK, the embedded engine and the
/// gateway. A third of `serve`'s time went into the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve(arguments) => serve::run(arguments).await.map(|()| true),
        Command::Seed(arguments) => seed::run(arguments).await.map(|()| true),
        Command::Token(arguments) => print_token(arguments).map(|()| true),
        Command::Smoke(arguments) => smoke::run(arguments).await,
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        // What failed has been said.
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("contacts: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the token is what the command is for")]
fn print_token(arguments: TokenArguments) -> anyhow::Result<()> {
    let TokenArguments {
        organization,
        subject,
        role,
        client,
        expires_in,
    } = arguments;
    let identity = Identity {
        subject,
        organization,
        role,
        client,
    };
    println!(
        "{}",
        development::token(&development::settings()?, &identity, expires_in)?
    );
    Ok(())
}
