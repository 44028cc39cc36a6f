//! Replays one input: `cargo run -p fuzz-targets --example replay TARGET FILE`.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for developers"
)]

use std::time::Instant;

use fuzz_targets::TARGETS;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [name, file] = &arguments[..] else {
        println!("TARGET FILE");
        return;
    };
    let (_, target) = TARGETS
        .into_iter()
        .find(|(found, _)| found == name)
        .unwrap();
    let input = std::fs::read(file).unwrap();
    let began = Instant::now();
    target(&input);
    println!("{:?}", began.elapsed());
}
