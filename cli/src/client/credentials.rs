//! The credentials of an operator, found before the first request.

use std::sync::{Mutex, PoisonError};

use anyhow::anyhow;
use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use shared::settings::environment_variable;

use crate::exit::usage;

/// The configuration, once its region and credentials are found.
///
/// # Errors
/// When no region is set, or no credentials can be found.
pub(super) async fn found(config: SdkConfig) -> anyhow::Result<SdkConfig> {
    if config.region().is_none() {
        return Err(usage(
            "no AWS region is set: set AWS_REGION, or AWS_PROFILE to a profile with a region",
        ));
    }
    let Some(provider) = config.credentials_provider() else {
        return Ok(config);
    };
    let first = provider.provide_credentials().await.map_err(explained)?;
    let provider = FirstFound {
        first: Mutex::new(Some(first)),
        provider,
    };
    Ok(config
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(provider))
        .build())
}

/// The error for credentials that cannot be found, with what to do.
fn explained(error: CredentialsError) -> anyhow::Error {
    let profile = environment_variable("AWS_PROFILE").ok().flatten();
    if matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
        // The causes only list all places where the SDK looked.
        return match profile {
            Some(profile) => anyhow!(
                "no AWS credentials: the profile {profile} of AWS_PROFILE does not exist, or has no credentials"
            ),
            None => anyhow!(
                "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            ),
        };
    }
    let causes = causes(error);
    if causes.contains("credentials-login") {
        return anyhow!(
            "no AWS credentials: `contacts` cannot use a profile of `aws login`; use one of `aws sso login`, or a \
             credential_process"
        );
    }
    let hint = match profile {
        _ if !is_about_single_sign_on(&causes) => String::new(),
        Some(profile) => format!("; log in with `aws sso login --profile {profile}`"),
        None => "; log in with `aws sso login`".to_owned(),
    };
    anyhow!("no AWS credentials: {causes}{hint}")
}

/// The causes of an error in one line. The SDK repeats some of them.
fn causes(error: CredentialsError) -> String {
    let mut causes: Vec<_> = anyhow!(error).chain().map(ToString::to_string).collect();
    causes.dedup();
    let causes = causes.join(": ");
    // The output of a `credential_process` may have several lines.
    causes.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether these causes concern a profile with single sign-on. The SDK has no public type for such errors. A
/// `credential_process` prints its own advice.
fn is_about_single_sign_on(causes: &str) -> bool {
    let words = ["SSO", "/sso/", "Session token not found or invalid"];
    !causes.contains("external process") && words.iter().any(|word| causes.contains(word))
}

/// A provider that first returns the credentials that are already found. A second call could ask the operator again: a
/// `credential_process` may prompt a person.
#[derive(Debug)]
struct FirstFound {
    first: Mutex<Option<Credentials>>,
    provider: SharedCredentialsProvider,
}

impl ProvideCredentials for FirstFound {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let first = self
            .first
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match first {
            Some(first) => future::ProvideCredentials::ready(Ok(first)),
            None => self.provider.provide_credentials(),
        }
    }
}
