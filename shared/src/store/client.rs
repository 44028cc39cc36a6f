//! How long the SDK tries before we answer for it.

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{Builder, SharedInterceptor, StalledStreamProtectionConfig};

use super::tally::NoteCalls;

/// How long the SDK waits and how often it tries.
///
/// The defaults make sure that a caller hears from the function, in the contract's words, before API Gateway gives up
/// after 30 seconds: an operation takes at most 5 seconds, and no request needs more than three of them without
/// contention. A function's own deadline ([`crate::DEADLINE`]) comes sooner still.
#[derive(Debug, Clone, Copy)]
pub struct ClientTimeouts {
    /// For a connection to stand.
    pub connect: Duration,
    /// For one answer. DynamoDB answers in single-digit milliseconds; what takes a hundred times as long is lost.
    pub attempt: Duration,
    /// For an operation with all its attempts.
    pub operation: Duration,
    /// Attempts of an operation, the first included.
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

/// Sets the SDK's timeouts and retries, and lets its calls be tallied.
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
        // It looks for answers that trickle; here an attempt's time ends them sooner.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    // One that no call can switch off costs less.
    builder.push_interceptor(SharedInterceptor::permanent(NoteCalls));
    builder
}
