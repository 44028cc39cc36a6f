//! The names under which `serve` answers.
//!
//! `serve` listens on 127.0.0.1, and a browser keeps pages of other origins from its answers. But a page whose own name is made to
//! lead to 127.0.0.1 (DNS rebinding) is of the same origin. The name in its requests is all that tells it from a page of `serve`.

use hyper::header::HOST;
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use shared::is_loopback;
use url::Url;

/// Whether the request is addressed to a name or address of this machine.
pub(super) fn is_this_machine(request: &Parts) -> bool {
    let header = || request.headers.get(HOST)?.to_str().ok();
    let host = request.uri.authority().map(Authority::as_str);
    let url = host.or_else(header).map(|host| format!("http://{host}"));
    url.and_then(|url| Url::parse(&url).ok())
        .is_some_and(|url| is_loopback(&url))
}
