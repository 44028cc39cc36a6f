//! Prints new keys and tokens: `cargo run -p fuzz-targets --example fixtures >tests/fuzz/src/fixtures.json`. The corpora of `token`
//! and `key_set` have the old ones; add the new ones to them.

#![allow(clippy::print_stdout, reason = "it prints")]

fn main() {
    println!("{:#}", fuzz_targets::new_fixtures());
}
