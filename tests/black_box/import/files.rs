//! Files: every text survives an export and an import, and a reader that fails ends the import.

use std::io::{self, Read};

use black_box_tests::Database;
use contacts::arguments::Format;
use contacts::import::End;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use shared::domain::OrganizationId;

use super::{Scene, created, exported, import, import_from, imported, lines, organization};

/// Any texts, with beginnings and ends that a spreadsheet, a CSV reader or the reader of cells may misread.
fn text() -> impl Strategy<Value = String> {
    let begins = prop::sample::select(vec![
        "=", "+", "-", "@", "\t", "\r", "\n", "\"", "'", "[", "{", " ", "\u{a0}", ";", ",",
        "\u{feff}", "\u{ff1d}", "\"\"", "[\"", "sep=", "true", "",
    ]);
    let ends = prop::sample::select(vec!["", "\"", " ", "\u{3000}", "\r\n", "]", "}", ";", "\\"]);
    (begins, any::<String>(), ends).prop_map(|(begin, text, end)| format!("{begin}{text}{end}"))
}

#[test]
fn any_text_comes_back_from_a_csv_export_as_it_was() {
    let mut runner = TestRunner::new(Config::with_cases(8));
    let contacts = prop::collection::vec((text(), text(), prop::collection::vec(text(), 0..4)), 40);
    runner
        .run(&contacts, |contacts| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let (before, after) = runtime.block_on(async {
                let scene = Scene::start().await;
                let (from, to) = (scene.from.store().await, scene.to.store().await);
                let count = contacts.len() as u64;
                let records = contacts.into_iter().enumerate().map(|(n, (first, last, tags))| {
                    json!({ "id": format!("c_{n}"), "firstName": first, "lastName": last, "status": first, "assignees": tags,
                            "secondaryPhoneNumber": tags, "tags": { "newsletter": tags } })
                });
                let file = lines([organization()].into_iter().chain(records));
                imported(&from, &file).await;
                let csv = exported(&from, &scene.organization, Format::Csv).await;
                let import = import(&to, &csv, |options| options.file.format = Format::Csv);
                let (summary, rejects) = import.await.unwrap();
                assert_eq!((summary.counts, rejects.as_str()), (created(count), ""));
                let format = Format::Jsonl;
                (
                    exported(&from, &scene.organization, format).await,
                    exported(&to, &scene.organization, format).await,
                )
            });
            prop_assert_eq!(before, after);
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn no_cell_of_an_export_is_a_formula() {
    let scene = Scene::start().await;
    let formulas = [
        "=HYPERLINK(\"http://example.com\",\"x\")",
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(1+1)",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "＝1+1",
    ];
    let contacts: Vec<_> = formulas
        .iter()
        .enumerate()
        .map(|(n, formula)| {
            json!({ "id": format!("-{n}"), "firstName": formula, "lastName": formula, "status": formula, "pipelineId": formula,
                    "pipelineStage": formula, "userId": formula, "createdBy": formula, "globalUnsubscribeReason": formula,
                    "phoneNumber": [{ "value": "+14165550100" }], "assignees": [formula], "tags": { "newsletter": [formula] },
                    "emails": [{ "value": format!("+{n}@b.ca") }] })
        })
        .collect();
    scene.seed(Value::Array(contacts)).await;
    let from = scene.from.store().await;
    let csv = exported(&from, &scene.organization, Format::Csv).await;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let mut cells = 0;
    for row in reader.records() {
        for cell in &row.unwrap() {
            let begins = cell.chars().next();
            assert!(
                !begins.is_some_and(|begins| "=+-@\t\r\n＝".contains(begins)),
                "{cell:?}"
            );
            cells += usize::from(cell.contains("1+1"));
        }
    }
    assert!(cells > 0);
}

/// A file whose reader panics or fails after these bytes.
struct Broken {
    start: io::Cursor<Vec<u8>>,
    panics: bool,
}

impl Read for Broken {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.start.read(buffer)? {
            0 if self.panics => panic!("a fault of the reader, made by this test"),
            0 => Err(io::Error::other("the disk is broken")),
            count => Ok(count),
        }
    }
}

#[tokio::test]
async fn a_file_whose_reader_fails_ends_the_import_with_an_error() {
    let database = Database::start_own_table().await;
    let store = database.store().await;
    let contact = json!({ "id": "c_1" });
    for (file, panics) in [
        (lines([organization(), contact.clone()]), true),
        (lines([organization(), contact]), false),
        (String::new(), true),
        (String::new(), false),
    ] {
        let is_empty = file.is_empty();
        let input = Broken {
            start: io::Cursor::new(file.into_bytes()),
            panics,
        };
        let into = Some(OrganizationId::parse("org_a").unwrap());
        let ended = import_from(&store, input, |options| options.organization = into).await;
        match ended {
            Ok((summary, _)) => assert!(matches!(summary.end, End::Failed(_)), "{:?}", summary.end),
            Err(error) => assert!(is_empty, "{error}"),
        }
    }
}
