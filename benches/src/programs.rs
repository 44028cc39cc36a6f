//! The programs to measure.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::ensure;
use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::events::{BASELINES, FUNCTIONS};
use crate::workspace::root;

/// The programs to measure, and their places.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Measure only these functions.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = names(), global = true)]
    only: Vec<String>,
    /// Use the functions in this folder, as FOLDER/NAME/bootstrap, instead of a build.
    #[arg(long, value_name = "FOLDER", global = true)]
    functions: Option<PathBuf>,
    /// Use this command-line tool instead of a build.
    #[arg(long, value_name = "FILE", global = true)]
    contacts: Option<PathBuf>,
}

/// The names of the functions.
fn names() -> PossibleValuesParser {
    BASELINES
        .into_iter()
        .chain(FUNCTIONS.iter().map(|function| function.name))
        .into()
}

impl Options {
    /// Whether to measure this function. The folders of `cargo lambda build` have no baselines.
    pub(crate) fn include(&self, name: &str) -> bool {
        let is_there = self.functions.is_none() || !BASELINES.contains(&name);
        is_there && (self.only.is_empty() || self.only.iter().any(|only| only == name))
    }

    /// The functions and the baselines. Builds them if the options name no folder. Does not build the rest of the workspace,
    /// since its features would become those of the functions.
    pub(crate) fn functions(&self) -> anyhow::Result<Functions> {
        if let Some(folder) = &self.functions {
            return Ok(Functions::Packaged(folder.clone()));
        }
        let functions = FUNCTIONS.iter().map(|function| function.name);
        let selection: Vec<_> = functions
            .filter(|name| self.include(name))
            .flat_map(|name| ["--package", name])
            .collect();
        if !selection.is_empty() {
            build(&selection)?;
        }
        if BASELINES.iter().any(|name| self.include(name)) {
            build(&["--package", "floor"])?;
        }
        Ok(Functions::Built(target().join("release")))
    }

    /// The command-line tool. Builds it if the options name no file.
    pub(crate) fn contacts(&self) -> anyhow::Result<PathBuf> {
        if let Some(file) = &self.contacts {
            return Ok(file.clone());
        }
        build(&["--package", "contacts"])?;
        Ok(target().join("release/contacts"))
    }
}

/// The place of the functions.
pub(crate) enum Functions {
    /// In the folders of `cargo lambda build`.
    Packaged(PathBuf),
    /// In the target folder of cargo.
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
