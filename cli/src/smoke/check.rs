//! A check: a request, and the answer that the contract promises.

use reqwest::Method;
use serde_json::{Value, json};

use super::pattern::SAME_REQUEST_ID;
use crate::api_url::ApiUrl;

/// The endpoints: three with numbers in the contract, and the others by the names of their functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// Endpoint 1, `verify-phone-number`.
    PhoneNumber,
    /// Endpoint 2, `verify-contact-method`.
    ContactMethod,
    /// Endpoint 3, `verify-contact`.
    Contact,
    /// `upsert-contact`.
    UpsertContact,
    /// `get-contact`.
    GetContact,
    /// `contact-status`.
    ContactStatus,
    /// `add-contact-method`.
    AddContactMethod,
    /// `remove-contact-method`.
    RemoveContactMethod,
    /// `subscribe`.
    Subscribe,
    /// `unsubscribe`.
    Unsubscribe,
}

/// The form of an endpoint's answers, which also decides who calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// The dialect of endpoints 1 and 2, for persons.
    Crm,
    /// The dialect of endpoint 3, for applications.
    Mailer,
}

impl Endpoint {
    /// All of them.
    pub(super) const ALL: [Self; 10] = [
        Self::PhoneNumber,
        Self::ContactMethod,
        Self::Contact,
        Self::UpsertContact,
        Self::GetContact,
        Self::ContactStatus,
        Self::AddContactMethod,
        Self::RemoveContactMethod,
        Self::Subscribe,
        Self::Unsubscribe,
    ];

    /// Its name in the report.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PhoneNumber => "endpoint 1",
            Self::ContactMethod => "endpoint 2",
            Self::Contact => "endpoint 3",
            Self::UpsertContact => "upsert-contact",
            Self::GetContact => "get-contact",
            Self::ContactStatus => "contact-status",
            Self::AddContactMethod => "add-contact-method",
            Self::RemoveContactMethod => "remove-contact-method",
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
        }
    }

    /// Its HTTP method.
    pub(super) fn method(self) -> Method {
        match self {
            Self::PhoneNumber | Self::ContactMethod | Self::Contact => Method::PATCH,
            Self::GetContact | Self::ContactStatus => Method::GET,
            _ => Method::POST,
        }
    }

    /// Its path for a contact, after `/api/`.
    fn path(self, contact: &str) -> String {
        let after_contact = match self {
            Self::PhoneNumber => "/phone-number/verify",
            Self::ContactMethod => "/verify-contact-methods",
            Self::Contact => "/verification",
            Self::GetContact => "",
            Self::AddContactMethod => "/contact-methods",
            Self::RemoveContactMethod => "/contact-methods/remove",
            Self::UpsertContact => return "contacts".to_owned(),
            Self::ContactStatus => return "contacts/status".to_owned(),
            Self::Subscribe => return "subscriptions/subscribe".to_owned(),
            Self::Unsubscribe => return "subscriptions/unsubscribe".to_owned(),
        };
        format!("contacts/{contact}{after_contact}")
    }

    /// Its URL for a contact.
    pub(super) fn url(self, api: &ApiUrl, contact: &str) -> String {
        format!("{}/api/{}", api.as_str(), self.path(contact))
    }

    /// Its dialect.
    pub(super) fn dialect(self) -> Dialect {
        match self {
            Self::PhoneNumber
            | Self::ContactMethod
            | Self::GetContact
            | Self::AddContactMethod
            | Self::RemoveContactMethod => Dialect::Crm,
            Self::Contact
            | Self::UpsertContact
            | Self::ContactStatus
            | Self::Subscribe
            | Self::Unsubscribe => Dialect::Mailer,
        }
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
    pub(super) endpoint: Endpoint,
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
        endpoint: Endpoint,
        contact: &'static str,
        sentence: &str,
        body: &Value,
        expected: Expected,
    ) -> Self {
        Self {
            sentence: format!("{} {sentence}", endpoint.name()),
            endpoint,
            contact,
            who: match endpoint.dialect() {
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
