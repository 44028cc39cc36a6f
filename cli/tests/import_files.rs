//! `contacts import` of the files that spreadsheets and other systems write.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use self::common::files::{counts, database, export, import, interrupt, succeeded, tool};
use self::common::{Folder, Server, contacts, output, text};

/// A database with an audience, and a folder for files.
struct Scene {
    database: Server,
    folder: Folder,
}

impl Scene {
    fn start() -> Self {
        let database = database();
        let audience = [
            "provision",
            "--organization",
            "org_x",
            "--audience",
            "newsletter",
        ];
        succeeded(output(&mut tool(&database, &audience)));
        Self {
            database,
            folder: Folder::new(),
        }
    }

    /// Imports a file with these bytes and these options. Returns the exit code, standard output, standard error, and the
    /// rejected records.
    fn import(&self, file: &[u8], options: &[&str]) -> (Option<i32>, String, String, String) {
        let path = self.folder.0.join("contacts.csv");
        fs::write(&path, file).unwrap();
        let rejects = self.folder.0.join("contacts.csv.rejects.csv");
        // The earlier import may have left no list.
        let _ = fs::remove_file(&rejects);
        let organization = [&["--organization", "org_x"], options].concat();
        let imported = import(&self.database, &path, &organization);
        (
            imported.status.code(),
            text(&imported.stdout).to_owned(),
            text(&imported.stderr).to_owned(),
            fs::read_to_string(&rejects).unwrap_or_default(),
        )
    }

    /// The contact that owns this address.
    fn contact(&self, address: &str) -> Value {
        let contacts = export(&self.database, &[]);
        let mut contacts = contacts
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        contacts
            .find(|contact| contact["emails"][0]["value"] == address)
            .unwrap()
    }
}

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

/// A file with one contact, who has this address. The character is between the cells.
fn sheet(address: &str, separator: &str) -> String {
    let rows = [
        "EMAIL |audience|client| Status\u{a0}|firstName|lastName|tags||",
        "ADDRESS|newsletter|website|subscribed |\"Zoë;\t, \"\"Z\"\"\r\nline\"| Ünal\u{a0}|VIP||",
    ];
    let rows = rows.join("\r\n");
    rows.replace('|', separator).replace("ADDRESS", address) + "\r\n\r\n"
}

#[test]
fn a_spreadsheet_file_is_read_with_any_separator_and_encoding() {
    let scene = Scene::start();
    let mark = "\u{feff}";
    let files = [
        (sheet("a0@b.ca", ",").into_bytes(), &[][..]),
        (sheet("a1@b.ca", ";").into_bytes(), &[]),
        (sheet("a2@b.ca", "\t").into_bytes(), &[]),
        (format!("{mark}{}", sheet("a3@b.ca", ";")).into_bytes(), &[]),
        (
            format!("sep=;\r\n{}", sheet("a4@b.ca", ";")).into_bytes(),
            &[],
        ),
        (
            format!("{mark}SEP=|\n{}", sheet("a5@b.ca", "|")).into_bytes(),
            &[],
        ),
        (
            format!("\"sep=\t\"\r\n{}", sheet("a6@b.ca", "\t")).into_bytes(),
            &[],
        ),
        (sheet("a7@b.ca", "|").into_bytes(), &["--delimiter", "|"]),
        (sheet("a8@b.ca", "\t").into_bytes(), &["--delimiter", "tab"]),
        (sheet("a9@b.ca", "\t").into_bytes(), &["--delimiter", "\\t"]),
        (
            format!("\r\n\n{}", sheet("a10@b.ca", ";").trim_end()).into_bytes(),
            &[],
        ),
        // "Unicode text" of Excel.
        (
            utf_16(
                &format!("{mark}{}", sheet("a11@b.ca", "\t")),
                u16::to_le_bytes,
            ),
            &[],
        ),
        (
            utf_16(
                &format!("{mark}{}", sheet("a12@b.ca", ";")),
                u16::to_be_bytes,
            ),
            &[],
        ),
        (
            utf_16(
                &format!("{mark}sep=,\r\n{}", sheet("a13@b.ca", ",")),
                u16::to_le_bytes,
            ),
            &[],
        ),
        (
            utf_16(&sheet("a14@b.ca", ","), u16::to_le_bytes),
            &["--encoding", "utf-16le"],
        ),
        (
            utf_16(&sheet("a15@b.ca", ","), u16::to_be_bytes),
            &["--encoding", "UTF-16BE"],
        ),
        // The mark overrides the option.
        (
            format!("{mark}{}", sheet("a16@b.ca", ",")).into_bytes(),
            &["--encoding", "latin1"],
        ),
        (
            sheet("a17@b.ca", ",").into_bytes(),
            &["--encoding", "utf-8"],
        ),
    ];
    for (n, (file, options)) in files.into_iter().enumerate() {
        let (code, stdout, stderr, rejects) = scene.import(&file, options);
        assert_eq!(code, Some(0), "{n}: {stderr}{rejects}");
        assert_eq!(counts(&stdout), [1, 0, 0, 0], "{n}");
        let contact = scene.contact(&format!("a{n}@b.ca"));
        assert_eq!(contact["firstName"], "Zoë;\t, \"Z\"\r\nline", "{n}");
        assert_eq!(contact["lastName"], "Ünal", "{n}");
        assert_eq!(contact["subscriptions"][0]["status"], "subscribed", "{n}");
        assert_eq!(contact["tags"], json!({ "newsletter": ["VIP"] }), "{n}");
    }
}

