//! The destinations of `contacts export`: links, devices, pipes and file names. Also its progress display.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use self::common::files::{database, export, file, import, succeeded, tool};
use self::common::{Folder, Server, contacts, output, text};

/// A database with some contacts, and their export.
fn filled() -> (Server, Folder, String) {
    let database = database();
    let folder = Folder::new();
    let source = folder.file("source.jsonl", &file(5));
    succeeded(import(&database, &source, &[]));
    let exported = export(&database, &[]);
    assert_eq!(exported.lines().count(), 6);
    (database, folder, exported)
}

fn export_to(database: &Server, path: &Path) -> Command {
    let mut command = tool(database, &["export", "--organization", "org_x"]);
    command.arg("--output").arg(path);
    command
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_link_stays_a_link_and_its_file_gets_the_export() {
    let (database, folder, exported) = filled();
    let (data, links) = (folder.0.join("data"), folder.0.join("links"));
    fs::create_dir(&data).unwrap();
    fs::create_dir(&links).unwrap();
    // Links to an existing file, to a missing file and to another link. One link is absolute, the others are relative.
    fs::write(data.join("old.jsonl"), "of yesterday\n").unwrap();
    symlink("../data/old.jsonl", links.join("old.jsonl")).unwrap();
    symlink(data.join("new.jsonl"), links.join("new.jsonl")).unwrap();
    symlink("../data/third.jsonl", links.join("second.jsonl")).unwrap();
    symlink("second.jsonl", links.join("first.jsonl")).unwrap();
    for (link, target) in [
        ("old.jsonl", "old.jsonl"),
        ("new.jsonl", "new.jsonl"),
        ("first.jsonl", "third.jsonl"),
    ] {
        let link = links.join(link);
        succeeded(output(&mut export_to(&database, &link)));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(data.join(target)).unwrap(), exported);
    }
    assert!(
        fs::symlink_metadata(links.join("second.jsonl"))
            .unwrap()
            .is_symlink()
    );
    // Neither folder has an unfinished file.
    assert_eq!(names(&data), ["new.jsonl", "old.jsonl", "third.jsonl"]);
    assert_eq!(
        names(&links),
        ["first.jsonl", "new.jsonl", "old.jsonl", "second.jsonl"]
    );

    // A failed export keeps the earlier file, also behind a link.
    let link = links.join("old.jsonl");
    let failed = output(export_to(&database, &link).args(["--table", "nowhere"]));
    assert_eq!(failed.status.code(), Some(3));
    assert_eq!(fs::read_to_string(&link).unwrap(), exported);
    // Links in a circle lead nowhere.
    symlink("circle.jsonl", links.join("circle.jsonl")).unwrap();
    let circle = output(&mut export_to(&database, &links.join("circle.jsonl")));
    assert_eq!(circle.status.code(), Some(3));
    assert!(text(&circle.stderr).contains("--output"));
}

#[test]
fn a_device_and_a_pipe_are_written_and_stay() {
    let (database, folder, exported) = filled();
    let link = folder.0.join("device.jsonl");
    symlink("/dev/null", &link).unwrap();
    for path in [Path::new("/dev/null"), &link] {
        succeeded(output(&mut export_to(&database, path)));
    }
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(
        fs::metadata("/dev/null")
            .unwrap()
            .file_type()
            .is_char_device()
    );

    let pipe = folder.0.join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let link = folder.0.join("pipe.jsonl");
    symlink("pipe", &link).unwrap();
    for path in [&pipe, &link] {
        let reading = thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).unwrap()
        });
        succeeded(output(&mut export_to(&database, path)));
        assert_eq!(reading.join().unwrap(), exported);
    }
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
}

#[test]
fn a_file_that_the_shell_has_opened_is_continued_and_its_name_stays() {
    let (database, folder, exported) = filled();
    let link = folder.0.join("stdout.jsonl");
    symlink("/dev/stdout", &link).unwrap();
    for name in [Path::new("/dev/fd/1"), &link] {
        let path = folder.0.join("redirected");
        // As `{ echo before; contacts export …; } > redirected` does.
        let mut redirected = File::create(&path).unwrap();
        redirected.write_all(b"before\n").unwrap();
        let exported_to = export_to(&database, name)
            .stdout(redirected)
            .stderr(Stdio::null())
            .status();
        assert!(exported_to.unwrap().success());
        let expected = format!("before\n{exported}");
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            expected,
            "{}",
            name.display()
        );
    }
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn a_full_output_is_named() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        // Only Linux has this device.
        return;
    }
    let (database, _folder, _) = filled();
    let standard = ["export", "--organization", "org_x"];
    let mut standard = tool(&database, &standard);
    standard.stdout(File::options().write(true).open(full).unwrap());
    for (mut command, named) in [
        (export_to(&database, full), "--output /dev/full: "),
        (standard, "standard output: "),
    ] {
        let failed = command.stderr(Stdio::piped()).spawn().unwrap();
        let failed = failed.wait_with_output().unwrap();
        assert_eq!(failed.status.code(), Some(3));
        assert!(
            text(&failed.stderr).contains(named),
            "{}",
            text(&failed.stderr)
        );
    }
}

#[test]
fn a_file_keeps_its_permissions() {
    let (database, folder, exported) = filled();
    let private = folder.file("private.jsonl", "of yesterday\n");
    fs::set_permissions(&private, Permissions::from_mode(0o600)).unwrap();
    succeeded(output(&mut export_to(&database, &private)));
    assert_eq!(fs::read_to_string(&private).unwrap(), exported);
    let mode = fs::metadata(&private).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_name_that_does_not_say_the_format_is_refused() {
    let (database, folder, exported) = filled();
    let before = names(&folder.0);
    for name in [
        "contacts.csv.gz",
        "contacts.txt",
        "contacts",
        "contacts.json",
        ".csv",
    ] {
        let path = folder.0.join(name);
        let refused = output(&mut export_to(&database, &path));
        assert_eq!(refused.status.code(), Some(2), "{name}");
        let said = text(&refused.stderr);
        assert!(said.contains(name) && said.contains("--format"), "{said}");
        // An import refuses the same names.
        fs::write(&path, &exported).unwrap();
        assert_eq!(
            import(&database, &path, &[]).status.code(),
            Some(2),
            "{name}"
        );
        fs::remove_file(&path).unwrap();
    }
    assert_eq!(names(&folder.0), before);
    let given = folder.0.join("contacts.txt");
    succeeded(output(
        export_to(&database, &given).args(["--format", "jsonl"]),
    ));
    assert_eq!(fs::read_to_string(&given).unwrap(), exported);
}

#[test]
fn an_export_shows_its_progress_for_every_destination() {
    let folder = Folder::new();
    let copy = folder.0.join("copy.jsonl");
    for destination in ["-", copy.to_str().unwrap()] {
        // A database that accepts connections and never answers.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let mut exporting = contacts()
            .args(["export", "--organization", "org_x", "--dynamodb", &url])
            .args(["--output", destination])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stderr = BufReader::new(exporting.stderr.take().unwrap());
        stderr.read_line(&mut line).unwrap();
        exporting.kill().unwrap();
        exporting.wait().unwrap();
        assert!(line.starts_with("0 records, 0 records/s"), "{line}");
    }
}
