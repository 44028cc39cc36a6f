//! What can go wrong in the database.

use std::error::Error;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::error::TransactionCanceledException;

use super::retry::is_connect_failure;
use crate::domain::Version;

/// Why a change was not made. Nothing was written, and nothing will be, unless the error is
/// [`ChangeError::FateUnknown`] or [`ChangeError::FateUnknown`].
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The organization has no audience of that slug.
    #[error("no such audience")]
    AudienceNotFound,
    /// The organization has no contact of that id, or the client has not onboarded it.
    #[error("no such contact")]
    ContactNotFound,
    /// Contacts of several organizations have the id.
    #[error("contacts of several organizations have the id")]
    AmbiguousId,
    /// The contact has no such phone number or e-mail address.
    #[error("no such contact method")]
    MethodNotFound,
    /// The e-mail address is another contact's.
    #[error("another contact owns the address")]
    AddressTaken,
    /// The contact would be larger than an item of DynamoDB can be.
    #[error("the contact would be too large")]
    TooLarge,
    /// The answer to a write was lost, and others have changed the contact so often that nobody can tell whether it was
    /// applied. It may still take effect, once.
    #[error("whether the write was applied cannot be told")]
    FateUnknown,
    /// The contact is not at a version that the caller expects. It is at this one, or does not exist.
    #[error("the contact has another version")]
    VersionMismatch(Option<Version>),
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
    /// No answer to a write came, or a failure that leaves open whether the write was applied, now or later.
    #[error("it is not known whether the database applied the write")]
    InDoubt(#[source] Box<dyn Error + Send + Sync>),
    /// Another request is at the same items. A new attempt may succeed.
    #[error("another request for the same items is in flight")]
    Contended(#[source] Box<dyn Error + Send + Sync>),
    /// A condition does not hold: the items are not, or no longer, as they were read. A new attempt, from a new read, may
    /// succeed.
    #[error("another change to the same items got in between")]
    Outdated(#[source] Box<dyn Error + Send + Sync>),
    /// It throttles a part of the request, which the SDK does not retry. A new attempt may succeed.
    #[error("the database throttles a part of the request")]
    PartlyThrottled(#[source] Box<dyn Error + Send + Sync>),
    /// It refuses the request, which is our mistake or the deployment's: a missing table, a missing permission.
    #[error("the database refuses the request")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// An attribute of an item is not what this version of the code reads or writes.
    #[error("cannot read {path} of a {kind} item: {reason}")]
    UnreadableItem {
        /// The kind of item.
        kind: &'static str,
        /// The attribute's path. It holds no personal data.
        path: String,
        /// What the attribute should be. It quotes no value.
        reason: String,
    },
    /// Items contradict each other.
    #[error("the table is inconsistent: {0}")]
    Inconsistent(&'static str),
    /// It answered something that cannot be.
    #[error("the database answered something unexpected: {0}")]
    UnexpectedAnswer(&'static str),
}

impl ChangeError {
    pub(super) fn is_worth_another_attempt(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_worth_another_attempt())
    }

    /// Whether other callers were faster.
    pub(super) fn is_lost_race(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_lost_race())
    }

    /// Whether it is open if the write was applied.
    pub(super) fn is_in_doubt(&self) -> bool {
        matches!(self, Self::Database(DatabaseError::InDoubt(_)))
    }
}

impl DatabaseError {
    /// Sorts an error of a read, or of another request that may be sent again.
    pub(super) fn from_sdk<E>(error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        match Self::from_write(error) {
            Self::InDoubt(source) => Self::Unavailable(source),
            error => error,
        }
    }

    /// Sorts an error of a write.
    fn from_write<E>(error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let sort = match &error {
            SdkError::ServiceError(context) => {
                let status = context.raw().status();
                let sort = match context.err().code() {
                    Some("TransactionConflictException") => Self::Contended,
                    // It failed, or its answer cannot be read: a page of a proxy's, say.
                    _ if !status.is_client_error() => Self::InDoubt,
                    Some(code) if is_passing(code) => Self::Unavailable,
                    _ => Self::Refused,
                };
                return sort(Box::new(ErrorAnswer::new(context.err(), [])));
            }
            SdkError::ConstructionFailure(_) => Self::Refused,
            SdkError::DispatchFailure(failure)
                if failure.as_connector_error().is_some_and(is_connect_failure) =>
            {
                Self::Unavailable
            }
            // No answer, or one that broke off.
            _ => Self::InDoubt,
        };
        sort(Box::new(error))
    }

    /// Sorts an error of an update whose condition is about what was read.
    pub(super) fn from_update(error: SdkError<UpdateItemError, HttpResponse>) -> Self {
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                Self::Outdated(Box::new(ErrorAnswer::new(refused, [])))
            }
            _ => Self::from_write(error),
        }
    }

    /// Sorts an error of a transaction that writes.
    pub(super) fn from_transaction(error: SdkError<TransactWriteItemsError, HttpResponse>) -> Self {
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                Self::from_cancellation(cancelled)
            }
            _ => Self::from_write(error),
        }
    }

    /// Sorts an error of a transaction that reads.
    pub(super) fn from_snapshot(error: SdkError<TransactGetItemsError, HttpResponse>) -> Self {
        match error.as_service_error() {
            Some(TransactGetItemsError::TransactionCanceledException(cancelled)) => {
                Self::from_cancellation(cancelled)
            }
            _ => Self::from_sdk(error),
        }
    }

    /// Sorts a cancelled transaction. A condition that does not hold and another request for the same items are lost races;
    /// a lack of capacity passes as well.
    fn from_cancellation(cancelled: &TransactionCanceledException) -> Self {
        let reasons: Vec<_> = cancelled
            .cancellation_reasons()
            .iter()
            .filter_map(|reason| reason.code())
            .filter(|code| *code != "None")
            .collect();
        let is_condition = |code: &&str| *code == "ConditionalCheckFailed";
        let is_conflict = |code: &&str| *code == "TransactionConflict";
        let is_throttling =
            |code: &&str| matches!(*code, "ProvisionedThroughputExceeded" | "ThrottlingError");
        let may_pass = !reasons.is_empty()
            && reasons
                .iter()
                .all(|code| is_condition(code) || is_conflict(code) || is_throttling(code));
        let sort = match may_pass {
            false => Self::Refused,
            true if reasons.iter().any(is_conflict) => Self::Contended,
            true if reasons.iter().any(is_condition) => Self::Outdated,
            true => Self::PartlyThrottled,
        };
        sort(Box::new(ErrorAnswer::new(cancelled, reasons)))
    }
}

