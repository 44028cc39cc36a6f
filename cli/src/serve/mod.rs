//! `contacts serve`: every endpoint on one machine (contract section 11).

pub mod engine;
pub mod gateway;
mod routes;
mod welcome;

use std::io::{self, Write};
use std::pin::Pin;

use anyhow::Context;
use aws_sdk_dynamodb::Client;
use shared::Service;
use shared::settings::Settings;
use shared::store::{Patience, Store, create_table};
use tokio::net::TcpListener;
use url::Url;

use self::engine::Engine;
use self::gateway::Gateway;
use crate::arguments::ServeArguments;
use crate::development;
use crate::seed::Seed;

/// The examples of the three source documents.
const DEMO: &str = include_str!("demo.json");

/// Serves until the process is asked to end.
///
/// # Errors
/// When it cannot start.
pub async fn run(arguments: ServeArguments) -> anyhow::Result<()> {
    let settings = development::settings()?;
    shared::init_logging(settings.log_level, io::stderr);
    let seed = match &arguments.seed {
        None => Seed::parse(DEMO, settings.default_phone_region).context("the demo data")?,
        Some(file) => std::fs::read_to_string(file)
            .map_err(anyhow::Error::from)
            .and_then(|json| Seed::parse(&json, settings.default_phone_region))
            .with_context(|| format!("--seed {}", file.display()))?,
    };
    // Asked for before anything is written, so that a request to end that comes early is not lost.
    let stop = stop_requested()?;
    let mut stop = std::pin::pin!(stop);
    if arguments.database_only {
        serve_database(&arguments, &settings, seed, stop.as_mut()).await
    } else {
        serve_api(&arguments, settings, seed, stop.as_mut()).await
    }
}

async fn serve_database(
    arguments: &ServeArguments,
    settings: &Settings,
    seed: Seed,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> anyhow::Result<()> {
    let engine = Engine::start(arguments.data.as_deref(), arguments.port).await?;
    let client = engine::client(&engine.url, Patience::default()).await;
    tokio::select! {
        filled = fill(&client, settings, seed) => drop(filled?),
        () = stop.as_mut() => return engine.stop().await,
    }
    announce(&engine.url)?;
    stop.await;
    engine.stop().await
}

async fn serve_api(
    arguments: &ServeArguments,
    settings: Settings,
    seed: Seed,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> anyhow::Result<()> {
    let listener = engine::listen(arguments.port).await?;
    let engine = match &arguments.dynamodb {
        Some(_) => None,
        None => Some(Engine::start(arguments.data.as_deref(), 0).await?),
    };
    let database = arguments
        .dynamodb
        .as_ref()
        .or(engine.as_ref().map(|engine| &engine.url))
        .context("no database")?;
    let client = engine::client(database, Patience::default()).await;
    let store = tokio::select! {
        filled = fill(&client, &settings, seed) => filled?,
        () = stop.as_mut() => return Ok(()),
    };

    let url = url_of(&listener)?;
    let welcome = welcome::text(&url, &settings, arguments.seed.is_some())?;
    let gateway = Gateway::new(Service::new(settings, store))?;
    announce(&url)?;
    print(&welcome)?;
    gateway.serve(listener, stop).await;
    match engine {
        Some(engine) => engine.stop().await,
        None => Ok(()),
    }
}

/// Creates the table if it is missing and loads the seed.
async fn fill(client: &Client, settings: &Settings, seed: Seed) -> anyhow::Result<Store> {
    create_table(client, &settings.table_name)
        .await
        .context("the table cannot be created")?;
    let store = Store::new(client.clone(), settings.table_name.clone());
    seed.load(&store)
        .await
        .context("the data cannot be loaded")?;
    Ok(store)
}

fn url_of(listener: &TcpListener) -> anyhow::Result<Url> {
    Ok(Url::parse(&format!("http://{}", listener.local_addr()?))?)
}

/// The line that tells scripts and people that connections are accepted.
fn announce(url: &Url) -> anyhow::Result<()> {
    print(&format!(
        "listening on {}\n",
        url.as_str().trim_end_matches('/')
    ))
}

/// Writes at once, whoever reads. That nobody does any more is no reason to end.
fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("standard output")
        }
        _ => Ok(()),
    }
}

/// Completes when the process is asked to end: SIGINT (Ctrl-C) or SIGTERM.
fn stop_requested() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
