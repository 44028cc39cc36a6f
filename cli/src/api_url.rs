//! The URL of an API.

use anyhow::bail;
use shared::is_loopback;
use url::Url;

/// The URL of an API: the part before `/api/contacts`, including the stage of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiUrl {
    /// The URL, without a slash at its end.
    text: String,
    is_local: bool,
}

impl ApiUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// When the URL would send tokens unencrypted, or has more parts than scheme, host, port and path.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let url = Url::parse(text)?;
        let is_local = is_loopback(&url);
        if url.scheme() != "https" && !(url.scheme() == "http" && is_local) {
            bail!(
                "must be an https URL, or an http URL on loopback: without TLS, others on the network could read the tokens"
            );
        }
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            bail!("must not have a user name, a password, a query or a fragment");
        }
        Ok(Self {
            text: url.as_str().trim_end_matches('/').to_owned(),
            is_local,
        })
    }

    /// Whether the API is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        self.is_local
    }

    /// Whether the URL uses TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.text.starts_with("https:")
    }

    /// The URL, without a slash at its end.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_kept_with_or_without_a_slash_at_its_end() {
        for (given, base) in [
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://localhost:3000/", "http://localhost:3000"),
            (
                "https://api.example.com/prod",
                "https://api.example.com/prod",
            ),
            (
                "https://api.example.com/prod/",
                "https://api.example.com/prod",
            ),
        ] {
            let url = ApiUrl::parse(given).unwrap();
            assert_eq!(url.as_str(), base);
        }
    }

    #[test]
    fn a_url_that_would_send_tokens_unencrypted_is_refused() {
        for bad in [
            "http://api.example.com",
            "http://10.0.0.1:3000",
            "http://localhost.example.com",
            "ftp://127.0.0.1",
        ] {
            let error = ApiUrl::parse(bad).unwrap_err().to_string();
            assert!(error.contains("https"), "{bad}: {error}");
        }
        for bad in [
            "https://me@api.example.com",
            "https://:secret@api.example.com",
            "https://api.example.com/?a=b",
            "https://api.example.com/#a",
        ] {
            let error = ApiUrl::parse(bad).unwrap_err().to_string();
            assert!(error.contains("a user name"), "{bad}: {error}");
        }
        assert!(ApiUrl::parse("api.example.com").is_err());
    }
}
