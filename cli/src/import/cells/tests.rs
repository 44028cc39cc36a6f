use std::io::Cursor;

use serde_json::json;

use super::*;

/// The line of each row, with its members or the field at fault and the reason.
type Read = Vec<(u64, Result<Value, (String, String)>)>;

fn open(text: &[u8]) -> anyhow::Result<Cells> {
    let text = Text::of(Cursor::new(text.to_vec()), None).unwrap();
    Cells::open(text, None, &ColumnOptions::default())
}

fn read(text: &[u8]) -> Read {
    let mut cells = open(text).unwrap();
    let mut found = Vec::new();
    while let Some(record) = cells.next().unwrap() {
        let members = record.members.map(Value::Object);
        found.push((
            record.line,
            members.map_err(|fault| (fault.field, fault.reason)),
        ));
    }
    assert_eq!(cells.source.position(), text.len() as u64);
    found
}

fn header_error(text: &str) -> String {
    match open(text.as_bytes()) {
        Ok(_) => panic!("{text:?}"),
        Err(error) => format!("{error:#}"),
    }
}

#[test]
fn a_rows_line_is_where_it_begins_with_line_breaks_in_quotation_marks_and_empty_lines_before() {
    let text =
        "id,lastName\r\n\r\na,\"one\r\ntwo\nthree\"\r\n\r\n\nb,x\nc,y,z\n,\n\"d\",\"\"\"e\"\"\"";
    assert_eq!(
        read(text.as_bytes()),
        [
            (3, Ok(json!({ "id": "a", "lastName": "one\r\ntwo\nthree" }))),
            (8, Ok(json!({ "id": "b", "lastName": "x" }))),
            (
                9,
                Err((
                    "record".to_owned(),
                    "has 3 cells, but the header row has 2".to_owned()
                ))
            ),
            (11, Ok(json!({ "id": "d", "lastName": "e" }))),
        ]
    );
}

#[test]
fn lines_are_counted_from_the_start_of_the_file() {
    let jane = || Ok(json!({ "id": "a", "lastName": "x" }));
    for (text, expected) in [
        ("sep=;\r\nid;lastName\r\na;x\r\n", vec![(3, jane())]),
        ("\nsep=|\n\nid|lastName\n\na|x", vec![(6, jane())]),
        (
            "\u{feff}id\tlastName\na\tx\n \n\t\na\tx",
            vec![(2, jane()), (5, jane())],
        ),
        // A spreadsheet with blank rows above its header.
        (",,\r\n;;\r\nid,lastName\r\na,x\r\n", vec![(4, jane())]),
        // A file of an old Macintosh: no line ends with a line feed.
        ("id,lastName\ra,x\r", vec![(2, jane())]),
    ] {
        let mut cells = open(text.as_bytes()).unwrap();
        let mut found = Vec::new();
        while let Some(record) = cells.next().unwrap() {
            found.push((record.line, record.members.map(Value::Object)));
        }
        assert_eq!(found, expected, "{text:?}");
    }
}

#[test]
fn invalid_bytes_reject_only_their_row() {
    let found = read(b"id\na\n\xFF\nb\n");
    assert_eq!(found.len(), 3);
    assert_eq!(
        found[1],
        (
            3,
            Err((
                "id".to_owned(),
                "is not valid UTF-8: name the file's encoding with --encoding, such as windows-1252"
                    .to_owned()
            ))
        )
    );
}

#[test]
fn an_unclosed_quotation_mark_does_not_fill_the_memory() {
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
fn a_row_with_an_unclosed_quotation_mark_is_rejected() {
    let never_closed = "a quotation mark is never closed: everything up to line";
    let goes_on = "a cell has text after its closing quotation mark: everything up to line";
    for (rows, expected) in [
        // The mark is in the first of three rows, and nothing closes it.
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
        // A mark in a later row closes it.
        (
            "a,\"x\nb,\"y\nc,z\n",
            (2, format!("{goes_on} 3 was read as this record")),
        ),
        (
            "\"a, b\" c,x\n",
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
fn quotation_marks_in_a_row_of_one_line_may_be_part_of_a_text() {
    for (row, name) in [
        ("\"Bud\" Smith,b", "\"Bud\" Smith"),
        ("\"Bud\" \"Jo\" Smith,b", "\"Bud\" \"Jo\" Smith"),
        ("\"\"\"Bud\"\" Smith\",b", "\"Bud\" Smith"),
        ("\"Bud\" Smith,\"b\"", "\"Bud\" Smith"),
        ("Smith \"Bud\",b", "Smith \"Bud\""),
        ("6\" Smith,b", "6\" Smith"),
    ] {
        let expected = json!({ "lastName": name, "id": "b" });
        let text = format!("lastName,id\n{row}\n");
        assert_eq!(read(text.as_bytes()), [(2, Ok(expected))], "{row}");
    }
}

#[test]
fn a_header_names_each_member_once() {
    for (text, error) in [
        ("", "the file has no header row"),
        (
            ",id\n",
            "column 1 has no name; --ignore-unknown-columns leaves it out",
        ),
        (
            "id,ID \n",
            "the file has column \"ID\" more than once; --map \"ID=\" leaves all of them out",
        ),
        (
            "jane@example.com,Jane\n",
            "columns 1, 2 are unknown: the first row must hold the names of the columns",
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
