//! `contacts seed`: contacts into a table that is there, such as a deployed one. Nothing listens meanwhile.

use anyhow::{Context, bail};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use shared::domain::PhoneRegion;
use shared::settings::{InvalidSetting, Settings, environment_variable};
use shared::store::Store;

use super::{Seed, samples_of};
use crate::arguments::{SeedArguments, SeedSource};
use crate::development;
use crate::output::print;
use crate::serve::engine;

/// Loads what the table does not hold yet, and prints one line.
///
/// # Errors
/// When a setting or the file is bad, or the database refuses or does not answer.
pub async fn run(arguments: SeedArguments) -> anyhow::Result<()> {
    let settings = settings()?;
    let seed = read(&arguments.source, settings.default_phone_region)?;
    let endpoint = match arguments.dynamodb {
        Some(url) => Some(url),
        None => engine::configured_url()?,
    };
    let client = match &endpoint {
        Some(url) => engine::client(url, engine::PATIENCE).await,
        None => engine::aws_client(engine::PATIENCE).await,
    };
    let Some(region) = client.config().region() else {
        bail!("no AWS region is set: set AWS_REGION");
    };
    let table = settings.table_name;
    let place = match &endpoint {
        Some(url) => format!("table {table} at {}", url.as_str().trim_end_matches('/')),
        None => format!("table {table} in {region}"),
    };
    let counts = seed.counts();
    let store = Store::new(client.clone(), table.clone());
    if let Err(error) = seed.load(&store).await {
        if is_missing(&client, &table).await {
            bail!(
                "there is no {place}: TABLE_NAME must name one that is there, as a stack's output TableName does"
            );
        }
        return Err(error).with_context(|| {
            format!("{place} has not taken all; the same again adds what is missing")
        });
    }
    print(&format!(
        "loaded {counts} into {place}; what was there already is as it was\n"
    ))
}

/// Only what loading needs is read. No token is checked, so what the environment says of tokens may be anything.
fn settings() -> Result<Settings, InvalidSetting> {
    Settings::read(|name| match name {
        "TABLE_NAME" | "DEFAULT_PHONE_REGION" => environment_variable(name),
        "JWT_KEYS" => Ok(Some(development::key_set())),
        "JWT_ISSUER" | "JWT_AUDIENCE" => Ok(Some("nobody".to_owned())),
        _ => Ok(None),
    })
}

fn read(source: &SeedSource, region: PhoneRegion) -> anyhow::Result<Seed> {
    match source {
        SeedSource {
            file: Some(file), ..
        } => Seed::read(file, region).with_context(|| file.display().to_string()),
        SeedSource {
            samples: Some(organization),
            ..
        } => Seed::parse(&samples_of(organization)?.to_string(), region).context("the demo data"),
        SeedSource { .. } => bail!("either a file or --samples must say what to load"),
    }
}

/// Whether there is no such table. Asked only when loading has failed, so that loading needs no permission for it.
async fn is_missing(client: &Client, table: &str) -> bool {
    match client.describe_table().table_name(table).send().await {
        Ok(_) => false,
        Err(error) => error
            .as_service_error()
            .is_some_and(DescribeTableError::is_resource_not_found_exception),
    }
}
