//! The configuration of the AWS SDK in a function. A start loads only the parts that it needs.

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

use crate::endpoint::configured_endpoint;
use crate::environment::environment_variable;

/// The configuration that the AWS SDKs read from the environment, profiles and metadata services.
///
/// Credentials in the environment take precedence, as in every SDK. If they exist, this function does not set up the other
/// sources.
pub async fn configuration() -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
    if is_set("AWS_ACCESS_KEY_ID") && is_set("AWS_SECRET_ACCESS_KEY") {
        loader = loader.credentials_provider(EnvironmentVariableCredentialsProvider::new());
        // With these credentials the SDK calls only DynamoDB. All its clients share one HTTP client and its connection. An
        // `http://` endpoint gets a client without TLS, because an HTTPS client loads all certificates.
        if !is_behind_proxy() {
            let is_plain =
                configured_endpoint().is_some_and(|endpoint| endpoint.starts_with("http://"));
            let builder = Builder::new();
            loader = loader.http_client(if is_plain {
                builder.build_http()
            } else {
                let provider = Provider::Rustls(CryptoMode::AwsLc);
                builder.tls_provider(provider).build_https()
            });
        }
    }
    loader.load().await
}

/// Whether the environment names a proxy. Only the SDK's default HTTP client uses proxies.
fn is_behind_proxy() -> bool {
    ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
        .iter()
        .any(|name| is_set(name) || is_set(&name.to_ascii_lowercase()))
}

/// Whether a variable has a value. A value that is not Unicode text counts too.
fn is_set(name: &str) -> bool {
    environment_variable(name).map_or(true, |value| value.is_some())
}
