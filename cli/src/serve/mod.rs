//! `contacts serve`: every endpoint on this machine (contract section 11).

mod contact_page;
pub mod cors;
mod docs;
pub mod engine;
pub mod event;
mod events;
pub mod gateway;
mod home;
mod host;
mod open_door;
mod policy;
pub mod routes;
pub mod stream;
mod welcome;

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::Context;
use aws_sdk_dynamodb::Client;
use record_history::Recorder;
use shared::settings::{self, InvalidSetting, Settings, environment_variable};
use shared::store::{ChangeStream, Store, add_stream, create_table};
use shared::{Service, is_loopback};
use tokio::net::TcpListener;
use url::Url;

use self::cors::Cors;
use self::engine::{Engine, StreamRecords};
use self::events::LocalOutlets;
use self::gateway::Gateway;
use self::home::{Data, Home};
use self::stream::{StreamReader, Streams};
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
/// When the server cannot start, or ends early.
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
    let store = tokio::select! {
        filled = fill(&client, settings, seed, true) => filled?,
        () = stop.as_mut() => return engine.stop().await,
    };
    let records = Some(engine.stream_records.clone());
    let reader = stream_reader(arguments, &engine.url, settings, store, records)?;
    announce(&engine.url)?;
    tokio::select! {
        () = reader.run() => {}
        () = stop => {}
    }
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
    // Only a table on this machine gets the demo data. Any other table may hold real contacts.
    let has_demo_data = arguments.seed.is_none() && is_loopback(database);
    let seed = if arguments.seed.is_some() || has_demo_data {
        seed
    } else {
        Seed::default()
    };
    let client = client::client_with_credentials(Some(database), client::TIMEOUTS).await?;
    let store = tokio::select! {
        filled = fill(&client, &settings, seed, is_loopback(database)) => filled?,
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
    // On AWS the function itself reads the stream. Local engines speak plain HTTP.
    let reader = if open_door::is_aws(database) || database.scheme() != "http" {
        None
    } else {
        let records = engine.as_ref().map(|engine| engine.stream_records.clone());
        let store = store.clone();
        Some(stream_reader(
            arguments, database, &settings, store, records,
        )?)
    };
    let gateway = Gateway::new(Service {
        deadline: engine::DEADLINE,
        ..Service::new(settings, store)
    })?;
    let gateway = gateway.with_home(home).with_cors(cors);
    announce(&url)?;
    print(&welcome)?;
    let reader = reader.map(|reader| tokio::spawn(reader.run()));
    gateway.serve(listener, stop).await;
    if let Some(reader) = reader {
        reader.abort();
    }
    match engine {
        Some(engine) => engine.stop().await,
        None => Ok(()),
    }
}

/// The endpoint of the command line, or else of the environment. `None` means the embedded engine. `--data` asks for the
/// embedded engine, and so overrides the environment.
fn other_endpoint(arguments: &ServeArguments) -> anyhow::Result<Option<Url>> {
    if arguments.dynamodb.is_some() || arguments.data.is_some() {
        return Ok(arguments.dynamodb.clone());
    }
    client::configured_url().map_err(usage)
}

/// The settings of the environment. A table on the command line overrides `TABLE_NAME`.
fn settings(table: Option<&str>) -> Result<Settings, InvalidSetting> {
    development::settings_from(&|name| match (name, table) {
        ("TABLE_NAME", Some(table)) => Ok(Some(table.to_owned())),
        _ => environment_variable(name),
    })
}

/// The reader of the table's stream, which records the history.
fn stream_reader(
    arguments: &ServeArguments,
    database: &Url,
    settings: &Settings,
    store: Store,
    records: Option<StreamRecords>,
) -> anyhow::Result<StreamReader> {
    let recorder = Recorder {
        store,
        outlets: Arc::new(match &arguments.events {
            Some(url) => LocalOutlets::webhook(url.clone())?,
            None if arguments.database_only => LocalOutlets::Nothing,
            None => LocalOutlets::StandardError,
        }),
        events_with_addresses: settings::events_with_addresses(&environment_variable, true)?,
    };
    let table = settings.table_name.clone();
    Ok(StreamReader::new(
        Streams::new(database)?,
        table,
        recorder,
        records,
    ))
}

/// Creates the table if it is missing and loads the seed. A table on this machine gets a stream if it has none.
async fn fill(
    client: &Client,
    settings: &Settings,
    seed: Seed,
    is_local: bool,
) -> anyhow::Result<Store> {
    let table = &settings.table_name;
    let is_new = create_table(client, table, ChangeStream::NewAndOldImages)
        .await
        .context("the table cannot be created")?;
    if !is_new && is_local {
        let added = add_stream(client, table).await;
        added.context("the table cannot get a stream of its changes")?;
    }
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