impl DatabaseError {
    /// Whether the same request may succeed later, perhaps from a new read.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unavailable(source) => !is_expiry(source.as_ref()),
            Self::InDoubt(_)
            | Self::Contended(_)
            | Self::Outdated(_)
            | Self::PartlyThrottled(_) => true,
            Self::Refused(_)
            | Self::UnreadableItem { .. }
            | Self::Inconsistent(_)
            | Self::UnexpectedAnswer(_) => false,
        }
    }

    /// Whether what answered is no DynamoDB: its errors have codes.
    #[must_use]
    pub fn is_of_another_service(&self) -> bool {
        let Self::Refused(source) = self else {
            return false;
        };
        source
            .downcast_ref()
            .is_some_and(|answer: &ErrorAnswer| answer.code == NO_CODE)
    }

    /// Whether another attempt may succeed at once: others were faster, or it was throttled in a way that the SDK does not
    /// retry.
    pub(super) fn is_worth_another_attempt(&self) -> bool {
        self.is_lost_race() || matches!(self, Self::PartlyThrottled(_))
    }

    /// Whether others were faster, so that a new read is needed.
    pub(super) fn is_lost_race(&self) -> bool {
        matches!(self, Self::Contended(_) | Self::Outdated(_))
    }

    /// Whether the content of the request is refused, and not any request.
    pub(super) fn is_about_content(&self) -> bool {
        let Self::Refused(source) = self else {
            return false;
        };
        source.downcast_ref().is_some_and(|answer: &ErrorAnswer| {
            answer.code == "ValidationException"
                || answer.reasons.iter().any(|reason| {
                    reason == "ValidationError" || reason == "ItemCollectionSizeLimitExceeded"
                })
        })
    }
}

impl From<BuildError> for DatabaseError {
    fn from(error: BuildError) -> Self {
        Self::Refused(Box::new(error))
    }
}

/// The items are no longer as they were read, for this reason.
pub(super) fn outdated(why: &'static str) -> ChangeError {
    DatabaseError::Outdated(why.into()).into()
}

/// What of DynamoDB's error answer is kept: the codes, and its own id of the request. Not the message: it may quote
/// what was sent, and with it personal data, into the log.
#[derive(Debug, thiserror::Error)]
#[error("DynamoDB answered {code} {reasons:?} (request {request_id})")]
struct ErrorAnswer {
    code: String,
    /// Why each item of a transaction was refused, if one was.
    reasons: Vec<String>,
    request_id: String,
}

impl ErrorAnswer {
    fn new<'a>(
        error: &impl ProvideErrorMetadata,
        reasons: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self {
            code: error.code().unwrap_or(NO_CODE).to_owned(),
            reasons: reasons.into_iter().map(str::to_owned).collect(),
            request_id: error.meta().request_id().unwrap_or("unknown").to_owned(),
        }
    }
}

/// What stands for the code of an error that has none.
const NO_CODE: &str = "an error without a code";

/// The code of credentials that are over.
const EXPIRED: &str = "ExpiredTokenException";

/// Whether the credentials are over. A function gets others; whoever has been given them by hand has to get others.
fn is_expiry(source: &(dyn Error + Send + Sync + 'static)) -> bool {
    source
        .downcast_ref()
        .is_some_and(|answer: &ErrorAnswer| answer.code == EXPIRED)
}

/// Whether DynamoDB's error of this code passes by itself. The SDK has retried by the time we see one.
fn is_passing(code: &str) -> bool {
    matches!(
        code,
        // The credentials are renewed before the next request.
        EXPIRED
            | "LimitExceededException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "ThrottlingException"
            | "TransactionInProgressException"
    )
}
