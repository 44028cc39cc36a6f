//! `contacts`, the command-line tool.

use std::process::ExitCode;

use clap::Parser;
use contacts::arguments::{Arguments, Command, TokenArguments};
use contacts::completions;
use contacts::development::{self, Identity};
use contacts::erase;
use contacts::exit;
use contacts::explain;
use contacts::export;
use contacts::import;
use contacts::openapi;
use contacts::output::{print, tell};
use contacts::provision;
use contacts::seed;
use contacts::serve;
use contacts::smoke;
use mimalloc::MiMalloc;

/// For each request of `serve`, the threads of the SDK, the embedded engine and the gateway allocate memory and free each
/// other's. With the system's allocator, `serve` spends a third of its time on that.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve(arguments) => serve::run(arguments).await.map(success),
        Command::Provision(arguments) => provision::run(arguments).await,
        Command::Show(arguments) => provision::show(arguments).await,
        Command::Import(arguments) => import::run(arguments).await,
        Command::Export(arguments) => export::run(arguments).await,
        Command::Erase(arguments) => erase::run(arguments).await,
        Command::Seed(arguments) => seed::run(arguments).await,
        Command::Openapi => openapi::run().map(success),
        Command::Token(arguments) if arguments.explain => explain::run().await,
        Command::Token(arguments) => print_token(arguments).map(success),
        Command::Smoke(arguments) => smoke::run(arguments).await,
        Command::Completions(arguments) => completions::run(&arguments).map(success),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            tell(&format!("contacts: {error:#}"));
            exit::code_of(&error)
        }
    }
}

fn success((): ()) -> ExitCode {
    ExitCode::SUCCESS
}

fn print_token(arguments: TokenArguments) -> anyhow::Result<()> {
    let TokenArguments {
        organization,
        subject,
        role,
        client,
        expires_in,
        explain: _,
    } = arguments;
    let identity = Identity {
        subject,
        organization,
        role,
        client,
    };
    let settings = development::settings()?;
    let token = development::token(&settings, &identity, expires_in).map_err(exit::usage)?;
    print(&format!("{token}\n"))
}
