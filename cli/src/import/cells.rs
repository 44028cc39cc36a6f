//! CSV (RFC 4180): a header row that names the members, and a record in each row.
//!
//! A cell holds a text as it is, and a list or an object as JSON; where it is clear what is meant, it may also hold a list's
//! only entry, or entries with `;` between them. A blank cell says nothing. A text that begins with a quotation mark is one
//! in JSON, which can also be empty.

use std::io::{self, BufRead};

use anyhow::{Context, bail};
use csv_core::{ReadRecordResult, Reader};
use serde_json::{Map, Value};

use super::fault::Fault;
use super::raw_record::{MAX_RECORD_BYTES, RawRecord};
use crate::export::COLUMNS;

/// The columns that are not those of an export.
const MORE_COLUMNS: [&str; 7] = [
    "email",
    "audience",
    "client",
    "verified",
    "verified_at",
    "email_validation",
    "suppression",
];

/// Most cells of a row.
const MAX_CELLS: usize = 1024;

/// The rows of a file.
pub(super) struct Cells<R> {
    input: R,
    reader: Reader,
    columns: Vec<&'static str>,
    /// The line of the next byte.
    line: u64,
    end: u64,
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// A row as it was read.
struct Row {
    /// The line where it begins.
    line: u64,
    /// The line where it ends.
    last_line: u64,
    bytes: usize,
    cells: usize,
    /// Whether it is held whole.
    is_whole: bool,
    /// What is wrong with its quotation marks, if something is.
    quotes: Option<&'static str>,
}

/// Where a byte stands in a row, as far as quotation marks go (RFC 4180 section 2, rules 5 to 7). The reader itself passes
/// over marks that have no other, and would make one cell of all rows down to the next mark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Quoting {
    #[default]
    Begin,
    Plain,
    Quoted,
    /// After a mark in a quoted cell, which ends it or is the first of two that stand for one.
    Mark,
    /// A text came after a cell's end.
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

    /// What is wrong with a row that ends here.
    fn fault(self) -> Option<&'static str> {
        match self {
            Self::Quoted => Some("a quotation mark is never closed"),
            Self::Broken => Some("a cell goes on behind its closing quotation mark"),
            Self::Begin | Self::Plain | Self::Mark => None,
        }
    }
}

impl<R: BufRead> Cells<R> {
    /// Reads the header row of `input`, before which there were this many bytes.
    ///
    /// # Errors
    /// When it cannot be read, there is none, or a column has no name, an unknown one, or that of another.
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

    /// The next row in which not all cells are blank.
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

    /// Reads a row that is not empty.
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
                // It is read on, but not held.
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

    /// Skips the end of the row before, and empty lines, so that a row's line is known.
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

/// Says that nobody knows a column. Where it does not look like a column's name, the first row may be somebody's data, which
/// is not shown.
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

/// What a cell holds; nothing where it is blank.
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
        // Spreadsheets write them in capitals.
        "verified" if trimmed.eq_ignore_ascii_case("true") => Value::Bool(true),
        "verified" if trimmed.eq_ignore_ascii_case("false") => Value::Bool(false),
        "verified" => return Err(Fault::new(column, "must be true or false")),
        "phoneNumber" if is_json => json()?,
        "audiences" | "clients" | "secondaryPhoneNumber" | "assignees" | "tags" => {
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
        // A text. Blanks around it can be a part of it.
        _ if cell.starts_with('"') => match json()? {
            value @ Value::String(_) => value,
            _ => return Err(Fault::new(column, "is not a text in JSON")),
        },
        _ => Value::from(cell),
    };
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The line of each row, with its members or the field at fault and the reason.
    type Read = Vec<(u64, Result<Value, (String, String)>)>;

    fn read(text: &[u8]) -> Read {
        let mut cells = Cells::open(text, 0).unwrap();
        let mut found = Vec::new();
        while let Some(record) = cells.next().unwrap() {
            let members = record.members.map(Value::Object);
            found.push((
                record.line,
                members.map_err(|fault| (fault.field, fault.reason)),
            ));
        }
        assert_eq!(cells.end, text.len() as u64);
        found
    }

