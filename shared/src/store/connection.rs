//! The connection to the database that a function opens when it starts.

use std::time::Duration;

use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::RetryConfig;

use super::Store;
use super::keys::Key;

/// How long opening the connection may delay the start.
const MAX_DELAY: Duration = Duration::from_secs(1);

impl Store {
    /// Opens the connection that requests use, so that the first one finds it open. It reads a key that no item has, by an
    /// operation that every function links anyway.
    ///
    /// A failure is not reported: the first request tries again and answers for it.
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
