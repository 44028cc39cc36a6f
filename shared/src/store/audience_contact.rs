//! Changes of the contact that owns an e-mail address, for a client in an audience: upserts, subscribing, unsubscribing.

use std::collections::BTreeMap;

use super::change::{Change, Found};
use super::edit::{Edit, OwnerEdit};
use super::error::lost_race;
use super::items::{contact, owner_id};
use super::keys::Key;
use super::read::Snapshot;
use super::{ChangeError, ChangeMetadata, DatabaseError, Store};
use crate::domain::{
    AudienceContact, AudienceSlug, ClientSlug, Contact, ContactId, ContactPatch, EmailAddress,
    ExpectedVersion, MethodValue, NewMethod, Outcome, SubscribedContact, SubscriptionId,
    SubscriptionPatch, Tenant, Verification,
};

/// A request to change the contact that owns an e-mail address, and its subscriptions in an audience.
#[derive(Debug, Clone)]
pub struct ChangeAudienceContact {
    /// The address.
    pub address: EmailAddress,
    /// The audience.
    pub audience: AudienceSlug,
    /// The client.
    pub client: ClientSlug,
    /// The changes of the contact.
    pub contact_patch: ContactPatch,
    /// The changes of the client's subscription.
    pub client_patch: SubscriptionPatch,
    /// The changes of the subscription at audience level, if there are any.
    pub audience_patch: Option<SubscriptionPatch>,
    /// What to do where there is no such contact, or the client has not onboarded it.
    pub if_missing: IfMissing,
    /// The versions at which the contact may be.
    pub expected_version: ExpectedVersion,
    /// Who asks for it, when, on which request.
    pub metadata: ChangeMetadata,
}

/// What to do where there is no such contact, or the client has not onboarded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMissing {
    /// Create the contact, with this id, and the client's subscription.
    Create(ContactId),
    /// Refuse.
    Refuse,
}

/// What a change did, and the contact after it.
#[derive(Debug)]
pub struct AudienceContactChanged {
    /// Whether the contact is new.
    pub is_new: bool,
    /// What happened. For a change that verifies, what happened to the verification.
    pub outcome: Outcome,
    /// The contact.
    pub contact: AudienceContact,
}

impl Store {
    /// Changes the contact that owns an e-mail address, and its subscriptions in an audience, all of it or nothing.
    ///
    /// # Errors
    /// Why nothing was written, or [`ChangeError::FateUnknown`].
    pub async fn change_audience_contact(
        &self,
        tenant: &Tenant,
        request: &ChangeAudienceContact,
    ) -> Result<AudienceContactChanged, ChangeError> {
        let change = ChangingAudienceContact {
            tenant,
            request,
            subscriptions: SubscriptionId::levels(&request.audience, &request.client),
        };
        self.change(&change, &request.metadata).await
    }

    /// The contact that owns an address, with those of these subscriptions that exist; nothing where nobody owns it.
    ///
    /// # Errors
    /// When the database does not answer, when the address was taken off the contact meanwhile, or when its item names a contact
    /// that does not have it.
    pub(super) async fn read_owner(
        &self,
        tenant: &Tenant,
        address: &EmailAddress,
        subscriptions: &[SubscriptionId],
    ) -> Result<Option<Snapshot>, ChangeError> {
        let organization = tenant.organization();
        let key = Key::address(organization, address);
        let Some(item) = self.read_item(key.clone()).await? else {
            return Ok(None);
        };
        let owner = owner_id(&item)?;
        let found = self.read_contact(tenant, &owner, subscriptions).await?;
        if let Some(found) = found.filter(|found| found.state.contact.has_address(address)) {
            return Ok(Some(found));
        }
        // The address may have changed since it was read. Read at one time, the two have to agree.
        let keys = [key, Key::contact(organization, &owner)];
        if let [Some(address_item), contact_item] = &self.read_at_once(keys).await?[..]
            && owner_id(address_item)? == owner
        {
            let contact = contact_item.clone().map(contact).transpose()?;
            if !contact.is_some_and(|contact| contact.has_address(address)) {
                let why =
                    "the item of an e-mail address names a contact that does not have the address";
                return Err(DatabaseError::Inconsistent(why).into());
            }
        }
        Err(lost_race(
            "the address was removed after its owner was read",
        ))
    }
}

struct ChangingAudienceContact<'a> {
    tenant: &'a Tenant,
    request: &'a ChangeAudienceContact,
    /// The client's, and the one at audience level.
    subscriptions: [SubscriptionId; 2],
}

