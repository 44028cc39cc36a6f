//! A record of a file in either format, before its members are checked.

use serde_json::{Map, Value};

use crate::contact_file::fault::Fault;

/// The maximum length of a record, in bytes: far more than a contact with all its subscriptions needs. A longer record is a
/// mistake, such as an unpaired quotation mark.
pub(super) const MAX_RECORD_BYTES: usize = 16 * 1024 * 1024;

/// A record of a file.
#[derive(Debug)]
pub(super) struct RawRecord {
    /// The first line of the record. The first line of a file is 1.
    pub(super) line: u64,
    /// The end of the record, in bytes from the start of the file.
    pub(super) end: u64,
    /// The length of the record, in bytes.
    pub(super) bytes: usize,
    /// The members of the record, or the reason why they cannot be read.
    pub(super) members: Result<Map<String, Value>, Fault>,
}
