//! The event into which API Gateway converts a request to an HTTP API (payload 2.0).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::DateTime;
use hyper::header::{CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderName, USER_AGENT};
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::Serialize;
use shared::http::Route;

/// The data that API Gateway adds to a request.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// The AWS account of the API.
    pub account_id: &'a str,
    /// The id of the API.
    pub api_id: &'a str,
    /// The address of the caller.
    pub source_ip: IpAddr,
    /// The id of the request.
    pub request_id: String,
    /// The time of the request, in milliseconds since 1970.
    pub time: i64,
}

/// The event of a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event<'a> {
    version: &'static str,
    route_key: &'static str,
    raw_path: Cow<'a, str>,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<&'a str>,
    headers: BTreeMap<&'a str, String>,
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    path_parameters: BTreeMap<&'a str, Cow<'a, str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'a str,
    api_id: &'a str,
    domain_name: &'a str,
    domain_prefix: Option<&'a str>,
    http: HttpDescription<'a>,
    request_id: String,
    route_key: &'static str,
    stage: &'static str,
    time: String,
    time_epoch: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HttpDescription<'a> {
    method: &'a str,
    path: Cow<'a, str>,
    protocol: String,
    source_ip: IpAddr,
    user_agent: &'a str,
}

impl<'a> Event<'a> {
    /// The event of a request on this route. `parameters` are the percent-encoded parameters of the path.
    #[must_use]
    pub fn new(
        parts: &'a Parts,
        route: Route,
        parameters: &'a [(String, String)],
        body: &'a [u8],
        arrival: Arrival<'a>,
    ) -> Self {
        let host = text_of(&parts.headers, &HOST).unwrap_or("localhost");
        let domain = host.split(':').next().unwrap_or(host);
        let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy();
        let query = parts.uri.query().unwrap_or_default();
        let (body, is_base64_encoded) = match str::from_utf8(body) {
            Ok("") => (None, false),
            Ok(text) if is_text(&parts.headers) => (Some(Cow::Borrowed(text)), false),
            _ => (Some(Cow::Owned(BASE64_STANDARD.encode(body))), true),
        };
        let time = DateTime::from_timestamp_millis(arrival.time).unwrap_or_default();
        let cookies = parts.headers.get_all(COOKIE).iter();
        let parameters = parameters.iter();
        Self {
            version: "2.0",
            route_key: route.key(),
            raw_path: path.clone(),
            raw_query_string: query,
            cookies: cookies
                .filter_map(|line| line.to_str().ok())
                .flat_map(|line| line.split("; "))
                .collect(),
            headers: joined_headers(&parts.headers),
            request_context: RequestContext {
                account_id: arrival.account_id,
                api_id: arrival.api_id,
                domain_name: domain,
                domain_prefix: domain.split('.').next(),
                http: HttpDescription {
                    method: parts.method.as_str(),
                    path,
                    protocol: format!("{:?}", parts.version),
                    source_ip: arrival.source_ip,
                    user_agent: text_of(&parts.headers, &USER_AGENT).unwrap_or_default(),
                },
                request_id: arrival.request_id,
                route_key: route.key(),
                stage: "$default",
                time: time.format("%d/%b/%Y:%H:%M:%S %z").to_string(),
                time_epoch: arrival.time,
            },
            path_parameters: parameters
                .map(|(name, value)| (name.as_str(), percent_decode_str(value).decode_utf8_lossy()))
                .collect(),
            query_string_parameters: joined_query(query),
            body,
            is_base64_encoded,
        }
    }
}

fn text_of<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The headers without cookies. Names are lower-case; a comma joins the values of one name.
fn joined_headers(headers: &HeaderMap) -> BTreeMap<&str, String> {
    let headers = headers.iter().filter(|(name, _)| *name != COOKIE);
    joined(headers.map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.as_str(), value.into_owned())
    }))
}

/// The query's parameters. A comma joins the values of one name.
fn joined_query(query: &str) -> BTreeMap<String, String> {
    let parameters = url::form_urlencoded::parse(query.as_bytes());
    joined(parameters.map(|(name, value)| (name.into_owned(), value.into_owned())))
}

fn joined<N: Ord>(pairs: impl Iterator<Item = (N, String)>) -> BTreeMap<N, String> {
    let mut joined: BTreeMap<N, String> = BTreeMap::new();
    for (name, value) in pairs {
        joined
            .entry(name)
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    joined
}

/// Whether API Gateway passes a body of this type as text. It encodes all others in base64.
fn is_text(headers: &HeaderMap) -> bool {
    let content_type = text_of(headers, &CONTENT_TYPE)
        .unwrap_or("text/plain")
        .to_ascii_lowercase();
    [
        "text/",
        "application/json",
        "application/javascript",
        "application/xml",
    ]
    .iter()
    .any(|text| content_type.starts_with(text))
}
