//! What can go wrong in the database.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::domain::Version;

/// Why a change was not made. Whatever the reason, nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The organization has no audience of that slug.
    #[error("no such audience")]
    AudienceNotFound,
    /// The organization has no contact of that id, or the client has not onboarded it.
    #[error("no such contact")]
    ContactNotFound,
    /// The contact has no such phone number or e-mail address.
    #[error("no such contact method")]
    MethodNotFound,
    /// The contact is not at a version that the caller expects. It is at this one.
    #[error("the contact has another version")]
    VersionMismatch(Version),
    /// The database did not do it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// It cannot just now: it throttles, fails, or cannot be reached. The same request may succeed later.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// Other callers changed the same items in the meantime. A new attempt may succeed.
    #[error("another change to the same items got in between")]
    Contended(#[source] Box<dyn Error + Send + Sync>),
    /// It refuses the request, which is our mistake or the deployment's: a missing table, a missing permission.
    #[error("the database refuses the request")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// An item is not what this version of the code can read.
    #[error("an item cannot be read")]
    Unreadable(#[source] Box<dyn Error + Send + Sync>),
    /// It answered something that cannot be.
    #[error("the database's answer makes no sense: {0}")]
    Nonsense(&'static str),
}

impl ChangeError {
    pub(super) fn is_worth_another_attempt(&self) -> bool {
        matches!(self, Self::Database(DatabaseError::Contended(_)))
    }
}

impl DatabaseError {
    /// Sorts an error of any operation.
    pub(super) fn from_sdk<E, R>(error: SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        R: HttpStatus + Send + Sync + std::fmt::Debug + 'static,
    {
        let sort = match &error {
            SdkError::ConstructionFailure(_) => Self::Refused,
            SdkError::ServiceError(context) => match context.err().code() {
                Some("TransactionConflictException") => Self::Contended,
                Some(code) if is_passing(code) => Self::Unavailable,
                _ if context.raw().is_server_error() => Self::Unavailable,
                _ => Self::Refused,
            },
            // No answer, or one that broke off.
            _ => Self::Unavailable,
        };
        sort(Box::new(error))
    }
}

/// Whether DynamoDB's error of this code passes by itself. The SDK has retried by the time we see one.
fn is_passing(code: &str) -> bool {
    matches!(
        code,
        "InternalServerError"
            | "LimitExceededException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "ServiceUnavailable"
            | "ThrottlingException"
            | "TransactionInProgressException"
    )
}

/// An HTTP answer's status class, so that errors can be sorted without naming the SDK's transport.
pub(super) trait HttpStatus {
    fn is_server_error(&self) -> bool;
}

impl HttpStatus for aws_sdk_dynamodb::config::http::HttpResponse {
    fn is_server_error(&self) -> bool {
        self.status().is_server_error()
    }
}
