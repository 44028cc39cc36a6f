//! The names under which `serve` answers.
//!
//! `serve` listens on 127.0.0.1, and a browser hides its answers from pages of other origins. But an attacker can let the name
//! of a page resolve to 127.0.0.1 (DNS rebinding). The browser then takes `serve` for the page's own origin. Only the name in
//! its requests distinguishes such a page from a page of `serve`.

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
