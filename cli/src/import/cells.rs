//! CSV (RFC 4180): a header row that names the members, and a record in each row.

use std::io::{self, BufRead};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use serde_json::{Map, Value};

use super::columns::{ColumnOptions, Columns};
use super::header::Header;
use super::line_number::LineNumber;
use super::quoting::Quoting;
use super::raw_record::{MAX_RECORD_BYTES, RawRecord};
use super::text::Text;
use crate::contact_file::fault::Fault;

/// The maximum length of a row, in bytes, whose quotation marks may be part of a text.
const MAX_LITERAL_BYTES: usize = 64 * 1024;

/// The maximum number of cells in a row.
const MAX_CELLS: usize = 1024;

/// Reads the rows of a file.
pub(super) struct Cells {
    source: Text,
    reader: Reader,
    delimiter: u8,
    columns: Columns,
    /// The line of the next byte.
    line: LineNumber,
    /// The cells of the current row, one after the other.
    text: Vec<u8>,
    /// The end of each cell in `text`.
    ends: Vec<usize>,
    /// The current row as it is in the file, or its first [`MAX_LITERAL_BYTES`].
    raw: Vec<u8>,
}

/// A row, before its cells are parsed.
struct Row {
    /// The first line of the row.
    line: u64,
    /// The last line of the row.
    last_line: u64,
    bytes: usize,
    cells: usize,
    /// Whether the row is complete in memory: a row that is too long is not kept.
    is_whole: bool,
    /// The fault in the row's quotation marks, if there is one.
    quotes: Option<&'static str>,
}

impl Cells {
    /// Reads the header row of `source`. `delimiter` is the character between cells, if it is known.
    ///
    /// # Errors
    /// When the input cannot be read or has no header row, or when the columns or the options are not valid.
    pub(super) fn open(
        mut source: Text,
        delimiter: Option<u8>,
        options: &ColumnOptions,
    ) -> anyhow::Result<Self> {
        let header = Header::read(&mut source, delimiter)?;
        Ok(Self {
            source,
            reader: ReaderBuilder::new().delimiter(header.delimiter).build(),
            delimiter: header.delimiter,
            columns: Columns::new(&header.names, options)?,
            line: header.next_line,
            text: vec![0; 4096],
            ends: vec![0; 64],
            raw: Vec::new(),
        })
    }

    /// The next row that has a cell which is not blank.
    pub(super) fn next(&mut self) -> io::Result<Option<RawRecord>> {
        while let Some(row) = self.read_row()? {
            let members = self.members(&row);
            if members.as_ref().is_ok_and(Map::is_empty) {
                continue;
            }
            return Ok(Some(RawRecord {
                line: row.line,
                end: self.source.position(),
                bytes: row.bytes,
                members,
            }));
        }
        Ok(None)
    }

    fn members(&self, row: &Row) -> Result<Map<String, Value>, Fault> {
        if !row.is_whole {
            return Err(Fault::of_record(
                "is longer than 16 MB: a quotation mark may be unclosed",
            ));
        }
        if let Some(cells) = self.literal_cells(row) {
            let cell = |place: usize| self.source.decoded(&cells[place]);
            return self.columns.members(cells.len(), cell);
        }
        if let Some(fault) = row.quotes {
            return Err(Fault::of_record(format!(
                "{fault}: everything up to line {} was read as this record",
                row.last_line
            )));
        }
        let cell = |place| self.source.decoded(self.cell(place));
        self.columns.members(row.cells, cell)
    }

    /// The cells of a row whose quotation marks are part of its texts: Google Sheets writes `"Bud" Smith` unchanged to a file
    /// with tabs. Such a row has one line, and as many cells as the header row.
    fn literal_cells(&self, row: &Row) -> Option<csv::ByteRecord> {
        let is_literal = row.quotes == Quoting::Broken.fault()
            && row.line == row.last_line
            && self.raw.len() < MAX_LITERAL_BYTES;
        if !is_literal {
            return None;
        }
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .delimiter(self.delimiter)
            .quoting(false)
            .from_reader(&self.raw[..]);
        let mut cells = csv::ByteRecord::new();
        let is_read = reader.read_byte_record(&mut cells).unwrap_or(false);
        (is_read && cells.len() == self.columns.count()).then_some(cells)
    }

    fn cell(&self, place: usize) -> &[u8] {
        let start = match place {
            0 => 0,
            place => self.ends[place - 1],
        };
        &self.text[start..self.ends[place]]
    }

    /// Reads the next row that is not empty.
    fn read_row(&mut self) -> io::Result<Option<Row>> {
        self.skip_line_ends()?;
        let line = self.line.get();
        let (mut text, mut ends, mut bytes) = (0, 0, 0);
        let mut is_whole = true;
        let mut quoting = Quoting::default();
        let mut ends_line = false;
        self.raw.clear();
        loop {
            let input = self.source.input.fill_buf()?;
            let (result, read, written, ended) =
                self.reader
                    .read_record(input, &mut self.text[text..], &mut self.ends[ends..]);
            self.line.pass(&input[..read]);
            quoting = input[..read].iter().fold(quoting, |quoting, byte| {
                quoting.after(*byte, &[self.delimiter])
            });
            ends_line = input[..read]
                .last()
                .map_or(ends_line, |byte| matches!(byte, b'\r' | b'\n'));
            let room = MAX_LITERAL_BYTES - self.raw.len();
            self.raw.extend_from_slice(&input[..read.min(room)]);
            self.source.input.consume(read);
            bytes += read;
            text += written;
            ends += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.text.len() < MAX_RECORD_BYTES => {
                    self.text.resize(self.text.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() < MAX_CELLS => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                // The reader reads such a row to its end, but does not keep it.
                ReadRecordResult::OutputFull => (is_whole, text) = (false, 0),
                ReadRecordResult::OutputEndsFull => (is_whole, ends) = (false, 0),
                ReadRecordResult::Record => {
                    return Ok(Some(Row {
                        line,
                        last_line: self.line.get() - u64::from(ends_line),
                        bytes: bytes.min(MAX_RECORD_BYTES),
                        cells: ends,
                        is_whole,
                        quotes: quoting.fault(),
                    }));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    /// Skips line breaks, so that `line` is the first line of the next row.
    fn skip_line_ends(&mut self) -> io::Result<()> {
        loop {
            let input = self.source.input.fill_buf()?;
            let blank = input
                .iter()
                .take_while(|byte| matches!(byte, b'\r' | b'\n'))
                .count();
            self.line.pass(&input[..blank]);
            self.source.input.consume(blank);
            if blank == 0 {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests;
