//! The records of a file in either format, one after the other.

use std::io::{self, BufReader, Cursor, Read};

use anyhow::Context;

use super::cells::Cells;
use super::lines::Lines;
use super::raw_record::RawRecord;
use crate::arguments::Format;

/// The input of both formats.
pub(super) type Input = BufReader<Box<dyn Read + Send>>;

/// The records of a file.
pub(super) enum Source {
    /// JSON Lines.
    Lines(Lines<Input>),
    /// CSV.
    Cells(Box<Cells<Input>>),
}

impl Source {
    /// The records of `input`.
    ///
    /// # Errors
    /// When it cannot be read, or its header is wrong.
    pub(super) fn open(
        mut input: impl Read + Send + 'static,
        format: Format,
    ) -> anyhow::Result<Self> {
        let start = without_byte_order_mark(&mut input).context("the file cannot be read")?;
        let skipped = u64::try_from(3 - start.len())?;
        let input: Box<dyn Read + Send> = Box::new(Cursor::new(start).chain(input));
        let input = BufReader::with_capacity(64 * 1024, input);
        Ok(match format {
            Format::Jsonl => Self::Lines(Lines::new(input, skipped)),
            Format::Csv => Self::Cells(Box::new(Cells::open(input, skipped)?)),
        })
    }

    /// The next record, if there is one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Option<RawRecord>> {
        match self {
            Self::Lines(lines) => lines.next(),
            Self::Cells(cells) => cells.next(),
        }
    }
}

/// Reads the first three bytes of a file. Returns none of them if they are a byte order mark.
fn without_byte_order_mark(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(3);
    input.by_ref().take(3).read_to_end(&mut start)?;
    if start == b"\xEF\xBB\xBF" {
        start.clear();
    }
    Ok(start)
}
