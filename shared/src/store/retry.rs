//! Which failures the SDK may answer by sending a request again.

use std::error::Error;
use std::iter;

use aws_sdk_dynamodb::config::interceptors::InterceptorContext;
use aws_sdk_dynamodb::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_dynamodb::error::ConnectorError;
use hyper_util::client::legacy;

/// Keeps the SDK from sending a write again after an ambiguous failure, one that leaves open whether the write was applied:
/// a timeout, a broken connection, a status of 500 or more. In the meantime another caller may have changed the item, and the
/// write would take effect twice.
///
/// Throttling, conflicts and connections that could not be opened are not ambiguous, and sent again as ever.
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

/// Whether no connection could be opened, so that nothing was sent.
pub(super) fn is_connect_failure(error: &ConnectorError) -> bool {
    let error: &(dyn Error + 'static) = error;
    iter::successors(Some(error), |&error| error.source())
        .filter_map(|error| error.downcast_ref::<legacy::Error>())
        .any(legacy::Error::is_connect)
}
