//! Decides after which failures the SDK may retry a request.

use std::error::Error;
use std::iter;

use aws_sdk_dynamodb::config::interceptors::InterceptorContext;
use aws_sdk_dynamodb::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_dynamodb::error::ConnectorError;
use hyper_util::client::legacy;

/// Keeps the SDK from retrying a write after an ambiguous failure: a timeout, a broken connection, or a status of 500 or more.
/// After such a failure, DynamoDB may have applied the write. If another caller has changed the item since, a retry would apply
/// the write twice.
///
/// Throttling, conflicts and connections that did not open are not ambiguous. The SDK retries them as usual.
#[derive(Debug)]
pub(super) struct NeverAfterAmbiguousFailure;

impl ClassifyRetry for NeverAfterAmbiguousFailure {
    fn name(&self) -> &'static str {
        "NeverAfterAmbiguousFailure"
    }

    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else {
            return RetryAction::NoActionIndicated;
        };
        let has_server_error = context
            .response()
            .is_some_and(|response| response.status().as_u16() >= 500);
        let is_ambiguous = match error.as_connector_error() {
            Some(error) => !is_connect_failure(error),
            None => has_server_error || !error.is_operation_error(),
        };
        if is_ambiguous {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }
}

/// Whether the connection did not open, so that the SDK sent nothing.
pub(super) fn is_connect_failure(error: &ConnectorError) -> bool {
    let error: &(dyn Error + 'static) = error;
    iter::successors(Some(error), |&error| error.source())
        .filter_map(|error| error.downcast_ref::<legacy::Error>())
        .any(legacy::Error::is_connect)
}
