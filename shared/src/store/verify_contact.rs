//! Endpoint 3: a read, and a transaction over the contact and the client's subscription.
//!
//! Most verifications are the first. A transaction that takes this for granted is sent together with the read, so that one
//! round trip is enough. Where it is refused, and for a clear, the read decides what to write.

mod plan;
mod predecessor;
mod requests;

use self::plan::Plan;
use self::predecessor::Predecessor;
use self::requests::{Keys, write_request};
use super::error::outdated;
use super::items::{contact, is_as_left_by, subscription};
use super::keys::Key;
use super::{ChangeError, ChangeMetadata, DatabaseError, Store};
use crate::domain::{
    AudienceContact, AudienceSlug, ClientSlug, ContactId, ExpectedVersion, Outcome, Tenant,
    Timestamp,
};

/// What is to be done to a contact and its subscription of a client in an audience.
#[derive(Debug, Clone)]
pub struct VerifyContact {
    /// The audience.
    pub audience: AudienceSlug,
    /// The client.
    pub client: ClientSlug,
    /// Since when both are verified; `None` clears both.
    pub verified_at: Option<Timestamp>,
    /// At which version the contact must be.
    pub expected_version: ExpectedVersion,
    /// Who does it, when, on which request.
    pub metadata: ChangeMetadata,
}

/// What a change did, and the contact after it; `None` where the contact or the client's subscription is missing.
type Done = Option<(Outcome, AudienceContact)>;

/// What a read found, unless the contact or the client's subscription is missing.
type Read = Result<Option<Found>, ChangeError>;

impl Store {
    /// Records or clears the verification of a contact and of a client's subscription, both in one transaction or
    /// neither, each by the one rule, and answers what that did and the contact as it then stands.
    ///
    /// # Errors
    /// Why nothing was written, or, where it was, why the contact cannot be read: the same request may be made again.
    pub async fn verify_contact(
        &self,
        tenant: &Tenant,
        id: &ContactId,
        change: &VerifyContact,
    ) -> Result<(Outcome, AudienceContact), ChangeError> {
        let keys = Keys::new(tenant, id, change);
        // Boxed, like every call of the SDK: these futures are large, and the handler's would be with them.
        let done = match Box::pin(self.record_at_once(&keys, change)).await {
            AtOnce::Recorded(read) => {
                // Nothing is written any more: what others have done since is not to be undone.
                let found = match read {
                    Ok(Some(found)) => Some(found),
                    Err(error) if !error.is_worth_another_attempt() => return Err(error),
                    Ok(None) | Err(_) => {
                        self.retried(|| Box::pin(self.read(&keys, change))).await?
                    }
                };
                found.map(|found| (change.success(), found.contact))
            }
            AtOnce::Refused(refusal, read) => {
                let mut first = Some((refusal, read));
                self.retried(|| Box::pin(self.read_and_change(&keys, change, first.take())))
                    .await?
            }
            AtOnce::NotTried => {
                self.retried(|| Box::pin(self.read_and_change(&keys, change, None)))
                    .await?
            }
        };
        match done {
            Some(done) => Ok(done),
            None => Err(self
                .audience_or_contact_missing(tenant, &change.audience)
                .await),
        }
    }

    /// Sends a transaction that records at both levels, on condition that neither holds a verification that is as early,
    /// and the read at the same time.
    async fn record_at_once(&self, keys: &Keys, change: &VerifyContact) -> AtOnce {
        let predecessor = Predecessor::assumed(&change.expected_version, change.metadata.now);
        let Some((at, predecessor)) = change.verified_at.zip(predecessor) else {
            return AtOnce::NotTried;
        };
        let plan = Plan::recording(at);
        let (written, read) = tokio::join!(
            self.write(keys, &plan, predecessor, change),
            self.read(keys, change)
        );
        if let Err(refusal) = written {
            return match read {
                // What was read would not have been refused: it has been changed since.
                Ok(Some(found))
                    if refusal.is_outdated()
                        && predecessor.is(&found.contact.contact)
                        && plan == Plan::new(&found.contact, change) =>
                {
                    AtOnce::Refused(refusal, Err(outdated("it was changed after the read")))
                }
                read => AtOnce::Refused(refusal, read),
            };
        }
        AtOnce::Recorded(read.map(|found| {
            // One that is older than what the transaction changed is of no use; there is no telling what came in between.
            let found = found.filter(|found| !predecessor.is_after(&found.contact.contact));
            found.map(|mut found| {
                // The read came first. Otherwise it shows what the transaction did, and what may have come after it.
                if predecessor.is(&found.contact.contact) {
                    plan.apply(&mut found.contact, change);
                }
                found
            })
        }))
    }