    fn header_error(text: &str) -> String {
        match Cells::open(text.as_bytes(), 0) {
            Ok(_) => panic!("{text:?}"),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn a_rows_line_is_where_it_begins_with_line_breaks_in_quotation_marks_and_empty_lines_before() {
        let text = "id,lastName\r\n\r\na,\"one\r\ntwo\nthree\"\r\n\r\n\nb,x\nc,y,z\n,\n\"d\",\"\"\"e\"\"\"";
        assert_eq!(
            read(text.as_bytes()),
            [
                (3, Ok(json!({ "id": "a", "lastName": "one\r\ntwo\nthree" }))),
                (8, Ok(json!({ "id": "b", "lastName": "x" }))),
                (
                    9,
                    Err((
                        "record".to_owned(),
                        "has 3 cells, where the header row has 2".to_owned()
                    ))
                ),
                (11, Ok(json!({ "id": "d", "lastName": "e" }))),
            ]
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_those_of_one_row() {
        let found = read(b"id\na\n\xFF\nb\n");
        assert_eq!(found.len(), 3);
        assert_eq!(
            found[1],
            (3, Err(("id".to_owned(), "is not UTF-8".to_owned())))
        );
    }

    #[test]
    fn a_quotation_mark_without_its_other_one_does_not_fill_the_memory() {
        let mut text = b"id\na\n\"".to_vec();
        text.resize(MAX_RECORD_BYTES + 100, b'x');
        let found = read(&text);
        assert_eq!(found.len(), 2);
        let (line, Err((field, reason))) = &found[1] else {
            panic!("a row");
        };
        assert_eq!((*line, field.as_str()), (3, "record"));
        assert!(reason.starts_with("is longer than 16 MB"), "{reason}");
    }

    #[test]
    fn a_quotation_mark_without_its_other_one_is_no_record() {
        let never_closed = "a quotation mark is never closed: all down to line";
        let goes_on = "a cell goes on behind its closing quotation mark: all down to line";
        for (rows, expected) in [
            // The mark stands in the first of three rows, and nothing closes it.
            (
                "a,\"x\nb,y\nc,z\n",
                (2, format!("{never_closed} 4 was read as this record")),
            ),
            (
                "a,\"x\nb,y\nc,z",
                (2, format!("{never_closed} 4 was read as this record")),
            ),
            (
                "\"a,x\nb,y\n",
                (2, format!("{never_closed} 3 was read as this record")),
            ),
            // That of a later row does.
            (
                "a,\"x\nb,\"y\nc,z\n",
                (2, format!("{goes_on} 3 was read as this record")),
            ),
            (
                "\"a\"b,x\n",
                (2, format!("{goes_on} 2 was read as this record")),
            ),
        ] {
            let found = read(format!("id,lastName\n{rows}").as_bytes());
            let faults: Vec<_> = found
                .iter()
                .filter_map(|(line, row)| Some((*line, row.as_ref().err()?.1.clone())))
                .collect();
            assert_eq!(faults, [expected], "{rows:?}");
        }
        let whole = "id,lastName\r\n\"a\",\"x\"\r\n\"b\",\"\"\r\n c\"d,\"x\"\"y\"\n";
        assert!(read(whole.as_bytes()).iter().all(|(_, row)| row.is_ok()));
    }

    #[test]
    fn a_header_names_each_member_once() {
        for (text, error) in [
            ("", "the file has no header row"),
            ("id,\n", "column 2 has no name"),
            ("id,fristName\n", "column \"fristName\" is unknown"),
            ("id,id\n", "column id is there twice"),
            (
                "id;email\n",
                "the columns have semicolons between them; they must be commas",
            ),
            (
                "id\temail\n",
                "the columns have tabs between them; they must be commas",
            ),
            (
                "jane@example.com,Jane\n",
                "column 1 is unknown: the first row must hold the names of the columns",
            ),
            (
                "id,\"email\n",
                "the header row: a quotation mark is never closed",
            ),
        ] {
            assert_eq!(header_error(text), error);
        }
        assert_eq!(
            read(b" id , email\na,b\n"),
            [(2, Ok(json!({ "id": "a", "email": "b" })))]
        );
    }

    #[test]
    fn a_cell_is_what_its_column_holds() {
        let held = |column, cell| value(column, cell).unwrap();
        assert_eq!(held("firstName", " "), None);
        assert_eq!(held("firstName", " x "), Some(json!(" x ")));
        assert_eq!(held("firstName", "\"\""), Some(json!("")));
        assert_eq!(held("firstName", "[1]"), Some(json!("[1]")));
        assert_eq!(held("phoneNumber", "+1 416"), Some(json!("+1 416")));
        assert_eq!(held("phoneNumber", "[{}]"), Some(json!([{}])));
        assert_eq!(held("tags", "a; b;"), Some(json!(["a", "b"])));
        assert_eq!(
            held("tags", "{\"n\":[\"a;b\"]}"),
            Some(json!({ "n": ["a;b"] }))
        );
        assert_eq!(held("verified", "true"), Some(json!(true)));
        assert_eq!(held("verified", "FALSE"), Some(json!(false)));
        for (column, cell) in [
            ("verified", "yes"),
            ("emails", "a@b.ca"),
            ("firstName", "\"x"),
            ("phoneNumber", "[1"),
        ] {
            assert_eq!(value(column, cell).unwrap_err().field, column);
        }
    }
}
