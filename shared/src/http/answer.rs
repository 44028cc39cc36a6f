//! Responses: a successful answer, and what the failures of both dialects share.

use lambda_http::Body;
use lambda_http::http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use super::Failure;
use super::if_match::entity_tag;
use crate::auth::Refusal;
use crate::domain::{Outcome, Version};

/// A successful answer.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    /// The outcome in the log.
    pub(super) outcome: &'static str,
    /// The version of the contact in the body, if there is one.
    version: Option<Version>,
    /// The body as JSON; `None` where the caller has it already.
    body: Option<String>,
}

impl Answer {
    /// The answer to a write. It shows one contact.
    ///
    /// # Errors
    /// When the body cannot be written as JSON.
    pub fn contact(
        outcome: Outcome,
        version: Version,
        body: &impl Serialize,
    ) -> Result<Self, Failure> {
        Self::ok(outcome.as_str(), Some(version), body)
    }

    /// The answer to a read. It has a version if it shows a contact.
    ///
    /// # Errors
    /// When the body cannot be written as JSON.
    pub fn read(version: Option<Version>, body: &impl Serialize) -> Result<Self, Failure> {
        Self::ok("read", version, body)
    }

    fn ok(
        outcome: &'static str,
        version: Option<Version>,
        body: &impl Serialize,
    ) -> Result<Self, Failure> {
        let body =
            serde_json::to_string(body).map_err(|error| Failure::Internal(Box::new(error)))?;
        Ok(Self {
            status: StatusCode::OK,
            outcome,
            version,
            body: Some(body),
        })
    }

    /// The answer to a caller that has this version of the contact already: 304 (RFC 9110 section 15.4.5).
    #[must_use]
    pub fn not_modified(version: Version) -> Self {
        Self {
            status: StatusCode::NOT_MODIFIED,
            outcome: "not_modified",
            version: Some(version),
            body: None,
        }
    }

    /// The same answer with the status 201 if the contact `is_new`.
    #[must_use]
    pub fn created_if(mut self, is_new: bool) -> Self {
        if is_new {
            self.status = StatusCode::CREATED;
        }
        self
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = match self.body {
            Some(body) => json_response(self.status, body),
            None => empty_response(self.status),
        };
        if let Some(version) = self.version {
            add_entity_tag(&mut response, version);
        }
        response
    }
}

/// The response to a failure, with the body of a dialect.
pub(super) fn failure_response(failure: &Failure, body: &impl Serialize) -> Response<Body> {
    // The body holds only texts under fixed names, which are always valid JSON.
    let json = serde_json::to_string(body).unwrap_or_default();
    let mut response = json_response(failure.status(), json);
    match failure {
        Failure::Refused(Refusal::KeysUnavailable(_)) | Failure::Unavailable(_) => {
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

fn empty_response(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    response
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
