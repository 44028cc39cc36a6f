//! A record of a file in either format, before its members are checked.

use serde_json::{Map, Value};

use crate::contact_file::fault::Fault;

/// The maximum length of a record, in bytes: far more than a contact with all its subscriptions needs. A longer record is a
/// mistake, such as an unpaired quotation mark.
pub(super) const MAX_RECORD_BYTES: usize = 16 * 1024 * 1024;

/// A record of a file.
#[derive(Debug)]
pub(super) struct RawRecord {
    /// The line where it begins; the first is 1.
    pub(super) line: u64,
    /// Where it ends, in bytes from the start of the file.
    pub(super) end: u64,
    /// How many bytes it has.
    pub(super) bytes: usize,
    /// Its members, or the reason why they cannot be read.
    pub(super) members: Result<Map<String, Value>, Fault>,
}
