//! A check: a request, and the answer that the contract promises.

use serde_json::{Value, json};
use shared::http::{Dialect, Route};

use super::pattern::SAME_REQUEST_ID;

/// The name of an endpoint in the report. Three endpoints have numbers in the contract; the others have the names of their
/// functions.
fn name(route: Route) -> &'static str {
    match route {
        Route::VerifyPhoneNumber => "endpoint 1",
        Route::VerifyContactMethod => "endpoint 2",
        Route::VerifyContact => "endpoint 3",
        other => other.function(),
    }
}

/// The caller whose token is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// A person of the organization.
    Person,
    /// The application `website`.
    Application,
}

/// The value of `Authorization`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Authorization {
    /// The token.
    Token,
    /// The token with a made-up signature.
    Forged,
    /// Credentials that are not a bearer token.
    NotBearer,
    /// No `Authorization`.
    Missing,
}

/// The value of `If-Match`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IfMatch {
    /// No `If-Match`.
    Absent,
    /// A tag that fits no version, so that the request cannot write.
    Never,
    /// The contact's version in the last answer.
    Current,
    /// The version before [`Self::Current`].
    Earlier,
}

/// The expected `ETag`, which holds the contact's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExpectedVersion {
    /// No version: the answer is not about a contact.
    None,
    /// Any version.
    Some,
    /// The version before the request: the request wrote nothing.
    Same,
    /// The next version: the request wrote exactly once.
    Next,
}

/// The expected answer.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    /// The status code.
    pub(super) status: u16,
    /// The body, as a pattern.
    pub(super) body: Value,
    /// `WWW-Authenticate`, as a pattern, if it is required.
    pub(super) challenge: Option<&'static str>,
    /// `ETag`.
    pub(super) version: ExpectedVersion,
}

impl Expected {
    /// An answer with this status and body.
    pub(super) fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            challenge: None,
            version: ExpectedVersion::None,
        }
    }

    /// An error of endpoints 1 and 2 (contract section 6).
    pub(super) fn crm_error(status: u16, text: &str) -> Self {
        let body = json!({ "error": text, "message": text, "requestId": SAME_REQUEST_ID });
        Self::new(status, body)
    }

    /// An error of endpoint 3 without fields (contract section 7).
    pub(super) fn mailer_error(status: u16, code: &str, message: &str) -> Self {
        let error = json!({ "code": code, "message": message });
        Self::new(
            status,
            json!({ "error": error, "requestId": SAME_REQUEST_ID }),
        )
    }

    /// An error of endpoint 3 that names fields (contract section 7).
    #[expect(clippy::needless_pass_by_value, reason = "callers pass a new value")]
    pub(super) fn mailer_faults(status: u16, fields: Value) -> Self {
        let error = json!({ "code": "validation_error", "fields": fields });
        Self::new(
            status,
            json!({ "error": error, "requestId": SAME_REQUEST_ID }),
        )
    }

    /// The answer with this `WWW-Authenticate`.
    pub(super) fn challenge(self, pattern: &'static str) -> Self {
        Self {
            challenge: Some(pattern),
            ..self
        }
    }

    /// The answer with this `ETag`.
    pub(super) fn version(self, version: ExpectedVersion) -> Self {
        Self { version, ..self }
    }
}

/// A request and its expected answer.
#[derive(Debug, Clone)]
pub(super) struct Check {
    /// The sentence in the report: the endpoint and the promise that the check tests.
    pub(super) sentence: String,
    /// The endpoint.
    pub(super) route: Route,
    /// The contact in the path.
    pub(super) contact: &'static str,
    /// The caller.
    pub(super) who: Who,
    /// The credentials of the caller.
    pub(super) authorization: Authorization,
    /// `Content-Type`.
    pub(super) content_type: &'static str,
    /// `If-Match`.
    pub(super) if_match: IfMatch,
    /// The body. For a `GET`, an object with the parameters of the query.
    pub(super) body: String,
    /// The expected answer.
    pub(super) expected: Expected,
}

impl Check {
    /// A check with a valid request. A person calls the endpoints of the CRM, and the application those of the mailer. The
    /// sentence says what the endpoint does.
    pub(super) fn new(
        route: Route,
        contact: &'static str,
        sentence: &str,
        body: &Value,
        expected: Expected,
    ) -> Self {
        Self {
            sentence: format!("{} {sentence}", name(route)),
            route,
            contact,
            who: match route.dialect() {
                Dialect::Crm => Who::Person,
                Dialect::Mailer => Who::Application,
            },
            authorization: Authorization::Token,
            content_type: "application/json",
            if_match: IfMatch::Absent,
            body: body.to_string(),
            expected,
        }
    }

    /// The check with this `If-Match`.
    pub(super) fn if_match(self, if_match: IfMatch) -> Self {
        Self { if_match, ..self }
    }
}
