//! Changes of a contact that its e-mail address names, for a client in an audience: upserts, subscribing, unsubscribing.
//!
//! The owner of the address and the audience are read first, then the contact and its two subscriptions, and what is to be
//! otherwise is written in one transaction. That an address has one owner holds by the transaction that claims it.

use std::collections::BTreeMap;

use super::edit::{Edit, OwnerEdit};
use super::error::outdated;
use super::items::{contact, grows_too_large, is_as_left_by, owner_id, subscription};
use super::keys::Key;
use super::{ChangeError, ChangeMetadata, DatabaseError, Store};
use crate::domain::{
    AudienceContact, AudienceSlug, ClientSlug, Contact, ContactId, ContactPatch, EmailAddress,
    ExpectedVersion, MethodValue, NewMethod, Outcome, SubscribedContact, SubscriptionId,
    SubscriptionPatch, Tenant, Verification, Version,
};

/// What is said of the contact that owns an e-mail address, and of its subscriptions in an audience.
#[derive(Debug, Clone)]
pub struct ChangeAudienceContact {
    /// The address.
    pub address: EmailAddress,
    /// The audience.
    pub audience: AudienceSlug,
    /// The client.
    pub client: ClientSlug,
    /// What is said of the contact.
    pub contact_patch: ContactPatch,
    /// What is said of the client's subscription.
    pub client_patch: SubscriptionPatch,
    /// What is said of the subscription at audience level, if anything is.
    pub audience_patch: Option<SubscriptionPatch>,
    /// What to do where there is no such contact, or the client has not onboarded it.
    pub if_missing: IfMissing,
    /// At which version the contact must be.
    pub expected_version: ExpectedVersion,
    /// Who does it, when, on which request.
    pub metadata: ChangeMetadata,
}

/// What to do where there is no such contact, or the client has not onboarded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMissing {
    /// Make it, with this id, and the client's subscription.
    Create(ContactId),
    /// Refuse.
    Refuse,
}

/// What a change did, and the contact after it.
#[derive(Debug)]
pub struct AudienceContactChanged {
    /// Whether there was none before.
    pub is_new: bool,
    /// What happened. Of a change that verifies, what happened to the verification.
    pub outcome: Outcome,
    /// The contact.
    pub contact: AudienceContact,
}

impl Store {
    /// Changes the contact that owns an e-mail address, and its subscriptions in an audience, all of it or nothing.
    ///
    /// # Errors
    /// Why nothing was written.
    pub async fn change_audience_contact(
        &self,
        tenant: &Tenant,
        change: &ChangeAudienceContact,
    ) -> Result<AudienceContactChanged, ChangeError> {
        self.retried(|| Box::pin(self.try_change_audience_contact(tenant, change)))
            .await
    }

