//! The way in which everything but a single verification is changed: read the state, compute what it shall be, and write the
//! difference on condition that the contact is still at the version that was read.
//!
//! An attempt whose answer is lost may be applied, now or later. The contact's list of recent writes tells, so that the caller
//! hears what its own write did, and so that no write is applied twice.

use super::edit::Edit;
use super::read::Snapshot;
use super::recent_requests::REMEMBERED_WRITES;
use super::{ChangeError, ChangeMetadata, DatabaseError, Store, WriteId};
use crate::domain::{ContactId, Version};

/// One kind of change.
pub(super) trait Change: Sync {
    /// What the caller hears.
    type Answer: Send;

    /// Reads what the change depends on. After an attempt at a write, `attempted` is the contact that it was about: if that
    /// contact exists, it is read.
    fn read(
        &self,
        store: &Store,
        attempted: Option<&ContactId>,
    ) -> impl Future<Output = Result<Found, ChangeError>> + Send;

    /// Computes the state that the contact shall have.
    fn plan(&self, found: Found) -> Result<Edit, ChangeError>;

    /// The answer to an edit that was written, or that has nothing to write.
    fn answer(&self, edit: &Edit) -> Result<Self::Answer, ChangeError>;
}

/// What a change depends on.
#[derive(Debug)]
pub(super) struct Found {
    /// The contact, if it exists.
    pub(super) snapshot: Option<Snapshot>,
    /// The owner of the e-mail address that the change is about, where that matters.
    pub(super) owner: Option<ContactId>,
}

impl From<Option<Snapshot>> for Found {
    fn from(snapshot: Option<Snapshot>) -> Self {
        Self {
            snapshot,
            owner: None,
        }
    }
}

/// A write that was sent and did not succeed, as far as is known.
struct Attempt<A> {
    contact: ContactId,
    /// The version that it requires; `None` where it creates the contact.
    version: Option<Version>,
    /// Whether the failure was ambiguous, so that it may be applied.
    is_in_doubt: bool,
    answer: A,
}

/// What became of an attempt.
enum Fate {
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
    fn fate(&self, found: &Found, id: &WriteId) -> Fate {
        let snapshot = found.snapshot.as_ref();
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
        let mut attempts = self.attempts();
        let mut attempt = None;
        loop {
            match Box::pin(self.try_change(change, metadata, &mut attempt)).await {
                Err(error) => attempts.wait_after(error).await?,
                done => return done,
            }
        }
    }

    async fn try_change<C: Change>(
        &self,
        change: &C,
        metadata: &ChangeMetadata,
        attempt: &mut Option<Attempt<C::Answer>>,
    ) -> Result<C::Answer, ChangeError> {
        let attempted = attempt.as_ref().map(|attempt| &attempt.contact);
        let found = change.read(self, attempted).await?;
        let mut is_in_doubt = false;
        if let Some(previous) = attempt.take() {
            match previous.fate(&found, &metadata.write_id) {
                Fate::Applied => return Ok(previous.answer),
                Fate::Unknown => return Err(ChangeError::FateUnknown),
                Fate::Pending => is_in_doubt = previous.is_in_doubt,
                Fate::Refused => {}
            }
        }
        let edit = change.plan(found)?;
        let answer = change.answer(&edit)?;
        if edit.is_empty() {
            return Ok(answer);
        }
        let Err(error) = self.write_edit(&edit, metadata).await else {
            return Ok(answer);
        };
        *attempt = Some(Attempt {
            contact: edit.after().contact.id.clone(),
            version: edit.version_before(),
            is_in_doubt: is_in_doubt || matches!(error, DatabaseError::InDoubt(_)),
            answer,
        });
        Err(error.into())
    }
}
