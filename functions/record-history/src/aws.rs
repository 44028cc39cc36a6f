//! Amazon EventBridge and Amazon SQS.

use std::time::{Duration, SystemTime};

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::event::Event;
use crate::outlets::{Outlets, SendError, UnreadableRecord};

/// The source of all events on the bus.
const SOURCE: &str = "contact-verification";

/// The maximum number of events in one call.
const MAX_EVENTS: usize = 10;

/// A bus of Amazon EventBridge and a queue of Amazon SQS.
pub struct AwsOutlets {
    /// The client of EventBridge.
    pub eventbridge: aws_sdk_eventbridge::Client,
    /// The bus that gets the events.
    pub event_bus_name: String,
    /// The client of SQS.
    pub sqs: aws_sdk_sqs::Client,
    /// The queue that gets the reports.
    pub queue_url: String,
}

impl AwsOutlets {
    /// Sends at most ten events, and retries those that the bus did not take. Returns whether the bus took each.
    async fn put(&self, events: &[Event]) -> Vec<bool> {
        let mut delivered = vec![false; events.len()];
        let mut delays = ExponentialBuilder::new()
            .with_jitter()
            .with_min_delay(Duration::from_millis(50))
            .with_max_delay(Duration::from_secs(2))
            .with_max_times(6)
            .build();
        loop {
            let left: Vec<_> = (0..events.len()).filter(|&at| !delivered[at]).collect();
            let entries = left.iter().map(|&at| self.entry(&events[at])).collect();
            let request = self.eventbridge.put_events().set_entries(Some(entries));
            match request.send().await {
                Ok(answer) => {
                    for (&at, entry) in left.iter().zip(answer.entries()) {
                        delivered[at] = entry.error_code().is_none();
                        if let Some(code) = entry.error_code() {
                            tracing::warn!(code, "the bus did not take an event");
                        }
                    }
                }
                // The SDK has already retried the call.
                Err(error) => {
                    let error = aws_sdk_eventbridge::error::DisplayErrorContext(&error);
                    tracing::error!(%error, "events were not sent");
                    return delivered;
                }
            }
            if delivered.iter().all(|is_delivered| *is_delivered) {
                return delivered;
            }
            match delays.next() {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return delivered,
            }
        }
    }

    fn entry(&self, event: &Event) -> PutEventsRequestEntry {
        let milliseconds = u64::try_from(event.time.unix_milliseconds()).unwrap_or_default();
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds);
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.event_bus_name)
            .source(SOURCE)
            .detail_type(event.kind)
            .time(time.into())
            // An event holds texts, numbers and maps with texts as keys, which are always valid JSON.
            .detail(serde_json::to_string(event).unwrap_or_default())
            .build()
    }
}

impl Outlets for AwsOutlets {
    fn deliver<'a>(&'a self, events: &'a [Event]) -> BoxFuture<'a, Vec<bool>> {
        async {
            let mut delivered = Vec::with_capacity(events.len());
            for events in events.chunks(MAX_EVENTS) {
                delivered.extend(self.put(events).await);
                if delivered.contains(&false) {
                    // The stream sends the failed event's record again, with all records after it.
                    break;
                }
            }
            delivered
        }
        .boxed()
    }

    fn report<'a>(&'a self, record: &'a UnreadableRecord) -> BoxFuture<'a, Result<(), SendError>> {
        async {
            let message = serde_json::to_string(record)?;
            let request = self.sqs.send_message().queue_url(&self.queue_url);
            request.message_body(message).send().await?;
            Ok(())
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
