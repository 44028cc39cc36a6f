//! Every change except a single verification: read the state, compute the new state, and write the difference on condition that
//! the contact is still at the version that was read.
//!
//! If the answer to a write is lost, DynamoDB may have applied the write, or may still apply it. The contact's list of recent
//! writes shows whether it did. So the caller gets the outcome of its own write, and no write is applied twice.

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
    /// The answer to the caller.
    type Answer: Send;

    /// Reads the items that the change depends on. `attempted` is the contact of an earlier attempt that may be applied. If that
    /// contact exists, the result must contain it.
    fn read(
        &self,
        store: &Store,
        attempted: Option<&ContactId>,
    ) -> impl Future<Output = Result<Found, ChangeError>> + Send;

    /// Computes the new state of the contact.
    fn plan(&self, found: Found) -> Result<Edit, ChangeError>;

    /// The answer to the caller after the edit is written, or if the edit is empty.
    fn answer(&self, edit: &Edit) -> Result<Self::Answer, ChangeError>;
}

/// The state that a change depends on.
#[derive(Debug)]
pub(super) struct Found {
    /// The contact, if it exists.
    pub(super) snapshot: Option<Snapshot>,
    /// The e-mail address of the change, if the change depends on the address's item.
    pub(super) address: Option<FoundAddress>,
    /// The ended subscriptions that the contact inherits with the address.
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

/// A write in doubt: its answer was lost, and DynamoDB may have applied it, or may still apply it.
pub(super) struct Attempt<A> {
    organization: OrganizationId,
    pub(super) contact: ContactId,
    /// The version that the write requires; `None` if it creates the contact.
    version: Option<Version>,
    /// The answer to the caller if the write was applied.
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

    /// Whether the attempt is about the contact `found`.
    pub(super) fn is_about(&self, found: Option<&Snapshot>) -> bool {
        found.is_some_and(|found| found.state.contact.id == self.contact)
    }

    /// The last writes of the attempt's contact, whose item is `attempted`. If `found` is the same contact, the result is from
    /// `found`, because `found` is never the older read. Without an item, the result is about `found`, even if `found` is another
    /// contact.
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

    /// Whether the write was applied. If not, DynamoDB may still apply it while the contact does not change. The next attempt has
    /// the same condition, so DynamoDB applies at most one of the two.
    ///
    /// # Errors
    /// [`ChangeError::FateUnknown`] if `last` does not show whether the write was applied.
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
        // If another contact owns the address, the attempt may still create its own contact after the other loses the address.
        if last.contact != self.contact || changes > REMEMBERED_WRITES as u64 {
            return Err(ChangeError::FateUnknown);
        }
        Ok(false)
    }
}

/// The last writes of a contact, from its item or from the marker of its erasure.
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
    /// Makes a change, all of it or nothing, and returns the answer to the caller.
    ///
    /// # Errors
    /// The reason. Nothing was written, unless it is [`ChangeError::FateUnknown`] or `DatabaseError::InDoubt`.
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

    /// Calls [`Attempt::last_writes`]. If `found` is another contact, this function first reads the item of the attempt's contact.
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
