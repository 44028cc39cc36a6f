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

/// An entity tag that fits no version, because versions are numbers.
const NO_VERSION: &str = "\"none\"";

/// An HTTP response.
pub(super) struct Answer {
    /// The status code.
    pub(super) status: u16,
    /// The headers.
    pub(super) headers: HeaderMap,
    /// The body.
    pub(super) body: String,
}

impl Answer {
    /// A header's value, if the header is present and its value is text.
    pub(super) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The API and its callers.
pub(super) struct Api {
    http: reqwest::Client,
    /// The URL of the API.
    pub(super) url: ApiUrl,
    /// The callers of the API.
    pub(super) callers: Callers,
}

impl Api {
    /// The API at `url`. Each answer may take up to `timeout`.
    ///
    /// # Errors
    /// When no HTTP client can be created.
    pub(super) fn new(url: ApiUrl, callers: Callers, timeout: Duration) -> anyhow::Result<Self> {
        let mut http = reqwest::Client::builder()
            .timeout(timeout)
            .user_agent("contacts smoke")
            // The contract has no redirects, and the tokens are for this URL only.
            .redirect(Policy::none());
        if url.is_local() {
            http = http.no_proxy();
        }
        if !url.is_https() {
            // A URL without TLS needs no certificates, and a machine may have none.
            http = http.tls_certs_only([]);
        }
        Ok(Self {
            http: http.build().context("no HTTP client can be created")?,
            url,
            callers,
        })
    }

    /// Sends the request of a check. `versions` are the contact's versions in earlier answers.
    ///
    /// # Errors
    /// When the API does not answer.
    pub(super) async fn send(&self, check: &Check, versions: &Versions) -> anyhow::Result<Answer> {
        let method = Method::from_bytes(check.route.method().as_bytes())?;
        let path = check.route.path_of(check.contact);
        let url = format!("{}{path}", self.url.as_str());
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
            // If no version is known, the request must not write.
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
        // The error need not repeat the URL, which the operator knows.
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
