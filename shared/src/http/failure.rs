//! The failures of requests. A dialect turns a failure into a response as the last step.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use lambda_http::http::StatusCode;

use super::mailer::FieldCode;
use crate::auth::Refusal;
use crate::domain::{MethodKind, Version};
use crate::store::{ChangeError, DatabaseError};

/// The failure of a request. Its text is what clients read, or begins the line in the log where the service itself fails
/// ([`Failure::Unavailable`], [`Failure::Internal`]).
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// 401, or 503 where there are no keys to check the token with.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// 413.
    #[error("Payload too large")]
    PayloadTooLarge,
    /// 415.
    #[error("Content type must be application/json")]
    UnsupportedMediaType,
    /// 403: the client in the body is not the token's, or the token has no client.
    #[error("Forbidden: client is not the token's")]
    ForeignClient,
    /// 400, with every member at fault.
    #[error("Invalid payload: {}", .0.iter().map(Fault::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Fault>),
    /// 400: the organization has no such audience.
    #[error("Invalid payload: audience must exist")]
    AudienceNotFound,
    /// 404.
    #[error("Contact not found")]
    ContactNotFound,
    /// 404.
    #[error("{} not found on contact", method_name(*.0))]
    MethodNotFound(MethodKind),
    /// 412, with the current version of the contact, if the contact exists.
    #[error("Contact has changed")]
    VersionMismatch(Option<Version>),
    /// 503.
    #[error("temporarily unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// 500.
    #[error("internal error")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

/// An invalid member of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its name: a member of the body by its path (`phoneNumber.0.value`), or a parameter of the query; `body` for the body
    /// itself, `if_match` for the header.
    pub member: Cow<'static, str>,
    /// What is wrong.
    pub problem: Problem,
}

/// The sentence for people.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let member = match &*self.member {
            "if_match" => "If-Match",
            member => member,
        };
        write!(f, "{member} {}", self.problem.must)
    }
}

/// What is wrong with a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// The mailer's code. A problem that only a request to the CRM's endpoints can have counts as invalid.
    pub(super) code: FieldCode,
    /// The CRM's sentence, which begins with the member's name.
    must: &'static str,
}

impl Problem {
    /// The body is not JSON.
    pub const INVALID_JSON: Self = Self::new(FieldCode::InvalidJson, "must be valid JSON");
    /// The body is not an object.
    pub const MUST_BE_OBJECT: Self = Self::new(FieldCode::MustBeObject, "must be a JSON object");
    /// It is absent, null or blank.
    pub const REQUIRED: Self = Self::new(FieldCode::Required, "is required");
    /// It is not a boolean.
    pub const MUST_BE_BOOLEAN: Self = Self::new(FieldCode::MustBeBoolean, "must be true or false");
    /// It is not a text.
    pub const MUST_BE_STRING: Self = Self::new(FieldCode::MustBeString, "must be a string");
    /// It is not a list.
    pub const MUST_BE_LIST: Self = Self::new(FieldCode::MustBeList, "must be a list");
    /// An entry of the list is blank or not a text.
    pub const MUST_BE_NON_EMPTY_STRINGS: Self = Self::new(
        FieldCode::MustBeNonEmptyStrings,
        "must hold strings that are not blank",
    );
    /// More than one of its entries is primary.
    pub const MUST_HAVE_ONE_PRIMARY: Self = Self::invalid("must have at most one primary entry");
    /// It is not the status of a subscription.
    pub const MUST_BE_SUBSCRIPTION_STATUS: Self =
        Self::invalid("must be pending, subscribed or unsubscribed");
    /// It is not a finding of an e-mail validation.
    pub const MUST_BE_VALIDATION_STATUS: Self =
        Self::invalid("must be the finding of an e-mail validation, such as valid");
    /// It is not a scope.
    pub const MUST_BE_SCOPE: Self = Self::invalid("must be client, audience or global");
    /// It is not one of the two kinds of contact method.
    pub const MUST_BE_METHOD_KIND: Self = Self::invalid("must be \"phone\" or \"email\"");
    /// It is neither a phone number nor an e-mail address.
    pub const MUST_BE_METHOD_VALUE: Self =
        Self::invalid("must be a phone number or an e-mail address");
    /// It is not a phone number.
    pub const MUST_BE_PHONE_NUMBER: Self =
        Self::invalid("must be a phone number, such as +14165550100, without an extension");
    /// It is not an e-mail address.
    pub const MUST_BE_EMAIL_ADDRESS: Self =
        Self::invalid("must be an e-mail address of at most 320 characters");
    /// It is neither an RFC 3339 date and time nor null.
    pub const MUST_BE_DATE_TIME_OR_NULL: Self = Self::new(
        FieldCode::MustBeIsoDatetime,
        "must be null or an RFC 3339 date and time with an offset, such as 2026-05-20T15:04:01.135Z",
    );
    /// It is not an ISO 8601 date and time.
    pub const MUST_BE_ISO_DATETIME: Self = Self::new(
        FieldCode::MustBeIsoDatetime,
        "must be an ISO 8601 date and time",
    );
    /// It is not a label.
    pub const MUST_BE_LABEL: Self =
        Self::invalid("must be a string of at most 100 characters without control characters");
    /// It is not a list of strong entity tags.
    pub const MUST_BE_ENTITY_TAGS: Self = Self::new(
        FieldCode::MustBeEntityTags,
        "must be * or a list of at most 100 strong entity tags, such as \"3\"",
    );
    /// The contact's id is used in several organizations.
    pub const AMBIGUOUS: Self = Self::invalid(
        "must be unique: contacts of several organizations have it, and the token names none of them",
    );
    /// Another contact of the organization has the address.
    pub const TAKEN: Self = Self::invalid("must be an e-mail address that no other contact has");
    /// With it, the contact would be too large.
    pub const TOO_LARGE: Self = Self::new(
        FieldCode::TooLarge,
        "must leave the contact smaller than the 400 KB of an item, with room for a verification of every entry",
    );

