//! `contacts seed`: loads contacts into an existing table, such as a deployed one.

use anyhow::{Context, bail};
use shared::domain::PhoneRegion;

use super::contents::Seed;
use super::samples::samples_of;
use crate::arguments::{SeedArguments, SeedSource};
use crate::output::print;
use crate::table::Table;

/// Loads the contacts that the table does not have yet, and prints one line.
///
/// # Errors
/// When a setting or the file is invalid, or the database refuses or does not answer.
pub async fn run(arguments: SeedArguments) -> anyhow::Result<()> {
    let table = Table::named(arguments.dynamodb).await?;
    let seed = read(&arguments.source, table.settings.default_phone_region)?;
    let counts = seed.counts();
    if let Err(error) = seed.load(&table.store).await {
        let otherwise = "has not taken all; the same again adds what is missing";
        return Err(table.explain(error, otherwise).await);
    }
    print(&format!(
        "loaded {counts} into {}; what was there already is as it was\n",
        table.place
    ))
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