    /// Reads, and changes what was read if it still holds. The first time, the read has been made beside a transaction
    /// that was refused.
    async fn read_and_change(
        &self,
        keys: &Keys,
        change: &VerifyContact,
        first: Option<(ChangeError, Read)>,
    ) -> Result<Done, ChangeError> {
        let (refusal, read) = match first {
            None => (None, self.read(keys, change).await),
            // Whether it was done is not known, nor what has been done since.
            Some((refusal, Err(_))) if !refusal.is_worth_another_attempt() => return Err(refusal),
            Some((refusal, read)) => (Some(refusal), read),
        };
        let Some(found) = read? else {
            return Ok(None);
        };
        let (is_our_own, mut found) = (found.is_our_own, found.contact);
        // An earlier attempt of this very request did it, its answer got lost, and a later attempt was refused.
        if is_our_own {
            return Ok(Some((change.success(), found)));
        }
        if !change.expected_version.allows(found.contact.version) {
            return Err(match refusal {
                // Nobody knows whether it was done: this may be what became of it.
                Some(refusal) if !refusal.is_worth_another_attempt() => refusal,
                _ => ChangeError::VersionMismatch(Some(found.contact.version)),
            });
        }
        let plan = Plan::new(&found, change);
        if plan.writes() {
            // Only what it took for granted was against it, and that is known now.
            if let Some(refusal) = refusal
                && !refusal.is_outdated()
            {
                return Err(refusal);
            }
            let predecessor = Predecessor::AtVersion(found.contact.version);
            self.write(keys, &plan, predecessor, change).await?;
            plan.apply(&mut found, change);
        }
        Ok(Some((plan.outcome(change), found)))
    }

    /// The contact in the audience for the client, in one of its states.
    async fn read(&self, keys: &Keys, change: &VerifyContact) -> Read {
        let subscriptions = [&keys.client_subscription, &keys.audience_subscription];
        let Some(found) = self.read_contact(&keys.contact, &subscriptions).await? else {
            return Ok(None);
        };
        let mut subscriptions = found.subscriptions.into_iter();
        let Some(client_subscription) = subscriptions.next().flatten() else {
            return Ok(None);
        };
        let audience_subscription = subscriptions.next().flatten();
        Ok(Some(Found {
            is_our_own: is_as_left_by(&found.contact, &change.metadata),
            contact: AudienceContact {
                contact: contact(found.contact)?,
                audience: change.audience.clone(),
                client: change.client.clone(),
                audience_subscription: audience_subscription.map(subscription).transpose()?,
                client_subscription: subscription(client_subscription)?,
            },
        }))
    }

    /// Tells an unknown audience from a contact that the client has not onboarded in it, for a contact that is not to
    /// be found.
    pub async fn audience_or_contact_missing(
        &self,
        tenant: &Tenant,
        audience: &AudienceSlug,
    ) -> ChangeError {
        match self
            .read_item(Key::audience(tenant.organization(), audience))
            .await
        {
            Ok(Some(_)) => ChangeError::ContactNotFound,
            Ok(None) => ChangeError::AudienceNotFound,
            Err(error) => error.into(),
        }
    }

    /// Does the plan to this state of the contact, or nothing.
    async fn write(
        &self,
        keys: &Keys,
        plan: &Plan,
        predecessor: Predecessor,
        change: &VerifyContact,
    ) -> Result<(), ChangeError> {
        // The SDK makes a client request token and keeps it for its own retries: a transaction whose answer got lost
        // is not done twice.
        let sent = Box::pin(
            write_request(&self.table, keys, plan, predecessor, change)?.send_with(&self.client),
        )
        .await;
        sent.map(drop)
            .map_err(|error| DatabaseError::from_transaction(error).into())
    }
}

/// What became of a transaction that was sent together with the read.
enum AtOnce {
    /// It was done; the contact after it, if the read found it.
    Recorded(Read),
    /// It was not done, for this reason, or nobody knows; what the read found.
    Refused(ChangeError, Read),
    /// There was none.
    NotTried,
}

/// What a read found.
struct Found {
    contact: AudienceContact,
    /// Whether the contact is as this very change left it.
    is_our_own: bool,
}

impl VerifyContact {
    /// The outcome when the database accepts it.
    fn success(&self) -> Outcome {
        if self.verified_at.is_some() {
            Outcome::Recorded
        } else {
            Outcome::Cleared
        }
    }
}
