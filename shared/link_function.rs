//! The build script of every function: it sets how the function is linked.

#![expect(
    clippy::print_stdout,
    reason = "a build script prints instructions for cargo"
)]

fn main() {
    println!("cargo::rerun-if-changed=../../shared/link_function.rs");
    // The program is linked at a fixed address. At a random address, the loader writes tens of thousands of addresses
    // into the program's tables at each start. These writes copy pages, most of which the program never reads
    // (docs/performance.md).
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
