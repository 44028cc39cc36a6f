//! Counts the results of the records, and lists the rejected ones, in the order of the file.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read};
use std::ops::Add;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;

use crate::contact_file::fault::Fault;
use crate::progress::Progress;

/// The columns of the file of rejected records.
const HEADER: [&str; 3] = ["line", "field", "reason"];

/// The number of records by result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Contacts that did not exist.
    pub created: u64,
    /// Contacts that changed.
    pub updated: u64,
    /// Contacts that did not change.
    pub unchanged: u64,
    /// Records that were not imported.
    pub rejected: u64,
}

impl Counts {
    /// The sum of all counts.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.created + self.updated + self.unchanged + self.rejected
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            created: self.created + other.created,
            updated: self.updated + other.updated,
            unchanged: self.unchanged + other.unchanged,
            rejected: self.rejected + other.rejected,
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            created,
            updated,
            unchanged,
            rejected,
        } = self;
        write!(
            f,
            "created {created}\nupdated {updated}\nunchanged {unchanged}\nrejected {rejected}"
        )
    }
}

/// The result of a record.
#[derive(Debug)]
pub(super) enum Done {
    Created,
    Updated,
    Unchanged,
    Rejected(Fault),
    /// The record was not about a contact.
    Passed,
}

/// The place of a record in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The number of the record in the file, from 0.
    pub(super) sequence: u64,
    /// The first line of the record.
    pub(super) line: u64,
    /// The end of the record, in bytes from the start of the file.
    pub(super) end: u64,
}

/// Counts records in the order of the file, although they finish in any order.
pub(super) struct Tally {
    pub(super) counts: Counts,
    /// All records up to this line are done.
    pub(super) up_to_line: u64,
    /// The number of the next record to count.
    next: u64,
    /// Finished records that wait for an earlier one. They keep their `room`, which limits their number.
    ahead: BTreeMap<u64, (Place, Done, OwnedSemaphorePermit)>,
    rejects: Rejects,
    progress: Arc<Progress>,
}

impl Tally {
    pub(super) fn new(rejects: Rejects, progress: Arc<Progress>) -> Self {
        Self {
            counts: Counts::default(),
            up_to_line: 0,
            next: 0,
            ahead: BTreeMap::new(),
            rejects,
            progress,
        }
    }

    /// Notes the result of a record.
    ///
    /// # Errors
    /// When the list of rejected records cannot be written.
    pub(super) fn note(
        &mut self,
        place: Place,
        done: Done,
        room: OwnedSemaphorePermit,
    ) -> anyhow::Result<()> {
        // This import has a result now, so the list of an earlier import is outdated.
        self.rejects.forget_earlier()?;
        self.ahead.insert(place.sequence, (place, done, room));
        while let Some((place, done, _)) = self.ahead.remove(&self.next) {
            self.next += 1;
            self.count(place, done)?;
            self.up_to_line = place.line;
            self.progress.row(place.end);
        }
        Ok(())
    }

    fn count(&mut self, place: Place, done: Done) -> anyhow::Result<()> {
        match done {
            Done::Created => self.counts.created += 1,
            Done::Updated => self.counts.updated += 1,
            Done::Unchanged => self.counts.unchanged += 1,
            Done::Passed => {}
            Done::Rejected(fault) => {
                self.counts.rejected += 1;
                self.rejects.write(place.line, &fault)?;
            }
        }
        Ok(())
    }

    /// Counts the finished records that still wait for an earlier one: no more records will finish.
    ///
    /// # Errors
    /// When the list of rejected records cannot be written.
    pub(super) fn finish(&mut self) -> anyhow::Result<()> {
        for (place, done, _) in std::mem::take(&mut self.ahead).into_values() {
            self.count(place, done)?;
        }
        self.rejects.flush()
    }
}

/// The list of rejected records, a CSV file. The first rejected record creates it.
pub(super) struct Rejects {
    path: PathBuf,
    /// Whether the file of an earlier import exists.
    has_earlier: bool,
    file: Option<csv::Writer<BufWriter<File>>>,
}

impl Rejects {
    /// A list at this path: a new file, the file of an earlier import, a device or a pipe.
    ///
    /// # Errors
    /// When another file is at the path, or no file can be created there.
    pub(super) fn at(path: &Path) -> anyhow::Result<Self> {
        let place = || place(path);
        let has_earlier = match fs::metadata(path) {
            Ok(found) if found.is_dir() => bail!("{}: is a folder", place()),
            Ok(found) if !found.is_file() => false,
            Ok(_) => {
                let header = HEADER.join(",");
                let file = File::options().read(true).write(true).open(path);
                let mut start = Vec::new();
                // One byte more than the header: the end of its line.
                let length = header.len() as u64 + 1;
                file.and_then(|file| file.take(length).read_to_end(&mut start))
                    .with_context(place)?;
                let is_earlier = start.trim_ascii_end() == header.as_bytes();
                if !is_earlier && !start.is_empty() {
                    bail!(
                        "{}: the file exists and is not a list of rejected records",
                        place()
                    );
                }
                is_earlier
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let created = File::create_new(path);
                created.with_context(|| {
                    format!("{}: cannot be written; name another file", place())
                })?;
                fs::remove_file(path).with_context(place)?;
                false
            }
            Err(error) => return Err(error).with_context(place),
        };
        Ok(Self {
            path: path.to_owned(),
            has_earlier,
            file: None,
        })
    }

    /// Removes the file of an earlier import.
    fn forget_earlier(&mut self) -> anyhow::Result<()> {
        if std::mem::take(&mut self.has_earlier) {
            fs::remove_file(&self.path).with_context(|| place(&self.path))?;
        }
        Ok(())
    }

    fn write(&mut self, line: u64, fault: &Fault) -> anyhow::Result<()> {
        let file = if let Some(file) = &mut self.file {
            file
        } else {
            let file = File::create(&self.path).with_context(|| place(&self.path))?;
            let mut file = csv::Writer::from_writer(BufWriter::new(file));
            file.write_record(HEADER)?;
            self.file.insert(file)
        };
        file.write_record([&line.to_string(), &fault.field, &fault.reason])?;
        Ok(())
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        if let Some(file) = &mut self.file {
            let flushed = file.flush();
            flushed.with_context(|| place(&self.path))?;
        }
        Ok(())
    }
}

/// The path of the list, for error messages.
fn place(path: &Path) -> String {
    format!("{} (--rejects)", path.display())
}
