//! Where the function sends what it finds: events, and reports of records that it cannot read.

use std::error::Error;

use futures_util::future::BoxFuture;
use serde::Serialize;

use crate::event::Event;

/// A failure to send.
pub type SendError = Box<dyn Error + Send + Sync>;

/// Where the function sends what it finds: Amazon EventBridge and SQS on AWS, elsewhere on one machine.
pub trait Outlets: Send + Sync {
    /// Delivers events in their order, each at least once.
    ///
    /// Returns whether each was delivered, in the same order.
    fn deliver<'a>(&'a self, events: &'a [Event]) -> BoxFuture<'a, Vec<bool>>;

    /// Reports a record that cannot be read.
    fn report<'a>(&'a self, record: &'a UnreadableRecord) -> BoxFuture<'a, Result<(), SendError>>;
}

/// The position of a record that cannot be read, and why. Nothing in it is personal: the stream and the failure's place say
/// where the record is.
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
    /// Why it cannot be read.
    pub reason: String,
}
