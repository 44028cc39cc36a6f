//! `--json`: the reports of the tool as one JSON object on standard output.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use contacts::demo::CRM_ORGANIZATION;
use serde_json::{Value, json};

use self::common::files::{counts, database, file, import, tool};
use self::common::{Folder, Server, contacts, output, text, token};

/// The object on standard output. Standard output must have nothing else.
fn report(output: &Output) -> Value {
    let printed = text(&output.stdout);
    assert_eq!(printed.lines().count(), 1, "{printed}");
    serde_json::from_str(printed).unwrap()
}

/// The error in the report. Standard error must have the same error.
fn error(output: &Output) -> String {
    let report = report(output);
    let error = report["error"].as_str().unwrap();
    let said = text(&output.stderr);
    assert!(said.contains(&format!("contacts: {error}")), "{said}");
    error.to_owned()
}

#[test]
fn an_import_reports_its_counts_and_where_the_rejects_are() {
    let database = database();
    let folder = Folder::new();
    let source = folder.file("contacts.jsonl", &file(3));
    let imported = import(&database, &source, &["--json", "--dry-run"]);
    assert_eq!(report(&imported)["dryRun"], true);
    let expected = |created: u64, unchanged: u64, rejected: u64| {
        json!({
            "organization": "org_x", "table": "contacts", "endpoint": database.url, "dryRun": false,
            "created": created, "updated": 0, "unchanged": unchanged, "rejected": rejected,
        })
    };
    let without_rate = |output: &Output| {
        let mut report = report(output);
        let rate = report.as_object_mut().unwrap().remove("rowsPerSecond");
        assert!(rate.unwrap().is_u64());
        report
    };
    let imported = import(&database, &source, &["--json"]);
    assert_eq!(imported.status.code(), Some(0));
    assert_eq!(without_rate(&imported), expected(3, 0, 0));
    assert!(imported.stderr.is_empty(), "{}", text(&imported.stderr));

    let bad = file(3) + "{\"id\":\"c 1\"}\n";
    let bad = folder.file("bad.jsonl", &bad);
    let imported = import(&database, &bad, &["--json"]);
    assert_eq!(imported.status.code(), Some(1));
    let mut with_rejects = expected(0, 3, 1);
    with_rejects["rejects"] = json!(format!("{}.rejects.csv", bad.display()));
    assert_eq!(without_rate(&imported), with_rejects);
}

