//! Prints new keys and tokens: `cargo run -p fuzz-targets --example fixtures >tests/fuzz/src/fixtures.json`. The corpus of `token`
//! and `key_set` has the old ones, and must get the new ones too.

#![allow(clippy::print_stdout, reason = "it prints")]

fn main() {
    println!("{:#}", fuzz_targets::new_fixtures());
}
