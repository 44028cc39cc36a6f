//! A record of the table's stream: the item before and after a write, and the origin of the write.

use crate::domain::{
    Actor, Address, Contact, ContactId, OrganizationId, Subscription, SubscriptionId, Timestamp,
};
use crate::store::DatabaseError;
use crate::store::erase::is_erased;
use crate::store::items::{
    CHANGE_REQUEST_ID, CHANGE_ROUTE, CHANGED_BY, Item, RECENT_REQUESTS, Reader, UPDATED_AT,
    VERSION, address, contact, subscription,
};
use crate::store::keys::{
    ADDRESS, CONTACT, Key, contact_of, organization_of_address, subscription_of,
};
use crate::store::recent_requests::RecentRequests;

/// A record of the table's stream.
#[derive(Debug, Clone, Default)]
pub struct StreamRecord {
    /// The record's number in the stream: up to 40 digits. The numbers of one item's records rise.
    pub sequence_number: String,
    /// The time of the write, in whole seconds.
    pub written_at: Timestamp,
    /// The item before the write, if it existed.
    pub before: Option<Item>,
    /// The item after the write, unless it was deleted.
    pub after: Option<Item>,
}

/// The maximum number of digits of a sequence number.
const SEQUENCE_DIGITS: usize = 40;

/// A write of an item that matters to a history.
#[derive(Debug)]
pub(super) struct ItemWrite {
    pub(super) organization: OrganizationId,
    /// The contact whose history gets the entries.
    pub(super) contact: ContactId,
    /// The place of the entries in the history, without their ordinals.
    pub(super) place: String,
    pub(super) origin: Origin,
    pub(super) states: States,
}

/// The time, actor, route and request of a write.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) at: Timestamp,
    /// The actor, the route and the request id; `None` for an edit by hand.
    pub(super) request: Option<(Actor, String, String)>,
}

/// The states of the item before and after the write.
#[derive(Debug)]
pub(super) enum States {
    Contact(Option<Box<Contact>>, Option<Box<Contact>>),
    /// The contact was erased.
    Erased,
    Subscription(SubscriptionId, Option<Subscription>, Option<Subscription>),
    Address(Option<Address>, Option<Address>),
}

impl ItemWrite {
    /// Reads a record; `None` if its write belongs to no history.
    ///
    /// # Errors
    /// [`DatabaseError::UnreadableItem`] when the record does not have the form that this build reads.
    pub(super) fn read(record: StreamRecord) -> Result<Option<Self>, DatabaseError> {
        let StreamRecord {
            sequence_number,
            written_at,
            before,
            after,
        } = record;
        let item = after.as_ref().or(before.as_ref());
        let item = item.ok_or_else(|| unreadable("NewImage", "is missing, as is OldImage"))?;
        let key = Key::of_item(item).ok_or_else(|| unreadable("Keys", "are missing"))?;
        let version: u64 = Reader::of("item", item.clone()).or_default(VERSION)?;
        let is_number = sequence_number.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || sequence_number.is_empty() || sequence_number.len() > SEQUENCE_DIGITS {
            return Err(unreadable("SequenceNumber", "must be at most 40 digits"));
        }
        let place = format!("{version:012}#{sequence_number:0>SEQUENCE_DIGITS$}");
        let origin = Origin::of(before.as_ref(), after.as_ref(), written_at)?;
        let (owner, states) = if key.sort == CONTACT {
            let was_erased = before.as_ref().is_some_and(is_erased);
            let states = if after.as_ref().is_some_and(is_erased) {
                if was_erased {
                    return Ok(None);
                }
                States::Erased
            } else {
                let read = |item: Option<Item>| item.map(contact).transpose();
                let before = read(before.filter(|_| !was_erased))?;
                States::Contact(before.map(Box::new), read(after)?.map(Box::new))
            };
            (contact_of(&key.partition), states)
        } else if let Some(id) = subscription_of(&key.sort) {
            let read = |item: Option<Item>| item.map(subscription).transpose();
            let states = States::Subscription(id, read(before)?, read(after)?);
            (contact_of(&key.partition), states)
        } else if key.sort == ADDRESS {
            let read = |item: Option<Item>| item.map(address).transpose();
            let (before, after) = (read(before)?, read(after)?);
            let former = after.as_ref().or(before.as_ref());
            let former = former.and_then(|address| address.former_owners.first().cloned());
            // Without a former owner, the address belongs to no contact's history.
            let Some(contact) = former else {
                return Ok(None);
            };
            let organization = organization_of_address(&key.partition);
            (
                organization.map(|organization| (organization, contact)),
                States::Address(before, after),
            )
        } else {
            return Ok(None);
        };
        let (organization, contact) =
            owner.ok_or_else(|| unreadable("Keys", "name no organization or contact"))?;
        Ok(Some(Self {
            organization,
            contact,
            place,
            origin,
            states,
        }))
    }

    /// Whether the write deleted a subscription.
    pub(super) fn is_deletion_of_subscription(&self) -> bool {
        matches!(&self.states, States::Subscription(_, _, None))
    }
}

impl Origin {
    /// Tells a write of this program from an edit by hand. A write of this program changes the request id. If a request is sent
    /// again with the same id, its write changes the list of the contact's last writes, or else the version. A deletion counts as
    /// an edit by hand: of this program, only an erasure deletes items, and its deletions have no history.
    fn of(
        before: Option<&Item>,
        after: Option<&Item>,
        written_at: Timestamp,
    ) -> Result<Self, DatabaseError> {
        let by_hand = Ok(Self {
            at: written_at,
            request: None,
        });
        let Some(after) = after else {
            return by_hand;
        };
        let witness = if after.contains_key(RECENT_REQUESTS) {
            RECENT_REQUESTS
        } else {
            VERSION
        };
        let is_same = |before: &Item, name| before.get(name) == after.get(name);
        if before
            .is_some_and(|before| is_same(before, CHANGE_REQUEST_ID) && is_same(before, witness))
        {
            return by_hand;
        }
        let mut item = Reader::of("item", after.clone());
        let (Some(actor), Some(route), Some(request_id)) = (
            item.optional(CHANGED_BY)?,
            item.optional(CHANGE_ROUTE)?,
            item.optional(CHANGE_REQUEST_ID)?,
        ) else {
            return by_hand;
        };
        // `updatedAt` of an imported contact can be the time in its record. The id of the write has the time of the write.
        let at = match RecentRequests::of(after).newest() {
            Some(drawn_at) => drawn_at,
            None => item.required(UPDATED_AT)?,
        };
        Ok(Self {
            at,
            request: Some((actor, route, request_id)),
        })
    }
}

fn unreadable(path: &str, reason: &str) -> DatabaseError {
    DatabaseError::UnreadableItem {
        kind: "stream record",
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}
