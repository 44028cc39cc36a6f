//! The failures of requests. A dialect turns a failure into a response as the last step.

use std::borrow::Cow;
use std::error::Error;

use lambda_http::http::StatusCode;

use crate::auth::Refusal;
use crate::domain::{MethodKind, Version};
use crate::store::{ChangeError, DatabaseError};

/// The failure of a request.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// 401, or 503 where there are no keys to check the token with.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// 413.
    #[error("the body is over 16 KiB")]
    PayloadTooLarge,
    /// 415.
    #[error("the content type is not JSON")]
    UnsupportedMediaType,
    /// 403: the client in the body is not the token's, or the token has no client.
    #[error("the client is not the token's")]
    ForeignClient,
    /// 400, with every member at fault.
    #[error("the request is not valid")]
    Invalid(Vec<Fault>),
    /// 400: the organization has no such audience.
    #[error("no such audience")]
    AudienceNotFound,
    /// 404.
    #[error("no such contact")]
    ContactNotFound,
    /// 404.
    #[error("no such contact method")]
    MethodNotFound(MethodKind),
    /// 412, with the current version of the contact, if the contact exists.
    #[error("the contact has another version")]
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

/// What is wrong with a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The body is not JSON.
    InvalidJson,
    /// The body is not an object.
    MustBeObject,
    /// It is absent, null or blank.
    Required,
    /// It is not a boolean.
    MustBeBoolean,
    /// It is not a text.
    MustBeString,
    /// It is not a list.
    MustBeList,
    /// An entry of the list is blank or not a text.
    MustBeNonEmptyStrings,
    /// More than one of its entries is primary.
    MustHaveOnePrimary,
    /// It is not the status of a subscription.
    MustBeSubscriptionStatus,
    /// It is not a finding of an e-mail validation.
    MustBeValidationStatus,
    /// It is not a scope.
    MustBeScope,
    /// It is not one of the two kinds of contact method.
    MustBeMethodKind,
    /// It is neither a phone number nor an e-mail address.
    MustBeMethodValue,
    /// It is not a phone number.
    MustBePhoneNumber,
    /// It is not an e-mail address.
    MustBeEmailAddress,
    /// It is neither an RFC 3339 date and time nor null.
    MustBeDateTimeOrNull,
    /// It is not an ISO 8601 date and time.
    MustBeIsoDatetime,
    /// It is not a label.
    MustBeLabel,
    /// It is not a list of strong entity tags.
    MustBeEntityTags,
    /// The contact's id is used in several organizations.
    Ambiguous,
    /// Another contact of the organization has the address.
    Taken,
    /// With it, the contact would be too large.
    TooLarge,
}

impl Failure {
    /// A failure with one member at fault.
    #[must_use]
    pub fn invalid(member: &'static str, problem: Problem) -> Self {
        Self::Invalid(vec![Fault {
            member: member.into(),
            problem,
        }])
    }

    /// The status of the answer, in either dialect (contract sections 6 and 7).
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Refused(Refusal::KeysUnavailable(_)) | Self::Unavailable(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Refused(_) => StatusCode::UNAUTHORIZED,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::ForeignClient => StatusCode::FORBIDDEN,
            Self::Invalid(_) | Self::AudienceNotFound => StatusCode::BAD_REQUEST,
            Self::ContactNotFound | Self::MethodNotFound(_) => StatusCode::NOT_FOUND,
            Self::VersionMismatch(_) => StatusCode::PRECONDITION_FAILED,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Its name in the log.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Refused(Refusal::KeysUnavailable(_)) | Self::Unavailable(_) => "unavailable",
            Self::Refused(_) => "unauthorized",
            Self::PayloadTooLarge => "payload_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::ForeignClient => "forbidden",
            Self::Invalid(_) => "invalid",
            Self::AudienceNotFound => "audience_not_found",
            Self::ContactNotFound => "contact_not_found",
            Self::MethodNotFound(_) => "method_not_found",
            Self::VersionMismatch(_) => "version_mismatch",
            Self::Internal(_) => "internal_error",
        }
    }

    /// The failure for an error of the store. `kind` is the kind of the contact method in the request, if it names one.
    fn from_change(error: ChangeError, kind: Option<MethodKind>) -> Self {
        match (error, kind) {
            (ChangeError::AudienceNotFound, _) => Self::AudienceNotFound,
            (ChangeError::MethodNotFound, Some(kind)) => Self::MethodNotFound(kind),
            (ChangeError::ContactNotFound | ChangeError::MethodNotFound, _) => {
                Self::ContactNotFound
            }
            (error @ ChangeError::FateUnknown, _) => Self::Unavailable(Box::new(error)),
            (ChangeError::AmbiguousId, _) => Self::invalid("id", Problem::Ambiguous),
            (ChangeError::AddressTaken, _) => Self::invalid("value", Problem::Taken),
            (ChangeError::TooLarge, _) => Self::invalid("body", Problem::TooLarge),
            (ChangeError::VersionMismatch(version), _) => Self::VersionMismatch(version),
            (ChangeError::Database(error), _) => error.into(),
        }
    }

    /// The failure to change a contact method of this kind.
    pub fn of_method(kind: MethodKind) -> impl FnOnce(ChangeError) -> Self {
        move |error| Self::from_change(error, Some(kind))
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        Self::from_change(error, None)
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
