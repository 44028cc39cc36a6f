//! What is wrong with a record: the member at fault, and why. Never a value, which would be personal data.

use shared::store::ImportRefusal;

use super::record::ContactRow;

/// The name of what is wrong where that is the record as a whole.
pub(super) const RECORD: &str = "record";

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The member at fault.
    pub(super) field: String,
    /// What is wrong with it, without its value.
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            reason: reason.into(),
        }
    }

    /// Of a record as a whole.
    pub(super) fn of_record(reason: impl Into<String>) -> Self {
        Self::new(RECORD, reason)
    }

    /// Of an error whose text names the place first, before a colon.
    pub(super) fn of_text(text: &str) -> Self {
        match text.split_once(": ") {
            Some((field, reason)) => Self::new(field, reason),
            None => Self::of_record(text),
        }
    }

    /// Why the store does not take a record.
    pub(super) fn of_refusal(refusal: &ImportRefusal, row: &ContactRow) -> Self {
        match refusal {
            ImportRefusal::InDoubt => Self::of_record(
                "it is not known whether the record was written: the answer was lost, and others changed the contact; \
                 import it again",
            ),
            ImportRefusal::AddressTaken(place) => Self::new(
                row.field_of_method(*place),
                "is the address of a contact of another id; a record without id would be about that one",
            ),
            ImportRefusal::SeveralOwners => Self::new(
                "emails",
                "are the addresses of several contacts; an id must say which is meant",
            ),
            ImportRefusal::OwnerMissing => {
                Self::new("emails", "has an address whose owner does not exist")
            }
            ImportRefusal::Unreadable => {
                Self::of_record("is about a contact that cannot be read from the table")
            }
            ImportRefusal::TooLarge => Self::of_record(
                "makes the contact larger than the 400 KB of an item, with room for a verification of every entry",
            ),
            ImportRefusal::Refused => Self::of_record("is refused by the database"),
        }
    }
}
