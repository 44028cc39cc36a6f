//! What can go wrong in the database.

use std::error::Error;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;

use crate::domain::Version;

/// Why a change was not made. Nothing was written, unless the answer to it got lost, which is
/// [`DatabaseError::Unavailable`], or it was and the contact cannot be read: then the same request may be made again.
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
    /// The e-mail address is another contact's.
    #[error("another contact owns the address")]
    AddressTaken,
    /// The contact would be larger than an item of DynamoDB can be.
    #[error("the contact would be too large")]
    TooLarge,
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
    /// Another transaction is at the same items. A new attempt may succeed.
    #[error("another change to the same items is under way")]
    Contended(#[source] Box<dyn Error + Send + Sync>),
    /// A condition does not hold: the items are not, or no longer, as they were taken to be. A new attempt, from a new
    /// read, may succeed.
    #[error("another change to the same items got in between")]
    Outdated(#[source] Box<dyn Error + Send + Sync>),
    /// It throttles a part of what was asked, which the SDK does not retry. A new attempt may succeed.
    #[error("the database throttles a part of the request")]
    PartlyThrottled(#[source] Box<dyn Error + Send + Sync>),
    /// It refuses the request, which is our mistake or the deployment's: a missing table, a missing permission.
    #[error("the database refuses the request")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// An item of this kind is not what this version of the code can read or write. What exactly is wrong is not kept,
    /// since serde's words quote values, which are personal data.
    #[error("a {0} item cannot be read or written")]
    Unreadable(&'static str),
    /// It answered something that cannot be.
    #[error("the database's answer makes no sense: {0}")]
    UnexpectedAnswer(&'static str),
}

impl ChangeError {
    pub(super) fn is_worth_another_attempt(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_worth_another_attempt())
    }

    /// Whether other callers were faster.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_lost_race())
    }

    /// Whether a condition did not hold.
    pub(super) fn is_outdated(&self) -> bool {
        matches!(self, Self::Database(DatabaseError::Outdated(_)))
    }
}

impl DatabaseError {
    /// Sorts an error of any operation.
    pub(super) fn from_sdk<E>(error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let SdkError::ServiceError(context) = &error else {
            let sort = match error {
                SdkError::ConstructionFailure(_) => Self::Refused,
                // No answer, or one that broke off.
                _ => Self::Unavailable,
            };
            return sort(Box::new(error));
        };
        let sort = match context.err().code() {
            Some("TransactionConflictException") => Self::Contended,
            Some(code) if is_passing(code) => Self::Unavailable,
            _ if context.raw().status().is_client_error() => Self::Refused,
            // It failed, or its answer cannot be read: a page of a proxy's, say.
            _ => Self::Unavailable,
        };
        sort(Box::new(ErrorAnswer::new(context.err(), [])))
    }

    /// Sorts a failed update whose condition takes for granted what was read.
    pub(super) fn from_update(error: SdkError<UpdateItemError, HttpResponse>) -> Self {
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                Self::Outdated(Box::new(ErrorAnswer::new(refused, [])))
            }
            _ => Self::from_sdk(error),
        }
    }

    /// Sorts a failed transaction. One that was cancelled because a condition no longer holds or because another
    /// transaction was at the same items has lost a race; one for want of capacity may pass as well.
    pub(super) fn from_transaction(error: SdkError<TransactWriteItemsError, HttpResponse>) -> Self {
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            error.as_service_error()
        else {
            return Self::from_sdk(error);
        };
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
            Self::Contended(_) | Self::Outdated(_) | Self::PartlyThrottled(_) => true,
            Self::Refused(_) | Self::Unreadable(_) | Self::UnexpectedAnswer(_) => false,
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

    /// Whether others were faster, so that what was read is of no use any more.
    pub(super) fn is_lost_race(&self) -> bool {
        matches!(self, Self::Contended(_) | Self::Outdated(_))
    }

    /// Whether what is refused is what the request holds, and not any request.
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

/// What was read is of no use any more, for this reason.
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
            | "InternalServerError"
            | "LimitExceededException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "ServiceUnavailable"
            | "ThrottlingException"
            | "TransactionInProgressException"
    )
}
