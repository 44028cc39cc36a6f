//! The errors of the database and of changes.

use std::error::Error;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::error::TransactionCanceledException;

use super::retry::is_connect_failure;
use crate::domain::{MethodKind, Version};

/// The reason for a failed change. The change wrote nothing and will write nothing, unless the error is
/// [`ChangeError::FateUnknown`] or [`DatabaseError::InDoubt`].
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The organization has no audience with that slug.
    #[error("no such audience")]
    AudienceNotFound,
    /// The organization has no contact with that id, or the client has not onboarded the contact.
    #[error("no such contact")]
    ContactNotFound,
    /// Contacts of several organizations have the id.
    #[error("contacts of several organizations have the id")]
    AmbiguousId,
    /// The contact has no such phone number or e-mail address.
    #[error("no such contact method")]
    MethodNotFound(MethodKind),
    /// The contact does not have the e-mail address that a client names.
    #[error("the contact does not have the address")]
    AddressNotFound,
    /// The contact has no e-mail address.
    #[error("the contact has no e-mail address")]
    NoAddress,
    /// Another contact owns the e-mail address.
    #[error("another contact owns the address")]
    AddressTaken,
    /// The contact would exceed the size limit of a DynamoDB item.
    #[error("the contact would be too large")]
    TooLarge,
    /// The answer to a write was lost, and other callers have changed the contact so often that the store cannot find
    /// out whether DynamoDB applied the write. The write may still take effect, but only once.
    #[error("too many changes followed to know whether the write was applied")]
    FateUnknown,
    /// The cursor of a page was changed, or belongs to another query.
    #[error("the cursor is not valid for this query")]
    InvalidCursor,
    /// The contact does not have a version that the caller accepts. The value is the contact's version; `None` if the contact does
    /// not exist, or the client has not onboarded it.
    #[error("the contact has another version")]
    VersionMismatch(Option<Version>),
    /// The database failed or refused the request.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// The reason for a failed request to the database.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The database throttles, fails, or is unreachable. The same request may succeed later.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// A write got no answer, or got an error that does not tell whether DynamoDB applied the write. DynamoDB may also
    /// apply it later.
    #[error("it is not known whether the database applied the write")]
    InDoubt(#[source] Box<dyn Error + Send + Sync>),
    /// Another request has changed the same items since they were read, or is about to. A new attempt with a new read may
    /// succeed.
    #[error("another request changed the data first")]
    LostRace(#[source] Box<dyn Error + Send + Sync>),
    /// The database throttles a part of the request. The SDK does not retry this. A new attempt may succeed.
    #[error("the database throttles a part of the request")]
    PartlyThrottled(#[source] Box<dyn Error + Send + Sync>),
    /// The database refuses the request because of a bug or a wrong deployment, such as a missing table or permission.
    #[error("the database refuses the request")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// An attribute of an item does not have the form that this version of the code reads.
    #[error("cannot read {path} of a {kind} item: {reason}")]
    UnreadableItem {
        /// The kind of item.
        kind: &'static str,
        /// The attribute's path. It contains no personal data.
        path: String,
        /// The expected form of the attribute. It quotes no value.
        reason: String,
    },
    /// Items contradict each other.
    #[error("the table is inconsistent: {0}")]
    Inconsistent(&'static str),
    /// The database gave an impossible answer.
    #[error("the database answered something unexpected: {0}")]
    UnexpectedAnswer(&'static str),
}

impl DatabaseError {
    /// Classifies an error of a read, or of another request that is safe to repeat.
    pub(super) fn from_sdk<E>(error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        match Self::from_write(error) {
            Self::InDoubt(source) => Self::Unavailable(source),
            error => error,
        }
    }

    /// Classifies an error of a write. A failed condition means that the item is not as it was read.
    pub(super) fn from_write<E>(error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let sort = match &error {
            SdkError::ServiceError(context) => {
                let status = context.raw().status();
                let sort = match context.err().code() {
                    Some("ConditionalCheckFailedException" | "TransactionConflictException") => {
                        Self::LostRace
                    }
                    // DynamoDB failed, or the answer is not from DynamoDB, such as the error page of a proxy.
                    _ if !status.is_client_error() => Self::InDoubt,
                    Some(code) if is_passing(code) => Self::Unavailable,
                    _ => Self::Refused,
                };
                return sort(Box::new(ErrorAnswer::new(context.err(), &[])));
            }
            SdkError::ConstructionFailure(_) => Self::Refused,
            SdkError::DispatchFailure(failure)
                if failure.as_connector_error().is_some_and(is_connect_failure) =>
            {
                Self::Unavailable
            }
            // There is no answer, or an incomplete one.
            _ => Self::InDoubt,
        };
        sort(Box::new(error))
    }

    /// Classifies an error of a transaction that writes.
    pub(super) fn from_transaction(error: SdkError<TransactWriteItemsError, HttpResponse>) -> Self {
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                Self::from_cancellation(cancelled)
            }
            _ => Self::from_write(error),
        }
    }

    /// Classifies an error of a transaction that reads.
    pub(super) fn from_snapshot(error: SdkError<TransactGetItemsError, HttpResponse>) -> Self {
        match error.as_service_error() {
            Some(TransactGetItemsError::TransactionCanceledException(cancelled)) => {
                Self::from_cancellation(cancelled)
            }
            _ => Self::from_sdk(error),
        }
    }

    /// Classifies a cancelled transaction. A failed condition or a conflict with another request is a lost race. A lack
    /// of capacity is temporary too.
    fn from_cancellation(cancelled: &TransactionCanceledException) -> Self {
        let reasons: Vec<_> = cancelled
            .cancellation_reasons()
            .iter()
            .filter_map(|reason| reason.code())
            .filter(|code| *code != "None")
            .collect();
        let is_race =
            |code: &&str| matches!(*code, "ConditionalCheckFailed" | "TransactionConflict");
        let is_throttling =
            |code: &&str| matches!(*code, "ProvisionedThroughputExceeded" | "ThrottlingError");
        let may_pass = reasons
            .iter()
            .all(|code| is_race(code) || is_throttling(code));
        let sort = if reasons.is_empty() || !may_pass {
            Self::Refused
        } else if reasons.iter().any(is_race) {
            Self::LostRace
        } else {
            Self::PartlyThrottled
        };
        sort(Box::new(ErrorAnswer::new(cancelled, &reasons)))
    }

    /// Whether the same request may succeed later, perhaps with a new read.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            // On Lambda, a function gets new credentials. A person with temporary credentials must renew them.
            Self::Unavailable(_) => self.code() != Some(EXPIRED),
            Self::InDoubt(_) | Self::LostRace(_) | Self::PartlyThrottled(_) => true,
            Self::Refused(_)
            | Self::UnreadableItem { .. }
            | Self::Inconsistent(_)
            | Self::UnexpectedAnswer(_) => false,
        }
    }

    /// Whether an immediate new attempt may succeed: after a lost race, or after throttling that the SDK does not retry.
    pub(super) fn is_worth_another_attempt(&self) -> bool {
        self.is_lost_race() || matches!(self, Self::PartlyThrottled(_))
    }

    /// Whether another caller's change came first, so that the store needs a new read.
    pub(super) fn is_lost_race(&self) -> bool {
        matches!(self, Self::LostRace(_))
    }

    /// Whether the answer is not from DynamoDB. All errors of DynamoDB have a code.
    #[must_use]
    pub fn is_of_another_service(&self) -> bool {
        matches!(self, Self::Refused(_)) && self.code() == Some(NO_CODE)
    }

    /// Whether the database refuses this request because of its content, and not all requests.
    pub(super) fn is_about_content(&self) -> bool {
        self.code() == Some("ValidationException")
            || self.answer().is_some_and(|answer| {
                answer.reasons.iter().any(|reason| {
                    reason == "ValidationError" || reason == "ItemCollectionSizeLimitExceeded"
                })
            })
    }

    /// DynamoDB's error answer, if the cause is one.
    fn answer(&self) -> Option<&ErrorAnswer> {
        match self {
            Self::Unavailable(source) | Self::Refused(source) => source.downcast_ref(),
            _ => None,
        }
    }

    fn code(&self) -> Option<&str> {
        self.answer().map(|answer| answer.code.as_str())
    }
}

