//! The API over HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_MATCH};
use reqwest::redirect::Policy;
use reqwest::{Method, Url};

use super::callers::Callers;
use super::check::{Authorization, Check, IfMatch};
use super::versions::Versions;
use crate::api_url::ApiUrl;

/// A tag that no version has: they are numbers.
const NO_VERSION: &str = "\"none\"";

/// What came back.
pub(super) struct Answer {
    /// The status code.
    pub(super) status: u16,
    /// The headers.
    pub(super) headers: HeaderMap,
    /// The body.
    pub(super) body: String,
}

impl Answer {
    /// A header's value, if it is there and a text.
    pub(super) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The API, and who calls it.
pub(super) struct Api {
    http: reqwest::Client,
    /// Where it is.
    pub(super) url: ApiUrl,
    /// Who calls.
    pub(super) callers: Callers,
}

impl Api {
    /// The API at `url`, whose every answer may take `timeout`.
    ///
    /// # Errors
    /// When there can be no HTTP client on this machine.
    pub(super) fn new(url: ApiUrl, callers: Callers, timeout: Duration) -> anyhow::Result<Self> {
        let mut http = reqwest::Client::builder()
            .timeout(timeout)
            .user_agent("contacts smoke")
            // The contract knows no redirects, and tokens are for this place only.
            .redirect(Policy::none());
        if url.is_local() {
            http = http.no_proxy();
        }
        if !url.is_https() {
            // A machine without certificates can do without.
            http = http.tls_certs_only([]);
        }
        Ok(Self {
            http: http.build().context("no HTTP client can be made")?,
            url,
            callers,
        })
    }

    /// Sends the request of a check, on a contact that was seen at these versions.
    ///
    /// # Errors
    /// When no answer comes.
    pub(super) async fn send(&self, check: &Check, versions: &Versions) -> anyhow::Result<Answer> {
        let method = check.endpoint.method();
        let url = check.endpoint.url(&self.url, check.contact);
        let mut request = if method == Method::GET {
            let parameters: BTreeMap<String, String> = serde_json::from_str(&check.body)?;
            self.http.get(Url::parse_with_params(&url, parameters)?)
        } else {
            let request = self.http.request(method, url);
            request
                .header(CONTENT_TYPE, check.content_type)
                .body(check.body.clone())
        };
        if let Some(authorization) = self.authorization(check) {
            let mut authorization = HeaderValue::try_from(authorization)?;
            authorization.set_sensitive(true);
            request = request.header(AUTHORIZATION, authorization);
        }
        let tag = match check.if_match {
            IfMatch::Absent => None,
            IfMatch::Never => Some(NO_VERSION),
            // Where none has been seen, nothing may be written.
            IfMatch::Current => Some(versions.current().unwrap_or(NO_VERSION)),
            IfMatch::Earlier => Some(versions.earlier().unwrap_or(NO_VERSION)),
        };
        if let Some(tag) = tag {
            request = request.header(IF_MATCH, tag);
        }
        let answer = async {
            let response = request.send().await?;
            Ok(Answer {
                status: response.status().as_u16(),
                headers: response.headers().clone(),
                body: response.text().await?,
            })
        };
        // Who reads the error knows the URL.
        answer
            .await
            .map_err(|error: reqwest::Error| error.without_url().into())
    }

    fn authorization(&self, check: &Check) -> Option<String> {
        let caller = self.callers.get(check.who);
        match check.authorization {
            Authorization::Token => Some(format!("Bearer {}", caller.token)),
            Authorization::Forged => Some(format!("Bearer {}", caller.forged_token())),
            Authorization::NotBearer => Some("Basic bm9ib2R5Og==".to_owned()),
            Authorization::Missing => None,
        }
    }
}
