//! The three attributes of a verification.

use crate::domain::{Actor, Timestamp, Verification, VerificationSource};

/// `verifiedAt`, `verifiedBy` and `verificationSource`.
pub(super) type Attributes = (Option<Timestamp>, Option<Actor>, Option<VerificationSource>);

/// The attributes of a verification.
pub(super) fn attributes(verification: Option<&Verification>) -> Attributes {
    match verification.cloned() {
        Some(Verification { at, by, source }) => (Some(at), by, source),
        None => (None, None, None),
    }
}
