//! Reads the file in a thread of its own.

use std::io::Read;
use std::sync::Arc;
use std::thread;

use anyhow::anyhow;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::options::FileOptions;
use super::raw_record::RawRecord;
use super::record::{Record, read};
use super::source::Source;
use super::tally::Place;
use super::workers::BATCH;
use crate::contact_file::fault::Fault;
use crate::contact_file::values::ReadContext;

/// The maximum size of all unfinished records, in bytes. It keeps memory from growing with the file.
const MAX_BYTES_IN_FLIGHT: u32 = 8 * 1024 * 1024;

/// The minimum that a short record counts among these bytes.
const MIN_RECORD_BYTES: u32 = 512;

/// The number of records that the thread reads ahead.
const READ_AHEAD: usize = 2 * BATCH;

/// The error for a thread that ends without [`Found::End`].
pub(super) const READER_FAILED: &str = "the reader of the file has failed";

/// An item that the thread finds in the file.
pub(super) enum Found {
    Record {
        place: Place,
        record: Record,
        /// The record's share of [`MAX_BYTES_IN_FLIGHT`]. The record holds it until it is done.
        room: OwnedSemaphorePermit,
    },
    /// A record with a fault.
    Fault {
        place: Place,
        fault: Fault,
        room: OwnedSemaphorePermit,
    },
    /// The file, or the rest of it, cannot be read.
    Broken(anyhow::Error),
    /// The end of the file. Without it the reader has failed.
    End,
}

/// Reads the file in a thread of its own, because a read may wait, for example for a person at a terminal. The thread ends at
/// the end of the file, or when the receiver is dropped.
pub(super) fn spawn_reader(
    input: impl Read + Send + 'static,
    options: FileOptions,
    context: ReadContext,
) -> Receiver<Found> {
    let (sender, receiver) = mpsc::channel(READ_AHEAD);
    let runtime = Handle::current();
    thread::spawn(move || {
        let mut source = match Source::open(input, &options) {
            Ok(source) => source,
            Err(error) => {
                // If the receiver is gone, the import has ended.
                let _ = sender.blocking_send(Found::Broken(error));
                return;
            }
        };
        let room = Arc::new(Semaphore::new(MAX_BYTES_IN_FLIGHT as usize));
        for sequence in 0.. {
            let found = match source.next() {
                Ok(None) => Found::End,
                Err(error) => {
                    Found::Broken(anyhow!(error).context("the rest of the file cannot be read"))
                }
                Ok(Some(raw)) => {
                    let bytes = u32::try_from(raw.bytes).unwrap_or(u32::MAX);
                    let wanted = bytes.clamp(MIN_RECORD_BYTES, MAX_BYTES_IN_FLIGHT);
                    let room = Arc::clone(&room).acquire_many_owned(wanted);
                    match runtime.block_on(room) {
                        Ok(room) => parsed(sequence, raw, room, &context),
                        // Impossible: nothing closes the semaphore.
                        Err(_) => return,
                    }
                }
            };
            let is_last = matches!(found, Found::Broken(_) | Found::End);
            if sender.blocking_send(found).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

fn parsed(
    sequence: u64,
    raw: RawRecord,
    room: OwnedSemaphorePermit,
    context: &ReadContext,
) -> Found {
    let place = Place {
        sequence,
        line: raw.line,
        end: raw.end,
    };
    match raw.members.and_then(|members| read(members, context)) {
        Ok(record) => Found::Record {
            place,
            record,
            room,
        },
        Err(fault) => Found::Fault { place, fault, room },
    }
}
