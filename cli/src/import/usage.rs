//! A mistake in the command line that only the file shows.

use std::fmt;

/// A mistake in the command line that only the file shows, such as an option for a column that the file does not have.
#[derive(Debug)]
pub struct Usage(pub(super) String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}
