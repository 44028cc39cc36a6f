//! The clauses of conditions, each with its meaning.

/// The item exists: an update must not create one.
pub(super) const EXISTS: &str = "attribute_exists(#pk)";

/// The item does not exist yet: a new item never replaces a stored one.
pub(super) const IS_ABSENT: &str = "attribute_not_exists(#pk)";

/// The contact is at the version that was read. Every change of a contact, or of one of its subscriptions, raises the version.
pub(super) const IS_AT_VERSION: &str = "#version = :stored_version";

/// The contact has the method. The clause also fails if the contact does not exist.
pub(super) const HAS_METHOD: &str = "attribute_exists(#methods.#method)";

/// The one rule (contract section 2): the path has no stored verification, or a later one.
pub(super) fn records_earliest(path: &str) -> String {
    format!("(attribute_not_exists({path}.#verifiedAt) OR {path}.#verifiedAt > :verifiedAt)")
}

/// A verification is stored at this path.
pub(super) fn is_verified(path: &str) -> String {
    format!("attribute_exists({path}.#verifiedAt)")
}

/// The contact remembers its last eight writes, so its list can show whether it contains this write.
pub(super) const REMEMBERS_WRITES: &str = "size(#recentRequests) = :remembered";

/// This write is not among the contact's last eight writes.
pub(super) const IS_NOT_APPLIED: &str = "NOT contains(#recentRequests, :writeId)";

/// The store has not given up this write: its id was drawn after that of the last write that the store gave up.
pub(super) const IS_NOT_FENCED: &str = "(attribute_not_exists(#fence) OR #fence < :drawnAt)";

/// The store has not given up a later write, so the fence only moves forward.
pub(super) const MOVES_FENCE_FORWARD: &str = IS_NOT_FENCED;
