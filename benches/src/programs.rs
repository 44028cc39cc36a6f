//! The programs that are measured.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;
use clap::Args;

/// Programs that are built already.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The functions in this folder, as FOLDER/NAME/bootstrap, instead of a build.
    #[arg(long, value_name = "FOLDER", global = true)]
    functions: Option<PathBuf>,
    /// This command-line tool instead of a build.
    #[arg(long, value_name = "FILE", global = true)]
    contacts: Option<PathBuf>,
}

impl Options {
    /// Where the functions and what they are compared with are. Builds them if they are not given, without the rest of the
    /// workspace, whose features would become theirs.
    pub(crate) fn functions(&self) -> anyhow::Result<Functions> {
        if let Some(folder) = &self.functions {
            return Ok(Functions::Packaged(folder.clone()));
        }
        build(&[])?;
        build(&["--package", "floor"])?;
        Ok(Functions::Built(target().join("release")))
    }

    /// The command-line tool, which is built if it is not given.
    pub(crate) fn contacts(&self) -> anyhow::Result<PathBuf> {
        if let Some(file) = &self.contacts {
            return Ok(file.clone());
        }
        build(&["--package", "contacts"])?;
        Ok(target().join("release/contacts"))
    }
}

/// Where functions are.
pub(crate) enum Functions {
    /// In the folders of `cargo lambda build`, which have no baselines.
    Packaged(PathBuf),
    /// Where cargo builds.
    Built(PathBuf),
}

impl Functions {
    /// A function's binary.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        match self {
            Self::Packaged(folder) => folder.join(name).join("bootstrap"),
            Self::Built(folder) => folder.join(name),
        }
    }

    /// Whether the functions of `benches/floor` are there too.
    pub(crate) fn have_baselines(&self) -> bool {
        matches!(self, Self::Built(_))
    }
}

/// The workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn target() -> PathBuf {
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into()))
}

fn build(selection: &[&str]) -> anyhow::Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--release", "--locked"])
        .args(selection)
        .current_dir(root())
        .status()?;
    ensure!(
        status.success(),
        "cargo build --release {}: {status}",
        selection.join(" ")
    );
    Ok(())
}