#[test]
fn an_import_that_ends_early_reports_why_and_how_far_it_got() {
    let database = database();
    let folder = Folder::new();
    let another = file(3) + "{\"organization\":\"org_y\"}\n";
    let source = folder.file("contacts.jsonl", &another);
    let failed = import(&database, &source, &["--json"]);
    assert_eq!(failed.status.code(), Some(3));
    let why = error(&failed);
    assert!(why.contains("contacts.jsonl"), "{why}");
    let found = report(&failed);
    assert_eq!(
        (&found["created"], &found["upToLine"]),
        (&json!(3), &json!(4))
    );
    // Without `--json` the exit code is the same.
    let failed = import(&database, &source, &[]);
    assert_eq!(failed.status.code(), Some(3));
    assert_eq!(counts(text(&failed.stdout)), [0, 0, 3, 0]);

    for (signal, code, why) in [
        ("-INT", 130, "interrupted by SIGINT"),
        ("-TERM", 143, "interrupted by SIGTERM"),
    ] {
        let mut importing = tool(&database, &["import", "-", "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = importing.stdin.take().unwrap();
        // The file is longer than the read-ahead, so the import has begun when the pipe has taken all of it.
        stdin.write_all(file(1200).as_bytes()).unwrap();
        let id = importing.id().to_string();
        let killed = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(killed.success());
        let interrupted = importing.wait_with_output().unwrap();
        assert_eq!(interrupted.status.code(), Some(code));
        let report = report(&interrupted);
        assert_eq!(report["error"], why);
        assert!(report["upToLine"].is_u64(), "{report}");
    }
}

#[test]
fn a_command_that_cannot_begin_reports_why() {
    let database = database();
    let folder = Folder::new();
    let source = folder.file("contacts.jsonl", &file(1));
    let nameless = folder.file("contacts.csv.gz", "id\nc_1\n");
    let seed = folder.file("seed.json", "[]");
    let (source, nameless) = (source.to_str().unwrap(), nameless.to_str().unwrap());
    let provision = ["provision", "--organization", "org_x"];
    let missing = ["--table", "nowhere"];
    let absent = "/nowhere/contacts.csv";
    for (arguments, code, named) in [
        (&["import", nameless][..], 2, "--format"),
        (&["import", absent], 3, absent),
        (
            &["import", source, "--dry-run", missing[0], missing[1]],
            3,
            "no table nowhere",
        ),
        (&provision, 2, "--audience"),
        (&["seed", seed.to_str().unwrap()], 3, "seed.json"),
        (
            &["seed", "--samples", "org_x", missing[0], missing[1]],
            3,
            "no table nowhere",
        ),
    ] {
        let failed = output(tool(&database, arguments).arg("--json"));
        assert_eq!(failed.status.code(), Some(code), "{arguments:?}");
        let why = error(&failed);
        assert!(why.contains(named), "{why}");
    }
    let nobody = output(contacts().args(["smoke", "--json", "--url", "http://127.0.0.1:1"]));
    assert_eq!(nobody.status.code(), Some(3));
    assert!(error(&nobody).contains("does not answer"));
}

#[test]
fn provision_reports_new_and_existing_registrations() {
    let database = database();
    let provision = |arguments: &[&str]| {
        let command = ["provision", "--organization", "org_x", "--json"];
        let provisioned = output(tool(&database, &command).args(arguments));
        assert!(provisioned.status.success());
        assert!(provisioned.stderr.is_empty());
        report(&provisioned)
    };
    let nothing = json!({ "audiences": [], "clients": [] });
    let newsletter = json!({ "audiences": ["newsletter"], "clients": [] });
    assert_eq!(
        provision(&["--audience", "newsletter"]),
        json!({
            "organization": "org_x", "table": "contacts", "endpoint": database.url,
            "added": newsletter, "thereAlready": nothing,
        })
    );
    let second = provision(&["--audience", "newsletter", "--client", "website"]);
    assert_eq!(
        second["added"],
        json!({ "audiences": [], "clients": ["website"] })
    );
    assert_eq!(second["thereAlready"], newsletter);
}

#[test]
fn seed_reports_what_it_loaded_and_what_is_new() {
    let database = database();
    for (created, unchanged) in [(3, 0), (0, 3)] {
        let seeded = output(&mut tool(
            &database,
            &["seed", "--samples", "org_x", "--json"],
        ));
        assert!(seeded.status.success());
        assert_eq!(
            report(&seeded),
            json!({
                "table": "contacts", "endpoint": database.url,
                "loaded": { "organizations": 1, "audiences": 1, "clients": 1, "contacts": 3, "subscriptions": 1 },
                "created": created, "updated": 0, "unchanged": unchanged,
            })
        );
    }
}

#[test]
fn smoke_reports_each_check_with_its_verdict() {
    let server = Server::start(contacts().arg("serve").env("LOG_LEVEL", "error"));
    let smoke = |arguments: &[&str]| {
        let command = ["smoke", "--json", "--url", &server.url];
        output(contacts().args(command).args(arguments))
    };
    let verdicts = |report: &Value, verdict: &str| {
        let checks = report["checks"].as_array().unwrap().clone();
        let checks = checks.into_iter();
        checks
            .filter(|check| check["verdict"] == verdict)
            .collect::<Vec<_>>()
    };
    let all = smoke(&[]);
    assert_eq!(all.status.code(), Some(0));
    let all = report(&all);
    assert_eq!((&all["failed"], &all["skipped"]), (&json!(0), &json!(0)));
    assert_eq!(all["ok"], verdicts(&all, "ok").len());
    assert_eq!(all["url"], server.url);

    let some = report(&smoke(&["--without-contacts"]));
    let skipped = verdicts(&some, "skipped");
    assert_eq!(some["skipped"], skipped.len());
    assert_eq!(
        some["ok"].as_u64().unwrap() + skipped.len() as u64,
        all["ok"]
    );
    assert_eq!(skipped[0]["reason"], "--without-contacts");
    assert!(skipped.iter().all(|check| check["check"].is_string()));

    // Endpoint 3 refuses the token of a person.
    let person = token(&["--organization", CRM_ORGANIZATION]);
    let command = ["smoke", "--json", "--url", &server.url];
    let wrong = output(contacts().args(command).env("CONTACTS_TOKEN", &person));
    assert_eq!(wrong.status.code(), Some(1));
    assert!(!text(&wrong.stdout).contains(&person));
    let wrong = report(&wrong);
    let failed = verdicts(&wrong, "failed");
    assert_eq!(wrong["failed"], failed.len());
    assert_eq!(failed[0]["place"], "status");
    assert!(failed[0]["got"].as_str().unwrap().starts_with("403"));
    assert!(
        failed[0]["hint"]
            .as_str()
            .unwrap()
            .contains("CONTACTS_APPLICATION_TOKEN")
    );
    assert!(failed[0]["requestId"].is_string());
}
