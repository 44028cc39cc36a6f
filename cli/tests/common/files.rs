//! `contacts import` and `contacts export` against a database, and files for them.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Output};

use serde_json::json;

use super::{Server, contacts, output, text};

/// A database whose table `contacts` has no data of these tests' organization.
pub(crate) fn database() -> Server {
    Server::start(contacts().args(["serve", "--database-only"]))
}

pub(crate) fn tool(database: &Server, arguments: &[&str]) -> Command {
    let mut command = contacts();
    command
        .args(arguments)
        .args(["--dynamodb", &database.url])
        .env("TABLE_NAME", "contacts");
    command
}

pub(crate) fn succeeded(output: Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn export(database: &Server, arguments: &[&str]) -> String {
    let command = ["export", "--organization", "org_x"];
    succeeded(output(tool(database, &command).args(arguments)))
}

pub(crate) fn import(database: &Server, file: &Path, arguments: &[&str]) -> Output {
    output(tool(database, &["import"]).arg(file).args(arguments))
}

/// Sends a signal to an import, and returns the exit code and the report.
pub(crate) fn interrupt(mut importing: Child, signal: &str) -> (Option<i32>, String) {
    let id = importing.id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status();
    assert!(sent.unwrap().success());
    // If the input is a pipe, it stays open until the import has ended.
    let stdin = importing.stdin.take();
    let mut report = String::new();
    let mut stdout = importing.stdout.take().unwrap();
    stdout.read_to_string(&mut report).unwrap();
    let code = importing.wait().unwrap().code();
    drop(stdin);
    (code, report)
}

/// The counts of a report: created, updated, unchanged, rejected.
pub(crate) fn counts(report: &str) -> [u64; 4] {
    ["created", "updated", "unchanged", "rejected"].map(|name| {
        let line = report.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().parse().unwrap()
    })
}

/// A file with this number of contacts.
pub(crate) fn file(contacts: usize) -> String {
    let organization =
        json!({ "organization": "org_x", "audiences": ["newsletter"], "clients": ["website"] });
    let contact = |n: usize| {
        json!({
            "id": format!("c_{n}"), "firstName": "Jane", "emails": [{ "value": format!("{n}@b.ca"), "isPrimary": true }],
            "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed",
                                "verifiedAt": "2024-01-01T00:00:00.000Z" }],
            "createdAt": "2024-01-01T00:00:00.000Z",
        })
    };
    let records = [organization].into_iter().chain((0..contacts).map(contact));
    let lines: Vec<_> = records.map(|record| record.to_string()).collect();
    lines.join("\n") + "\n"
}
