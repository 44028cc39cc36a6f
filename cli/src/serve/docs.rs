//! `/docs`: the API's OpenAPI document, as a page where people can call the endpoints, and as YAML and JSON. The binary
//! contains all files.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, IF_NONE_MATCH, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use utoipa::openapi::ServerBuilder;
use utoipa_swagger_ui::Config;

use crate::openapi::{document, to_yaml};

/// The path of the page.
const PAGE: &str = "/docs/";
const YAML: &str = "/openapi.yaml";
const JSON: &str = "/openapi.json";

/// The page's scripts can neither load from nor send to any other server. Its icons are `data:` URLs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The documentation. The first request builds the document.
#[derive(Default)]
pub(super) struct Docs {
    description: OnceLock<Option<Description>>,
}

/// The API's description, with this server as its only server.
struct Description {
    yaml: Bytes,
    json: Bytes,
}

/// A file of a page.
pub(super) struct File {
    pub(super) content_type: String,
    pub(super) is_gzipped: bool,
    pub(super) content: Bytes,
}

impl Docs {
    /// The answer, if the request is for one of these pages.
    pub(super) fn answer(&self, request: &Parts) -> Option<Response<Full<Bytes>>> {
        if !matches!(request.method, Method::GET | Method::HEAD) {
            return None;
        }
        let path = request.uri.path();
        if path == PAGE.trim_end_matches('/') {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
            let location = HeaderValue::from_static(PAGE);
            response.headers_mut().insert(LOCATION, location);
            return Some(response);
        }
        let file = match path {
            YAML => self.description("application/yaml", |description| &description.yaml),
            JSON => self.description("application/json", |description| &description.json),
            _ => asset(path.strip_prefix(PAGE)?),
        };
        file.map(|file| respond(&request.headers, file, HeaderValue::from_static(POLICY)))
    }

    fn description(&self, content_type: &str, form: fn(&Description) -> &Bytes) -> Option<File> {
        let description = self.description.get_or_init(|| {
            Description::of_this_server()
                .inspect_err(|error| {
                    tracing::error!(error = format!("{error:#}"), "the API cannot be described");
                })
                .ok()
        });
        Some(File {
            content_type: content_type.to_owned(),
            is_gzipped: false,
            content: form(description.as_ref()?).clone(),
        })
    }
}

impl Description {
    fn of_this_server() -> anyhow::Result<Self> {
        let mut document = document()?;
        // The URL is relative to the document, so it fits any port. The other servers are left out: the page may not call them.
        let this = ServerBuilder::new()
            .url("/")
            .description(Some("This server"));
        document.servers = Some(vec![this.build()]);
        Ok(Self {
            yaml: to_yaml(&document)?.into(),
            json: document.to_json()?.into(),
        })
    }
}

fn asset(name: &str) -> Option<File> {
    let config = Config::from(JSON)
        // Without the bar that loads another document: the policy forbids the inline style of its logo.
        .use_base_layout()
        .deep_linking(true)
        .display_operation_id(true)
        .display_request_duration(true)
        .doc_expansion("list")
        .try_it_out_enabled(true)
        // By default the page has a badge that sends the document to a public validator.
        .validator_url("none");
    // The answer for a file that cannot be found or rendered is 404.
    let file = utoipa_swagger_ui::serve(name, Arc::new(config)).ok()??;
    Some(File {
        content_type: file.content_type,
        is_gzipped: file.gzpipped,
        content: Bytes::from(file.bytes.into_owned()),
    })
}

/// The answer with a file. `policy` limits what the page may load (Content Security Policy).
pub(super) fn respond(
    request: &HeaderMap,
    file: File,
    policy: HeaderValue,
) -> Response<Full<Bytes>> {
    let mut hasher = DefaultHasher::new();
    file.content.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let is_known = request
        .get_all(IF_NONE_MATCH)
        .iter()
        .any(|tags| tags.as_bytes() == tag.as_bytes());

    let mut response = Response::new(Full::default());
    let headers = response.headers_mut();
    // Browsers must ask again: another version of the tool may listen on this port next time.
    let mut fixed = |name: HeaderName, value| headers.insert(name, HeaderValue::from_static(value));
    fixed(CACHE_CONTROL, "no-cache");
    fixed(REFERRER_POLICY, "no-referrer");
    fixed(X_CONTENT_TYPE_OPTIONS, "nosniff");
    if file.is_gzipped {
        // Browsers accept gzip; a client that does not can read the uncompressed document.
        fixed(CONTENT_ENCODING, "gzip");
    }
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.extend(HeaderValue::try_from(file.content_type).map(|value| (CONTENT_TYPE, value)));
    headers.extend(HeaderValue::try_from(tag).map(|value| (ETAG, value)));
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        *response.body_mut() = Full::from(file.content);
    }
    response
}
