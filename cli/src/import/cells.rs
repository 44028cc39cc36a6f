//! CSV (RFC 4180): a header row that names the members, and a record in each row.
//!
//! A cell holds a text unchanged, and a list or an object as JSON. Some lists may also be written as their only entry, or as
//! entries separated by `;`. A blank cell means that the member is absent. A text that begins with a quotation mark is a JSON
//! string, which may be empty.

use std::io::{self, BufRead};

use anyhow::{Context, bail};
use csv_core::{ReadRecordResult, Reader};
use serde_json::{Map, Value};

use super::raw_record::{MAX_RECORD_BYTES, RawRecord};
use crate::contact_file::fault::Fault;
use crate::export::COLUMNS;

/// The columns that an export does not have.
const MORE_COLUMNS: [&str; 7] = [
    "email",
    "audience",
    "client",
    "verified",
    "verified_at",
    "email_validation",
    "suppression",
];

/// The maximum number of cells in a row.
const MAX_CELLS: usize = 1024;

/// Reads the rows of a file.
pub(super) struct Cells<R> {
    input: R,
    reader: Reader,
    columns: Vec<&'static str>,
    /// The line of the next byte.
    line: u64,
    /// The bytes of the file that are read.
    end: u64,
    /// The cells of the current row, one after the other.
    text: Vec<u8>,
    /// Where each cell ends in `text`.
    ends: Vec<usize>,
}

/// A row, before its cells are parsed.
struct Row {
    /// The line where it begins.
    line: u64,
    /// The line where it ends.
    last_line: u64,
    bytes: usize,
    cells: usize,
    /// Whether it is complete in memory: a row that is too long is not kept.
    is_whole: bool,
    /// The fault in its quotation marks, if there is one.
    quotes: Option<&'static str>,
}

/// The state of the quotation marks after a byte of a row (RFC 4180 section 2, rules 5 to 7). The `csv_core` reader accepts
/// an unpaired mark, and would read all rows down to the next mark as one cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Quoting {
    #[default]
    Begin,
    Plain,
    Quoted,
    /// After a mark in a quoted cell: the mark ends the cell, or is the first half of an escaped mark.
    Mark,
    /// After a text that follows the closing mark of a cell.
    Broken,
}

impl Quoting {
    fn after(self, byte: u8) -> Self {
        let ends_cell = matches!(byte, b',' | b'\r' | b'\n');
        match self {
            Self::Quoted if byte == b'"' => Self::Mark,
            Self::Quoted => Self::Quoted,
            Self::Begin | Self::Mark if byte == b'"' => Self::Quoted,
            Self::Begin | Self::Mark | Self::Plain if ends_cell => Self::Begin,
            Self::Begin | Self::Plain => Self::Plain,
            Self::Mark | Self::Broken => Self::Broken,
        }
    }

    /// The fault of a row that ends in this state.
    fn fault(self) -> Option<&'static str> {
        match self {
            Self::Quoted => Some("a quotation mark is never closed"),
            Self::Broken => Some("a cell goes on behind its closing quotation mark"),
            Self::Begin | Self::Plain | Self::Mark => None,
        }
    }
}

