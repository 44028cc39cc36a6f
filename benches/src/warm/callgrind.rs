//! Instructions and allocations, counted by callgrind: the same each time, whatever else the machine does.

use std::io::ErrorKind;
use std::ops::Sub;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use anyhow::{Context, anyhow, ensure};

/// What is counted: what happens between the probe's calls of these functions, each time by itself.
const BEGIN: &str = "*measuring_begins*";
const END: &str = "*measuring_ends*";

/// The name of callgrind's files.
const PROFILE: &str = "callgrind.out";

/// The functions of libc that Rust's allocator calls.
const ALLOCATING: [&str; 4] = ["malloc", "calloc", "realloc", "posix_memalign"];

/// What a work costs. Differences of them may be negative, where nothing is left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    pub(super) instructions: i64,
    /// Calls of the allocator, those that let a block grow included.
    pub(super) allocations: i64,
}

impl Sub for Counts {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            instructions: self.instructions - other.instructions,
            allocations: self.allocations - other.allocations,
        }
    }
}

/// Runs a command under callgrind, with its profiles in `folder`, and takes the median of what each repetition cost.
pub(super) fn count(command: &Command, folder: &Path) -> anyhow::Result<Counts> {
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--quiet", "--compress-strings=no"])
        .arg(format!("--zero-before={BEGIN}"))
        .arg(format!("--dump-before={END}"))
        .arg(format!(
            "--callgrind-out-file={}",
            folder.join(PROFILE).display()
        ))
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdout(Stdio::null());
    if let Some(path) = env::var_os("PATH") {
        valgrind.env("PATH", path);
    }
    let output = valgrind.output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow!("valgrind is not installed"),
        _ => error.into(),
    })?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {said}");
    // What is dumped goes by number; without one is what came after the last.
    let dumps: Vec<_> = (1..)
        .map(|number| folder.join(format!("{PROFILE}.{number}")))
        .map_while(|file| fs::read_to_string(file).ok())
        .map(|dump| read(&dump))
        .collect::<Result<_, _>>()?;
    ensure!(!dumps.is_empty(), "callgrind wrote no profile");
    let median = |of: fn(&Counts) -> i64| {
        let mut all: Vec<_> = dumps.iter().map(of).collect();
        all.sort_unstable();
        all[all.len() / 2]
    };
    Ok(Counts {
        instructions: median(|counts| counts.instructions),
        allocations: median(|counts| counts.allocations),
    })
}

/// Reads a profile (<https://valgrind.org/docs/manual/cl-format.html>).
fn read(profile: &str) -> anyhow::Result<Counts> {
    let number = |text: &str| text.split_whitespace().next()?.parse::<i64>().ok();
    let mut instructions = None;
    let mut allocations = 0;
    let mut called = "";
    for line in profile.lines() {
        if let Some(totals) = line.strip_prefix("totals:") {
            instructions = number(totals);
        } else if let Some(name) = line.strip_prefix("cfn=") {
            called = name;
        } else if let Some(calls) = line.strip_prefix("calls=")
            && ALLOCATING.contains(&called)
        {
            allocations += number(calls).context("calls without a number")?;
        }
    }
    Ok(Counts {
        instructions: instructions
            .filter(|count| *count > 0)
            .context("nothing was counted")?,
        allocations,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_the_total_and_allocations_the_calls_of_the_allocator() {
        let profile = "events: Ir\n\nfn=main\n16 400\ncfn=malloc\ncalls=3 0\n16 90\ncfn=free\ncalls=2 0\n17 5\n\n\
                       fn=other\ncfn=realloc\ncalls=1 0\n18 7\n\ntotals: 502\n";
        let counts = read(profile).unwrap();
        assert_eq!((counts.instructions, counts.allocations), (502, 4));
    }

    #[test]
    fn a_profile_in_which_nothing_was_counted_is_an_error() {
        assert!(read("events: Ir\n\ntotals: 0\n").is_err());
    }
}
