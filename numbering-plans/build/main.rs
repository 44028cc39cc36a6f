//! Writes the numbering plans of the `phonenumber` crate, which are Google's, as tables that need no loading.
//!
//! A plan's patterns become the states of one automaton over the ten digits, which all plans share: whether a number is
//! valid takes one look at each of its digits, and no pattern is compiled when the program runs.

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

#[expect(clippy::print_stdout, reason = "how a build script talks to cargo")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/flags.rs");

    let mut tables = Tables::default();
    for code in CALLING_CODES {
        // In the crate's order, which is Google's: the main region first.
        for plan in DATABASE.by_code(&code).into_iter().flatten() {
            tables.add(plan)?;
        }
    }
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    fs::write(Path::new(&out).join("tables.rs"), tables.into_source()?)?;
    Ok(())
}
