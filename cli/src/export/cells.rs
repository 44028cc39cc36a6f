//! Records as rows of a CSV file (RFC 4180): one column for each member.
//!
//! A cell holds a text unchanged, and a list or an object as JSON. A text that a cell would not keep is JSON too: a reader
//! trims cells, takes a blank cell as absent, and takes a cell in quotation marks as JSON. A text that a spreadsheet would
//! calculate as a formula is also JSON, because a stranger may have written it.

use serde::Serialize;
use serde_json::Value;

use crate::import::member::EXPORTED;

/// The header row.
pub(super) fn header() -> anyhow::Result<Vec<u8>> {
    written(EXPORTED.map(|(column, _)| column.to_owned()))
}

/// The row of a record.
pub(super) fn row(record: &impl Serialize) -> anyhow::Result<Vec<u8>> {
    let mut members = serde_json::to_value(record)?;
    written(EXPORTED.map(|(column, _)| cell(members[column].take())))
}

fn written(cells: impl IntoIterator<Item = String>) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(cells)?;
    Ok(writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?)
}

fn cell(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if is_kept(&text) => text,
        value => value.to_string(),
    }
}

/// Whether a cell keeps this text as it is.
fn is_kept(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.starts_with('"') && !text.starts_with(FORMULA)
}

/// The first characters of formulas (OWASP, "CSV Injection"). Japanese spreadsheets also take the full-width ones.
const FORMULA: [char; 8] = [
    '=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_a_cell_would_not_keep_is_json() {
        for text in [
            "",
            " ",
            " x",
            "x\u{a0}",
            "\"x",
            "=HYPERLINK(\"http://example.com\")",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "\u{ff1d}1",
        ] {
            let cell = cell(Value::from(text));
            assert!(cell.starts_with('"'), "{text:?}");
            assert_eq!(serde_json::from_str::<String>(&cell).unwrap(), text);
        }
        for text in ["x", "1+1=2", "O'Neil", "a\r\nb", "[x]", "'=1"] {
            assert_eq!(cell(Value::from(text)), text);
        }
    }

    #[test]
    fn a_text_is_a_cell_and_everything_else_is_json() {
        let record = serde_json::json!({
            "id": "c_1", "firstName": "", "lastName": "\"O\", Neil\r\n", "assignees": ["a", "b"], "status": "New, Lead",
        });
        let row = row(&record).unwrap();
        assert_eq!(
            std::str::from_utf8(&row).unwrap(),
            ",,,c_1,\"\"\"\"\"\",\"\"\"\\\"\"O\\\"\", Neil\\r\\n\"\"\",,,,\"New, Lead\",,,,,\"[\"\"a\"\",\"\"b\"\"]\"\
             ,,,,,,,,,,,,,,,\r\n"
        );
    }
}
