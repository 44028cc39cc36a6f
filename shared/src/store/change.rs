//! The way in which everything but a single verification is changed: read the state, compute what it shall be, and write the
//! difference on condition that the contact is still at the version that was read.
//!
//! An attempt whose answer is lost may be applied, now or later. The contact's list of recent writes tells, so that the caller
//! hears what its own write did, and so that no write is applied twice.

use super::address::{FoundAddress, Inherited};
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
    /// The e-mail address that the change is about, where its item matters.
    pub(super) address: Option<FoundAddress>,
    /// The ended subscriptions that come with the address.
    pub(super) inherited: Inherited,
}

impl From<Option<Snapshot>> for Found {
    fn from(snapshot: Option<Snapshot>) -> Self {
        Self {
            snapshot,
            address: None,
            inherited: Inherited::default(),
        }
    }
}

/// A write that was sent and did not succeed, as far as is known.
pub(super) struct Attempt<A> {
    contact: ContactId,
    /// The version that it requires; `None` where it creates the contact.
    version: Option<Version>,
    /// Whether its failure, or that of an earlier attempt, was ambiguous, so that it may be applied.
    is_in_doubt: bool,
    /// The answer if it was applied.
    pub(super) answer: A,
}

impl<A> Attempt<A> {
    /// An attempt at the write of this edit.
    pub(super) fn new(edit: &Edit, is_in_doubt: bool, answer: A) -> Self {
        Self {
            contact: edit.after().contact.id.clone(),
            version: edit.version_before(),
            is_in_doubt,
            answer,
        }
    }

    /// Whether it was applied. If not, it still may be, as long as the contact stays as it is; so may the next attempt, which
    /// requires the same, but not both.
    ///
    /// # Errors
    /// [`ChangeError::FateUnknown`] where nobody can tell.
    pub(super) fn was_applied(
        &self,
        found: Option<&Snapshot>,
        id: &WriteId,
    ) -> Result<bool, ChangeError> {
        let Some(snapshot) = found else {
            return Ok(false);
        };
        if snapshot.recent_requests().contain(id) {
            return Ok(true);
        }
        let contact = &snapshot.state.contact;
        let before = self.version.map_or(0, Version::number);
        let changes = contact.version.number().saturating_sub(before);
        // Where another contact owns the address, the attempt could still create this one once the other loses it.
        let covers = contact.id == self.contact && changes <= REMEMBERED_WRITES as u64;
        if self.is_in_doubt && !covers {
            return Err(ChangeError::FateUnknown);
        }
        Ok(false)
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
            if previous.was_applied(found.snapshot.as_ref(), &metadata.write_id)? {
                return Ok(previous.answer);
            }
            is_in_doubt = previous.is_in_doubt;
        }
        let edit = change.plan(found)?;
        let answer = change.answer(&edit)?;
        if edit.is_empty() {
            return Ok(answer);
        }
        let Err(error) = self.write_edit(&edit, metadata).await else {
            return Ok(answer);
        };
        is_in_doubt |= matches!(error, DatabaseError::InDoubt(_));
        *attempt = Some(Attempt::new(&edit, is_in_doubt, answer));
        Err(error.into())
    }
}
