//! The outlets of the function: for events, and for reports of records that it cannot read.

use std::error::Error;

use futures_util::future::BoxFuture;
use serde::Serialize;

use crate::event::Event;

/// A failure to send.
pub type SendError = Box<dyn Error + Send + Sync>;

/// The outlets of the function. On AWS: Amazon EventBridge and Amazon SQS. `contacts serve` and the tests have other outlets.
pub trait Outlets: Send + Sync {
    /// Delivers events in their order, each at least once.
    ///
    /// Returns whether each was delivered, in the same order. The list may end after the first failure.
    fn deliver<'a>(&'a self, events: &'a [Event]) -> BoxFuture<'a, Vec<bool>>;

    /// Reports a record that cannot be read.
    fn report<'a>(&'a self, record: &'a UnreadableRecord) -> BoxFuture<'a, Result<(), SendError>>;
}

/// The position of a record that cannot be read, and the reason. It contains no personal data, only the place of the record and
/// of the failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnreadableRecord {
    /// The stream.
    pub stream_arn: Option<String>,
    /// The id of the record's event.
    pub event_id: Option<String>,
    /// The record's number in the stream.
    pub sequence_number: Option<String>,
    /// The key of the item: the organization, and the contact or the hash of an address.
    pub partition_key: Option<String>,
    /// The rest of the key.
    pub sort_key: Option<String>,
    /// The reason why the record cannot be read.
    pub reason: String,
}