impl<R: BufRead> Cells<R> {
    /// Reads the header row of `input`. `skipped` bytes of the file come before `input`.
    ///
    /// # Errors
    /// When the input cannot be read or has no header row, or when a column's name is blank, unknown or there twice.
    pub(super) fn open(input: R, skipped: u64) -> anyhow::Result<Self> {
        let mut cells = Self {
            input,
            reader: Reader::new(),
            columns: Vec::new(),
            line: 1,
            end: skipped,
            text: vec![0; 4096],
            ends: vec![0; 64],
        };
        let header = cells.read_row().context("the file cannot be read")?;
        let header = header.context("the file has no header row")?;
        if !header.is_whole {
            bail!("the header row is too long");
        }
        if let Some(fault) = header.quotes {
            bail!("the header row: {fault}");
        }
        for cell in 0..header.cells {
            let place = cell + 1;
            let name = std::str::from_utf8(cells.cell(cell))
                .with_context(|| format!("the name of column {place} is not UTF-8"))?
                .trim();
            if name.is_empty() {
                bail!("column {place} has no name");
            }
            let mut known = COLUMNS.into_iter().chain(MORE_COLUMNS);
            let Some(column) = known.find(|column| *column == name) else {
                bail!(unknown_column(place, name));
            };
            if cells.columns.contains(&column) {
                bail!("column {column} is there twice");
            }
            cells.columns.push(column);
        }
        Ok(cells)
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
                end: self.end,
                bytes: row.bytes,
                members,
            }));
        }
        Ok(None)
    }

    fn members(&self, row: &Row) -> Result<Map<String, Value>, Fault> {
        if !row.is_whole {
            return Err(Fault::of_record(
                "is longer than 16 MB: a quotation mark may be without its other one",
            ));
        }
        if let Some(fault) = row.quotes {
            return Err(Fault::of_record(format!(
                "{fault}: all down to line {} was read as this record",
                row.last_line
            )));
        }
        if row.cells != self.columns.len() {
            return Err(Fault::of_record(format!(
                "has {} cells, where the header row has {}",
                row.cells,
                self.columns.len()
            )));
        }
        let mut members = Map::new();
        for (place, column) in self.columns.iter().enumerate() {
            let cell = std::str::from_utf8(self.cell(place))
                .map_err(|_| Fault::new(*column, "is not UTF-8"))?;
            if let Some(value) = value(column, cell)? {
                members.insert((*column).to_owned(), value);
            }
        }
        Ok(members)
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
        let line = self.line;
        let (mut text, mut ends, mut bytes) = (0, 0, 0);
        let mut is_whole = true;
        let mut quoting = Quoting::default();
        let mut ends_line = false;
        loop {
            let input = self.input.fill_buf()?;
            let (result, read, written, ended) =
                self.reader
                    .read_record(input, &mut self.text[text..], &mut self.ends[ends..]);
            let lines = input[..read].iter().filter(|byte| **byte == b'\n');
            self.line += lines.count() as u64;
            quoting = input[..read]
                .iter()
                .fold(quoting, |quoting, byte| quoting.after(*byte));
            ends_line = input[..read]
                .last()
                .map_or(ends_line, |byte| *byte == b'\n');
            self.input.consume(read);
            self.end += read as u64;
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
                // The row is read to its end, but not kept.
                ReadRecordResult::OutputFull => (is_whole, text) = (false, 0),
                ReadRecordResult::OutputEndsFull => (is_whole, ends) = (false, 0),
                ReadRecordResult::Record => {
                    return Ok(Some(Row {
                        line,
                        last_line: self.line - u64::from(ends_line),
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

    /// Skips line breaks, so that `line` is the line in which the next row begins.
    fn skip_line_ends(&mut self) -> io::Result<()> {
        loop {
            let input = self.input.fill_buf()?;
            let blank = input
                .iter()
                .take_while(|byte| matches!(byte, b'\r' | b'\n'))
                .count();
            let lines = input[..blank].iter().filter(|byte| **byte == b'\n');
            self.line += lines.count() as u64;
            self.end += blank as u64;
            self.input.consume(blank);
            if blank == 0 {
                return Ok(());
            }
        }
    }
}

/// The error for an unknown column. A name that does not look like a column's may be personal data, because the file has no
/// header row; the error does not show it.
fn unknown_column(place: usize, name: &str) -> String {
    let is_name = |name: &str| {
        name.len() <= 40
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.contains(|letter: char| letter.is_ascii_lowercase())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b' '))
    };
    for (separator, in_words) in [(';', "semicolons"), ('\t', "tabs")] {
        if name.contains(separator) {
            return format!("the columns have {in_words} between them; they must be commas");
        }
    }
    if is_name(name) {
        format!("column {name:?} is unknown")
    } else {
        format!("column {place} is unknown: the first row must hold the names of the columns")
    }
}

/// The value of a cell; `None` if the cell is blank.
fn value(column: &str, cell: &str) -> Result<Option<Value>, Fault> {
    let trimmed = cell.trim();
    if trimmed.is_empty() {
        return Ok(None);
    }
    let json = || serde_json::from_str(trimmed).map_err(|_| Fault::new(column, "is not JSON"));
    let is_json = trimmed.starts_with(['[', '{', '"']);
    let value = match column {
        "emails" | "subscriptions" | "emailValidation" | "email_validation" | "suppression" => {
            json()?
        }
        // Spreadsheets write `TRUE` and `FALSE`.
        "verified" if trimmed.eq_ignore_ascii_case("true") => Value::Bool(true),
        "verified" if trimmed.eq_ignore_ascii_case("false") => Value::Bool(false),
        "verified" => return Err(Fault::new(column, "must be true or false")),
        "phoneNumber" if is_json => json()?,
        "audiences"
        | "clients"
        | "secondaryPhoneNumber"
        | "assignees"
        | "tags"
        | "formerOwners" => {
            if is_json {
                json()?
            } else {
                let entries = trimmed.split(';').map(str::trim);
                let entries = entries.filter(|entry| !entry.is_empty());
                entries.map(Value::from).collect()
            }
        }
        "verified_at" => Value::from(trimmed),
        column if column.ends_with("At") => Value::from(trimmed),
        // A text. White space around it may be part of it.
        _ if cell.starts_with('"') => match json()? {
            value @ Value::String(_) => value,
            _ => return Err(Fault::new(column, "is not a text in JSON")),
        },
        _ => Value::from(cell),
    };
    Ok(Some(value))
}

#[cfg(test)]
mod tests;
