//! `contacts export` as a process: its output, its messages, and the file after a failure.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use self::common::files::{counts, database, export, file, import, succeeded, tool};
use self::common::{Folder, contacts, text};

/// A contact and an address that nobody owns, with every member about addresses.
fn file_about_addresses() -> String {
    let (early, late) = ("2024-01-01T00:00:00.000Z", "2025-01-01T00:00:00.000Z");
    let finding = json!({ "status": "no_mx", "reason": "none", "validatedAt": early });
    let organization =
        json!({ "organization": "org_x", "audiences": ["newsletter"], "clients": ["website"] });
    let contact = json!({
        "id": "c_1", "createdAt": early,
        "emails": [
            { "value": "One@b.ca", "isPrimary": false, "verifiedAt": early, "verifiedBy": "u", "clearedAt": early,
              "emailValidation": finding, "hardBouncedAt": early, "globallyUnsubscribedAt": late,
              "complainedAt": late, "formerOwners": ["c_3", "c_2"] },
            { "value": "two@b.ca", "isPrimary": true },
        ],
        "verifiedAt": late, "verifiedBy": "client:website", "verificationSource": "form", "hardBouncedAt": late, "clearedAt": early,
        "emailValidation": { "status": "valid", "validatedAt": late },
        "subscriptions": [
            { "audience": "newsletter", "status": "subscribed" },
            { "audience": "newsletter", "client": "website", "status": "subscribed", "email": "One@b.ca",
              "verifiedAt": late, "verifiedBy": "u", "clearedAt": early,
              "verifications": [{ "email": "One@b.ca", "verifiedAt": early, "verificationSource": "form" }] },
        ],
    });
    let address = json!({
        "address": "left@b.ca", "emailValidation": finding, "hardBouncedAt": early,
        "globallyUnsubscribedAt": early, "complainedAt": late, "formerOwners": ["c_9"],
    });
    let records = [organization, contact, address];
    records.map(|record| record.to_string()).join("\n") + "\n"
}

#[test]
fn an_export_tells_all_of_each_address_in_both_formats() {
    let folder = Folder::new();
    let source = folder.file("contacts.jsonl", &file_about_addresses());
    let from = database();
    let report = succeeded(import(&from, &source, &[]));
    assert_eq!(counts(&report), [2, 0, 0, 0]);
    let exported = export(&from, &[]);
    let records: Vec<Value> = exported
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let source: Vec<Value> = file_about_addresses()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let address = records
        .iter()
        .find(|record| record["address"] == "left@b.ca");
    assert_eq!(address, Some(&source[2]));
    let contact = records.iter().find(|record| record["id"] == "c_1").unwrap();
    for (name, value) in source[1].as_object().unwrap() {
        assert_eq!(contact[name], *value, "{name}");
    }
    for format in ["jsonl", "csv"] {
        let copy = folder.0.join(format!("copy.{format}"));
        export(&from, &["--output", copy.to_str().unwrap()]);
        let to = database();
        for expected in [[2, 0, 0, 0], [0, 0, 2, 0]] {
            let report = succeeded(import(&to, &copy, &[]));
            assert_eq!(counts(&report), expected, "{format}");
        }
        assert_eq!(export(&to, &[]), exported, "{format}");
    }
}

#[test]
fn an_export_gets_its_name_only_when_it_is_complete() {
    let database = database();
    let folder = Folder::new();
    let source = folder.file("contacts.jsonl", &file(300));
    succeeded(import(&database, &source, &[]));
    let expected = export(&database, &[]);
    let output = folder.0.join("export.jsonl");
    let exporting = |arguments: &[&str]| {
        let mut command = tool(&database, &["export", "--organization", "org_x"]);
        command.arg("--output").arg(&output).args(arguments);
        command.stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [exporting(&[]), exporting(&[])].map(|export| export.wait_with_output().unwrap());
    for export in both {
        assert!(export.status.success(), "{}", text(&export.stderr));
        let said = text(&export.stderr);
        assert!(
            said.contains("300 contacts of organization org_x"),
            "{said}"
        );
    }
    assert_eq!(fs::read_to_string(&output).unwrap(), expected);

    // A failed export leaves no unfinished file, and keeps the earlier file.
    let missing = tool(&database, &["export", "--organization", "org_x"])
        .arg("--output")
        .arg(&output)
        .env("TABLE_NAME", "nowhere")
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(3));
    assert_eq!(fs::read_to_string(&output).unwrap(), expected);
    let mut names: Vec<_> = fs::read_dir(&folder.0)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["contacts.jsonl", "export.jsonl"]);

    // The extension of the name chooses the format.
    let cells = folder.0.join("export.csv");
    let csv = ["--output", cells.to_str().unwrap()];
    assert_eq!(export(&database, &csv), "");
    let written = fs::read_to_string(&cells).unwrap();
    assert_eq!(written, export(&database, &["--format", "csv"]));

    // An address without an owner counts as data.
    let source = folder.file(
        "address.jsonl",
        "{\"organization\":\"org_y\"}\n{\"address\":\"left@b.ca\",\"hardBouncedAt\":\"2024-01-01T00:00:00Z\"}\n",
    );
    succeeded(import(&database, &source, &[]));
    let address = ["export", "--organization", "org_y"];
    let address = common::output(&mut tool(&database, &address));
    assert_eq!(text(&address.stderr), "");

    let nobody = ["export", "--organization", "org_nobody"];
    let nothing = common::output(&mut tool(&database, &nobody));
    assert!(nothing.status.success());
    let said = text(&nothing.stderr);
    assert!(
        said.contains("no data of organization org_nobody"),
        "{said}"
    );
}

#[test]
fn an_interrupted_export_leaves_the_earlier_file() {
    let folder = Folder::new();
    let copy = folder.file("export.jsonl", "of yesterday\n");
    // A database that accepts connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let mut exporting = contacts()
        .args(["export", "--organization", "org_x", "--dynamodb", &url])
        .arg("--output")
        .arg(&copy)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The export begins the file before its first request.
    let asking = silent.accept().unwrap();
    let killed = Command::new("kill")
        .args(["-INT", &exporting.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    assert_eq!(exporting.wait().unwrap().code(), Some(130));
    drop(asking);
    let names: Vec<_> = fs::read_dir(&folder.0)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["export.jsonl"]);
    assert_eq!(fs::read_to_string(&copy).unwrap(), "of yesterday\n");
}
