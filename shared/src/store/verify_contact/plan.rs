//! What a request means for the two levels, once it is known what they hold.

use super::{ChangeMetadata, VerifyContact};
use crate::domain::{AudienceContact, Outcome, Timestamp, Verification};

/// What is to be done at one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Write this verification over none or a later one.
    Record(Timestamp),
    /// Leave an equal or earlier one.
    Keep(Timestamp),
    /// Remove what is there.
    Clear,
    /// There is nothing to remove.
    LeaveEmpty,
}

impl Step {
    pub(super) fn new(wanted: Option<Timestamp>, stored: Option<&Verification>) -> Self {
        match wanted {
            Some(at) if Verification::replaces(at, stored) => Self::Record(at),
            Some(at) => Self::Keep(at),
            None if stored.is_some() => Self::Clear,
            None => Self::LeaveEmpty,
        }
    }

    pub(super) fn writes(self) -> bool {
        matches!(self, Self::Record(_) | Self::Clear)
    }

    fn apply(self, stored: &mut Option<Verification>, metadata: &ChangeMetadata) {
        match self {
            Self::Record(at) => {
                *stored = Some(Verification {
                    at,
                    by: Some(metadata.actor.clone()),
                    source: None,
                });
            }
            Self::Clear => *stored = None,
            Self::Keep(_) | Self::LeaveEmpty => {}
        }
    }
}

/// What is to be done at the two levels, each decided by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) contact: Step,
    pub(super) client: Step,
}

impl Plan {
    pub(super) fn new(found: &AudienceContact, change: &VerifyContact) -> Self {
        Self {
            contact: Step::new(change.verified_at, found.contact.verification.as_ref()),
            client: Step::new(
                change.verified_at,
                found.client_subscription.verification.as_ref(),
            ),
        }
    }

    /// Records at both levels: what is right where neither holds an equal or earlier verification.
    pub(super) fn recording(at: Timestamp) -> Self {
        Self {
            contact: Step::Record(at),
            client: Step::Record(at),
        }
    }

    pub(super) fn writes(&self) -> bool {
        self.contact.writes() || self.client.writes()
    }

    pub(super) fn outcome(&self, change: &VerifyContact) -> Outcome {
        match (self.writes(), change.verified_at.is_some()) {
            (true, _) => change.success(),
            (false, true) => Outcome::Kept,
            (false, false) => Outcome::Unchanged,
        }
    }

    /// Does to what was read what the transaction did to the items.
    pub(super) fn apply(&self, found: &mut AudienceContact, change: &VerifyContact) {
        self.contact
            .apply(&mut found.contact.verification, &change.metadata);
        self.client.apply(
            &mut found.client_subscription.verification,
            &change.metadata,
        );
        found.contact.version = found.contact.version.next();
        found.contact.updated_at = change.metadata.now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: &str = "2024-09-01T10:00:00.000Z";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn each_level_is_decided_by_itself() {
        let stored = |text| Verification {
            at: at(text),
            by: None,
            source: None,
        };
        let wanted = Some(at(T));
        assert_eq!(Step::new(wanted, None), Step::Record(at(T)));
        assert_eq!(
            Step::new(wanted, Some(&stored("2024-09-01T10:00:00.001Z"))),
            Step::Record(at(T))
        );
        assert_eq!(Step::new(wanted, Some(&stored(T))), Step::Keep(at(T)));
        assert_eq!(Step::new(None, Some(&stored(T))), Step::Clear);
        assert_eq!(Step::new(None, None), Step::LeaveEmpty);
    }
}