impl From<serde_dynamo::Error> for DatabaseError {
    fn from(error: serde_dynamo::Error) -> Self {
        Self::Refused(Box::new(error))
    }
}

impl From<BuildError> for DatabaseError {
    fn from(error: BuildError) -> Self {
        Self::Refused(Box::new(error))
    }
}

/// The error for items that have changed since the read, with the reason.
pub(super) fn lost_race(why: &'static str) -> ChangeError {
    DatabaseError::LostRace(why.into()).into()
}

/// The logged part of DynamoDB's error answer: the codes and DynamoDB's request id. The message is left out, because it
/// may quote personal data from the request.
#[derive(Debug, thiserror::Error)]
#[error("DynamoDB answered {code} {reasons:?} (request {request_id})")]
struct ErrorAnswer {
    code: String,
    /// The cancellation reasons of a transaction.
    reasons: Vec<String>,
    request_id: String,
}

impl ErrorAnswer {
    fn new(error: &impl ProvideErrorMetadata, reasons: &[&str]) -> Self {
        Self {
            code: error.code().unwrap_or(NO_CODE).to_owned(),
            reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
            request_id: error.meta().request_id().unwrap_or("unknown").to_owned(),
        }
    }
}

/// The placeholder for a missing error code.
const NO_CODE: &str = "an error without a code";

/// The error code of expired credentials.
const EXPIRED: &str = "ExpiredTokenException";

/// Whether DynamoDB's error with this code is temporary. The SDK has already retried it.
fn is_passing(code: &str) -> bool {
    matches!(
        code,
        // Lambda renews the credentials before the next request.
        EXPIRED
            | "LimitExceededException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "ThrottlingException"
            | "TransactionInProgressException"
    )
}

#[cfg(test)]
mod tests;
