//! `contacts provision` and `contacts show`: the audiences and clients of an organization.

use std::mem;
use std::process::ExitCode;

use serde_json::{Map, Value, json};
use shared::store::Registered;

use crate::arguments::{ProvisionArguments, ShowArguments};
use crate::contact_file::write;
use crate::exit::{NOT_ALL, usage};
use crate::output::{print, tell};
use crate::report::{Report, conclude};
use crate::table::Table;

/// Registers audiences and clients, and prints for each whether it is new.
///
/// # Errors
/// When a setting is invalid, or the database refuses or does not answer.
pub async fn run(arguments: ProvisionArguments) -> anyhow::Result<ExitCode> {
    conclude(arguments.json, provision(arguments).await)
}

async fn provision(mut arguments: ProvisionArguments) -> anyhow::Result<Report> {
    if arguments.audiences.is_empty() && arguments.clients.is_empty() {
        return Err(usage(
            "nothing to register: name an --audience or a --client",
        ));
    }
    let table = Table::named(mem::take(&mut arguments.table)).await?;
    table.create_on_this_machine().await?;
    let organization = &arguments.organization;
    let wanted = Registered {
        audiences: arguments.audiences.iter().cloned().collect(),
        clients: arguments.clients.iter().cloned().collect(),
    };
    let mut members = table.members();
    members.insert("organization".to_owned(), json!(organization));
    let mut text = String::new();
    let end = match table.store.register(organization, &wanted).await {
        Ok(new) => {
            members.extend(result(&wanted, &new));
            text = lines(&arguments, new);
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            let otherwise =
                "may lack some of the audiences and clients; run the command again to add them";
            Err(table.explain(error.into(), otherwise).await)
        }
    };
    Ok(Report { text, members, end })
}

/// The lines of the report, in the order of the arguments.
fn lines(arguments: &ProvisionArguments, mut new: Registered) -> String {
    let organization = &arguments.organization;
    // The second of two equal arguments counts as already registered.
    let audiences = arguments.audiences.iter().map(|audience| {
        let is_new = new.audiences.remove(audience);
        (format!("audience {audience}"), is_new)
    });
    let clients = arguments.clients.iter().map(|client| {
        let is_new = new.clients.remove(client);
        (format!("client {client}"), is_new)
    });
    let line = |(name, is_new): (String, bool)| {
        let what = if is_new {
            "added"
        } else {
            "already registered"
        };
        format!("{name} of {organization}: {what}\n")
    };
    audiences.chain(clients).map(line).collect()
}

/// The members of the report: the new registrations and the existing ones.
fn result(wanted: &Registered, new: &Registered) -> Map<String, Value> {
    let old = Registered {
        audiences: &wanted.audiences - &new.audiences,
        clients: &wanted.clients - &new.clients,
    };
    let value = |registered: &Registered| json!({ "audiences": registered.audiences, "clients": registered.clients });
    Map::from_iter([
        ("added".to_owned(), value(new)),
        ("thereAlready".to_owned(), value(&old)),
    ])
}

/// Prints the audiences and clients of an organization, and one of its contacts.
///
/// # Errors
/// When a setting is invalid, or the database refuses or does not answer. A missing contact is no error, but has the exit
/// code 1.
pub async fn show(arguments: ShowArguments) -> anyhow::Result<ExitCode> {
    let table = Table::named(arguments.table).await?;
    let shown = async {
        let organization = &arguments.organization;
        let registered = table.store.registered(organization).await?;
        let mut lines = serde_json::to_string(&write::organization(organization, registered))?;
        lines.push('\n');
        if let Some(id) = &arguments.contact {
            let Some(contact) = table.store.exported(organization, id).await? else {
                return Ok(None);
            };
            lines.push_str(&serde_json::to_string(&write::contact(contact))?);
            lines.push('\n');
        }
        anyhow::Ok(Some(lines))
    };
    match shown.await {
        Ok(Some(lines)) => print(&lines).map(|()| ExitCode::SUCCESS),
        Ok(None) => {
            tell("contacts: the organization has no contact with this id");
            Ok(NOT_ALL.into())
        }
        Err(error) => Err(table.explain(error, "cannot be read").await),
    }
}
