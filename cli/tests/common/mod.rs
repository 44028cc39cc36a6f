//! Helpers for the tests of the tool as a process.

#![allow(dead_code, reason = "each file of tests uses some of it")]

pub(crate) mod files;
pub(crate) mod other;

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;
use uuid::Uuid;

/// The tool, without any of its settings in the environment.
pub(crate) fn contacts() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_contacts"));
    for name in [
        "TABLE_NAME",
        "JWT_KEYS",
        "JWT_KEYS_URL",
        "JWT_ISSUER",
        "JWT_AUDIENCE",
        "JWT_CLAIM_ORGANIZATION",
        "JWT_CLAIM_ROLE",
        "JWT_CLAIM_CLIENT",
        "JWT_SUPERADMIN_ROLE",
        "JWT_ADMIN_ROLE",
        "DEFAULT_PHONE_REGION",
        "TIME_ZONE",
        "LOG_LEVEL",
        "METRICS",
        "CONTACTS_TOKEN",
        "CONTACTS_APPLICATION_TOKEN",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_DYNAMODB",
    ] {
        command.env_remove(name);
    }
    command
}

/// A folder for one test. Dropping it removes the folder.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("contacts-{}", Uuid::new_v4()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A failure does no harm: the folder is among the system's temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A server that accepts connections. Dropping it kills the server.
pub(crate) struct Server {
    pub(crate) process: Child,
    pub(crate) stdout: BufReader<ChildStdout>,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = command
            .args(["--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let url = line
            .trim_end()
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("{line:?}"))
            .to_owned();
        Self {
            process,
            stdout,
            url,
        }
    }

    pub(crate) fn serve() -> Self {
        Self::start(contacts().arg("serve"))
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill")
            .args([signal, &self.process.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Ends the server. Returns its exit code, its standard output after the first line, and its standard error.
    pub(crate) fn end(mut self, signal: &str) -> (Option<i32>, String, String) {
        self.signal(signal);
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        self.process
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr)
            .unwrap();
        (self.process.wait().unwrap().code(), stdout, stderr)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The server may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn output(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

pub(crate) fn token(arguments: &[&str]) -> String {
    let output = output(contacts().arg("token").args(arguments));
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).trim_end().to_owned()
}

pub(crate) async fn patch(url: &str, token: &str, body: String) -> (u16, Value) {
    let request = http()
        .patch(url)
        .bearer_auth(token)
        .header("content-type", "application/json");
    let answer = request.body(body).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap())
}

/// An HTTP client without TLS, which loads no certificates.
pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder()
        .tls_certs_only([])
        .build()
        .unwrap()
}
