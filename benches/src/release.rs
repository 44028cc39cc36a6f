//! What is measured is built with the release profile, whatever this program was built with.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::ensure;

/// Builds in the workspace what these arguments of `cargo build` select.
pub(crate) fn build(selection: &[&str]) -> anyhow::Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--release", "--locked"])
        .args(selection)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .status()?;
    ensure!(
        status.success(),
        "cargo build --release {}: {status}",
        selection.join(" ")
    );
    Ok(())
}
