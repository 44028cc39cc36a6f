//! Writes the numbering plans of the `phonenumber` crate, which are Google's, as static tables.
//!
//! The patterns of all plans become the states of one shared automaton over the ten digits. So a validity check takes
//! one step for each digit, and the program compiles no pattern for it when it runs.

mod automaton;
#[path = "../src/flags.rs"]
mod flags;
mod tables;

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

use phonenumber::metadata::DATABASE;

use self::tables::Tables;

/// No calling code is longer than three digits.
const CALLING_CODES: std::ops::RangeInclusive<u16> = 1..=999;

#[expect(
    clippy::print_stdout,
    reason = "a build script sends instructions to cargo through stdout"
)]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/flags.rs");

    let mut tables = Tables::default();
    for code in CALLING_CODES {
        // The crate keeps Google's order: the main region is first.
        for plan in DATABASE.by_code(&code).into_iter().flatten() {
            tables.add(plan)?;
        }
    }
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    fs::write(Path::new(&out).join("tables.rs"), tables.into_source()?)?;
    Ok(())
}
