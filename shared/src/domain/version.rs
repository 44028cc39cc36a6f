//! A contact's version, and what a caller expects it to be (contract section 9).

use serde::{Deserialize, Serialize};

/// The number of a contact's state, one higher after each change. The first state is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(u64);

impl Version {
    /// The version of a contact that has just been created.
    pub const FIRST: Self = Self(1);

    /// The version with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The version after the next change. The highest number has no next: a caller can name it in `If-Match`, but no
    /// contact gets that far.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The version as a number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Which versions of a contact a write may change: what `If-Match` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedVersion {
    /// No condition: no header.
    Any,
    /// Any, but the contact must exist: `*`. A difference only where a write can create it.
    AnyExisting,
    /// One of these. Empty when none of the caller's entity tags can be a version: nothing matches.
    OneOf(Vec<Version>),
}

impl ExpectedVersion {
    /// Whether a contact at `version` may be changed.
    #[must_use]
    pub fn allows(&self, version: Version) -> bool {
        match self {
            Self::Any | Self::AnyExisting => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}
