//! The failures of requests. A dialect turns a failure into a response as the last step.

use std::borrow::Cow;
use std::error::Error;

use lambda_http::http::StatusCode;

use super::mailer::FieldCode;
use crate::auth::Refusal;
use crate::domain::{InvalidEmailAddress, InvalidPhoneNumber, MethodKind, Version};
use crate::store::{ChangeError, DatabaseError};

/// The failure of a request. Its text is for clients. If the service itself fails, the text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// 401, or 503 if the keys to verify the token are not available.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// 413: the body is too large.
    #[error("Payload too large")]
    PayloadTooLarge,
    /// 415: the content type is not JSON.
    #[error("Content type must be application/json")]
    UnsupportedMediaType,
    /// 403: the client in the body is not the token's, or the token has no client.
    #[error("Forbidden: client is not the token's")]
    ForeignClient,
    /// 403: the caller is neither an administrator nor a super administrator.
    #[error("Forbidden: only an administrator may erase a contact")]
    NotAdministrator,
    /// 400, with every member at fault.
    #[error("Invalid payload: {}", .0.iter().map(Fault::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Fault>),
    /// 400: the organization has no such audience.
    #[error("Invalid payload: audience must exist")]
    AudienceNotFound,
    /// 404: the caller has no access to such a contact.
    #[error("Contact not found")]
    ContactNotFound,
    /// 404: the contact does not have the phone number or e-mail address.
    #[error("{} not found on contact", method_name(*.0))]
    MethodNotFound(MethodKind),
    /// 412, with the current version of the contact, if the contact exists.
    #[error("Contact has changed")]
    VersionMismatch(Option<Version>),
    /// 503: the service cannot complete the request at the moment.
    #[error("temporarily unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// 500: the service is at fault.
    #[error("internal error")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

/// An invalid member of a request. Its text is a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} {problem}", if .member == "if_match" { "If-Match" } else { .member.as_ref() })]
pub struct Fault {
    /// The name: the path of a member of the body (`phoneNumber.0.value`), or a parameter of the query. It is `body` for the
    /// body itself, and `if_match` for the header.
    pub member: Cow<'static, str>,
    /// The problem of the member.
    pub problem: Problem,
}

/// The problem of a member. Its text ends the CRM's sentence, which begins with the member's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The body is not JSON.
    #[error("must be valid JSON")]
    InvalidJson,
    /// The body is not an object.
    #[error("must be a JSON object")]
    MustBeObject,
    /// It is absent, null or blank.
    #[error("is required")]
    Required,
    /// It is not a boolean.
    #[error("must be true or false")]
    MustBeBoolean,
    /// It is not a text.
    #[error("must be a string")]
    MustBeString,
    /// It is not a list.
    #[error("must be a list")]
    MustBeList,
    /// An entry of the list is blank or not a text.
    #[error("must hold strings that are not blank")]
    MustBeNonEmptyStrings,
    /// More than one of its entries is primary.
    #[error("must have at most one primary entry")]
    MustHaveOnePrimary,
    /// It is not the status of a subscription.
    #[error("must be pending, subscribed or unsubscribed")]
    MustBeSubscriptionStatus,
    /// It is not a finding of an e-mail validation.
    #[error("must be the finding of an e-mail validation, such as valid")]
    MustBeValidationStatus,
    /// It is not a scope.
    #[error("must be client, audience or global")]
    MustBeScope,
    /// It is not one of the two kinds of contact method.
    #[error("must be \"phone\" or \"email\"")]
    MustBeMethodKind,
    /// It is neither a phone number nor an e-mail address.
    #[error("must be a phone number or an e-mail address")]
    MustBeMethodValue,
    /// It is not a phone number.
    #[error("{0}")]
    MustBePhoneNumber(InvalidPhoneNumber),
    /// It is not an e-mail address.
    #[error("{0}")]
    MustBeEmailAddress(InvalidEmailAddress),
    /// It is neither an RFC 3339 date and time nor null.
    #[error(
        "must be null or an RFC 3339 date and time with an offset, such as 2026-05-20T15:04:01.135Z"
    )]
    MustBeDateTimeOrNull,
    /// It is not an ISO 8601 date and time.
    #[error("must be an ISO 8601 date and time")]
    MustBeIsoDatetime,
    /// It is not a label.
    #[error("must be a string of at most 100 characters without control characters")]
    MustBeLabel,
    /// It is not a number of entries that a page can have.
    #[error("must be a number from 1 to 100")]
    MustBePageLimit,
    /// It is not the cursor of a page of this query.
    #[error("must be the nextCursor of a page of the same contact, type and value")]
    MustBeCursor,
    /// It is not the name of an audience that could exist: every name is a slug.
    #[error("must exist")]
    NoSuchAudience,
    /// It is not a list of strong entity tags.
    #[error("must be * or a list of at most 100 strong entity tags, such as \"3\"")]
    MustBeEntityTags,
    /// The contact's id is used in several organizations.
    #[error(
        "must be unique: contacts of several organizations have it, and the token names none of them"
    )]
    Ambiguous,
    /// The contact does not have the address.
    #[error("must be an e-mail address of the contact")]
    NotOnContact,
    /// The body has a misspelling in place of a member whose absence would clear a verification.
    #[error("must be spelled {0}")]
    Misspelled(&'static str),
    /// Another contact of the organization has the address.
    #[error("must be an e-mail address that no other contact has")]
    Taken,
    /// With it, the contact would be too large.
    #[error(
        "must leave the contact smaller than the 400 KB of an item, with room for a verification of every entry"
    )]
    TooLarge,
}

