//! Clients of DynamoDB, and of what is compatible with it.

use std::time::Duration;

use anyhow::Context;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, Region};
use shared::settings::environment_variable;
use shared::store::{ClientTimeouts, configure};
use shared::{configured_endpoint, is_loopback};
use url::Url;

/// How long `serve` waits for its database. On one machine all requests share one engine, and it shares the processor
/// with everything else: what takes long is mostly queueing, not lost.
pub const TIMEOUTS: ClientTimeouts = ClientTimeouts {
    connect: Duration::from_secs(2),
    attempt: Duration::from_secs(4),
    operation: Duration::from_secs(9),
    attempts: 4,
};

/// A client of the endpoint at `url`. On loopback, where no engine checks them, the region and credentials are made up
/// unless the environment has some; for any other endpoint the SDK looks for them where it always does.
pub async fn client(url: &Url, timeouts: ClientTimeouts) -> Client {
    let builder = if is_loopback(url) && url.scheme() == "http" {
        // What is not Unicode text is no credential either.
        let value_of = |name| environment_variable(name).ok().flatten();
        let region = value_of("AWS_REGION")
            .or_else(|| value_of("AWS_DEFAULT_REGION"))
            .unwrap_or("local".to_owned());
        let key = value_of("AWS_ACCESS_KEY_ID").zip(value_of("AWS_SECRET_ACCESS_KEY"));
        let (key_id, secret) = key.unwrap_or_else(|| ("local".to_owned(), "local".to_owned()));
        Builder::new()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(region))
            .credentials_provider(Credentials::new(
                key_id,
                secret,
                None,
                None,
                "for a local engine",
            ))
            // Without TLS, so that no certificates are loaded.
            .http_client(aws_smithy_http_client::Builder::new().build_http())
    } else {
        from_environment().await
    };
    let builder = builder
        .endpoint_url(url.as_str())
        // The SDK's budget for retries is for all clients of a partition; one endpoint must not use up another's.
        .retry_partition(RetryPartition::new(url.to_string()));
    Client::from_conf(configure(builder, timeouts).build())
}

/// A client of AWS's own endpoint, with the region and the credentials that the SDK finds.
pub(crate) async fn aws_client(timeouts: ClientTimeouts) -> Client {
    Client::from_conf(configure(from_environment().await, timeouts).build())
}

async fn from_environment() -> Builder {
    Builder::from(&aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await)
}

/// The endpoint that the environment names, if it names one.
///
/// # Errors
/// When what it names is not a URL.
pub(crate) fn configured_url() -> anyhow::Result<Option<Url>> {
    configured_endpoint()
        .map(|url| {
            url.parse()
                .with_context(|| format!("AWS_ENDPOINT_URL_DYNAMODB is wrong: {url} is not a URL"))
        })
        .transpose()
}
