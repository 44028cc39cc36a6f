//! Every target over its corpus, and over some mutations of it: the form of fuzzing that `cargo test` runs.
//!
//! `FUZZ_SEED` repeats a run, and `FUZZ_TIMES` multiplies the number of mutations and their time. The test keeps an input that
//! fails; put it into the corpus to replay it.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test shows its seed, and fails where it cannot run"
)]

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fastrand::Rng;
use fuzz_targets::TARGETS;
use fuzz_targets::mutate::mutate;

/// No input takes this long, even on a busy machine.
const TIME_LIMIT: Duration = Duration::from_mins(2);

/// The longest time for the mutations of a target.
const TIME: Duration = Duration::from_secs(5);

/// The longest input of a mutation.
const MAX_BYTES: usize = 16 * 1024;

/// Replays the corpus of a target, then tries this many mutations of it, while there is time.
fn run(name: &str, mutations: u32) {
    let (_, target) = TARGETS
        .into_iter()
        .find(|(found, _)| *found == name)
        .unwrap();
    let corpus = corpus(name);
    assert!(!corpus.is_empty(), "{name} has no corpus");
    let began = Instant::now();
    for (file, input) in &corpus {
        check(target, input, &file.display().to_string());
    }
    let seed = variable("FUZZ_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!(
        "{name}: {} files in {:?}, FUZZ_SEED={seed}",
        corpus.len(),
        began.elapsed()
    );
    let mut random = Rng::with_seed(seed);
    let times = u32::try_from(variable("FUZZ_TIMES").unwrap_or(1)).unwrap();
    let (mut count, began) = (0, Instant::now());
    while count < mutations * times && began.elapsed() < TIME * times {
        let [(_, input), (_, other)] = [(); 2].map(|()| random.choice(&corpus).unwrap());
        let mut input = mutate(input, other, &mut random);
        input.truncate(MAX_BYTES);
        check(
            target,
            &input,
            &format!("{name}: a mutation of FUZZ_SEED={seed}"),
        );
        count += 1;
    }
    println!("{name}: {count} mutations in {:?}", began.elapsed());
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap())
}

/// The files of a target's corpus, in the order of their names.
fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(name);
    let files =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort_unstable();
    files
        .into_iter()
        .map(|file| (file.clone(), fs::read(file).unwrap()))
        .collect()
}

fn check(target: fn(&[u8]), input: &[u8], what: &str) {
    let began = Instant::now();
    let result = panic::catch_unwind(AssertUnwindSafe(|| target(input)));
    let is_slow = began.elapsed() > TIME_LIMIT;
    if result.is_ok() && !is_slow {
        return;
    }
    let file =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("failed-{}", std::process::id()));
    fs::write(&file, input).unwrap();
    println!(
        "{what} fails (slow: {is_slow}); the input is in {}:\n{}",
        file.display(),
        input.escape_ascii()
    );
    match result {
        Ok(()) => panic!("{what} took {:?}", began.elapsed()),
        Err(panicked) => panic::resume_unwind(panicked),
    }
}

macro_rules! targets {
    ($($name:ident: $mutations:literal,)*) => {
        $(#[test]
        fn $name() {
            run(stringify!($name), $mutations);
        })*

        #[test]
        fn every_target_is_run() {
            let run = [$(stringify!($name)),*];
            assert_eq!(TARGETS.map(|(name, _)| name), run);
        }
    };
}

targets! {
    api_event: 300,
    email_address: 10_000,
    entity_tags: 300,
    history_page: 300,
    identifier: 10_000,
    import: 300,
    key_set: 1_000,
    phone_number: 10_000,
    query: 300,
    seed: 300,
    settings: 1_000,
    stream_record: 300,
    table_item: 200,
    time: 5_000,
    token: 1_000,
}
