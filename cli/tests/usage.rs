//! The tool's command line: its help, its exit codes, the name of the table, completions, and closed pipes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::io;
use std::process::{Command, Stdio};

use self::common::files::{database, file, import, succeeded, tool};
use self::common::{Folder, Server, contacts, output, text};

const COMMANDS: [&str; 11] = [
    "serve",
    "token",
    "provision",
    "show",
    "import",
    "export",
    "erase",
    "seed",
    "openapi",
    "smoke",
    "completions",
];

/// The help of a command, with single blanks between its words.
fn help(arguments: &[&str]) -> String {
    let help = output(contacts().args(arguments));
    assert!(help.status.success());
    let words: Vec<_> = text(&help.stdout).split_whitespace().collect();
    words.join(" ")
}

#[test]
fn the_help_of_each_command_says_what_the_exit_codes_mean() {
    for arguments in [
        &["--help"][..],
        &["-h"],
        &["import", "--help"],
        &["import", "-h"],
    ] {
        let help = help(arguments);
        for words in [
            "Exit codes: 0 ",
            " 1 The ",
            "records were rejected",
            " 2 An argument, an option or a setting is missing or wrong.",
            " 3 The ",
            "could not begin, or it ended early",
            "130, 143 Ctrl-C or SIGTERM",
        ] {
            assert!(help.contains(words), "{arguments:?}: {words}");
        }
    }
    for command in COMMANDS {
        let help = help(&[command, "--help"]);
        let usage = " 2 An argument, an option or a setting is missing or wrong. 3 ";
        assert!(
            help.contains("Exit codes: 0 ") && help.contains(usage),
            "{command}"
        );
        assert!(!help.contains("export-credentials"), "{command}");
    }
    for command in ["provision", "show", "import", "export", "seed", "serve"] {
        let help = help(&[command, "--help"]);
        let table = "--table <NAME> The name of the table. By default the value of `TABLE_NAME`";
        assert!(help.contains(table), "{command}");
    }
}

#[test]
fn a_wrong_argument_or_setting_is_exit_code_2() {
    let url = "http://127.0.0.1:1";
    for arguments in [
        &["nothing"][..],
        &["show"],
        &["show", "--organization", "o", "--table", "a"],
        &["show", "--organization", "o", "--table", "a b"],
        &["serve", "--port", "0", "--table", "ab"],
        &["export", "--organization", "o", "--dynamodb", "ftp://a"],
        &["provision", "--organization", "o", "--dynamodb", url],
        &["import", "contacts.txt", "--dynamodb", url],
        &["smoke", "--url", "https://api.example.com"],
        &["completions", "cmd"],
    ] {
        let refused = output(contacts().args(arguments));
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(
            refused.stdout.is_empty() && !refused.stderr.is_empty(),
            "{arguments:?}"
        );
    }
    for (name, value) in [
        ("TABLE_NAME", "a"),
        ("DEFAULT_PHONE_REGION", "Canada"),
        ("TIME_ZONE", "Toronto"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "nowhere"),
    ] {
        let mut command = contacts();
        command
            .args(["show", "--organization", "o"])
            .env(name, value);
        if name != "AWS_ENDPOINT_URL_DYNAMODB" {
            command.env("AWS_ENDPOINT_URL_DYNAMODB", url);
        }
        let refused = output(&mut command);
        assert_eq!(refused.status.code(), Some(2), "{name}");
        assert!(
            text(&refused.stderr).contains(name),
            "{}",
            text(&refused.stderr)
        );
    }
}

#[test]
fn a_database_that_is_not_there_is_exit_code_3() {
    let url = "http://127.0.0.1:1";
    for arguments in [
        &["provision", "--audience", "news", "--organization", "o"][..],
        &["show", "--organization", "o"],
        &["seed", "--samples", "o"],
    ] {
        let failed = output(contacts().args(arguments).args(["--dynamodb", url]));
        assert_eq!(failed.status.code(), Some(3), "{arguments:?}");
        let said = text(&failed.stderr);
        assert!(said.contains(&format!("table contacts at {url}")), "{said}");
    }
}

#[test]
fn a_contact_that_does_not_exist_is_exit_code_1() {
    let database = database();
    let shown = output(&mut tool(
        &database,
        &["show", "--organization", "org_x", "--contact", "c_1"],
    ));
    assert_eq!(shown.status.code(), Some(1));
    assert!(shown.stdout.is_empty());
}

