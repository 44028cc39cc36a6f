//! The clauses of conditions. Each has a name, a sentence, and this one place.

/// The item exists: an update must not create one.
pub(super) const EXISTS: &str = "attribute_exists(#pk)";

/// The item does not exist yet: a new item never replaces what has been recorded.
pub(super) const IS_ABSENT: &str = "attribute_not_exists(#pk)";

/// The contact is at the version that was read. Every change of a contact, or of one of its subscriptions, raises it.
pub(super) const IS_AT_VERSION: &str = "#version = :stored_version";

/// The contact has the method. Without a contact there is no method either.
pub(super) const HAS_METHOD: &str = "attribute_exists(#methods.#method)";

/// The one rule (contract section 2): no verification is stored at this path, or a later one.
pub(super) fn records_earliest(path: &str) -> String {
    format!("(attribute_not_exists({path}.#verifiedAt) OR {path}.#verifiedAt > :verifiedAt)")
}

/// A verification is stored at this path.
pub(super) fn is_verified(path: &str) -> String {
    format!("attribute_exists({path}.#verifiedAt)")
}

/// The contact remembers its last eight writes, so that this one can be told from them.
pub(super) const REMEMBERS_WRITES: &str = "size(#recentRequests) = :remembered";

/// This write is not among the contact's last eight.
pub(super) const IS_NOT_APPLIED: &str = "NOT contains(#recentRequests, :writeId)";

/// Nobody has given this write up: it was drawn after the last write that was given up.
pub(super) const IS_NOT_FENCED: &str = "(attribute_not_exists(#fence) OR #fence < :drawnAt)";

/// No later write has been given up already, so that the fence only moves forward.
pub(super) const MOVES_FENCE_FORWARD: &str = IS_NOT_FENCED;
