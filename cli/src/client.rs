//! Clients of DynamoDB and of compatible endpoints.

mod credentials;

use std::time::Duration;

use anyhow::Context;
use aws_config::SdkConfig;
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
    let builder = if is_local(url) {
        local()
    } else {
        Builder::from(&from_environment().await)
    };
    finished(builder, Some(url), timeouts)
}

/// A client of the endpoint at `url` or else of DynamoDB on AWS, as [`client`], with a region and credentials.
///
/// # Errors
/// When no region is set, or no credentials can be found. The SDK alone would look for them with the first request, and a
/// missing login would look like an unavailable database.
pub(crate) async fn client_with_credentials(
    url: Option<&Url>,
    timeouts: ClientTimeouts,
) -> anyhow::Result<Client> {
    let builder = match url {
        Some(url) if is_local(url) => local(),
        _ => Builder::from(&credentials::found(from_environment().await).await?),
    };
    Ok(finished(builder, url, timeouts))
}

fn is_local(url: &Url) -> bool {
    is_loopback(url) && url.scheme() == "http"
}

/// The configuration for an engine on this machine.
fn local() -> Builder {
    let (region, key_id) = local_identity();
    let secret = variable("AWS_SECRET_ACCESS_KEY").unwrap_or("local".to_owned());
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
        // A client without TLS loads no certificates.
        .http_client(aws_smithy_http_client::Builder::new().build_http())
}

/// The region and the access key id for an engine on this machine. DynamoDB Local may have a database for each pair of them.
pub(crate) fn local_identity() -> (String, String) {
    let region = variable("AWS_REGION")
        .or_else(|| variable("AWS_DEFAULT_REGION"))
        .unwrap_or("local".to_owned());
    let key = variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY"));
    (region, key.map_or("local".to_owned(), |(key_id, _)| key_id))
}

/// A variable of the environment. A value that is not Unicode text counts as absent.
fn variable(name: &str) -> Option<String> {
    environment_variable(name).ok().flatten()
}

async fn from_environment() -> SdkConfig {
    aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await
}

fn finished(builder: Builder, url: Option<&Url>, timeouts: ClientTimeouts) -> Client {
    let builder = match url {
        Some(url) => builder
            .endpoint_url(url.as_str())
            // All clients of a partition share the SDK's retry budget; one endpoint must not use up that of another.
            .retry_partition(RetryPartition::new(url.to_string())),
        None => builder,
    };
    Client::from_conf(configure(builder, timeouts).build())
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