#[test]
fn the_table_of_the_command_line_overrides_that_of_the_environment() {
    let database = database();
    let folder = Folder::new();
    let source = folder.file("contacts.jsonl", &file(1));
    let other = ["--table", "other"];
    succeeded(import(&database, &source, &other));
    let seed = ["seed", "--samples", "org_y", "--table", "other"];
    succeeded(output(&mut tool(&database, &seed)));
    let provision = [
        "provision",
        "--organization",
        "org_x",
        "--client",
        "app",
        "--table",
        "other",
    ];
    succeeded(output(&mut tool(&database, &provision)));
    for (organization, lines) in [("org_x", 2), ("org_y", 4)] {
        let export = ["export", "--organization", organization];
        let there = succeeded(output(tool(&database, &export).args(other)));
        assert_eq!(there.lines().count(), lines);
        let elsewhere = succeeded(output(&mut tool(&database, &export)));
        assert_eq!(elsewhere.lines().count(), 1);
    }
    let show = [
        "show",
        "--organization",
        "org_x",
        "--contact",
        "c_0",
        "--table",
        "other",
    ];
    assert!(succeeded(output(&mut tool(&database, &show))).contains("\"app\""));

    // A server creates the table that `--table` names.
    let serve = ["serve", "--dynamodb", &database.url, "--table", "served"];
    let server = Server::start(contacts().args(serve).env("LOG_LEVEL", "error"));
    let show = ["show", "--organization", "org_a", "--table", "served"];
    assert!(succeeded(output(&mut tool(&database, &show))).contains("newsletter"));
    drop(server);
    // If nothing names the table, the error says how to do it.
    let nameless = output(contacts().args(["show", "--organization", "o"]));
    let said = text(&nameless.stderr);
    assert!(said.contains("--table"), "{said}");
}

#[test]
fn each_shell_gets_its_completions() {
    for (shell, words) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef contacts"),
        ("fish", "complete -c contacts"),
        ("elvish", "edit:completion:arg-completer[contacts]"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = succeeded(output(contacts().args(["completions", shell])));
        assert!(script.contains(words), "{shell}");
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
        }
        assert!(script.contains("dry-run"), "{shell}");
    }
}

/// Runs a command whose standard output and standard error are closed pipes. Returns its exit code.
fn unread(command: &mut Command) -> Option<i32> {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let both = [writer.try_clone().unwrap(), writer].map(Stdio::from);
    let [stdout, stderr] = both;
    let status = command
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .status();
    status.unwrap().code()
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let server = Server::start(contacts().arg("serve").env("LOG_LEVEL", "error"));
    let database = database();
    let folder = Folder::new();
    let source = folder.file("contacts.jsonl", &file(3));
    let rejects = folder.file(
        "rejected.jsonl",
        "{\"organization\":\"org_x\"}\n{\"id\":\"c 1\"}\n",
    );
    let copy = folder.0.join("copy.jsonl");
    let (source, copy) = (source.to_str().unwrap(), copy.to_str().unwrap());
    let organization = ["--organization", "org_x"];
    for (arguments, code) in [
        (&["provision", "--audience", "news"][..], 0),
        (&["provision", "--audience", "news", "--json"], 0),
        (&["show"], 0),
        (&["show", "--contact", "c_9"], 1),
        (&["import", source], 0),
        (&["import", rejects.to_str().unwrap(), "--json"], 1),
        (&["import", "/nowhere.csv"], 3),
        (&["export"], 0),
        (&["export", "--output", copy], 0),
        (&["export", "--table", "nowhere"], 3),
    ] {
        let mut command = tool(&database, arguments);
        assert_eq!(
            unread(command.args(organization)),
            Some(code),
            "{arguments:?}"
        );
    }
    let seed = ["seed", "--samples", "org_y"];
    assert_eq!(unread(&mut tool(&database, &seed)), Some(0));
    for (arguments, code) in [
        (&["openapi"][..], 0),
        (&["completions", "bash"], 0),
        (&["--help"], 0),
        (&["nothing"], 2),
        (&["smoke", "--url", &server.url], 0),
        (&["smoke", "--json", "--url", &server.url], 0),
        (&["smoke", "--url", "http://127.0.0.1:1"], 3),
    ] {
        assert_eq!(
            unread(contacts().args(arguments)),
            Some(code),
            "{arguments:?}"
        );
    }
}
