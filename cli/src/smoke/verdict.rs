//! Compares an answer with the expected one.

use reqwest::header::{CONTENT_TYPE, ETAG, HeaderName, WWW_AUTHENTICATE};
use serde_json::Value;

use super::api::Answer;
use super::check::Expected;
use super::pattern::{self, Difference, fits};
use super::versions::Versions;

/// The header with the request id. The log has the same id.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The name to which API Gateway changes `WWW-Authenticate`.
const REMAPPED_WWW_AUTHENTICATE: HeaderName =
    HeaderName::from_static("x-amzn-remapped-www-authenticate");

/// Compares an answer with the expected one. Returns a note about an answer that fits, if there is one.
///
/// # Errors
/// The first difference.
pub(super) fn judge(
    expected: &Expected,
    answer: &Answer,
    versions: &mut Versions,
) -> Result<Option<&'static str>, Difference> {
    // The version comes first, because the following checks need it even if this one fails.
    let version = versions.see(expected.version, answer.header(&ETAG));
    check_status(expected.status, answer)?;
    check_header(&CONTENT_TYPE, "application/json", answer)?;
    check_header(&X_REQUEST_ID, "…", answer)?;
    let note = match expected.challenge {
        None => None,
        Some(challenge) if answer.header(&REMAPPED_WWW_AUTHENTICATE).is_some() => {
            check_header(&REMAPPED_WWW_AUTHENTICATE, challenge, answer)?;
            Some("API Gateway has renamed WWW-Authenticate to x-amzn-remapped-www-authenticate")
        }
        Some(challenge) => {
            check_header(&WWW_AUTHENTICATE, challenge, answer)?;
            None
        }
    };
    let body: Value = serde_json::from_str(&answer.body)
        .map_err(|_| Difference::new("the body", "JSON", "something else"))?;
    let request_id = answer.header(&X_REQUEST_ID).unwrap_or_default();
    pattern::check("body", &expected.body, &body, request_id)?;
    version.map(|()| note)
}

fn check_status(expected: u16, answer: &Answer) -> Result<(), Difference> {
    if answer.status == expected {
        return Ok(());
    }
    // A success may show the data of a real person, so the report does not show its body.
    let got = if (200..300).contains(&answer.status) || answer.body.is_empty() {
        answer.status.to_string()
    } else {
        format!("{} {}", answer.status, gist(&answer.body))
    };
    Err(Difference::new("status", expected.to_string(), got))
}

/// The message in the body of an error, in a dialect of the contract or in API Gateway's own format.
fn gist(body: &str) -> String {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    match (&json["message"], &json["error"]) {
        (Value::String(message), _) => message.clone(),
        (_, Value::Object(error)) => Value::from(error.clone()).to_string(),
        _ => body.to_owned(),
    }
}

fn check_header(name: &HeaderName, pattern: &str, answer: &Answer) -> Result<(), Difference> {
    match answer.header(name) {
        Some(value) if !value.is_empty() && fits(pattern, value) => Ok(()),
        value => Err(Difference::new(
            name.as_str(),
            pattern,
            value.unwrap_or("nothing"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;
    use crate::smoke::check::ExpectedVersion;

    fn judged(
        expected: &Expected,
        status: u16,
        headers: &[(&'static str, &'static str)],
        body: &str,
    ) -> Result<Option<&'static str>, String> {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect::<HeaderMap>();
        let answer = Answer {
            status,
            headers,
            body: body.to_owned(),
        };
        judge(expected, &answer, &mut Versions::default()).map_err(|difference| difference.place)
    }

    const JSON: (&str, &str) = ("content-type", "application/json");
    const ID: (&str, &str) = ("x-request-id", "r1");

    #[test]
    fn the_first_difference_is_named() {
        let expected =
            Expected::crm_error(412, "Contact has changed").version(ExpectedVersion::Some);
        let tag = ("etag", "\"3\"");
        let body =
            r#"{"error":"Contact has changed","message":"Contact has changed","requestId":"r1"}"#;
        let other_id =
            r#"{"error":"Contact has changed","message":"Contact has changed","requestId":"r2"}"#;
        assert_eq!(judged(&expected, 412, &[JSON, ID, tag], body), Ok(None));
        for (status, headers, body, place) in [
            (404, &[JSON, ID, tag][..], body, "status"),
            (412, &[ID, tag], body, "content-type"),
            (412, &[JSON, tag], body, "x-request-id"),
            (
                412,
                &[JSON, ("x-request-id", ""), tag],
                body,
                "x-request-id",
            ),
            (412, &[JSON, ID], body, "ETag"),
            (412, &[JSON, ID, tag], "", "the body"),
            (412, &[JSON, ID, tag], other_id, "body.requestId"),
        ] {
            assert_eq!(
                judged(&expected, status, headers, body),
                Err(place.to_owned())
            );
        }
    }

    #[test]
    fn a_challenge_that_api_gateway_has_renamed_is_noted() {
        let expected = Expected::crm_error(401, "Unauthorized: …").challenge("Bearer");
        let body = r#"{"error":"Unauthorized: no","message":"Unauthorized: no","requestId":"r1"}"#;
        let plain = ("www-authenticate", "Bearer");
        let renamed = ("x-amzn-remapped-www-authenticate", "Bearer");
        let wrong = ("x-amzn-remapped-www-authenticate", "Basic");
        assert_eq!(judged(&expected, 401, &[JSON, ID, plain], body), Ok(None));
        let noted = judged(&expected, 401, &[JSON, ID, renamed], body);
        assert!(noted.unwrap().unwrap().contains("API Gateway"));
        assert!(judged(&expected, 401, &[JSON, ID, wrong], body).is_err());
        assert_eq!(
            judged(&expected, 401, &[JSON, ID], body),
            Err("www-authenticate".to_owned())
        );
    }
}