impl Change for ChangingAudienceContact<'_> {
    type Answer = AudienceContactChanged;

    async fn read(
        &self,
        store: &Store,
        attempted: Option<&ContactId>,
    ) -> Result<Found, ChangeError> {
        let Self {
            tenant,
            request,
            subscriptions,
        } = self;
        let mut snapshot = None;
        if let Some(id) = attempted {
            snapshot = store.read_contact(tenant, id, subscriptions).await?;
        }
        if snapshot.is_none() {
            let address = &request.address;
            snapshot = store.read_owner(tenant, address, subscriptions).await?;
        }
        // A subscription in the audience shows that there is one.
        if !self.is_onboarded(snapshot.as_ref()) {
            store.require_audience(tenant, &request.audience).await?;
        }
        Ok(snapshot.into())
    }

    fn plan(&self, found: Found) -> Result<Edit, ChangeError> {
        let request = self.request;
        let before = found.snapshot;
        let is_onboarded = self.is_onboarded(before.as_ref());
        let id = match (&before, &request.if_missing) {
            (_, IfMissing::Refuse) if !is_onboarded => return Err(ChangeError::ContactNotFound),
            (Some(before), _) => before.state.contact.id.clone(),
            (None, IfMissing::Create(id)) => id.clone(),
            (None, IfMissing::Refuse) => return Err(ChangeError::ContactNotFound),
        };
        if let Some(before) = &before
            && !before.state.contact.has_address(&request.address)
        {
            return Err(lost_race(
                "the address was removed after an attempt to change its owner",
            ));
        }
        match (&before, &request.expected_version) {
            (None, ExpectedVersion::AnyExisting | ExpectedVersion::OneOf(_)) => {
                return Err(ChangeError::VersionMismatch(None));
            }
            (Some(before), expected) if !expected.allows(before.state.contact.version) => {
                // A client learns nothing of a contact that only others have onboarded.
                let version = is_onboarded.then_some(before.state.contact.version);
                return Err(ChangeError::VersionMismatch(version));
            }
            _ => {}
        }
        let stored = before.as_ref().map(|before| &before.state);
        let after = self.applied(id, stored);
        let claim = match stored {
            Some(_) => None,
            None => Some(OwnerEdit::Claim(request.address.normal_form().to_owned())),
        };
        Edit::new(before, after, Vec::from_iter(claim), request.metadata.now)
    }

    fn answer(&self, edit: &Edit) -> Result<Self::Answer, ChangeError> {
        let request = self.request;
        let (before, after) = (edit.stored(), edit.after());
        let outcome = if request.client_patch.verification.is_some() {
            // A caller that verifies hears what happened to the verification, whatever else changed (contract section 2).
            let stored = before.and_then(|before| self.client_verification(before));
            Outcome::of_verification(true, stored != self.client_verification(after))
        } else if edit.is_empty() {
            Outcome::Unchanged
        } else if before.is_none() {
            Outcome::Created
        } else {
            Outcome::Updated
        };
        let contact = AudienceContact::new(after.clone(), &request.audience, &request.client);
        Ok(AudienceContactChanged {
            is_new: before.is_none(),
            outcome,
            contact: contact.ok_or(ChangeError::ContactNotFound)?,
        })
    }
}

impl ChangingAudienceContact<'_> {
    /// Whether the client has onboarded the contact in the audience.
    fn is_onboarded(&self, found: Option<&Snapshot>) -> bool {
        found.is_some_and(|found| found.subscriptions.contains_key(&self.subscriptions[0]))
    }

    /// The contact, or a new one, with the patches applied.
    fn applied(&self, id: ContactId, stored: Option<&SubscribedContact>) -> SubscribedContact {
        let request = self.request;
        let now = request.metadata.now;
        let organization = self.tenant.organization();
        let mut after = stored.cloned().unwrap_or_else(|| SubscribedContact {
            contact: Contact::new(organization.clone(), id, now),
            subscriptions: BTreeMap::new(),
        });
        if stored.is_none() {
            after.contact.add_method(NewMethod {
                value: MethodValue::Email(request.address.clone()),
                is_primary: None,
                verification: None,
            });
        }
        request.contact_patch.clone().apply(&mut after.contact, now);
        let patches = [Some(&request.client_patch), request.audience_patch.as_ref()];
        for (id, patch) in self.subscriptions.iter().zip(patches) {
            if let Some(patch) = patch {
                let stored = after.subscriptions.remove(id);
                after
                    .subscriptions
                    .insert(id.clone(), patch.clone().apply(stored, now));
            }
        }
        after
    }

    fn client_verification<'s>(&self, state: &'s SubscribedContact) -> Option<&'s Verification> {
        let subscription = state.subscriptions.get(&self.subscriptions[0])?;
        subscription.verification.as_ref()
    }
}
