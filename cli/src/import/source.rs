//! The records of a file in either format, one after the other.

use std::io::{self, BufRead, Read};

use anyhow::{Context, bail};

use super::cells::Cells;
use super::lines::Lines;
use super::options::FileOptions;
use super::raw_record::RawRecord;
use super::text::Text;
use crate::arguments::Format;

/// The records of a file.
pub(super) enum Source {
    /// JSON Lines.
    Lines(Lines),
    /// CSV.
    Cells(Box<Cells>),
}

impl Source {
    /// The records of `input`.
    ///
    /// # Errors
    /// When the input cannot be read, or its header is not valid.
    pub(super) fn open(
        input: impl Read + Send + 'static,
        options: &FileOptions,
    ) -> anyhow::Result<Self> {
        let mut text = Text::of(input, options.encoding).context("the file cannot be read")?;
        match text.input.fill_buf().context("the file cannot be read")? {
            [b'P', b'K', 3, ..] => bail!(
                "the file is a workbook or an archive: save the sheet as CSV, or extract the file first"
            ),
            [0x1f, 0x8b, ..] => bail!("the file is compressed: decompress it first"),
            _ => {}
        }
        Ok(match options.format {
            Format::Jsonl => Self::Lines(Lines::new(text)),
            Format::Csv => {
                let cells = Cells::open(text, options.delimiter, &options.columns)?;
                Self::Cells(Box::new(cells))
            }
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
