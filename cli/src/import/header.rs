//! The first row of a CSV file: the names of the columns, and the delimiter between them.

use std::io::{self, BufRead};

use anyhow::{Context, bail};

use super::line_number::LineNumber;
use super::quoting::Quoting;
use super::text::{Text, looks_like_utf_16};

/// The delimiters that the import recognizes in the header row.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// The maximum length of the header row, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// The header row.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) names: Vec<String>,
    pub(super) delimiter: u8,
    /// The line after the header row.
    pub(super) next_line: LineNumber,
}

impl Header {
    /// Reads the header row, and a `sep=` line and blank rows before it. `given` is the delimiter, if it is known.
    ///
    /// # Errors
    /// When the input cannot be read, or has no header row.
    pub(super) fn read(text: &mut Text, given: Option<u8>) -> anyhow::Result<Self> {
        let mut next_line = LineNumber::first();
        let mut delimiter = given;
        loop {
            let row = FirstRow::read(text, &mut next_line, delimiter)?;
            let row = row.context("the file has no header row")?;
            if let Some(separator) = row.separator() {
                delimiter.get_or_insert(separator);
                continue;
            }
            if let Some(encoding) = looks_like_utf_16(&row.bytes) {
                let label = encoding.name().to_ascii_lowercase();
                bail!(
                    "the file seems to be UTF-16 without a byte order mark: use --encoding {label}"
                );
            }
            if let Some(fault) = row.quoting.fault() {
                bail!("the header row: {fault}");
            }
            let delimiter = delimiter.unwrap_or_else(|| row.delimiter());
            let names = row.names(text, delimiter)?;
            // Spreadsheets write a blank row as delimiters and nothing else.
            if names.iter().any(|name| !name.is_empty()) {
                return Ok(Self {
                    names,
                    delimiter,
                    next_line,
                });
            }
        }
    }
}

/// The bytes of a row, with its line end.
struct FirstRow {
    bytes: Vec<u8>,
    quoting: Quoting,
    /// How often the row has each of [`DELIMITERS`], outside of quotation marks.
    counts: [usize; 3],
}

impl FirstRow {
    /// Reads the next row that is not empty. Before the call, `line` is the line of the next byte; afterwards, it is the line
    /// after the row.
    fn read(
        text: &mut Text,
        line: &mut LineNumber,
        given: Option<u8>,
    ) -> anyhow::Result<Option<Self>> {
        let delimiters = given.map_or(DELIMITERS.to_vec(), |given| vec![given]);
        let mut row = Self {
            bytes: Vec::new(),
            quoting: Quoting::default(),
            counts: [0; 3],
        };
        while let Some(byte) = next_byte(text).context("the file cannot be read")? {
            line.pass(&[byte]);
            let ends_line = matches!(byte, b'\r' | b'\n');
            if ends_line && row.bytes.is_empty() {
                continue;
            }
            if ends_line && !row.quoting.is_quoted() {
                return Ok(Some(row));
            }
            let place = DELIMITERS.iter().position(|delimiter| *delimiter == byte);
            if let Some(place) = place.filter(|_| !row.quoting.is_quoted()) {
                row.counts[place] += 1;
            }
            row.quoting = row.quoting.after(byte, &delimiters);
            row.bytes.push(byte);
            if row.bytes.len() > MAX_BYTES {
                bail!("the header row is too long");
            }
        }
        Ok((!row.bytes.is_empty()).then_some(row))
    }

    /// The delimiter that the row names, if it is a line for Excel: `sep=;`.
    fn separator(&self) -> Option<u8> {
        let row = self.bytes.strip_prefix(b"\"").unwrap_or(&self.bytes);
        let row = row.strip_suffix(b"\"").unwrap_or(row);
        let (name, separator) = row.split_at_checked(4)?;
        match separator {
            [separator] if name.eq_ignore_ascii_case(b"sep=") && is_delimiter(*separator) => {
                Some(*separator)
            }
            _ => None,
        }
    }

    /// The most frequent delimiter, or the comma if the row has none.
    fn delimiter(&self) -> u8 {
        let mut found = (b',', 0);
        for (delimiter, count) in DELIMITERS.into_iter().zip(self.counts) {
            if count > found.1 {
                found = (delimiter, count);
            }
        }
        found.0
    }

    fn names(&self, text: &Text, delimiter: u8) -> anyhow::Result<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .delimiter(delimiter)
            .from_reader(&self.bytes[..]);
        let mut row = csv::ByteRecord::new();
        reader.read_byte_record(&mut row)?;
        let names = row.iter().enumerate().map(|(place, name)| {
            let name = text
                .decoded(name)
                .map_err(|reason| anyhow::anyhow!("the name of column {} {reason}", place + 1))?;
            Ok(name.trim_matches(is_blank).to_owned())
        });
        names.collect()
    }
}

/// Whether both are the same text, without regard to case.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// Reads a delimiter from the command line.
///
/// # Errors
/// When the text cannot be a delimiter.
pub(crate) fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [byte] if is_delimiter(*byte) => Ok(*byte),
        _ => Err(
            "must be an ASCII character other than a letter, digit or quotation mark, or the word tab"
                .to_owned(),
        ),
    }
}