#[test]
fn any_encoding_is_read_and_only_invalid_rows_are_rejected() {
    let scene = Scene::start();
    for (n, (label, name, bytes)) in [
        ("windows-1252", "Zoë €", &b"Zo\xEB \x80"[..]),
        ("latin1", "Zoë", b"Zo\xEB"),
        ("ISO-8859-2", "Łódź", b"\xA3\xF3d\xBC"),
        ("koi8-r", "Анна", b"\xE1\xCE\xCE\xC1"),
        ("shift_jis", "田中", b"\x93\x63\x92\x86"),
        ("euc-kr", "김", b"\xB1\xE8"),
        ("gb18030", "李", b"\xC0\xEE"),
        ("macintosh", "Zoë", b"Zo\x91"),
    ]
    .into_iter()
    .enumerate()
    {
        let address = format!("e{n}@b.ca");
        let file = [
            format!("email,firstName\n{address},").as_bytes(),
            bytes,
            b"\n",
        ]
        .concat();
        let (code, _, stderr, rejects) = scene.import(&file, &["--encoding", label]);
        assert_eq!(code, Some(0), "{label}: {stderr}{rejects}");
        assert_eq!(scene.contact(&address)["firstName"], name, "{label}");
    }

    let file = b"email,firstName\ng0@b.ca,Zo\xEB\ng1@b.ca,Zo\xC3\xAB\n";
    let (code, stdout, _, rejects) = scene.import(file, &[]);
    assert_eq!((code, counts(&stdout)), (Some(1), [1, 0, 0, 1]));
    assert_eq!(
        rejects,
        "line,field,reason\n2,firstName,\"is not valid UTF-8: name the file's encoding with --encoding, such as windows-1252\"\n"
    );
    assert_eq!(scene.contact("g1@b.ca")["firstName"], "Zoë");

    let file = b"email,firstName\nh0@b.ca,\x93\xFF\nh1@b.ca,\x93\x63\n";
    let (code, stdout, _, rejects) = scene.import(file, &["--encoding", "shift_jis"]);
    assert_eq!((code, counts(&stdout)), (Some(1), [1, 0, 0, 1]));
    assert!(
        rejects.contains("2,firstName,is not valid Shift_JIS"),
        "{rejects}"
    );
}

