//! `contacts serve`: every endpoint on this machine (contract section 11).

pub mod cors;
mod docs;
pub mod engine;
pub mod event;
pub mod gateway;
mod home;
mod open_door;
pub mod routes;
mod welcome;

use std::io;
use std::pin::Pin;

use anyhow::Context;
use aws_sdk_dynamodb::Client;
use shared::settings::{InvalidSetting, Settings, environment_variable};
use shared::store::{ChangeStream, Store, create_table};
use shared::{Service, is_loopback};
use tokio::net::TcpListener;
use url::Url;

use self::cors::Cors;
use self::engine::Engine;
use self::gateway::Gateway;
use self::home::{Data, Home};
use crate::arguments::ServeArguments;
use crate::client;
use crate::development;
use crate::exit::usage;
use crate::interrupt::interrupted;
use crate::output::print;
use crate::seed::Seed;

pub use crate::demo::DEMO;

/// Serves until a signal ends the process.
///
/// # Errors
/// When it cannot start.
pub async fn run(arguments: ServeArguments) -> anyhow::Result<()> {
    // The signal handlers come first, so that an early signal is not lost.
    let interrupted = interrupted()?;
    let mut stop = std::pin::pin!(async {
        interrupted.await;
    });
    let settings = settings(arguments.table.as_deref())?;
    shared::init_logging(settings.log_level, None, io::stderr);
    shared::report_panics_by_place();
    let seed = match &arguments.seed {
        None => Seed::parse(DEMO, settings.default_phone_region).context("the demo data")?,
        Some(file) => Seed::read(file, settings.default_phone_region)
            .with_context(|| format!("--seed {}", file.display()))?,
    };
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
    let client = client::client(&engine.url, client::TIMEOUTS).await;
    tokio::select! {
        filled = fill(&client, settings, ChangeStream::Off, seed) => drop(filled?),
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
    let other = other_endpoint(arguments)?;
    if let Some(url) = &other {
        open_door::refuse(url, &settings).map_err(usage)?;
    }
    let cors = match &arguments.cors_origins[..] {
        [] => None,
        origins => Some(Cors::of_template(origins.to_vec())?),
    };
    let listener = engine::listen(arguments.port).await?;
    let engine = match &other {
        Some(_) => None,
        None => Some(Engine::start(arguments.data.as_deref(), 0).await?),
    };
    let database = other
        .as_ref()
        .or(engine.as_ref().map(|engine| &engine.url))
        .context("no database")?;
    // Only a table on this machine gets the demo data: any other may hold real contacts.
    let has_demo_data = arguments.seed.is_none() && is_loopback(database);
    let seed = if arguments.seed.is_some() || has_demo_data {
        seed
    } else {
        Seed::default()
    };
    let stream = if engine.is_some() {
        ChangeStream::Off
    } else {
        ChangeStream::NewAndOldImages
    };
    let client = client::client_with_credentials(Some(database), client::TIMEOUTS).await?;
    let store = tokio::select! {
        filled = fill(&client, &settings, stream, seed) => filled?,
        () = stop.as_mut() => return Ok(()),
    };

    let url = url_of(&listener)?;
    let welcome = welcome::text(&url, &settings, has_demo_data)?;
    let data = match (&other, &arguments.data) {
        (Some(_), _) => Data::Elsewhere,
        (None, Some(_)) => Data::InAFolder,
        (None, None) => Data::InMemory,
    };
    let home = Home::new(&url, &settings, data, has_demo_data)?;
    let gateway = Gateway::new(Service {
        deadline: engine::DEADLINE,
        ..Service::new(settings, store)
    })?;
    let gateway = gateway.with_home(home).with_cors(cors);
    announce(&url)?;
    print(&welcome)?;
    gateway.serve(listener, stop).await;
    match engine {
        Some(engine) => engine.stop().await,
        None => Ok(()),
    }
}

/// The endpoint to use instead of the embedded engine: the one of the command line, or else the one of the environment.
/// `--data` asks for the embedded engine, and so overrides the environment.
fn other_endpoint(arguments: &ServeArguments) -> anyhow::Result<Option<Url>> {
    if arguments.dynamodb.is_some() || arguments.data.is_some() {
        return Ok(arguments.dynamodb.clone());
    }
    client::configured_url().map_err(usage)
}

/// The settings of the environment. A table on the command line overrides it.
fn settings(table: Option<&str>) -> Result<Settings, InvalidSetting> {
    development::settings_from(&|name| match (name, table) {
        ("TABLE_NAME", Some(table)) => Ok(Some(table.to_owned())),
        _ => environment_variable(name),
    })
}

/// Creates the table if it is missing and loads the seed.
async fn fill(
    client: &Client,
    settings: &Settings,
    stream: ChangeStream,
    seed: Seed,
) -> anyhow::Result<Store> {
    create_table(client, &settings.table_name, stream)
        .await
        .context("the table cannot be created")?;
    let store = Store::new(client.clone(), settings.table_name.clone())
        .with_contention_budget(engine::CONTENTION_BUDGET);
    seed.load(&store)
        .await
        .context("the data cannot be loaded")?;
    Ok(store)
}

fn url_of(listener: &TcpListener) -> anyhow::Result<Url> {
    Ok(Url::parse(&format!("http://{}", listener.local_addr()?))?)
}

/// Prints the line that tells scripts and people that the server accepts connections.
fn announce(url: &Url) -> anyhow::Result<()> {
    print(&format!(
        "listening on {}\n",
        url.as_str().trim_end_matches('/')
    ))
}
