//! The destination of the events of `serve`: lines of JSON on standard error, or a URL. With `--database-only`, events go only
//! to a URL.

use std::io::{self, Write};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use record_history::{Event, Outlets, SendError, UnreadableRecord};
use reqwest::header::CONTENT_TYPE;
use url::Url;

/// The media type of an event (CloudEvents, HTTP protocol binding, structured mode).
const CLOUD_EVENT: &str = "application/cloudevents+json; charset=utf-8";

/// The destination of events.
pub(super) enum LocalOutlets {
    /// No destination.
    Nothing,
    /// Lines of JSON on standard error.
    StandardError,
    /// Requests to a URL.
    Webhook(Url, reqwest::Client),
}

impl LocalOutlets {
    /// The outlet to this URL.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub(super) fn webhook(url: Url) -> anyhow::Result<Self> {
        let mut http = reqwest::Client::builder()
            .user_agent("contacts serve")
            .timeout(std::time::Duration::from_secs(10));
        if url.scheme() == "http" {
            // A URL without TLS needs no certificates, and a machine may have none.
            http = http.tls_certs_only([]).no_proxy();
        }
        Ok(Self::Webhook(url, http.build()?))
    }

    async fn send(&self, event: &Event) -> Result<(), SendError> {
        let json = serde_json::to_string(event)?;
        match self {
            Self::Nothing => {}
            Self::StandardError => writeln!(io::stderr().lock(), "{json}")?,
            Self::Webhook(url, http) => {
                let request = http.post(url.clone()).header(CONTENT_TYPE, CLOUD_EVENT);
                request.body(json).send().await?.error_for_status()?;
            }
        }
        Ok(())
    }
}

impl Outlets for LocalOutlets {
    fn deliver<'a>(&'a self, events: &'a [Event]) -> BoxFuture<'a, Vec<bool>> {
        async move {
            let mut delivered = Vec::with_capacity(events.len());
            for event in events {
                let sent = self.send(event).await;
                delivered.push(sent.is_ok());
                if let Err(error) = sent {
                    tracing::error!(%error, "an event was not delivered; serve sends it again");
                    break;
                }
            }
            delivered
        }
        .boxed()
    }

    fn report<'a>(&'a self, record: &'a UnreadableRecord) -> BoxFuture<'a, Result<(), SendError>> {
        async move {
            let key = record.sort_key.as_deref().unwrap_or_default();
            tracing::error!(
                key,
                reason = record.reason,
                "a record of the stream cannot be read and is skipped"
            );
            Ok(())
        }
        .boxed()
    }
}
