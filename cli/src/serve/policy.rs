//! The Content Security Policy of the pages for people: what they may load, and the destination of their forms.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::header::HeaderValue;

/// The policy of a page that loads only its own style, which the policy names by its hash, and sends forms only to `forms`.
///
/// # Errors
/// Never, as long as a hash is a valid header.
pub(super) fn policy(style: &str, forms: &str) -> anyhow::Result<HeaderValue> {
    let style = BASE64_STANDARD.encode(digest(&SHA256, style.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action {forms}; frame-ancestors 'none'"
    );
    Ok(HeaderValue::try_from(policy)?)
}
