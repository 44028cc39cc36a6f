//! Changes of the contact that owns an e-mail address, for a client in an audience: upserts, subscribing, unsubscribing.

use std::collections::BTreeMap;

use super::change::{Change, Found, Plan};
use super::edit::{Edit, OwnerEdit};
use super::error::outdated;
use super::items::{contact, owner_id};
use super::keys::Key;
use super::read::Snapshot;
use super::{ChangeError, ChangeMetadata, DatabaseError, Store};
use crate::domain::{
    AudienceContact, AudienceSlug, ClientSlug, Contact, ContactId, ContactPatch, EmailAddress,
    ExpectedVersion, MethodValue, NewMethod, OrganizationId, Outcome, SubscribedContact,
    SubscriptionId, SubscriptionPatch, Tenant, Verification,
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
        let Some(item) = self.read_item(key).await? else {
            return Ok(None);
        };
        let owner = owner_id(&item)?;
        match self.read_contact(tenant, &owner, subscriptions).await? {
            Some(found) if found.state.contact.has_address(address) => Ok(Some(found)),
            _ => Err(self.explain_owner(organization, &owner, address).await?),
        }
    }

    /// Why the owner of an address does not have it. The address was read first, so it may have changed since. Read at one
    /// time, the two have to agree.
    ///
    /// # Errors
    /// [`DatabaseError::Inconsistent`] where they do not.
    async fn explain_owner(
        &self,
        organization: &OrganizationId,
        owner: &ContactId,
        address: &EmailAddress,
    ) -> Result<ChangeError, ChangeError> {
        let keys = [
            Key::address(organization, address),
            Key::contact(organization, owner),
        ];
        let mut items = self.read_at_once(keys).await?.into_iter();
        let address_item = items.next().flatten();
        let is_owner = match &address_item {
            Some(item) => owner_id(item)? == *owner,
            None => false,
        };
        let has_address = match items.next().flatten() {
            Some(item) => contact(item)?.has_address(address),
            None => false,
        };
        if is_owner && !has_address {
            let why =
                "the item of an e-mail address names a contact that does not have the address";
            return Err(DatabaseError::Inconsistent(why).into());
        }
        Ok(outdated("the address was removed after its owner was read"))
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
        let attempted = match attempted {
            Some(id) => store.read_contact(tenant, id, subscriptions).await?,
            None => None,
        };
        let snapshot = match attempted {
            Some(snapshot) => Some(snapshot),
            None => {
                store
                    .read_owner(tenant, &request.address, subscriptions)
                    .await?
            }
        };
        // A subscription in the audience shows that there is one.
        if !snapshot
            .as_ref()
            .is_some_and(|found| self.is_onboarded(found))
        {
            store.require_audience(tenant, &request.audience).await?;
        }
        Ok(Found {
            snapshot,
            owner: None,
        })
    }

    fn plan(&self, found: Found) -> Result<Plan<Self::Answer>, ChangeError> {
        let request = self.request;
        let before = found.snapshot;
        let is_onboarded = before
            .as_ref()
            .is_some_and(|before| self.is_onboarded(before));
        let id = match (&before, &request.if_missing) {
            (_, IfMissing::Refuse) if !is_onboarded => return Err(ChangeError::ContactNotFound),
            (Some(before), _) => before.state.contact.id.clone(),
            (None, IfMissing::Create(id)) => id.clone(),
            (None, IfMissing::Refuse) => return Err(ChangeError::ContactNotFound),
        };
        if let Some(before) = &before
            && !before.state.contact.has_address(&request.address)
        {
            return Err(outdated(
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
        let is_new = stored.is_none();
        let verified = self.outcome_of_verification(stored, &after);
        let owners = if is_new {
            vec![OwnerEdit::Claim(request.address.normal_form().to_owned())]
        } else {
            Vec::new()
        };
        let unchanged = after.clone();
        Ok(
            match Edit::new(before, after, owners, request.metadata.now)? {
                None => {
                    let outcome = verified.unwrap_or(Outcome::Unchanged);
                    Plan::Answer(self.answer(false, outcome, unchanged)?)
                }
                Some(edit) => {
                    let changed = if is_new {
                        Outcome::Created
                    } else {
                        Outcome::Updated
                    };
                    let outcome = verified.unwrap_or(changed);
                    let answer = self.answer(is_new, outcome, edit.after().clone())?;
                    Plan::Write(Box::new(edit), answer)
                }
            },
        )
    }
}

impl ChangingAudienceContact<'_> {
    fn client_subscription(&self) -> &SubscriptionId {
        &self.subscriptions[0]
    }

    /// Whether the client has onboarded the contact in the audience.
    fn is_onboarded(&self, found: &Snapshot) -> bool {
        found.subscriptions.contains_key(self.client_subscription())
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

    /// What happens to the verification, if this is one, whatever else is changed with it: a caller that verifies hears one of
    /// the contract's words for that (section 2).
    fn outcome_of_verification(
        &self,
        before: Option<&SubscribedContact>,
        after: &SubscribedContact,
    ) -> Option<Outcome> {
        self.request.client_patch.verification.as_ref()?;
        let stored = before.and_then(|before| self.client_verification(before));
        Some(if stored == self.client_verification(after) {
            Outcome::Kept
        } else {
            Outcome::Recorded
        })
    }

    fn client_verification<'s>(&self, state: &'s SubscribedContact) -> Option<&'s Verification> {
        let subscription = state.subscriptions.get(self.client_subscription())?;
        subscription.verification.as_ref()
    }

    fn answer(
        &self,
        is_new: bool,
        outcome: Outcome,
        after: SubscribedContact,
    ) -> Result<AudienceContactChanged, ChangeError> {
        let ChangeAudienceContact {
            audience, client, ..
        } = self.request;
        let contact = AudienceContact::new(after, audience, client)
            .ok_or(DatabaseError::UnexpectedAnswer("a subscription is missing"))?;
        Ok(AudienceContactChanged {
            is_new,
            outcome,
            contact,
        })
    }
}
