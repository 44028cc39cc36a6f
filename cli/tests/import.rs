//! `contacts provision`, `show` and `import` as processes: their reports, their exit codes, and the table after them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use self::common::files::{counts, database, export, file, import, interrupt, succeeded, tool};
use self::common::{Folder, Server, contacts, output, patch, text, token};

#[tokio::test]
async fn a_new_tenant_goes_from_nothing_to_a_contact_that_may_be_sent_to() {
    let database = database();
    let arguments = [
        "provision",
        "--organization",
        "org_x",
        "--audience",
        "newsletter",
        "--client",
        "website",
        "--client",
        "app",
    ];
    let said = |what: &str| {
        format!(
            "audience newsletter of org_x: {what}\nclient website of org_x: {what}\nclient app of org_x: {what}\n"
        )
    };
    for what in ["added", "already registered"] {
        let provisioned = output(&mut tool(&database, &arguments));
        assert_eq!(succeeded(provisioned), said(what));
    }
    let shown = succeeded(output(&mut tool(
        &database,
        &["show", "--organization", "org_x"],
    )));
    let registered = "{\"organization\":\"org_x\",\"audiences\":[\"newsletter\"],\"clients\":[\"app\",\"website\"]}\n";
    assert_eq!(shown, registered);

    let folder = Folder::new();
    let contact = json!({ "id": "c_1", "email": "jane@b.ca",
                          "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }] });
    let file = folder.file("contacts.jsonl", &contact.to_string());
    succeeded(import(&database, &file, &["--organization", "org_x"]));
    let api = Server::start(
        contacts()
            .args(["serve", "--dynamodb", &database.url])
            .env("LOG_LEVEL", "error"),
    );
    let token = token(&["--organization", "org_x", "--client", "website"]);
    let url = format!("{}/api/contacts/c_1/verification", api.url);
    let body = json!({ "verified": true, "audience": "newsletter", "client": "website" });
    let (status, answer) = patch(&url, &token, body.to_string()).await;
    assert_eq!(
        (status, &answer["can_send_marketing"]),
        (200, &json!(true)),
        "{answer}"
    );

    let show = ["show", "--organization", "org_x", "--contact", "c_1"];
    let shown = succeeded(output(&mut tool(&database, &show)));
    assert_eq!(shown, export(&database, &[]));
    let absent = output(&mut tool(
        &database,
        &["show", "--organization", "org_x", "--contact", "c_2"],
    ));
    assert_eq!(absent.status.code(), Some(1));
}

#[test]
fn a_missing_table_is_created_on_this_machine() {
    let database = database();
    let run = |arguments: &[&str]| output(tool(&database, arguments).env("TABLE_NAME", "another"));
    let export = ["export", "--organization", "org_x"];
    let missing = run(&export);
    assert_eq!(missing.status.code(), Some(3));
    let message = text(&missing.stderr);
    assert!(
        message.contains("there is no table another at "),
        "{message}"
    );

    succeeded(run(&[
        "provision",
        "--organization",
        "org_x",
        "--audience",
        "newsletter",
    ]));
    assert!(succeeded(run(&export)).contains("newsletter"));
}

#[test]
fn an_export_is_imported_from_a_file_and_from_a_pipe() {
    let (from, to) = (database(), database());
    let folder = Folder::new();
    let source = folder.file("contacts.ndjson", &file(30));
    let report = succeeded(import(&from, &source, &[]));
    assert_eq!(counts(&report), [30, 0, 0, 0]);
    assert!(
        report.starts_with("organization org_x in table contacts at http://127.0.0.1:"),
        "{report}"
    );
    assert!(report.contains(" rows per second"), "{report}");
    assert!(!folder.0.join("contacts.ndjson.rejects.csv").exists());

    let csv = folder.0.join("contacts.csv");
    let said = export(
        &from,
        &["--format", "csv", "--output", csv.to_str().unwrap()],
    );
    assert_eq!(said, "");
    assert_eq!(
        counts(&succeeded(import(&to, &csv, &["--dry-run"]))),
        [30, 0, 0, 0]
    );
    assert_eq!(export(&to, &[]).lines().count(), 1);
    assert_eq!(counts(&succeeded(import(&to, &csv, &[]))), [30, 0, 0, 0]);
    assert_eq!(export(&to, &[]), export(&from, &[]));
    assert_eq!(counts(&succeeded(import(&to, &csv, &[]))), [0, 0, 30, 0]);

    let mut exporting = tool(&from, &["export", "--organization", "org_x"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let imported = tool(&to, &["import", "-", "--organization", "org_y"])
        .stdin(exporting.stdout.take().unwrap())
        .output()
        .unwrap();
    assert!(exporting.wait().unwrap().success());
    assert_eq!(counts(&succeeded(imported)), [30, 0, 0, 0]);
}

#[test]
fn rejects_go_to_a_file_with_line_field_and_reason_and_the_others_go_on() {
    let database = database();
    let folder = Folder::new();
    let rows = "id,firstName,email,verifiedAt\nc_1,\"two\nlines\",a@b.ca,\nc 2,,,\n\nc_3,,nobody,\nc_4,Jane,c@b.ca,2024\n\
                c_5,Jane,d@b.ca,2024-01-01T00:00:00Z\n";
    let source = folder.file("contacts.csv", rows);
    let rejects = folder.0.join("contacts.csv.rejects.csv");
    for expected in [[2, 0, 0, 3], [0, 0, 2, 3]] {
        let imported = import(&database, &source, &["--organization", "org_x"]);
        assert_eq!(imported.status.code(), Some(1));
        let report = text(&imported.stdout);
        assert_eq!(counts(report), expected);
        assert!(report.contains("contacts.csv.rejects.csv"), "{report}");
        assert_eq!(
            fs::read_to_string(&rejects).unwrap(),
            "line,field,reason\n\
             4,id,\"must be 1 to 64 letters, digits, `_` or `-`\"\n\
             6,email,must be an e-mail address of at most 320 characters: it has no @\n\
             7,verifiedAt,\"must be a date and time with an offset, from 1970 to 9999, such as 2026-05-20T15:04:01.135Z\"\n"
        );
    }
    // The next import removes the list of an earlier one.
    fs::write(&source, "id\nc_1\n").unwrap();
    succeeded(import(&database, &source, &["--organization", "org_x"]));
    assert!(!rejects.exists());
    // An import never overwrites a file that is not a list of rejected records.
    let other = folder.file("other.csv", "precious\n");
    let refused = import(
        &database,
        &source,
        &[
            "--organization",
            "org_x",
            "--rejects",
            other.to_str().unwrap(),
        ],
    );
    assert_eq!(refused.status.code(), Some(3));
    assert_eq!(fs::read_to_string(&other).unwrap(), "precious\n");
}

#[test]
fn rejects_go_to_a_pipe_or_to_a_path_that_can_be_written() {
    let database = database();
    let folder = Folder::new();
    let source = folder.file("contacts.csv", "id\nc 1\n");
    let import = |source: &Path, rejects: &str| {
        let organization = ["--organization", "org_x", "--rejects", rejects];
        import(&database, source, &organization)
    };
    let imported = import(&source, "/dev/stderr");
    assert_eq!(imported.status.code(), Some(1));
    let rejects = text(&imported.stderr);
    assert!(rejects.contains("line,field,reason\n2,id,"), "{rejects}");

    let nowhere = folder.0.join("nowhere/rejects.csv");
    for (rejects, code) in [
        (nowhere.to_str().unwrap(), 3),
        (folder.0.to_str().unwrap(), 3),
        ("-", 2),
    ] {
        let refused = import(&source, rejects);
        assert_eq!(refused.status.code(), Some(code), "{rejects}");
        assert!(refused.stdout.is_empty(), "{}", text(&refused.stdout));
        let message = text(&refused.stderr);
        assert!(message.contains("--rejects"), "{message}");
    }

    // A list stays until another import has a result.
    let report = folder.file("rejects.csv", "line,field,reason\n7,id,whatever\n");
    let mistyped = folder.file("mistyped.csv", "idd\nc_1\n");
    import(&mistyped, report.to_str().unwrap());
    assert!(fs::read_to_string(&report).unwrap().contains("whatever"));
    import(&source, report.to_str().unwrap());
    assert!(!fs::read_to_string(&report).unwrap().contains("whatever"));
}

#[test]
fn a_mistake_is_named_before_anything_is_written() {
    let database = database();
    let folder = Folder::new();
    let unknown = folder.file("unknown.csv", "id,fristName\nc_1,Jane\n");
    let unnamed = folder.file("unnamed.jsonl", "{\"id\":\"c_1\"}\n");
    let nameless = folder.file("contacts.txt", "{\"id\":\"c_1\"}\n");
    let absent = folder.0.join("absent.csv");
    let organization = ["--organization", "org_x"];
    for (imported, code, named) in [
        (
            import(&database, &unknown, &organization),
            3,
            "unknown.csv: column \"fristName\" (did you mean firstName?) is unknown",
        ),
        (
            import(&database, &unnamed, &[]),
            2,
            "unnamed.jsonl: no organization",
        ),
        (
            import(&database, &nameless, &organization),
            2,
            "choose the format with --format",
        ),
        (import(&database, &absent, &organization), 3, "absent.csv"),
        (
            output(
                tool(&database, &["import"])
                    .arg(&unnamed)
                    .args(organization)
                    // Without --dry-run, the command would create the table.
                    .arg("--dry-run")
                    .env("TABLE_NAME", "nowhere"),
            ),
            3,
            "there is no table nowhere at ",
        ),
        (
            output(
                tool(&database, &["import"])
                    .arg(&unnamed)
                    .args(organization)
                    .env("TIME_ZONE", "x"),
            ),
            2,
            "TIME_ZONE",
        ),
    ] {
        assert_eq!(imported.status.code(), Some(code), "{named}");
        assert!(imported.stdout.is_empty(), "{named}");
        let message = text(&imported.stderr);
        assert!(message.contains(named), "{message}");
    }
    assert_eq!(export(&database, &[]).lines().count(), 1);
}

/// An import that reads from a pipe.
fn import_from_pipe(database: &Server) -> Child {
    tool(database, &["import", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// After a signal, the import does not retry the records in progress for minutes.
#[test]
fn an_import_without_a_database_ends_at_the_first_signal() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let database = database();
        let content = file(300);
        let (sooner, later) = content.split_at(content.len() / 2);
        let mut importing = import_from_pipe(&database);
        let mut stdin = importing.stdin.take().unwrap();
        stdin.write_all(sooner.as_bytes()).unwrap();
        while export(&database, &[]).lines().count() < 100 {
            thread::sleep(Duration::from_millis(50));
        }
        drop(database);
        stdin.write_all(later.as_bytes()).unwrap();
        importing.stdin = Some(stdin);
        let (ended, report) = interrupt(importing, signal);
        assert_eq!(ended, Some(code), "{report}");
        assert!(report.contains("the import ended early"), "{report}");
    }
}

#[test]
fn an_interrupted_import_finishes_the_records_in_progress_and_reports_the_last_line() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let database = database();
        let content = file(1200);
        let mut importing = import_from_pipe(&database);
        let mut stdin = importing.stdin.take().unwrap();
        stdin.write_all(content.as_bytes()).unwrap();
        importing.stdin = Some(stdin);
        let (ended, report) = interrupt(importing, signal);
        assert_eq!(ended, Some(code), "{signal}");
        let [created, updated, unchanged, rejected] = counts(&report);
        assert_eq!((updated, unchanged, rejected), (0, 0, 0));
        assert!(
            report.contains("the import ended early: all records up to line "),
            "{report}"
        );
        let exported = export(&database, &[]);
        assert_eq!(exported.lines().count() as u64 - 1, created);
        for line in exported.lines() {
            serde_json::from_str::<Value>(line).unwrap();
        }
    }
}