impl Problem {
    /// The mailer's code. A problem without a code of its own becomes [`FieldCode::Invalid`].
    pub(super) fn code(self) -> FieldCode {
        match self {
            Self::InvalidJson => FieldCode::InvalidJson,
            Self::MustBeObject => FieldCode::MustBeObject,
            Self::Required => FieldCode::Required,
            Self::MustBeBoolean => FieldCode::MustBeBoolean,
            Self::MustBeString => FieldCode::MustBeString,
            Self::MustBeList => FieldCode::MustBeList,
            Self::MustBeNonEmptyStrings => FieldCode::MustBeNonEmptyStrings,
            Self::MustBeDateTimeOrNull | Self::MustBeIsoDatetime => FieldCode::MustBeIsoDatetime,
            Self::MustBeEntityTags => FieldCode::MustBeEntityTags,
            Self::NotOnContact | Self::NoSuchAudience => FieldCode::NotFound,
            Self::TooLarge => FieldCode::TooLarge,
            _ => FieldCode::Invalid,
        }
    }
}

impl Failure {
    /// A failure with one member at fault.
    #[must_use]
    pub fn invalid(member: &'static str, problem: Problem) -> Self {
        let member = member.into();
        Self::Invalid(vec![Fault { member, problem }])
    }

    /// The text of the failure for clients.
    pub(super) fn message(&self) -> String {
        match self.status_and_kind() {
            (StatusCode::SERVICE_UNAVAILABLE, _) => "Service temporarily unavailable".to_owned(),
            (StatusCode::INTERNAL_SERVER_ERROR, _) => "Internal server error".to_owned(),
            _ => self.to_string(),
        }
    }

    /// The status of the answer in either dialect (contract sections 6 and 7).
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status_and_kind().0
    }

    /// The status of the answer, and the failure's name in the log.
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
            Self::ForeignClient | Self::NotAdministrator => (StatusCode::FORBIDDEN, "forbidden"),
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid"),
            Self::AudienceNotFound => (StatusCode::BAD_REQUEST, "audience_not_found"),
            Self::ContactNotFound => (StatusCode::NOT_FOUND, "contact_not_found"),
            Self::MethodNotFound(_) => (StatusCode::NOT_FOUND, "method_not_found"),
            Self::VersionMismatch(_) => (StatusCode::PRECONDITION_FAILED, "version_mismatch"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
        }
    }
}

/// The name of a kind of contact method, at the beginning of a sentence.
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
            ChangeError::AmbiguousId => Self::invalid("id", Problem::Ambiguous),
            ChangeError::AddressNotFound => Self::invalid("email", Problem::NotOnContact),
            ChangeError::NoAddress => Self::invalid("email", Problem::Required),
            ChangeError::AddressTaken => Self::invalid("value", Problem::Taken),
            ChangeError::InvalidCursor => Self::invalid("cursor", Problem::MustBeCursor),
            ChangeError::TooLarge => Self::invalid("body", Problem::TooLarge),
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
            | DatabaseError::LostRace(_)
            | DatabaseError::PartlyThrottled(_) => Self::Unavailable(Box::new(error)),
            DatabaseError::Refused(_)
            | DatabaseError::UnreadableItem { .. }
            | DatabaseError::Inconsistent(_)
            | DatabaseError::UnexpectedAnswer(_) => Self::Internal(Box::new(error)),
        }
    }
}
