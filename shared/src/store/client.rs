//! The timeouts and retries of the SDK.

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{Builder, SharedInterceptor, StalledStreamProtectionConfig};

use super::tally::NoteCalls;

/// The SDK's timeouts and its number of attempts.
///
/// API Gateway gives up after 30 seconds. With the defaults, the function sends an answer of the contract before that:
/// an operation takes at most 5 seconds, and a request without contention needs at most three operations. The
/// function's own deadline ([`crate::DEADLINE`]) is even shorter.
#[derive(Debug, Clone, Copy)]
pub struct ClientTimeouts {
    /// Timeout to open a connection.
    pub connect: Duration,
    /// Timeout of one attempt. DynamoDB answers within 10 milliseconds, so an answer that takes a hundred times as long
    /// is probably lost.
    pub attempt: Duration,
    /// Timeout of an operation with all its attempts.
    pub operation: Duration,
    /// Number of attempts of an operation, including the first.
    pub attempts: u32,
}

impl Default for ClientTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(1),
            attempt: Duration::from_millis(1500),
            operation: Duration::from_secs(5),
            attempts: 4,
        }
    }
}

/// Sets the SDK's timeouts and retries, and counts its calls for the log.
#[must_use]
pub fn configure(builder: Builder, timeouts: ClientTimeouts) -> Builder {
    let config = TimeoutConfig::builder()
        .connect_timeout(timeouts.connect)
        .operation_attempt_timeout(timeouts.attempt)
        .operation_timeout(timeouts.operation)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(timeouts.attempts)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_secs(1));
    let mut builder = builder
        .timeout_config(config)
        .retry_config(retries)
        // The protection ends answers that arrive too slowly. The timeout of an attempt ends them sooner.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    // A permanent interceptor costs less than one that a call can disable.
    builder.push_interceptor(SharedInterceptor::permanent(NoteCalls));
    builder
}