    async fn try_change_audience_contact(
        &self,
        tenant: &Tenant,
        change: &ChangeAudienceContact,
    ) -> Result<AudienceContactChanged, ChangeError> {
        let owner = self
            .owner_in_audience(tenant, &change.address, &change.audience)
            .await?;
        let found = match &owner {
            None => None,
            Some(id) => Some(
                self.read_state(tenant, id, &change.subscriptions(), Some(&change.metadata))
                    .await?
                    // Nobody but a contact owns an address, and contacts stay.
                    .ok_or(DatabaseError::UnexpectedAnswer("an owner does not exist"))?,
            ),
        };
        let before = found.as_ref().map(|found| &found.state);
        if let Some(before) = before {
            change.must_have_address(&before.contact)?;
        }
        let is_onboarded = before.is_some_and(|before| {
            before
                .subscriptions
                .contains_key(&change.client_subscription())
        });
        let id = match (&change.if_missing, owner) {
            (IfMissing::Refuse, _) if !is_onboarded => return Err(ChangeError::ContactNotFound),
            (_, Some(owner)) => owner,
            (IfMissing::Create(id), None) => id.clone(),
            (IfMissing::Refuse, None) => return Err(ChangeError::ContactNotFound),
        };
        if found.as_ref().is_some_and(|found| found.is_our_own) {
            // An earlier attempt of this very request did it, and its answer got lost.
            let after = found
                .map(|found| found.state)
                .ok_or(DatabaseError::UnexpectedAnswer(
                    "a change of a contact that does not exist",
                ))?;
            let is_new = after.contact.version == Version::FIRST;
            let outcome = change.success(is_new, &after);
            return change.done(is_new, outcome, after);
        }
        match (before, &change.expected_version) {
            (None, ExpectedVersion::AnyExisting | ExpectedVersion::OneOf(_)) => {
                return Err(ChangeError::VersionMismatch(None));
            }
            (Some(before), expected) if !expected.allows(before.contact.version) => {
                // A client learns nothing of a contact that only others have onboarded.
                let version = is_onboarded.then_some(before.contact.version);
                return Err(ChangeError::VersionMismatch(version));
            }
            _ => {}
        }
        let mut after = change.applied_to(tenant, id, before);
        let edit = Edit {
            before,
            after: &after,
            owners: match before {
                None => vec![OwnerEdit::Claim(change.address.normal_form().to_owned())],
                Some(_) => Vec::new(),
            },
        };
        let outcome = change.outcome(before, &after, edit.changes());
        if edit.changes() {
            if grows_too_large(before.map(|before| &before.contact), &after.contact) {
                return Err(ChangeError::TooLarge);
            }
            self.write_edit(&edit, &change.metadata).await?;
            after.contact.version = edit.version();
            after.contact.updated_at = change.metadata.now;
        }
        change.done(found.is_none(), outcome, after)
    }

    /// The contact that owns an address, if one does, in an organization that has an audience of that slug.
    pub(super) async fn owner_in_audience(
        &self,
        tenant: &Tenant,
        address: &EmailAddress,
        audience: &AudienceSlug,
    ) -> Result<Option<ContactId>, ChangeError> {
        let owner = Key::email_owner(tenant.organization(), address);
        let audience = Key::audience(tenant.organization(), audience);
        let mut items = self.read_items(&[&owner, &audience]).await?;
        match (items.pop().flatten(), items.pop().flatten()) {
            (None, _) => Err(ChangeError::AudienceNotFound),
            (Some(_), None) => Ok(None),
            (Some(_), Some(owner)) => Ok(Some(owner_id(&owner)?)),
        }
    }

    /// A contact with these of its subscriptions that exist, and, where a metadata is given, whether it is as the change with
    /// it left the contact.
    pub(super) async fn read_state(
        &self,
        tenant: &Tenant,
        id: &ContactId,
        subscriptions: &[SubscriptionId],
        metadata: Option<&ChangeMetadata>,
    ) -> Result<Option<Found>, ChangeError> {
        let organization = tenant.organization();
        let keys: Vec<_> = subscriptions
            .iter()
            .map(|subscription| Key::subscription(organization, id, subscription))
            .collect();
        let keys: Vec<_> = keys.iter().collect();
        let Some(found) = self
            .read_contact(&Key::contact(organization, id), &keys)
            .await?
        else {
            return Ok(None);
        };
        let is_our_own = metadata.is_some_and(|metadata| is_as_left_by(&found.contact, metadata));
        let subscriptions = subscriptions
            .iter()
            .zip(found.subscriptions)
            .filter_map(|(id, item)| Some((id.clone(), subscription(item?))))
            .map(|(id, read)| Ok((id, read?)))
            .collect::<Result<_, DatabaseError>>()?;
        let state = SubscribedContact {
            contact: contact(found.contact)?,
            subscriptions,
        };
        Ok(Some(Found { state, is_our_own }))
    }
}

/// A contact that was found.
pub(super) struct Found {
    pub(super) state: SubscribedContact,
    /// Whether it is as the change with the metadata that was looked for left it.
    is_our_own: bool,
}