/// Whether this byte can be between cells.
fn is_delimiter(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'"' | b'\r' | b'\n' | 0)
}

/// Whether the header reader ignores this character around a column's name: white space, and marks without a width, such as a
/// second byte order mark.
fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\u{feff}' | '\u{200b}')
}

fn next_byte(text: &mut Text) -> io::Result<Option<u8>> {
    let byte = text.input.fill_buf()?.first().copied();
    text.input.consume(usize::from(byte.is_some()));
    Ok(byte)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn header(bytes: &[u8], given: Option<u8>) -> anyhow::Result<Header> {
        let mut text = Text::of(Cursor::new(bytes.to_vec()), None).unwrap();
        Header::read(&mut text, given)
    }

    #[test]
    fn the_header_row_shows_the_delimiter_outside_of_quotation_marks() {
        for (row, delimiter, names) in [
            ("id", b',', &["id"][..]),
            ("id,email", b',', &["id", "email"]),
            ("id;email\r\na;b", b';', &["id", "email"]),
            ("id\temail\n", b'\t', &["id", "email"]),
            (
                "\"Name, first, last\";email",
                b';',
                &["Name, first, last", "email"],
            ),
            ("\"a;b;c\",d", b',', &["a;b;c", "d"]),
            ("\"say \"\"a;b;c\"\"\",d", b',', &["say \"a;b;c\"", "d"]),
            ("a, b\tc\td", b'\t', &["a, b", "c", "d"]),
            ("a,b;c", b',', &["a", "b;c"]),
            ("\"two\r\nlines\";b\nx", b';', &["two\r\nlines", "b"]),
            (
                "\r\n\n\u{a0}id\u{200b} ;\u{feff}email;;\r",
                b';',
                &["id", "email", "", ""],
            ),
        ] {
            let header = header(row.as_bytes(), None).unwrap();
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(
                (header.delimiter, header.names),
                (delimiter, names),
                "{row:?}"
            );
        }
    }

    #[test]
    fn a_sep_line_names_the_delimiter_unless_an_option_does() {
        for (text, given, delimiter, names, next_line) in [
            ("sep=;\r\na,b;c\r\n", None, b';', &["a,b", "c"][..], 3),
            ("SEP=|\na|b\n", None, b'|', &["a", "b"], 3),
            ("\"sep=,\"\n\na;b,c\n", None, b',', &["a;b", "c"], 4),
            ("sep=\t\na\tb", None, b'\t', &["a", "b"], 2),
            ("sep=;\na,b;c", Some(b','), b',', &["a", "b;c"], 2),
            ("a|b\n", Some(b'|'), b'|', &["a", "b"], 2),
            // These lines name no delimiter.
            ("sep=\na", None, b',', &["sep="], 2),
            ("sep=ab\na", None, b',', &["sep=ab"], 2),
            ("separator;id\n", None, b';', &["separator", "id"], 2),
        ] {
            let header = header(text.as_bytes(), given).unwrap();
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(
                (header.delimiter, header.names),
                (delimiter, names),
                "{text:?}"
            );
            assert_eq!(header.next_line.get(), next_line, "{text:?}");
        }
    }

    #[test]
    fn a_file_without_a_header_row_is_refused() {
        for (bytes, error) in [
            (&b""[..], "the file has no header row"),
            (b"\r\n\n", "the file has no header row"),
            (b"sep=;\r\n", "the file has no header row"),
            (b",,\r\n , ,\r\n", "the file has no header row"),
            (
                b"a\0b\0",
                "the file seems to be UTF-16 without a byte order mark: use --encoding utf-16le",
            ),
            (
                b"\0a\0b",
                "the file seems to be UTF-16 without a byte order mark: use --encoding utf-16be",
            ),
            (
                b"id,Stra\xDFe",
                "the name of column 2 is not valid UTF-8: name the file's encoding with --encoding, such as windows-1252",
            ),
            (
                b"id,\"x",
                "the header row: a quotation mark is never closed",
            ),
            (
                b"id,\"x\"y",
                "the header row: a cell has text after its closing quotation mark",
            ),
            (&vec![b'x'; MAX_BYTES + 1], "the header row is too long"),
        ] {
            assert_eq!(header(bytes, None).unwrap_err().to_string(), error);
        }
    }

    #[test]
    fn a_delimiter_is_a_character_that_no_name_has() {
        for (text, byte) in [
            (",", b','),
            (";", b';'),
            ("|", b'|'),
            (" ", b' '),
            ("~", b'~'),
            ("tab", b'\t'),
            ("\\t", b'\t'),
            ("\t", b'\t'),
        ] {
            assert_eq!(delimiter(text), Ok(byte));
        }
        for text in ["", "a", "1", "\"", "\n", "\r", "ab", ";;", "é", "\u{a6}"] {
            assert!(delimiter(text).is_err(), "{text:?}");
        }
    }
}
