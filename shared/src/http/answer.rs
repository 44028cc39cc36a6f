//! Responses: a successful answer, and the parts that the failures of both dialects share.

use lambda_http::Body;
use lambda_http::http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use super::Failure;
use super::if_match::entity_tag;
use crate::auth::Refusal;
use crate::domain::Version;

/// A successful answer.
#[derive(Debug)]
pub struct Answer {
    /// The outcome in the log.
    pub(super) outcome: &'static str,
    pub(super) response: Response<Body>,
}

impl Answer {
    /// A page that shows stored data to people.
    #[must_use]
    pub fn page(response: Response<Body>) -> Self {
        let outcome = "read";
        Self { outcome, response }
    }

    /// An answer with a body. If the body shows a contact, `version` is its version, which becomes the `ETag`.
    ///
    /// # Errors
    /// When the body cannot be written as JSON.
    pub(super) fn ok(
        outcome: &'static str,
        version: Option<Version>,
        body: &impl Serialize,
    ) -> Result<Self, Failure> {
        let json =
            serde_json::to_string(body).map_err(|error| Failure::Internal(Box::new(error)))?;
        let mut response = json_response(StatusCode::OK, json);
        if let Some(version) = version {
            add_entity_tag(&mut response, version);
        }
        Ok(Self { outcome, response })
    }

    /// The answer to a caller that has this version of the contact already: 304 (RFC 9110 section 15.4.5).
    #[must_use]
    pub fn not_modified(version: Version) -> Self {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        add_entity_tag(&mut response, version);
        Self {
            outcome: "not_modified",
            response,
        }
    }

    /// The same answer with the status 201 if the contact `is_new`.
    #[must_use]
    pub fn created_if(mut self, is_new: bool) -> Self {
        if is_new {
            *self.response.status_mut() = StatusCode::CREATED;
        }
        self
    }
}

/// The response to a failure, with the body of a dialect.
pub(super) fn failure_response(failure: &Failure, body: &impl Serialize) -> Response<Body> {
    // The body holds only texts under fixed names, which are always valid JSON.
    let json = serde_json::to_string(body).unwrap_or_default();
    let (status, _) = failure.status_and_kind();
    let mut response = json_response(status, json);
    match failure {
        _ if status == StatusCode::SERVICE_UNAVAILABLE => {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        Failure::Refused(refusal) => add_challenge(&mut response, refusal),
        Failure::VersionMismatch(Some(version)) => add_entity_tag(&mut response, *version),
        _ => {}
    }
    response
}

/// Adds `WWW-Authenticate` (RFC 6750 section 3, contract section 3).
fn add_challenge(response: &mut Response<Body>, refusal: &Refusal) {
    let challenge = match refusal {
        Refusal::InvalidToken(fault) => {
            // RFC 6750 allows only these characters in a description; a configured claim name may hold others.
            let description = fault
                .to_string()
                .replace(|c| !matches!(c, ' '..='~') || matches!(c, '"' | '\\'), "?");
            format!("Bearer error=\"invalid_token\", error_description=\"{description}\"")
        }
        _ => "Bearer".to_owned(),
    };
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        let headers = response.headers_mut();
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
}

fn add_entity_tag(response: &mut Response<Body>, version: Version) {
    if let Ok(tag) = HeaderValue::from_str(&entity_tag(version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
}

/// A response with a JSON body. The body is text, so that API Gateway gets it without base64.
fn json_response(status: StatusCode, json: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(json));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
