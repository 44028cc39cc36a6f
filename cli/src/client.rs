//! Clients of DynamoDB and of compatible endpoints.

use std::time::Duration;

use anyhow::Context;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, Region};
use shared::settings::environment_variable;
use shared::store::{ClientTimeouts, configure};
use shared::{configured_endpoint, is_loopback};
use url::Url;

/// How long the tool waits for its database. On one machine all requests share one engine, and the engine shares the
/// processor with everything else: a slow request is most often in a queue, not lost.
pub const TIMEOUTS: ClientTimeouts = ClientTimeouts {
    connect: Duration::from_secs(2),
    attempt: Duration::from_secs(4),
    operation: Duration::from_secs(9),
    attempts: 4,
};

/// A client of the endpoint at `url`. On loopback no engine checks the region and credentials, so they have defaults; for
/// any other endpoint the SDK reads them as usual.
pub async fn client(url: &Url, timeouts: ClientTimeouts) -> Client {
    let builder = if is_loopback(url) && url.scheme() == "http" {
        // A value that is not Unicode text counts as absent.
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
        // All clients of a partition share the SDK's retry budget; one endpoint must not use up that of another.
        .retry_partition(RetryPartition::new(url.to_string()));
    Client::from_conf(configure(builder, timeouts).build())
}

/// A client of DynamoDB on AWS, with the region and credentials that the SDK finds.
pub(crate) async fn aws_client(timeouts: ClientTimeouts) -> Client {
    Client::from_conf(configure(from_environment().await, timeouts).build())
}

async fn from_environment() -> Builder {
    Builder::from(&aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await)
}

/// The endpoint that `AWS_ENDPOINT_URL_DYNAMODB` sets, if it is set.
///
/// # Errors
/// When its value is not a URL.
pub(crate) fn configured_url() -> anyhow::Result<Option<Url>> {
    configured_endpoint()
        .map(|url| {
            url.parse()
                .with_context(|| format!("AWS_ENDPOINT_URL_DYNAMODB is wrong: {url} is not a URL"))
        })
        .transpose()
}
