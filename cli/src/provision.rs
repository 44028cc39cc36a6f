//! `contacts provision` and `contacts show`: the audiences and clients of an organization.

use anyhow::bail;
use shared::store::Registered;

use crate::arguments::{ProvisionArguments, ShowArguments};
use crate::export::record::{ContactLine, OrganizationLine};
use crate::output::print;
use crate::table::Table;

/// Registers audiences and clients, and prints for each whether it is new.
///
/// # Errors
/// When a setting is invalid, or the database refuses or does not answer.
pub async fn run(arguments: ProvisionArguments) -> anyhow::Result<()> {
    if arguments.audiences.is_empty() && arguments.clients.is_empty() {
        bail!("nothing to register: name an --audience or a --client");
    }
    let table = Table::named(arguments.dynamodb).await?;
    table.create_on_this_machine().await?;
    let organization = &arguments.organization;
    let wanted = Registered {
        audiences: arguments.audiences.iter().cloned().collect(),
        clients: arguments.clients.iter().cloned().collect(),
    };
    let mut new = match table.store.register(organization, &wanted).await {
        Ok(new) => new,
        Err(error) => {
            let otherwise = "has not taken all; the same again adds what is missing";
            return Err(table.explain(error.into(), otherwise).await);
        }
    };
    // An argument that is repeated is there already.
    let audiences = arguments.audiences.into_iter().map(|audience| {
        let is_new = new.audiences.remove(&audience);
        (format!("audience {audience}"), is_new)
    });
    let clients = arguments.clients.into_iter().map(|client| {
        let is_new = new.clients.remove(&client);
        (format!("client {client}"), is_new)
    });
    for (name, is_new) in audiences.chain(clients) {
        let what = if is_new { "added" } else { "there already" };
        print(&format!("{name} of {organization}: {what}\n"))?;
    }
    Ok(())
}

/// Prints the audiences and clients of an organization, and one of its contacts.
///
/// # Errors
/// When a setting is invalid, there is no such contact, or the database refuses or does not answer.
pub async fn show(arguments: ShowArguments) -> anyhow::Result<()> {
    let table = Table::named(arguments.dynamodb).await?;
    let shown = async {
        let organization = &arguments.organization;
        let registered = table.store.registered(organization).await?;
        let mut lines = serde_json::to_string(&OrganizationLine::new(organization, &registered))?;
        lines.push('\n');
        if let Some(id) = &arguments.contact {
            let Some(contact) = table.store.exported(organization, id).await? else {
                return Ok(None);
            };
            lines.push_str(&serde_json::to_string(&ContactLine::from(contact))?);
            lines.push('\n');
        }
        anyhow::Ok(Some(lines))
    };
    match shown.await {
        Ok(Some(lines)) => print(&lines),
        Ok(None) => bail!("the organization has no contact of that id"),
        Err(error) => Err(table.explain(error, "cannot be read").await),
    }
}