#[test]
fn lines_of_json_may_be_in_any_encoding_too() {
    let scene = Scene::start();
    let line = |address: &str| json!({ "email": address, "firstName": "Zoë" }).to_string() + "\r\n";
    let lines = line("a@b.ca") + &line("b@b.ca");
    for (file, options, expected) in [
        (
            utf_16(&format!("\u{feff}{lines}"), u16::to_le_bytes),
            &[][..],
            [2, 0, 0, 0],
        ),
        (
            utf_16(&lines, u16::to_be_bytes),
            &["--encoding", "utf-16be"],
            [0, 0, 2, 0],
        ),
        (
            lines
                .replace('ë', "\u{1}")
                .replace('\u{1}', "ë")
                .into_bytes(),
            &["--encoding", "utf8"],
            [0, 0, 2, 0],
        ),
        (
            lines
                .chars()
                .map(|letter| u8::try_from(letter).unwrap())
                .collect(),
            &["--encoding", "iso-8859-1"],
            [0, 0, 2, 0],
        ),
    ] {
        let options = [options, &["--format", "jsonl"]].concat();
        let (code, stdout, stderr, rejects) = scene.import(&file, &options);
        assert_eq!(
            (code, counts(&stdout)),
            (Some(0), expected),
            "{stderr}{rejects}"
        );
    }
}

#[test]
fn a_mistake_in_the_command_is_named_and_nothing_is_written() {
    let scene = Scene::start();
    let file = b"Email Address,Status\na@b.ca,x\n";
    for (options, named) in [
        (&["--encoding", "latin9x"][..], "\"latin9x\" is no encoding"),
        (&["--delimiter", "ab"], "must be an ASCII character"),
        (&["--delimiter", "\""], "must be an ASCII character"),
        (&["--map", "Email Address"], "must be COLUMN=member"),
        (&["--map", "Email Address=emial"], "did you mean email?"),
        (&["--map", "Mail=email"], "the file has no column \"Mail\""),
        (
            &["--map", "Email Address=email", "--map", "Status=EMAIL"],
            "are both email",
        ),
        (
            &["--map", "Email Address=email", "--set", "status=subscribed"],
            "--set status: column \"Status\" has this member already",
        ),
        (
            &["--set", "verified=maybe"],
            "verified must be true or false",
        ),
        (
            &["--format", "jsonl", "--set", "status=subscribed"],
            "are for CSV files",
        ),
        (
            &["--format", "jsonl", "--delimiter", ";"],
            "are for CSV files",
        ),
    ] {
        let (code, stdout, stderr, _) = scene.import(file, options);
        assert_eq!(
            (code, stdout.as_str()),
            (Some(2), ""),
            "{options:?}: {stderr}"
        );
        assert!(stderr.contains(named), "{stderr}");
    }
    let (code, _, stderr, _) = scene.import(&utf_16("email\na@b.ca\n", u16::to_le_bytes), &[]);
    assert_ne!(code, Some(0));
    assert!(stderr.contains("--encoding utf-16le"), "{stderr}");
    for (file, named) in [
        (
            &b"PK\x03\x04rest of a workbook"[..],
            "is a workbook or an archive",
        ),
        (b"\x1f\x8b\x08rest of a compressed file", "is compressed"),
        (
            b"Email Address,Notes\na@b.ca,x\n",
            "no column names a member",
        ),
    ] {
        let (code, _, stderr, _) = scene.import(file, &["--ignore-unknown-columns"]);
        assert_eq!(code, Some(3));
        assert!(stderr.contains(named), "{stderr}");
    }
    let (code, _, stderr, _) = scene.import(b"email;fristName;LEID\na@b.ca;x;1\n", &[]);
    assert_ne!(code, Some(0));
    assert!(
        stderr.contains("columns \"fristName\" (did you mean firstName?), \"LEID\" are unknown"),
        "{stderr}"
    );
    assert_eq!(export(&scene.database, &[]).lines().count(), 1);
}

