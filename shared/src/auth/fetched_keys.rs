//! Keys that an identity provider publishes: fetch, cache, rotation and limits (contract section 3).

use std::error::Error;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, HeaderValue};
use hyper::{Request, StatusCode, Uri};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::verifier::Verifier;
use super::{InvalidKeys, KeySet};
use crate::endpoint::is_loopback;

/// Timeout for the provider's whole answer.
const FETCH_TIMEOUT: Duration = Duration::from_secs(3);

/// Largest document that is read, in bytes. The sets of large providers have a few KiB.
const MAX_BYTES: usize = 256 * 1024;

/// Unknown key ids lead to at most one fetch in this time, so that invented ids cannot make us flood the provider.
const MIN_TIME_BETWEEN_REFETCHES: Duration = Duration::from_mins(5);

/// Why the keys could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The machine has no certificates to trust.
    #[error("cannot load the trusted certificates")]
    Certificates(#[source] std::io::Error),
    /// The provider could not be reached.
    #[error("cannot reach the identity provider")]
    Unreachable(#[source] hyper_util::client::legacy::Error),
    /// The provider took more than 3 seconds.
    #[error("the identity provider did not answer in time")]
    Timeout,
    /// The provider's status code is not 200.
    #[error("the identity provider answered {0}")]
    Status(StatusCode),
    /// The document is over 256 KiB, or incomplete.
    #[error("cannot read the identity provider's answer")]
    Body(#[source] Box<dyn Error + Send + Sync>),
    /// The document is not a set of usable keys.
    #[error("the identity provider's key set cannot be used")]
    Keys(#[source] InvalidKeys),
}

/// The keys published at a URL: `https`, or `http` on loopback. They are fetched when they are first needed.
/// One fetch runs at a time; every request that needs its result waits for it.
#[derive(Debug)]
pub(crate) struct FetchedKeys {
    url: Uri,
    cached: RwLock<Option<Arc<Verifier>>>,
    fetches: Mutex<Fetches>,
}

/// The facts about past fetches that decide about the next fetch. A fetch holds the lock, so that one fetch runs at a time.
#[derive(Debug, Default)]
struct Fetches {
    last_refetch: Option<Instant>,
    last_failure: Option<(Instant, Arc<FetchError>)>,
}

/// A text that is not a URL of keys.
#[derive(Debug, thiserror::Error)]
#[error("must be an https URL, or an http URL on loopback, without user name and password")]
pub(crate) struct InvalidKeysUrl;

impl FromStr for FetchedKeys {
    type Err = InvalidKeysUrl;

    fn from_str(text: &str) -> Result<Self, InvalidKeysUrl> {
        let mut url = Url::parse(text).map_err(|_| InvalidKeysUrl)?;
        let is_secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        if !is_secure || !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidKeysUrl);
        }
        url.set_fragment(None);
        Ok(Self {
            url: url.as_str().parse().map_err(|_| InvalidKeysUrl)?,
            cached: RwLock::default(),
            fetches: Mutex::default(),
        })
    }
}

impl FetchedKeys {
    pub(super) fn url(&self) -> &Uri {
        &self.url
    }

    /// The cached keys. If there are none, they are fetched.
    ///
    /// # Errors
    /// When there are no cached keys and the fetch fails.
    pub(super) async fn current(&self) -> Result<Arc<Verifier>, Arc<FetchError>> {
        if let Some(keys) = self.cached() {
            return Ok(keys);
        }
        let asked_at = Instant::now();
        let mut fetches = self.fetches.lock().await;
        if let Some(keys) = self.cached() {
            return Ok(keys);
        }
        match &fetches.last_failure {
            // A fetch failed while this request waited for it, so this request gets the same error. If each request
            // fetched for itself, the last of many would wait for the timeouts of all others.
            Some((failed_at, error)) if *failed_at >= asked_at => return Err(Arc::clone(error)),
            _ => {}
        }
        self.fetch_and_cache().await.map_err(|error| {
            let error = Arc::new(error);
            fetches.last_failure = Some((Instant::now(), Arc::clone(&error)));
            error
        })
    }

    /// The keys to use after a token named a key that `known` does not have. They are fetched again, unless the last
    /// refetch was less than 5 minutes ago. After a failed fetch, `known` stays in use.
    pub(super) async fn newer_than(&self, known: Arc<Verifier>) -> Arc<Verifier> {
        let mut fetches = self.fetches.lock().await;
        match self.cached() {
            Some(keys) if !Arc::ptr_eq(&keys, &known) => return keys,
            _ => {}
        }
        if fetches
            .last_refetch
            .is_some_and(|at| at.elapsed() < MIN_TIME_BETWEEN_REFETCHES)
        {
            return known;
        }
        fetches.last_refetch = Some(Instant::now());
        match self.fetch_and_cache().await {
            Ok(keys) => keys,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn Error,
                    "the keys could not be fetched again; the old ones stay"
                );
                known
            }
        }
    }

    /// The keys of the last successful fetch, if there was one.
    pub(super) fn cached(&self) -> Option<Arc<Verifier>> {
        self.cached
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn fetch_and_cache(&self) -> Result<Arc<Verifier>, FetchError> {
        let keys = tokio::time::timeout(FETCH_TIMEOUT, self.fetch())
            .await
            .map_err(|_| FetchError::Timeout)??;
        let keys = Arc::new(Verifier::new(keys));
        *self.cached.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&keys));
        Ok(keys)
    }

    /// Sends one GET. It does not follow redirects: only the configured URL is trusted.
    ///
    /// Each fetch makes its own HTTP client, which loads the machine's certificates: most processes fetch once.
    async fn fetch(&self) -> Result<KeySet, FetchError> {
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(FetchError::Certificates)?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let mut request = Request::new(Empty::<Bytes>::new());
        *request.uri_mut() = self.url.clone();
        let accept = HeaderValue::from_static("application/json");
        request.headers_mut().insert(ACCEPT, accept);
        let answer = client
            .request(request)
            .await
            .map_err(FetchError::Unreachable)?;
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Status(answer.status()));
        }
        let body = Limited::new(answer.into_body(), MAX_BYTES)
            .collect()
            .await
            .map_err(FetchError::Body)?;
        KeySet::parse_published(&body.to_bytes()).map_err(FetchError::Keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_https_or_from_loopback() {
        for good in [
            "https://idp.example.com/.well-known/jwks.json",
            "http://127.0.0.1:8080/keys",
            "http://localhost/keys",
            "http://[::1]:8080/keys",
            "http://127.9.9.9/keys",
        ] {
            assert!(good.parse::<FetchedKeys>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "keys",
            "/keys",
            "http://idp.example.com/keys",
            "http://127.0.0.1.example.com/keys",
            "ftp://localhost/keys",
            "file:///keys",
            "https://user:password@idp.example.com/keys",
            "http://10.0.0.1/keys",
            "https://",
        ] {
            assert!(bad.parse::<FetchedKeys>().is_err(), "{bad}");
        }
    }
}
