//! The processes that the tests kill. A test kills only processes that it started itself.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::common::contacts;

/// A folder with the database of `serve`, and the seed of the database.
pub(crate) struct Data {
    folder: PathBuf,
    seed: PathBuf,
    /// The duration of the last start.
    pub(crate) start: Duration,
    pub(crate) kills: u32,
}

/// A server that runs until it is killed.
pub(crate) struct Running {
    process: Process,
    pub(crate) url: String,
}

impl Data {
    pub(crate) fn new(folder: &Path, seed: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            seed: seed.to_owned(),
            start: Duration::from_millis(300),
            kills: 0,
        }
    }

    fn spawn(&self, port: &str, arguments: &[&str]) -> Child {
        let mut command = contacts();
        command
            .args(["serve", "--port", port, "--data"])
            .arg(&self.folder)
            .arg("--seed")
            .arg(&self.seed)
            .args(arguments);
        command.stdout(Stdio::piped());
        log_to(&mut command, &self.folder.with_extension("log"));
        command.spawn().unwrap()
    }

    /// Starts the server, and waits until it listens.
    pub(crate) fn start(&mut self, arguments: &[&str]) -> Running {
        self.start_on("0", arguments)
    }

    /// [`Self::start`] on this port.
    pub(crate) fn start_on(&mut self, port: &str, arguments: &[&str]) -> Running {
        let began = Instant::now();
        let mut process = self.spawn(port, arguments);
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let Some(url) = line.trim_end().strip_prefix("listening on ") else {
            let log = std::fs::read_to_string(self.folder.with_extension("log"));
            panic!("the server did not start again: {}", log.unwrap());
        };
        // The rest of the output is read and dropped, so that the pipe does not fill.
        thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
        self.start = began.elapsed();
        Running {
            process: Process(process),
            url: url.to_owned(),
        }
    }

    /// Starts the server, and kills it at a random moment of its start.
    pub(crate) fn kill_while_it_starts(&mut self, random: &mut Rng, arguments: &[&str]) {
        let mut process = self.spawn("0", arguments);
        thread::sleep(self.start.mul_f64(random.f64()));
        process.kill().unwrap();
        process.wait().unwrap();
        self.kills += 1;
    }

    pub(crate) fn kill(&mut self, mut running: Running) {
        running.process.0.kill().unwrap();
        running.process.0.wait().unwrap();
        self.kills += 1;
    }
}

/// A process that ends with the test, also if the test fails.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Unless the test has failed, the process has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Appends the log to a file, because an unread pipe would stop the process.
fn log_to(command: &mut Command, file: &Path) {
    let file = File::options().create(true).append(true).open(file);
    command.stderr(file.unwrap());
}
