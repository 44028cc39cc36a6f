//! A fault of a record: the member and the reason. A fault never quotes a value, because values are personal data.

/// The field of a fault that concerns the record as a whole.
pub(crate) const RECORD: &str = "record";

/// A fault of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The member at fault.
    pub(crate) field: String,
    /// The reason, without the member's value.
    pub(crate) reason: String,
}

impl Fault {
    pub(crate) fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            reason: reason.into(),
        }
    }

    /// A fault of the record as a whole.
    pub(crate) fn of_record(reason: impl Into<String>) -> Self {
        Self::new(RECORD, reason)
    }
}