    const fn new(code: FieldCode, must: &'static str) -> Self {
        Self { code, must }
    }

    const fn invalid(must: &'static str) -> Self {
        Self::new(FieldCode::Invalid, must)
    }
}

impl Failure {
    /// A failure with one member at fault.
    #[must_use]
    pub fn invalid(member: &'static str, problem: Problem) -> Self {
        let member = member.into();
        Self::Invalid(vec![Fault { member, problem }])
    }

    /// The status of the answer in either dialect (contract sections 6 and 7), and the failure's name in the log.
    pub(super) fn status_and_kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Refused(Refusal::KeysUnavailable(_)) | Self::Unavailable(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
            }
            Self::Refused(_) => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
            }
            Self::ForeignClient => (StatusCode::FORBIDDEN, "forbidden"),
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid"),
            Self::AudienceNotFound => (StatusCode::BAD_REQUEST, "audience_not_found"),
            Self::ContactNotFound => (StatusCode::NOT_FOUND, "contact_not_found"),
            Self::MethodNotFound(_) => (StatusCode::NOT_FOUND, "method_not_found"),
            Self::VersionMismatch(_) => (StatusCode::PRECONDITION_FAILED, "version_mismatch"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
        }
    }
}

/// A kind of contact method, as sentences for people begin.
pub(super) fn method_name(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Phone => "Phone number",
        MethodKind::Email => "Email",
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::AudienceNotFound => Self::AudienceNotFound,
            ChangeError::ContactNotFound => Self::ContactNotFound,
            ChangeError::MethodNotFound(kind) => Self::MethodNotFound(kind),
            ChangeError::FateUnknown => Self::Unavailable(Box::new(error)),
            ChangeError::AmbiguousId => Self::invalid("id", Problem::AMBIGUOUS),
            ChangeError::AddressTaken => Self::invalid("value", Problem::TAKEN),
            ChangeError::TooLarge => Self::invalid("body", Problem::TOO_LARGE),
            ChangeError::VersionMismatch(version) => Self::VersionMismatch(version),
            ChangeError::Database(error) => error.into(),
        }
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Unavailable(_)
            | DatabaseError::InDoubt(_)
            | DatabaseError::Contended(_)
            | DatabaseError::Outdated(_)
            | DatabaseError::PartlyThrottled(_) => Self::Unavailable(Box::new(error)),
            DatabaseError::Refused(_)
            | DatabaseError::UnreadableItem { .. }
            | DatabaseError::Inconsistent(_)
            | DatabaseError::UnexpectedAnswer(_) => Self::Internal(Box::new(error)),
        }
    }
}
