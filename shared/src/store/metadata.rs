//! The attributes about the last change, which every written item has.

use aws_sdk_dynamodb::types::AttributeValue;

use super::WriteId;
use super::items::{CHANGE_REQUEST_ID, CHANGE_ROUTE, CHANGED_BY, Item, UPDATED_AT, VERSION, text};
use crate::domain::{Actor, Timestamp, Version};

/// The actor, time, route and request of a change. Every item that the change writes stores them, because the table's stream
/// shows each item alone.
#[derive(Debug, Clone)]
pub struct ChangeMetadata {
    /// The actor.
    pub actor: Actor,
    /// The time of the change.
    pub now: Timestamp,
    /// The route; `import`, `seed` or `erase` for the command-line tool.
    pub route: &'static str,
    /// The id of the request.
    pub request_id: String,
    /// The id of the write.
    pub(super) write_id: WriteId,
}

impl ChangeMetadata {
    /// The metadata of one logical write, with a new write id.
    #[must_use]
    pub fn new(actor: Actor, now: Timestamp, route: &'static str, request_id: String) -> Self {
        Self {
            actor,
            now,
            route,
            request_id,
            write_id: WriteId::draw(now),
        }
    }

    /// The attributes of an item that this change writes. `version` is the contact's version after the change.
    pub(super) fn attributes(&self, version: Version) -> Item {
        let version = AttributeValue::N(version.number().to_string());
        let mut attributes = Item::from(self.attributes_of_change());
        attributes.insert(VERSION.to_owned(), version);
        attributes.insert(UPDATED_AT.to_owned(), text(self.now));
        attributes
    }

    /// The attributes without version and time, for a contact: its item already has these two.
    pub(super) fn attributes_of_change(&self) -> [(String, AttributeValue); 3] {
        [
            (CHANGED_BY, text(self.actor.as_str())),
            (CHANGE_ROUTE, text(self.route)),
            (CHANGE_REQUEST_ID, text(&self.request_id)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
    }
}
