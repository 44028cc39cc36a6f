//! The destination of an export.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, IsTerminal, Stdout, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::NamedTempFile;

use crate::arguments::Format;

/// How many symbolic links may lead to a file, as on Linux.
const MAX_LINKS: usize = 40;

/// The folders of a process's open files, on Linux and elsewhere. `/dev/stdout` leads there. The shell has opened such a
/// file, so it must not be replaced.
const OPEN_FILES: [&str; 2] = ["/proc", "/dev/fd"];

/// The destination of an export.
pub(super) enum Destination {
    Standard(Stdout, Format),
    /// A device, a pipe or an open file, which is written directly.
    Special {
        file: File,
        path: PathBuf,
        format: Format,
    },
    /// A file, which is replaced when the export is complete.
    File {
        unfinished: NamedTempFile,
        /// The name on the command line.
        path: PathBuf,
        /// The name behind all symbolic links.
        target: PathBuf,
        format: Format,
    },
}

impl Destination {
    /// Opens the destination at `path`, or standard output. Without a given format, the extension of the name decides.
    ///
    /// # Errors
    /// When neither gives a format, or the file cannot be written.
    pub(super) fn open(path: Option<PathBuf>, format: Option<Format>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            let format = format.unwrap_or(Format::Jsonl);
            return Ok(Self::Standard(io::stdout(), format));
        };
        let place = || name(&path);
        let format = format.or_else(|| Format::of_name(&path));
        let target = target_of(&path).with_context(place)?;
        let is_special =
            is_open_file(&target) || fs::metadata(&target).is_ok_and(|found| !found.is_file());
        if is_special {
            // An open file keeps its content.
            let file = File::options().append(true).open(&target);
            let file = file.with_context(place)?;
            let format = format.unwrap_or(Format::Jsonl);
            return Ok(Self::Special { file, path, format });
        }
        let format = format.ok_or_else(|| Format::is_missing(&path))?;
        let unfinished = unfinished(&target).with_context(place)?;
        Ok(Self::File {
            unfinished,
            path,
            target,
            format,
        })
    }

    pub(super) fn format(&self) -> Format {
        match self {
            Self::Standard(_, format)
            | Self::Special { format, .. }
            | Self::File { format, .. } => *format,
        }
    }

    pub(super) fn is_terminal(&self) -> bool {
        match self {
            Self::Standard(output, _) => output.is_terminal(),
            Self::Special { file, .. } => file.is_terminal(),
            Self::File { .. } => false,
        }
    }

    /// The name of the destination, for error messages.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Standard(..) => "standard output".to_owned(),
            Self::Special { path, .. } | Self::File { path, .. } => name(path),
        }
    }

    pub(super) fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Standard(output, _) => output,
            Self::Special { file, .. } => file,
            Self::File { unfinished, .. } => unfinished,
        }
    }

    /// Gives a complete file its name, and returns the path.
    pub(super) fn finish(self) -> anyhow::Result<Option<PathBuf>> {
        match self {
            Self::Standard(..) => Ok(None),
            Self::Special { path, .. } => Ok(Some(path)),
            Self::File {
                unfinished,
                path,
                target,
                ..
            } => {
                unfinished.persist(target).with_context(|| name(&path))?;
                Ok(Some(path))
            }
        }
    }
}

fn name(path: &Path) -> String {
    format!("--output {}", path.display())
}

/// The path behind all symbolic links. The last link may lead to a file that does not exist yet.
fn target_of(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        if is_open_file(&target) {
            return Ok(target);
        }
        match fs::read_link(&target) {
            Ok(link) => target = folder_of(&target).join(link),
            // The path is no link, or does not exist.
            Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::NotFound) => {
                return Ok(target);
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// Whether this is the name of an open file of a process.
fn is_open_file(path: &Path) -> bool {
    let folder = fs::canonicalize(folder_of(path));
    folder.is_ok_and(|folder| OPEN_FILES.iter().any(|files| folder.starts_with(files)))
}

/// The folder that this path is in.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// A temporary file in the folder of this path, with the permissions of the file that it replaces. Its name is unique, so
/// that two exports never share one.
fn unfinished(target: &Path) -> io::Result<NamedTempFile> {
    let name = target.file_name().ok_or(ErrorKind::InvalidInput)?;
    if !folder_of(target).is_dir() {
        return Err(io::Error::other("the folder does not exist"));
    }
    let mut prefix = OsString::from(".");
    prefix.push(name);
    prefix.push(".");
    let file = tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(".partial")
        // The usual permissions of a new file; the process's umask applies.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder_of(target))?;
    match fs::metadata(target) {
        Ok(replaced) => file.as_file().set_permissions(replaced.permissions())?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(file)
}
