//! The number of a line in a file.

/// The line of the next byte of a file. A line ends with LF, CR or both.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineNumber {
    line: u64,
    /// Whether the last byte is a CR, so that an LF after it ends no further line.
    follows_cr: bool,
}

impl LineNumber {
    /// The first line.
    pub(super) fn first() -> Self {
        Self {
            line: 1,
            follows_cr: false,
        }
    }

    /// The number of the line. The first line is 1.
    pub(super) fn get(self) -> u64 {
        self.line
    }

    /// Moves past these bytes.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let is_end = *byte == b'\r' || *byte == b'\n' && !self.follows_cr;
            self.line += u64::from(is_end);
            self.follows_cr = *byte == b'\r';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_with_lf_cr_or_both() {
        for (text, line) in [
            ("", 1),
            ("a\nb\n", 3),
            ("a\rb\r", 3),
            ("a\r\nb\r\n", 3),
            ("\r\r\n\n", 4),
        ] {
            let mut number = LineNumber::first();
            // The bytes may arrive in any portions.
            for byte in text.bytes() {
                number.pass(&[byte]);
            }
            assert_eq!(number.get(), line, "{text:?}");
        }
    }
}
