//! The AWS SDK as a function starts it: what a start does not need is not loaded.

mod http_client;

use std::error::Error;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{BehaviorVersion, SdkConfig};

use self::http_client::OnDemand;
use crate::settings::environment_variable;

/// What the environment, profiles and metadata services tell the AWS SDKs, as everywhere. Credentials in the environment
/// come first everywhere; here they also keep the other sources from being set up.
///
/// # Errors
/// When there can be no HTTP client.
pub async fn configuration() -> Result<SdkConfig, Box<dyn Error + Send + Sync>> {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
    if is_set("AWS_ACCESS_KEY_ID") && is_set("AWS_SECRET_ACCESS_KEY") {
        loader = loader.credentials_provider(EnvironmentVariableCredentialsProvider::new());
    }
    // The SDK's own client knows proxies, and trusts whom the machine trusts.
    let behind_proxy = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
        .iter()
        .any(|name| is_set(name) || is_set(&name.to_ascii_lowercase()));
    if !behind_proxy {
        let is_told = is_set("SSL_CERT_FILE") || is_set("SSL_CERT_DIR");
        loader = loader.http_client(OnDemand::new(is_told)?);
    }
    Ok(loader.load().await)
}

/// Whether a variable has a value. One that is not Unicode text is a value too.
fn is_set(name: &str) -> bool {
    environment_variable(name).map_or(true, |value| value.is_some())
}
