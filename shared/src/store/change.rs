//! The way in which everything but a single verification is changed: read the state, compute what it shall be, and write the
//! difference on condition that the contact is still at the version that was read.
//!
//! An attempt whose answer is lost may be applied, now or later. The contact's list of recent writes tells, so that the caller
//! hears what its own write did, and so that no write is applied twice.

use super::address::{FoundAddress, Inherited};
use super::edit::Edit;
use super::items::{Item, Reader, VERSION};
use super::keys::Key;
use super::read::Snapshot;
use super::recent_requests::{REMEMBERED_WRITES, RecentRequests};
use super::{ChangeError, ChangeMetadata, DatabaseError, Store, WriteId};
use crate::domain::{ContactId, OrganizationId, Version};

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

/// A write whose answer was lost, so that it may be applied, now or later.
pub(super) struct Attempt<A> {
    organization: OrganizationId,
    pub(super) contact: ContactId,
    /// The version that it requires; `None` where it creates the contact.
    version: Option<Version>,
    /// The answer if it was applied.
    pub(super) answer: A,
}

impl<A> Attempt<A> {
    /// An attempt at the write of this edit.
    pub(super) fn new(edit: &Edit, answer: A) -> Self {
        let contact = &edit.after().contact;
        Self {
            organization: contact.organization_id.clone(),
            contact: contact.id.clone(),
            version: edit.version_before(),
            answer,
        }
    }

    /// The key of the contact.
    pub(super) fn key(&self) -> Key {
        Key::contact(&self.organization, &self.contact)
    }

    /// Whether it was about the contact that was found.
    pub(super) fn is_about(&self, found: Option<&Snapshot>) -> bool {
        found.is_some_and(|found| found.state.contact.id == self.contact)
    }

    /// The last writes of the contact that it was about, or else of the one that was found. `attempted` is the item of the
    /// former, read after those of the latter.
    ///
    /// # Errors
    /// When the item cannot be read.
    pub(super) fn last_writes(
        &self,
        attempted: Option<&Item>,
        found: Option<&Snapshot>,
    ) -> Result<Option<LastWrites>, DatabaseError> {
        match attempted {
            Some(item) if !self.is_about(found) => {
                LastWrites::of_item(&self.contact, item).map(Some)
            }
            _ => Ok(found.map(LastWrites::of)),
        }
    }

    /// Whether it was applied. If not, it still may be, as long as the contact stays as it is; so may the next attempt, which
    /// requires the same, but not both.
    ///
    /// # Errors
    /// [`ChangeError::FateUnknown`] where nobody can tell.
    pub(super) fn was_applied(
        &self,
        last: Option<&LastWrites>,
        id: &WriteId,
    ) -> Result<bool, ChangeError> {
        let Some(last) = last else {
            return Ok(false);
        };
        if last.recent_requests.contain(id) {
            return Ok(true);
        }
        let before = self.version.map_or(0, Version::number);
        let changes = last.version.number().saturating_sub(before);
        // Where another contact owns the address, the attempt could still create this one once the other loses it.
        if last.contact != self.contact || changes > REMEMBERED_WRITES as u64 {
            return Err(ChangeError::FateUnknown);
        }
        Ok(false)
    }
}

/// What the item of a contact says of its last writes. The marker of an erased contact says it too.
#[derive(Debug)]
pub(super) struct LastWrites {
    contact: ContactId,
    version: Version,
    recent_requests: RecentRequests,
}

impl LastWrites {
    fn of(found: &Snapshot) -> Self {
        let contact = &found.state.contact;
        Self {
            contact: contact.id.clone(),
            version: contact.version,
            recent_requests: found.recent_requests(),
        }
    }

    fn of_item(id: &ContactId, item: &Item) -> Result<Self, DatabaseError> {
        Ok(Self {
            contact: id.clone(),
            version: Reader::of("contact", item.clone()).required(VERSION)?,
            recent_requests: RecentRequests::of(item),
        })
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
        let last = match attempt.as_ref() {
            Some(attempt) => self.last_writes(attempt, &found).await?,
            None => None,
        };
        let previous = attempt.take();
        let is_in_doubt = previous.is_some();
        if let Some(previous) = previous
            && previous.was_applied(last.as_ref(), &metadata.write_id)?
        {
            return Ok(previous.answer);
        }
        let edit = change.plan(found)?;
        let answer = change.answer(&edit)?;
        if edit.is_empty() {
            return Ok(answer);
        }
        let Err(error) = self.write_edit(&edit, metadata).await else {
            return Ok(answer);
        };
        if is_in_doubt || matches!(error, DatabaseError::InDoubt(_)) {
            *attempt = Some(Attempt::new(&edit, answer));
        }
        Err(error.into())
    }

    /// The last writes of the contact that an attempt was about, or else of the one that was found.
    async fn last_writes<A>(
        &self,
        attempt: &Attempt<A>,
        found: &Found,
    ) -> Result<Option<LastWrites>, ChangeError> {
        let found = found.snapshot.as_ref();
        let attempted = if attempt.is_about(found) {
            None
        } else {
            self.read_item(attempt.key()).await?
        };
        Ok(attempt.last_writes(attempted.as_ref(), found)?)
    }
}

#[cfg(test)]
mod tests;
