//! What is wrong with a record: the member at fault, and why. Never a value, which would be personal data.

/// The field of a fault that concerns the record as a whole.
pub(crate) const RECORD: &str = "record";

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The member at fault.
    pub(crate) field: String,
    /// What is wrong with it, without its value.
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