#[test]
fn a_file_of_another_system_needs_no_change() {
    let scene = Scene::start();
    let file = b"Email Address,First Name,Phone Number,CONFIRM_TIME,Bounced,Notes\n\
                 a@b.ca,Jane,416-555-0100,2024-05-01 10:00:00,,private\nb@b.ca,=1+1,,,TRUE,\n";
    let options = [
        "--map",
        "email address=email",
        "--map",
        "First Name=firstName",
        "--map",
        "Phone Number=phoneNumber",
        "--map",
        "CONFIRM_TIME=verified_at",
        "--map",
        "Bounced=suppression.hard_bounced",
        "--set",
        "audience=newsletter",
        "--set",
        "client=website",
        "--set",
        "status=subscribed",
        "--ignore-unknown-columns",
    ];
    let (code, stdout, stderr, rejects) = scene.import(file, &options);
    assert_eq!(
        (code, counts(&stdout)),
        (Some(0), [2, 0, 0, 0]),
        "{stderr}{rejects}"
    );
    let jane = scene.contact("a@b.ca");
    assert_eq!(jane["verifiedAt"], "2024-05-01T10:00:00.000Z");
    assert_eq!(jane["subscriptions"][0]["verifiedBy"], "client:website");
    assert_eq!(jane["phoneNumber"][0]["value"], "+14165550100");
    assert_eq!(jane.get("hardBouncedAt"), None);
    let other = scene.contact("b@b.ca");
    assert_eq!(other["firstName"], "=1+1");
    assert_eq!(other.get("verifiedAt"), None);
    assert!(other["hardBouncedAt"].is_string());
}

#[test]
fn an_ended_subscription_and_a_suppression_keep_their_times() {
    let scene = Scene::start();
    let file = b"email,audience,client,status,unsubscribed_at,unsubscribe_reason,suppression.complained_at,suppression.hard_bounced_at\n\
                 a@b.ca,newsletter,website,Unsubscribed,2024-05-01 10:00:00,NORMAL,,\n\
                 b@b.ca,newsletter,website,subscribed,,,2024-05-02T10:00:00Z,2024-05-03 10:00\n\
                 c@b.ca,newsletter,website,subscribed,2024-05-01 10:00:00,,,\n";
    let (code, stdout, _, rejects) = scene.import(file, &[]);
    assert_eq!((code, counts(&stdout)), (Some(1), [2, 0, 0, 1]));
    assert_eq!(
        rejects,
        "line,field,reason\n4,status,must be unsubscribed if the record has unsubscribed_at\n"
    );
    let ended = &scene.contact("a@b.ca")["subscriptions"][0];
    assert_eq!(ended["unsubscribedAt"], "2024-05-01T10:00:00.000Z");
    assert_eq!(ended["unsubscribeReason"], "NORMAL");
    let other = scene.contact("b@b.ca");
    assert_eq!(other["complainedAt"], "2024-05-02T10:00:00.000Z");
    assert_eq!(other["hardBouncedAt"], "2024-05-03T10:00:00.000Z");
}

#[test]
fn an_import_that_waits_for_its_first_bytes_ends_at_the_first_signal() {
    let database = database();
    let folder = Folder::new();
    let pipe = folder.0.join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for (file, format, signal, code) in [
        (Path::new("-"), "csv", "-INT", 130),
        (Path::new("-"), "jsonl", "-INT", 130),
        (Path::new("-"), "csv", "-TERM", 143),
        (Path::new("-"), "jsonl", "-TERM", 143),
        // Nobody writes to the pipe, so it cannot even be opened.
        (&pipe, "csv", "-INT", 130),
        (&pipe, "jsonl", "-TERM", 143),
    ] {
        let importing = contacts()
            .arg("import")
            .arg(file)
            .args(["--organization", "org_x", "--format", format])
            .args(["--dynamodb", &database.url])
            .env("TABLE_NAME", "contacts")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for_handler(importing.id());
        let (ended, report) = interrupt(importing, signal);
        assert_eq!(ended, Some(code), "{format} {signal}");
        assert!(report.contains("the import ended early"), "{report}");
    }
}

/// Waits until the process handles SIGINT and SIGTERM.
fn wait_for_handler(process: u32) {
    const BOTH: u64 = 1 << 1 | 1 << 14;
    let handled = || {
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let mask = status
            .lines()
            .find_map(|line| line.strip_prefix("SigCgt:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    };
    // On a system without `/proc`, only the pause below gives the process time.
    while handled().is_some_and(|handled| handled & BOTH != BOTH) {
        thread::sleep(Duration::from_millis(10));
    }
    thread::sleep(Duration::from_millis(500));
}
