//! The table that a command works on.

use anyhow::Context;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use serde_json::{Map, Value, json};
use shared::is_loopback;
use shared::settings::{InvalidSetting, Settings, environment_variable};
use shared::store::{ChangeStream, DatabaseError, Store, create_table};
use url::Url;

use crate::arguments::TableArguments;
use crate::client;
use crate::development;
use crate::exit::usage;

/// A table. It may be missing.
pub(crate) struct Table {
    /// The store that reads and writes it.
    pub(crate) store: Store,
    /// The settings that commands need, from the environment.
    pub(crate) settings: Settings,
    /// The table's name and its endpoint or region, for messages.
    pub(crate) place: String,
    endpoint: Option<Url>,
    client: Client,
}

impl Table {
    /// The table that the command line or else the environment names, at the endpoint that they set.
    ///
    /// # Errors
    /// When a setting is missing or invalid. A missing table is no error.
    pub(crate) async fn named(arguments: TableArguments) -> anyhow::Result<Self> {
        let endpoint = match arguments.dynamodb {
            Some(url) => Some(url),
            None => client::configured_url().map_err(usage)?,
        };
        let is_local = endpoint.as_ref().is_some_and(is_loopback);
        if arguments.table.is_none() && !is_local && !is_set("TABLE_NAME") {
            return Err(usage(
                "TABLE_NAME is not set: set it, or name the table with --table",
            ));
        }
        let settings = settings(arguments.table.as_deref(), is_local)?;
        let client = client::client_with_credentials(endpoint.as_ref(), client::TIMEOUTS).await?;
        let table = &settings.table_name;
        let place = if let Some(url) = &endpoint {
            format!("table {table} at {}", url.as_str().trim_end_matches('/'))
        } else {
            let region = client.config().region();
            format!("table {table} in {}", region.map_or("", AsRef::as_ref))
        };
        Ok(Self {
            store: Store::new(client.clone(), table.clone()),
            place,
            settings,
            endpoint,
            client,
        })
    }

    /// The table and its endpoint or region, as members of a report.
    pub(crate) fn members(&self) -> Map<String, Value> {
        let (name, place) = match (&self.endpoint, self.client.config().region()) {
            (Some(url), _) => ("endpoint", url.as_str().trim_end_matches('/')),
            (None, region) => ("region", region.map_or("", AsRef::as_ref)),
        };
        Map::from_iter([
            ("table".to_owned(), json!(self.settings.table_name)),
            (name.to_owned(), json!(place)),
        ])
    }

    /// Creates a missing table on this machine; anywhere else it does nothing. The table has no stream, because no command
    /// but `serve` reads one. `serve` adds the stream.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub(crate) async fn create_on_this_machine(&self) -> anyhow::Result<()> {
        if self.endpoint.as_ref().is_some_and(is_loopback) && self.is_missing().await {
            create_table(&self.client, &self.settings.table_name, ChangeStream::Off)
                .await
                .with_context(|| format!("{} cannot be created", self.place))?;
        }
        Ok(())
    }

    /// Explains a failure of a command: most often the table does not exist. For most other causes, the message begins with the
    /// table and `otherwise`.
    pub(crate) async fn explain(&self, error: anyhow::Error, otherwise: &str) -> anyhow::Error {
        let place = &self.place;
        if self.is_missing().await {
            anyhow::anyhow!(
                "there is no {place}: set --table or TABLE_NAME to an existing table, such as the output TableName of a stack"
            )
        } else if error
            .downcast_ref()
            .is_some_and(DatabaseError::is_of_another_service)
        {
            anyhow::anyhow!(
                "{place}: the server there is not a DynamoDB; on this machine, `contacts serve --database-only` runs one"
            )
        } else if self.endpoint.is_none() && is_unknown_host(&error) {
            anyhow::anyhow!(
                "{place} {otherwise}: the endpoint of the region has no address; check the region"
            )
        } else {
            error.context(format!("{place} {otherwise}"))
        }
    }

    /// Whether the table is missing. On AWS, commands ask only after a failure, so that a command that succeeds needs no
    /// permission for `DescribeTable`.
    async fn is_missing(&self) -> bool {
        let request = self.client.describe_table();
        match request.table_name(&self.settings.table_name).send().await {
            Ok(_) => false,
            Err(error) => error
                .as_service_error()
                .is_some_and(DescribeTableError::is_resource_not_found_exception),
        }
    }
}

/// Whether a setting has a value, valid or not.
fn is_set(name: &str) -> bool {
    environment_variable(name).map_or(true, |value| {
        value.is_some_and(|value| !value.trim().is_empty())
    })
}

/// Whether a host name has no address. The HTTP client has no public type for this.
fn is_unknown_host(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.to_string().starts_with("dns error"))
}

/// The settings that commands need. Commands check no tokens, so settings about tokens are not read. On this machine the
/// table has the name that `serve` gives it; on AWS the command line or `TABLE_NAME` must name it.
fn settings(table: Option<&str>, is_local: bool) -> Result<Settings, InvalidSetting> {
    Settings::read(|name| match name {
        "TABLE_NAME" if table.is_some() => Ok(table.map(str::to_owned)),
        "TABLE_NAME" => {
            let default = is_local.then(|| development::TABLE_NAME.to_owned());
            Ok(environment_variable(name)?.or(default))
        }
        "DEFAULT_PHONE_REGION" | "TIME_ZONE" => environment_variable(name),
        "JWT_KEYS" => Ok(Some(development::key_set())),
        "JWT_ISSUER" | "JWT_AUDIENCE" => Ok(Some("nobody".to_owned())),
        _ => Ok(None),
    })
}
