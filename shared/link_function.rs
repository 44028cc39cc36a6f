//! How a function is linked: the build script of each of them.

#![expect(
    clippy::print_stdout,
    reason = "that is how a build script speaks to cargo"
)]

fn main() {
    println!("cargo::rerun-if-changed=../../shared/link_function.rs");
    // At a fixed address. Otherwise the loader has to write tens of thousands of addresses into the tables of the
    // program at each start, and so to copy their pages, most of which are never looked at again (docs/performance.md).
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
