//! Counts instructions and allocations by callgrind. The counts are nearly the same in each run, however busy the machine is.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

/// The functions of libc that Rust's allocator calls.
const ALLOCATING: [&str; 4] = ["malloc", "calloc", "realloc", "posix_memalign"];

/// The counts of a process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) instructions: i64,
    /// Calls of the allocator, including those that only resize a block.
    pub(crate) allocations: i64,
}

/// The command that runs a program and writes its profile at its end.
pub(crate) fn command(program: &Path, profile: &Path) -> Command {
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--quiet", "--compress-strings=no"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(program);
    valgrind
}

/// Reads a profile (<https://valgrind.org/docs/manual/cl-format.html>).
pub(crate) fn read(profile: &Path) -> anyhow::Result<Counts> {
    let text = fs::read_to_string(profile).context("callgrind has written no profile")?;
    counts(&text)
}

fn counts(profile: &str) -> anyhow::Result<Counts> {
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
        instructions: instructions.context("a profile without totals")?,
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
        let counts = counts(profile).unwrap();
        assert_eq!((counts.instructions, counts.allocations), (502, 4));
    }
}
