//! A record of a file, in any format, before what it means is looked at.

use serde_json::{Map, Value};

use super::fault::Fault;

/// Longest record, in bytes. Far more than a contact with all its subscriptions has; what is longer is a mistake, such as
/// a quotation mark without its other one.
pub(super) const MAX_RECORD_BYTES: usize = 16 * 1024 * 1024;

/// A record as it stands in the file.
#[derive(Debug)]
pub(super) struct RawRecord {
    /// The line where it begins; the first is 1.
    pub(super) line: u64,
    /// Where it ends, in bytes from the start of the file.
    pub(super) end: u64,
    /// How many bytes it has.
    pub(super) bytes: usize,
    /// Its members, or why it has none.
    pub(super) members: Result<Map<String, Value>, Fault>,
}
