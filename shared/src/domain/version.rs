//! A contact's version, and the version that a caller expects (contract section 9).

use serde::{Deserialize, Serialize};

/// The version of a contact. Each write increases it by one, so the first stored version is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Version(u64);

impl TryFrom<u64> for Version {
    type Error = &'static str;

    /// The stored version with this number. The highest number is an error, because no version can follow it.
    fn try_from(number: u64) -> Result<Self, Self::Error> {
        if number == u64::MAX {
            return Err("must be below 18446744073709551615, because each change raises it");
        }
        Ok(Self(number))
    }
}

impl From<Version> for u64 {
    fn from(version: Version) -> Self {
        version.number()
    }
}

impl Version {
    /// The version of a contact that is not stored yet.
    pub const UNWRITTEN: Self = Self(0);

    /// The version with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The version after the next change. The highest number stays: a caller can send it in `If-Match`, but no contact
    /// has it.
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

/// The versions of a contact that a write may change, from `If-Match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedVersion {
    /// Any version: the request has no `If-Match`.
    Any,
    /// Any version, but the contact must exist: `If-Match: *`. This differs from `Any` only for a write that can create
    /// the contact.
    AnyExisting,
    /// One of these versions. The list is empty if none of the caller's entity tags can be a version; then no version
    /// matches.
    OneOf(Vec<Version>),
}

impl ExpectedVersion {
    /// Whether the write may change a contact at `version`.
    #[must_use]
    pub fn allows(&self, version: Version) -> bool {
        match self {
            Self::Any | Self::AnyExisting => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}
