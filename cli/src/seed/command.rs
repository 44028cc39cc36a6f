//! `contacts seed`: loads contacts into an existing table, such as a deployed one.

use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::json;
use shared::domain::PhoneRegion;

use super::contents::Seed;
use super::samples::samples_of;
use crate::arguments::{SeedArguments, SeedSource};
use crate::report::{Report, conclude};
use crate::table::Table;

/// Loads the contacts that the table does not have yet, and prints a report.
///
/// # Errors
/// When a setting or the file is invalid, or the database refuses or does not answer.
pub async fn run(arguments: SeedArguments) -> anyhow::Result<ExitCode> {
    conclude(arguments.json, load(arguments).await)
}

async fn load(arguments: SeedArguments) -> anyhow::Result<Report> {
    let table = Table::named(arguments.table).await?;
    let seed = read(&arguments.source, table.settings.default_phone_region)?;
    let size = seed.size();
    let mut members = table.members();
    let (text, end) = match seed.load(&table.store).await {
        Ok(counts) => {
            members.insert("loaded".to_owned(), json!(size));
            members.insert("created".to_owned(), json!(counts.created));
            members.insert("updated".to_owned(), json!(counts.updated));
            members.insert("unchanged".to_owned(), json!(counts.unchanged));
            let place = &table.place;
            let text = format!("loaded {size} into {place}; existing data keep their values\n");
            (text, Ok(ExitCode::SUCCESS))
        }
        Err(error) => {
            let otherwise = "may lack some of the data; run the command again to complete the load";
            (String::new(), Err(table.explain(error, otherwise).await))
        }
    };
    Ok(Report { text, members, end })
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
        SeedSource { .. } => {
            bail!("nothing to load: name a file or an organization with --samples")
        }
    }
}
