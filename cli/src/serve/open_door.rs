//! Refuses to serve deployed data to anybody on this machine.

use anyhow::bail;
use shared::settings::Settings;
use url::Url;

/// The domains of AWS's endpoints, in all partitions that are on the internet.
const AWS: [&str; 6] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.amazonwebservices.com.cn",
    "api.amazonwebservices.eu",
    "api.aws",
];

/// Refuses to serve a table on AWS to anybody who can make a development token.
///
/// # Errors
/// When the database is on AWS and the settings accept development tokens.
pub(super) fn refuse(database: &Url, settings: &Settings) -> anyhow::Result<()> {
    if settings.authenticator.accepts_development_tokens() && is_aws(database) {
        bail!(
            "{database} is on AWS, and anybody on this machine can make development tokens: set JWT_KEYS or JWT_KEYS_URL, \
             JWT_ISSUER and JWT_AUDIENCE to those of an identity provider; to only load data, use `contacts seed`"
        );
    }
    Ok(())
}

/// Whether the endpoint is one of AWS's.
pub(super) fn is_aws(url: &Url) -> bool {
    // A host name may end with the dot of the DNS root.
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    AWS.iter().any(|suffix| {
        host.strip_suffix(suffix)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::development::settings_from;

    #[test]
    fn aws_is_known_by_its_names() {
        for aws in [
            "https://dynamodb.ca-central-1.amazonaws.com",
            "https://DynamoDB.ca-central-1.amazonaws.com.:443/",
            "https://vpce-1.dynamodb.us-east-1.vpce.amazonaws.com",
            "https://dynamodb.cn-north-1.amazonaws.com.cn",
            "https://dynamodb.ca-central-1.api.aws",
            "https://123456789012.ddb.ca-central-1.amazonaws.com",
        ] {
            assert!(is_aws(&aws.parse().unwrap()), "{aws}");
        }
        for other in [
            "http://dynamodb-local:8000",
            "http://127.0.0.1:8000",
            "https://notamazonaws.com",
            "https://amazonaws.com.example.com",
            "http://[::1]:8000",
        ] {
            assert!(!is_aws(&other.parse().unwrap()), "{other}");
        }
    }

    #[test]
    fn only_tokens_that_anybody_can_make_are_kept_from_aws() {
        let aws = "https://dynamodb.ca-central-1.amazonaws.com"
            .parse()
            .unwrap();
        let development = settings_from(&|_| Ok(None)).unwrap();
        assert!(refuse(&aws, &development).is_err());
        let container = "http://dynamodb-local:8000".parse().unwrap();
        assert!(refuse(&container, &development).is_ok());
        let keys = "https://idp.example.com/keys".to_owned();
        let theirs = settings_from(&|name| Ok((name == "JWT_KEYS_URL").then(|| keys.clone())));
        assert!(refuse(&aws, &theirs.unwrap()).is_ok());
    }
}
