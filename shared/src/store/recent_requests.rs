//! The ids of a contact's last writes. After the answer to a write was lost, they show whether the write was applied.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::items::{Item, RECENT_REQUESTS};
use crate::domain::Timestamp;

/// How many writes a contact remembers.
pub(super) const REMEMBERED_WRITES: usize = 8;

/// An empty element. The list always has [`REMEMBERED_WRITES`] elements.
const NO_WRITE: &str = "-";

/// The maximum difference between the clocks of two machines, in milliseconds.
const MAX_CLOCK_SKEW_MS: u64 = 60_000;

/// The id of one logical write: 48 bits of time and 48 random bits, as 16 characters of base64url.
///
/// The function draws the id, and keeps it for all attempts at the write. It is not the id of the request: an event that is
/// sent again is another write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteId(String);

impl WriteId {
    /// Draws the id of a write at this time.
    #[must_use]
    pub fn draw(now: Timestamp) -> Self {
        let mut bytes = [0; 12];
        bytes[..6].copy_from_slice(&unix_ms(now).to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&Uuid::new_v4().as_bytes()[..6]);
        Self(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The id as it is stored.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// When the id was drawn, in milliseconds since 1970.
    pub(super) fn drawn_at_ms(&self) -> u64 {
        drawn_at_ms(&self.0).unwrap_or_default()
    }
}

/// A timestamp is never before 1970, so the conversion does not fail.
fn unix_ms(time: Timestamp) -> u64 {
    time.unix_milliseconds().try_into().unwrap_or_default()
}

/// When this id was drawn, in milliseconds since 1970; `None` if the text is not an id.
fn drawn_at_ms(id: &str) -> Option<u64> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(id).ok()?;
    let time: [u8; 6] = bytes.get(..6)?.try_into().ok()?;
    Some(time.iter().fold(0, |ms, byte| ms << 8 | u64::from(*byte)))
}

/// The ids of a contact's last writes, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RecentRequests(Vec<String>);

impl RecentRequests {
    /// The ids on a contact's item. A contact that another program wrote may have none.
    pub(super) fn of(contact: &Item) -> Self {
        let Some(AttributeValue::L(ids)) = contact.get(RECENT_REQUESTS) else {
            return Self::default();
        };
        Self(
            ids.iter()
                .filter_map(|id| id.as_s().ok().cloned())
                .collect(),
        )
    }

    /// Whether this write is in the list.
    pub(super) fn contain(&self, id: &WriteId) -> bool {
        self.0.contains(&id.0)
    }

    /// When the newest id was drawn, if there is one.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        let drawn_at = drawn_at_ms(self.0.first()?)?;
        Timestamp::of_unix_milliseconds(drawn_at.try_into().ok()?)
    }

    /// Whether the list has all its elements. Only then can an update add a write without a read.
    pub(super) fn are_complete(&self) -> bool {
        self.0.len() == REMEMBERED_WRITES
    }

    /// Whether the list covers the time of this write, so that it contains the write if the write was applied. The list must be
    /// complete. Its oldest element must be empty, or older than the write by more than the clocks may differ.
    pub(super) fn cover(&self, id: &WriteId) -> bool {
        self.are_complete()
            && self.0.last().is_some_and(|oldest| {
                oldest == NO_WRITE
                    || drawn_at_ms(oldest)
                        .is_some_and(|drawn_at| drawn_at + MAX_CLOCK_SKEW_MS < id.drawn_at_ms())
            })
    }

    /// The value of the attribute after this write.
    pub(super) fn after(&self, id: &WriteId) -> AttributeValue {
        let older = self.0.iter().map(String::as_str);
        let ids = std::iter::once(id.as_str())
            .chain(older)
            .chain(std::iter::repeat(NO_WRITE))
            .take(REMEMBERED_WRITES);
        AttributeValue::L(ids.map(|id| AttributeValue::S(id.to_owned())).collect())
    }
}

/// The assignments of an update that adds a write without a read of the list: right-hand sides are values of the old item.
pub(super) const SHIFT: &str = "#recentRequests[0] = :writeId, #recentRequests[1] = #recentRequests[0], \
    #recentRequests[2] = #recentRequests[1], #recentRequests[3] = #recentRequests[2], \
    #recentRequests[4] = #recentRequests[3], #recentRequests[5] = #recentRequests[4], \
    #recentRequests[6] = #recentRequests[5], #recentRequests[7] = #recentRequests[6]";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn drawn(text: &str) -> WriteId {
        WriteId::draw(at(text))
    }

    fn after(ids: &[WriteId]) -> RecentRequests {
        ids.iter().fold(RecentRequests::default(), |list, id| {
            let item = Item::from([(RECENT_REQUESTS.to_owned(), list.after(id))]);
            RecentRequests::of(&item)
        })
    }

    #[test]
    fn an_id_has_16_characters_and_tells_when_it_was_drawn() {
        let now = at("2026-05-20T15:04:01.135Z");
        let id = WriteId::draw(now);
        assert_eq!(id.as_str().len(), 16);
        assert_eq!(id.drawn_at_ms(), unix_ms(now));
        assert_ne!(id, WriteId::draw(now));
    }

    #[test]
    fn the_last_eight_writes_are_remembered() {
        let ids: Vec<_> = (0..9)
            .map(|n| drawn(&format!("2026-05-20T15:04:0{n}Z")))
            .collect();
        let list = after(&ids);
        assert!(list.are_complete());
        assert!(!list.contain(&ids[0]));
        assert!(ids[1..].iter().all(|id| list.contain(id)));
        assert_eq!(list.newest(), Some(at("2026-05-20T15:04:08Z")));
        assert_eq!(RecentRequests::default().newest(), None);
    }

    /// Another program may have shortened the list, so the list may lack an applied write.
    #[test]
    fn a_list_of_fewer_than_eight_covers_nothing() {
        let write = drawn("2026-05-20T15:05:01Z");
        for list in [vec![NO_WRITE.to_owned()], vec![]] {
            assert!(!RecentRequests(list).cover(&write));
        }
    }

    #[test]
    fn a_list_covers_a_write_where_its_oldest_is_older_by_more_than_clocks_differ() {
        let write = drawn("2026-05-20T15:05:01Z");
        assert!(!RecentRequests::default().cover(&write));
        assert!(after(&[drawn("2026-05-20T15:05:00Z")]).cover(&write));
        for (oldest, covers) in [
            ("2026-05-20T15:04:00.999Z", true),
            ("2026-05-20T15:04:01Z", false),
        ] {
            let ids: Vec<_> = std::iter::once(oldest)
                .chain(["2026-05-20T15:05:02Z"; REMEMBERED_WRITES - 1])
                .map(drawn)
                .collect();
            assert_eq!(after(&ids).cover(&write), covers, "{oldest}");
        }
    }
}