impl ChangeAudienceContact {
    /// The owner was read before the contact. If the address has been taken off meanwhile, it may be another's by now.
    fn must_have_address(&self, contact: &Contact) -> Result<(), ChangeError> {
        contact
            .has_address(&self.address)
            .then_some(())
            .ok_or_else(|| outdated("the address was removed after its owner was read"))
    }

    /// What it can change besides the contact.
    fn subscriptions(&self) -> [SubscriptionId; 2] {
        [self.client_subscription(), self.audience_subscription()]
    }

    fn client_subscription(&self) -> SubscriptionId {
        SubscriptionId {
            audience: self.audience.clone(),
            client: Some(self.client.clone()),
        }
    }

    fn audience_subscription(&self) -> SubscriptionId {
        SubscriptionId {
            audience: self.audience.clone(),
            client: None,
        }
    }

    /// What the change makes of a contact, or of none.
    fn applied_to(
        &self,
        tenant: &Tenant,
        id: ContactId,
        before: Option<&SubscribedContact>,
    ) -> SubscribedContact {
        let now = self.metadata.now;
        let mut after = before.cloned().unwrap_or_else(|| SubscribedContact {
            contact: Contact::new(tenant.organization().clone(), id, now),
            subscriptions: BTreeMap::new(),
        });
        if before.is_none() {
            after.contact.add_method(NewMethod {
                value: MethodValue::Email(self.address.clone()),
                is_primary: None,
                verification: None,
            });
        }
        self.contact_patch.clone().apply(&mut after.contact, now);
        let client = (self.client_subscription(), Some(self.client_patch.clone()));
        let audience = (self.audience_subscription(), self.audience_patch.clone());
        for (id, patch) in [client, audience] {
            if let Some(patch) = patch {
                let stored = after.subscriptions.remove(&id);
                after.subscriptions.insert(id, patch.apply(stored, now));
            }
        }
        after
    }

    /// What happened: to the verification, if this is one, whatever else was changed with it. Whoever verifies hears one of
    /// the contract's words for that (section 2).
    fn outcome(
        &self,
        before: Option<&SubscribedContact>,
        after: &SubscribedContact,
        changes: bool,
    ) -> Outcome {
        if self.client_patch.verification.is_some() {
            let stored = before.and_then(|before| self.client_verification(before));
            if stored == self.client_verification(after) {
                Outcome::Kept
            } else {
                Outcome::Recorded
            }
        } else if !changes {
            Outcome::Unchanged
        } else if before.is_none() {
            Outcome::Created
        } else {
            Outcome::Updated
        }
    }

    /// What happened when this very change left the contact like this.
    fn success(&self, is_new: bool, after: &SubscribedContact) -> Outcome {
        match &self.client_patch.verification {
            Some(said) if self.client_verification(after) == Some(said) => Outcome::Recorded,
            Some(_) => Outcome::Kept,
            None if is_new => Outcome::Created,
            None => Outcome::Updated,
        }
    }

    fn client_verification<'s>(&self, state: &'s SubscribedContact) -> Option<&'s Verification> {
        let subscription = state.subscriptions.get(&self.client_subscription())?;
        subscription.verification.as_ref()
    }

    fn done(
        &self,
        is_new: bool,
        outcome: Outcome,
        mut after: SubscribedContact,
    ) -> Result<AudienceContactChanged, ChangeError> {
        let client_subscription = after
            .subscriptions
            .remove(&self.client_subscription())
            .ok_or(DatabaseError::UnexpectedAnswer(
                "a subscription was not made",
            ))?;
        Ok(AudienceContactChanged {
            is_new,
            outcome,
            contact: AudienceContact {
                audience_subscription: after.subscriptions.remove(&self.audience_subscription()),
                client_subscription,
                contact: after.contact,
                audience: self.audience.clone(),
                client: self.client.clone(),
            },
        })
    }
}
