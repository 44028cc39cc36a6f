//! `contacts erase`: erases a contact (contract section 13).

use std::process::ExitCode;

use serde_json::json;
use shared::domain::{Actor, ExpectedVersion};
use shared::store::{ChangeError, ChangeMetadata, EraseContact, Erasure};
use shared::system_clock;
use uuid::Uuid;

use crate::arguments::EraseArguments;
use crate::exit::NOT_ALL;
use crate::output::tell;
use crate::report::{Report, conclude};
use crate::table::Table;

/// Erases a contact, or with `--dry-run` says what an erasure would erase.
///
/// # Errors
/// When a setting is invalid, or the database refuses or does not answer. A missing contact is no error, but has the exit
/// code 1.
pub async fn run(arguments: EraseArguments) -> anyhow::Result<ExitCode> {
    conclude(arguments.json, erase(arguments).await)
}

async fn erase(arguments: EraseArguments) -> anyhow::Result<Report> {
    let EraseArguments {
        organization,
        contact,
        dry_run,
        json: _,
        table,
    } = arguments;
    let table = Table::named(table).await?;
    let mut members = table.members();
    members.insert("organization".to_owned(), json!(organization));
    members.insert("contact".to_owned(), json!(contact));
    members.insert("dryRun".to_owned(), json!(dry_run));
    let erased = if dry_run {
        table.store.plan_erasure(&organization, &contact).await
    } else {
        let request = EraseContact {
            expected_version: ExpectedVersion::Any,
            metadata: ChangeMetadata::new(
                Actor::subject("contacts erase"),
                (system_clock())(),
                "erase",
                Uuid::new_v4().to_string(),
            ),
        };
        let erasure = table
            .store
            .erase_by_operator(&organization, &contact, &request);
        erasure.await
    };
    let mut text = String::new();
    let end = match erased {
        Ok(Erasure {
            methods,
            subscriptions,
            history_entries,
        }) => {
            members.insert("methods".to_owned(), json!(methods));
            members.insert("subscriptions".to_owned(), json!(subscriptions));
            members.insert("historyEntries".to_owned(), json!(history_entries));
            let done = if dry_run { "would be erased" } else { "erased" };
            text = format!(
                "contact {contact} of {organization} {done} (phone numbers and addresses: {methods}, subscriptions: \
                 {subscriptions}, history entries: {history_entries})\n"
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(ChangeError::ContactNotFound) => {
            let why =
                "the organization has no contact with this id, or the contact is already erased";
            members.insert("error".to_owned(), json!(why));
            tell(&format!("contacts: {why}"));
            Ok(NOT_ALL.into())
        }
        Err(error) => {
            let otherwise = if dry_run {
                "cannot be read"
            } else {
                "may still have parts of the contact; run the command again to complete the erasure"
            };
            let error = match error {
                ChangeError::Database(error) => error.into(),
                error => anyhow::Error::from(error),
            };
            Err(table.explain(error, otherwise).await)
        }
    };
    Ok(Report { text, members, end })
}
