//! What every written item says of its last change.

use aws_sdk_dynamodb::types::AttributeValue;

use super::WriteId;
use super::items::{CHANGE_REQUEST_ID, CHANGE_ROUTE, CHANGED_BY, Item, UPDATED_AT, VERSION, text};
use crate::domain::{Actor, Timestamp, Version};

/// Who changes something, when, on which route and request. It is stored on every item that the change writes, since the
/// table's stream shows each item alone.
#[derive(Debug, Clone)]
pub struct ChangeMetadata {
    /// Who.
    pub actor: Actor,
    /// When.
    pub now: Timestamp,
    /// On which route; `import` and `seed` for the command-line tool.
    pub route: &'static str,
    /// On which request.
    pub request_id: String,
    /// The id of the write.
    pub(super) write_id: WriteId,
}

impl ChangeMetadata {
    /// The metadata of one logical write, with an id of its own.
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

    /// The metadata of another write of the same request.
    #[must_use]
    pub(super) fn again(&self) -> Self {
        Self {
            write_id: WriteId::draw(self.now),
            ..self.clone()
        }
    }

    /// The attributes of an item that this change writes; `version` is the contact's after it.
    pub(super) fn attributes(&self, version: Version) -> Item {
        let version = AttributeValue::N(version.number().to_string());
        let mut attributes = Item::from(self.attributes_of_change());
        attributes.insert(VERSION.to_owned(), version);
        attributes.insert(UPDATED_AT.to_owned(), text(self.now));
        attributes
    }

    /// The same without version and time, which a contact has by itself.
    pub(super) fn attributes_of_change(&self) -> [(String, AttributeValue); 3] {
        [
            (CHANGED_BY, text(self.actor.as_str())),
            (CHANGE_ROUTE, text(self.route)),
            (CHANGE_REQUEST_ID, text(&self.request_id)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
    }
}
