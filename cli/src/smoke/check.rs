//! A check: a request, and the answer that the contract promises.

use serde_json::{Value, json};
use shared::http::{Dialect, Route};

use super::pattern::SAME_REQUEST_ID;

/// An endpoint's name in the report: three have numbers in the contract, the others are called as their functions.
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
    /// Something that is not a bearer token.
    NotBearer,
    /// Nothing.
    Missing,
}

/// The value of `If-Match`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IfMatch {
    /// Nothing.
    Absent,
    /// A tag that no version has, so that nothing can be written.
    Never,
    /// The contact's version in the last answer.
    Current,
    /// The version before that.
    Earlier,
}

/// The expected `ETag`, which holds the contact's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExpectedVersion {
    /// None: the answer is not about a contact.
    None,
    /// Any version.
    Some,
    /// The version before the request: nothing was written.
    Same,
    /// The next version: there was exactly one write.
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
    #[expect(
        clippy::needless_pass_by_value,
        reason = "it is written where it is passed"
    )]
    pub(super) fn mailer_faults(status: u16, fields: Value) -> Self {
        let error = json!({ "code": "validation_error", "fields": fields });
        Self::new(
            status,
            json!({ "error": error, "requestId": SAME_REQUEST_ID }),
        )
    }

    /// With this `WWW-Authenticate`.
    pub(super) fn challenge(self, pattern: &'static str) -> Self {
        Self {
            challenge: Some(pattern),
            ..self
        }
    }

    /// With this `ETag`.
    pub(super) fn version(self, version: ExpectedVersion) -> Self {
        Self { version, ..self }
    }
}

/// A request and its expected answer.
#[derive(Debug, Clone)]
pub(super) struct Check {
    /// What the check shows, for the report.
    pub(super) sentence: String,
    /// The endpoint.
    pub(super) route: Route,
    /// The contact in the path.
    pub(super) contact: &'static str,
    /// The caller.
    pub(super) who: Who,
    /// How the caller authenticates.
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
    /// A check with a valid request: a person calls the endpoints of the CRM, the application those of the mailer. The
    /// sentence tells what the endpoint does.
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

    /// With this `If-Match`.
    pub(super) fn if_match(self, if_match: IfMatch) -> Self {
        Self { if_match, ..self }
    }
}
