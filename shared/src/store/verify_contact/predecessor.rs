//! The state of a contact that a change is made to.

use crate::domain::{Contact, ExpectedVersion, Timestamp, Version};
use crate::store::items::{is_settled, settled_before};

/// Tells the state of a contact that a transaction changes from all others it has had and will have.
///
/// A transaction does not say what it was done to. With this in its condition it need not: a read at about the same time
/// that finds such a state has found the very one that the transaction changed. Any other state that it finds came after
/// the transaction, unless it is plainly older.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Predecessor {
    /// The contact at this version. It is so once.
    AtVersion(Version),
    /// The contact as it was created, or as a change left it that was made before this time. Whatever is changed at about
    /// the same time as the transaction is neither.
    SettledBefore(Timestamp),
}

impl Predecessor {
    /// What a contact can be taken for that has not been read. Where the caller expects one of several versions, nobody
    /// can tell which without a read.
    pub(super) fn assumed(expected: &ExpectedVersion, now: Timestamp) -> Option<Self> {
        match expected {
            ExpectedVersion::Any | ExpectedVersion::AnyExisting => {
                Some(Self::SettledBefore(settled_before(now)))
            }
            ExpectedVersion::OneOf(versions) => match versions[..] {
                [version] => Some(Self::AtVersion(version)),
                _ => None,
            },
        }
    }

    /// Whether this is it.
    pub(super) fn is(self, contact: &Contact) -> bool {
        match self {
            Self::AtVersion(version) => contact.version == version,
            Self::SettledBefore(time) => is_settled(contact.version, contact.updated_at, time),
        }
    }

    /// Whether the contact was read before it came to this: callers can expect a version that another request has yet to
    /// make. What is settled has been so for longer than any request takes.
    pub(super) fn is_after(self, contact: &Contact) -> bool {
        match self {
            Self::AtVersion(version) => contact.version < version,
            Self::SettledBefore(_) => false,
        }
    }
}
