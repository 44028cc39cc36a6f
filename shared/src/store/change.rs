//! The way in which everything but a single verification is changed: read the state, compute what it shall be, and write the
//! difference on condition that the contact is still at the version that was read.
//!
//! An attempt whose answer is lost may be applied, now or later. The contact's list of recent writes tells, so that the caller
//! hears what its own write did, and so that no write is applied twice.

use std::sync::{Mutex, PoisonError};

use super::edit::Edit;
use super::read::Snapshot;
use super::recent_requests::REMEMBERED_WRITES;
use super::{ChangeError, ChangeMetadata, Store, WriteId};
use crate::domain::{ContactId, Version};

/// One kind of change.
pub(super) trait Change: Sync {
    /// What the caller hears.
    type Answer: Send;

    /// Reads what the change depends on. After an attempt at a write, `attempted` is the contact it was about: where that
    /// contact exists, it is read.
    fn read(
        &self,
        store: &Store,
        attempted: Option<&ContactId>,
    ) -> impl Future<Output = Result<Found, ChangeError>> + Send;

    /// Computes what the state shall be.
    fn plan(&self, found: Found) -> Result<Plan<Self::Answer>, ChangeError>;
}

/// What a change depends on.
#[derive(Debug)]
pub(super) struct Found {
    /// The contact, if it exists.
    pub(super) snapshot: Option<Snapshot>,
    /// The owner of the e-mail address that the change is about, where that matters.
    pub(super) owner: Option<ContactId>,
}

/// What to do.
pub(super) enum Plan<A> {
    /// Nothing is to be written.
    Answer(A),
    /// Write this; the answer once it is written.
    Write(Box<Edit>, A),
}

/// A write that was sent and did not succeed, as far as is known.
pub(super) struct Attempt<A> {
    contact: ContactId,
    /// The version that it requires; `None` where it creates the contact.
    version: Option<Version>,
    /// Whether the failure was ambiguous, so that it may be applied.
    is_in_doubt: bool,
    /// What the caller hears if it was applied.
    pub(super) answer: A,
}

/// What became of an attempt.
pub(super) enum Fate {
    /// It was applied.
    Applied,
    /// It was not applied. It still may be, as long as the contact stays as it is; so may the next attempt, which requires the
    /// same, but not both.
    Pending,
    /// It was not applied, and never will be.
    Refused,
    /// Nobody can tell.
    Unknown,
}

impl<A> Attempt<A> {
    /// An attempt to write this.
    pub(super) fn new(edit: &Edit, is_in_doubt: bool, answer: A) -> Self {
        Self {
            contact: edit.after().contact.id.clone(),
            version: edit.version_before(),
            is_in_doubt,
            answer,
        }
    }

    /// What became of the attempt with this id, as the contact shows that was read afterwards.
    pub(super) fn fate(&self, snapshot: Option<&Snapshot>, id: &WriteId) -> Fate {
        let Some(snapshot) = snapshot.filter(|snapshot| snapshot.state.contact.id == self.contact)
        else {
            return match snapshot {
                // The contact was not created yet, and another one owns the address. Should that one lose it, the attempt
                // could still be applied.
                Some(_) if self.is_in_doubt => Fate::Unknown,
                _ => Fate::Pending,
            };
        };
        if snapshot.recent_requests().contain(id) {
            return Fate::Applied;
        }
        let before = self.version.map_or(0, Version::number);
        let changes = snapshot
            .state
            .contact
            .version
            .number()
            .saturating_sub(before);
        match usize::try_from(changes) {
            Ok(0) => Fate::Pending,
            Ok(changes) if changes <= REMEMBERED_WRITES => Fate::Refused,
            _ if self.is_in_doubt => Fate::Unknown,
            _ => Fate::Refused,
        }
    }
}

impl Store {
    /// Makes a change, all of it or nothing, and answers what it did.
    ///
    /// # Errors
    /// Why nothing was written, or [`ChangeError::FateUnknown`].
    pub(super) async fn change<C: Change>(
        &self,
        change: &C,
        metadata: &ChangeMetadata,
    ) -> Result<C::Answer, ChangeError> {
        let attempt = Mutex::new(None);
        self.retried(|| Box::pin(self.try_change(change, metadata, &attempt)))
            .await
    }

    async fn try_change<C: Change>(
        &self,
        change: &C,
        metadata: &ChangeMetadata,
        attempt: &Mutex<Option<Attempt<C::Answer>>>,
    ) -> Result<C::Answer, ChangeError> {
        let attempted = || attempt.lock().unwrap_or_else(PoisonError::into_inner);
        let contact = attempted().as_ref().map(|attempt| attempt.contact.clone());
        let found = change.read(self, contact.as_ref()).await?;
        let mut is_in_doubt = false;
        if let Some(previous) = attempted().take() {
            match previous.fate(found.snapshot.as_ref(), &metadata.write_id) {
                Fate::Applied => return Ok(previous.answer),
                Fate::Unknown => {
                    return Err(ChangeError::FateUnknown);
                }
                Fate::Pending => is_in_doubt = previous.is_in_doubt,
                Fate::Refused => {}
            }
        }
        let (edit, answer) = match change.plan(found)? {
            Plan::Answer(answer) => return Ok(answer),
            Plan::Write(edit, answer) => (edit, answer),
        };
        let Err(error) = self.write_edit(&edit, metadata).await else {
            return Ok(answer);
        };
        let error = ChangeError::from(error);
        let is_in_doubt = is_in_doubt || error.is_in_doubt();
        *attempted() = Some(Attempt::new(&edit, is_in_doubt, answer));
        Err(error)
    }
}
