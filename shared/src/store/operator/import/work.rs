//! A record in progress.

use super::plan::{Write, WriteEdit};
use super::{Import, ImportOutcome, ImportRecord, ImportRefusal};
use crate::domain::{ContactId, ContactRecord, Timestamp};
use crate::store::change::{Attempt, LastWrites};
use crate::store::read::Snapshot;
use crate::store::{ChangeMetadata, WriteId};

/// A record in progress.
pub(super) struct Work {
    pub(super) record: ContactRecord,
    request_id: String,
    /// The id of the next write, or of the write in doubt.
    write_id: WriteId,
    /// The last attempt, if a write is in doubt.
    pub(super) attempt: Option<Attempt<Made>>,
    /// The id of the contact if the import has to create it.
    pub(super) new_id: ContactId,
    /// Whether the record gets a transaction of its own, after one with other records was refused.
    pub(super) is_alone: bool,
    /// The outcome so far, if another write is necessary.
    done: Option<ImportOutcome>,
    /// The final outcome.
    pub(super) outcome: Option<ImportOutcome>,
}

/// The effect of a write on its record.
pub(super) struct Made {
    outcome: ImportOutcome,
    /// Whether the record needs no further write.
    is_last: bool,
}

impl Work {
    pub(super) fn new(import: ImportRecord, now: Timestamp) -> Self {
        let id = import.record.id.clone();
        Self {
            new_id: id.unwrap_or_else(ContactId::random),
            record: import.record,
            request_id: import.request_id,
            write_id: WriteId::draw(now),
            attempt: None,
            is_alone: false,
            done: None,
            outcome: None,
        }
    }

    /// The metadata of the next write.
    pub(super) fn metadata(&self, import: &Import<'_>, now: Timestamp) -> ChangeMetadata {
        ChangeMetadata {
            actor: import.actor.clone(),
            now,
            route: import.route,
            request_id: self.request_id.clone(),
            write_id: self.write_id.clone(),
        }
    }

    /// Whether the import has created the contact.
    pub(super) fn has_created(&self) -> bool {
        self.done == Some(ImportOutcome::Created)
    }

    pub(super) fn reject(&mut self, refusal: ImportRefusal) {
        self.outcome = Some(ImportOutcome::Rejected(refusal));
    }

    /// Notes that a write was applied.
    pub(super) fn written(&mut self, outcome: ImportOutcome, is_last: bool, now: Timestamp) {
        self.attempt = None;
        self.write_id = WriteId::draw(now);
        self.made(outcome, is_last);
    }

    /// Notes the outcome of a write. The outcome of the first write counts.
    pub(super) fn made(&mut self, outcome: ImportOutcome, is_last: bool) {
        let outcome = self.done.take().unwrap_or(outcome);
        if is_last {
            self.outcome = Some(outcome);
        } else {
            self.done = Some(outcome);
        }
    }

    /// Notes that a write failed. A write in doubt may be applied nevertheless.
    pub(super) fn failed(&mut self, write: &Write, is_in_doubt: bool) {
        // A second write of an address does no harm.
        if let WriteEdit::Contact(edit) = &write.edit
            && (is_in_doubt || self.attempt.is_some())
        {
            let made = Made {
                outcome: write.outcome.clone(),
                is_last: write.is_last,
            };
            self.attempt = Some(Attempt::new(edit, made));
        }
    }

    /// Finds out whether a write in doubt was applied. An applied write completes the record if it was the last one. It also completes
    /// the record if the record is now about another contact or none, because the first contact was erased or lost the address.
    pub(super) fn settle(
        &mut self,
        last: Option<&LastWrites>,
        found: Option<&Snapshot>,
        now: Timestamp,
    ) {
        let Some(attempt) = &self.attempt else {
            return;
        };
        match attempt.was_applied(last, &self.write_id) {
            Ok(true) => {
                let is_last = attempt.answer.is_last || !attempt.is_about(found);
                self.written(attempt.answer.outcome.clone(), is_last, now);
            }
            Ok(false) => {}
            Err(_) => self.reject(ImportRefusal::InDoubt),
        }
    }
}
