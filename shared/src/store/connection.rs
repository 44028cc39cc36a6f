//! The connection to the database that a function opens when it starts.

use std::time::Duration;

use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::RetryConfig;

use super::Store;
use super::keys::Key;

/// The maximum time by which opening the connection may delay the start.
const MAX_DELAY: Duration = Duration::from_secs(1);

impl Store {
    /// Opens the connection before the first request needs it. The method reads a key that no item has, with an operation that
    /// every function links anyway.
    ///
    /// The method does not report a failure: the first request tries again, and reports it.
    pub async fn connect(&self) {
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(Key::of_nothing().attributes()))
            .customize()
            .config_override(Builder::new().retry_config(RetryConfig::disabled()));
        let _ = tokio::time::timeout(MAX_DELAY, read.send()).await;
    }
}
