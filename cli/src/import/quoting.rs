//! Finds unpaired quotation marks in a CSV row. `csv_core` accepts an unpaired mark, and would read all rows up to the next
//! mark as one cell.

/// The state of the quotation marks after a byte of a row (RFC 4180 section 2, rules 5 to 7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Quoting {
    #[default]
    Begin,
    Plain,
    Quoted,
    /// After a mark in a quoted cell: the mark ends the cell, or is the first half of an escaped mark.
    Mark,
    /// After text that follows the closing mark of a cell.
    Broken,
}

impl Quoting {
    /// The state after another byte, in a row whose cells end at one of these delimiters.
    pub(super) fn after(self, byte: u8, delimiters: &[u8]) -> Self {
        let ends_cell = matches!(byte, b'\r' | b'\n') || delimiters.contains(&byte);
        match self {
            Self::Quoted if byte == b'"' => Self::Mark,
            Self::Quoted => Self::Quoted,
            Self::Begin | Self::Mark if byte == b'"' => Self::Quoted,
            Self::Begin | Self::Mark | Self::Plain if ends_cell => Self::Begin,
            Self::Begin | Self::Plain => Self::Plain,
            Self::Mark | Self::Broken => Self::Broken,
        }
    }

    /// Whether the next byte is within quotation marks.
    pub(super) fn is_quoted(self) -> bool {
        self == Self::Quoted
    }

    /// The fault of a row that ends in this state.
    pub(super) fn fault(self) -> Option<&'static str> {
        match self {
            Self::Quoted => Some("a quotation mark is never closed"),
            Self::Broken => Some("a cell has text after its closing quotation mark"),
            Self::Begin | Self::Plain | Self::Mark => None,
        }
    }
}
