//! The checks before a body is parsed: its size and its content type (contract section 6).

use lambda_http::Body;
use lambda_http::http::{HeaderMap, header};

use super::Failure;

/// Largest body, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// Checks the size and the content type of a body. A request without a content type is accepted.
///
/// # Errors
/// [`Failure::PayloadTooLarge`] or [`Failure::UnsupportedMediaType`].
pub(super) fn check_body(headers: &HeaderMap, body: &Body) -> Result<(), Failure> {
    if body.len() > MAX_BYTES {
        return Err(Failure::PayloadTooLarge);
    }
    match headers.get(header::CONTENT_TYPE) {
        Some(stated) if !stated.is_empty() && !is_json(stated.to_str().unwrap_or_default()) => {
            Err(Failure::UnsupportedMediaType)
        }
        _ => Ok(()),
    }
}

/// Whether the type is `application/json` or has the suffix `+json`, with any parameters (RFC 9110 section 8.3, RFC 6839).
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    let suffixed = essence.strip_suffix("+json");
    essence == "application/json"
        || suffixed
            .and_then(|essence| essence.split_once('/'))
            .is_some_and(|(kind, name)| !kind.is_empty() && !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(content_type: Option<&str>, body: &[u8]) -> Result<(), &'static str> {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        }
        check_body(&headers, &body.into()).map_err(|failure| failure.status_and_kind().1)
    }

    #[test]
    fn a_body_has_at_most_16_kib() {
        assert_eq!(checked(None, &vec![b' '; 16_384]), Ok(()));
        assert_eq!(checked(None, &vec![b' '; 16_385]), Err("payload_too_large"));
    }

    #[test]
    fn only_a_stated_type_other_than_json_is_refused() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;",
            "",
            "application/merge-patch+json",
            "application/vnd.api+JSON; v=1",
        ] {
            assert_eq!(checked(Some(good), b"{}"), Ok(()), "{good}");
        }
        assert_eq!(checked(None, b"{}"), Ok(()));
        for bad in [
            "text/plain",
            "text/json",
            "json",
            "application/jsonp",
            "application/+json",
            "/json",
            "application/xml",
        ] {
            assert_eq!(
                checked(Some(bad), b"{}"),
                Err("unsupported_media_type"),
                "{bad}"
            );
        }
    }
}
