//! Subscriptions, and a contact in one audience for one client (contract sections 1 and 7).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    AddressHash, AudienceSlug, ClientSlug, Contact, ContactMethod, Level, MethodId, Timestamp,
    VerificationState,
};

/// Identifies a subscription of a contact: of a client in an audience, or at audience level.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubscriptionId {
    /// The audience.
    pub audience: AudienceSlug,
    /// The client; `None` at audience level.
    pub client: Option<ClientSlug>,
}

impl SubscriptionId {
    /// The client's subscription in an audience, and the subscription at audience level.
    #[must_use]
    pub fn levels(audience: &AudienceSlug, client: &ClientSlug) -> [Self; 2] {
        [Some(client.clone()), None].map(|client| Self {
            audience: audience.clone(),
            client,
        })
    }
}

/// The status of a subscription.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        description = "The status of a subscription: `pending` (asked for, not confirmed), `subscribed`, or `unsubscribed` (ended)."
    )
)]
#[serde(rename_all = "lowercase")]
// The variants are in the order of a subscription's life: `SubscriptionPatch` compares them.
pub enum SubscriptionStatus {
    /// Asked for, not confirmed.
    #[default]
    Pending,
    /// Confirmed.
    Subscribed,
    /// Ended.
    Unsubscribed,
}

/// A contact's subscription, of a client in an audience or at audience level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subscription {
    /// The status.
    pub status: SubscriptionStatus,
    /// The address by which the client knows the contact: the one that the client named last in an upsert or a subscribe.
    pub address: Option<AddressHash>,
    /// The verification states of the contact's addresses at this level, by the ids of their entries.
    pub verifications: BTreeMap<MethodId, VerificationState>,
    /// The hashes of these addresses. By them the history finds an address that has left the contact.
    pub verified_addresses: BTreeMap<MethodId, AddressHash>,
    /// The time at which the subscription ended, if it ended.
    pub unsubscribed_at: Option<Timestamp>,
    /// The reason for the end; may be empty.
    pub unsubscribe_reason: String,
}

/// The maximum number of verification states of addresses that have left the contact.
const MAX_FORMER_VERIFICATIONS: usize = 16;

impl Subscription {
    /// The address by which the client knows the contact. If the contact no longer has it, the primary address.
    #[must_use]
    pub fn email<'c>(&self, contact: &'c Contact) -> Option<&'c ContactMethod> {
        let known = self.address.as_ref();
        known
            .and_then(|hash| contact.email_of_hash(hash))
            .or_else(|| contact.primary_email())
    }

    /// The verification state of an address at this level.
    #[must_use]
    pub fn verification(&self, email: &ContactMethod) -> VerificationState {
        let known = self.verifications.get(&email.id);
        known.cloned().unwrap_or_default()
    }

    /// Replaces the verification state of an address.
    ///
    /// States of addresses that the contact no longer has do not count: an address that is added again has another id. They stay
    /// so that the history can record the verifications that the removal of an address ended. When there are more than 16 of
    /// them, all are dropped.
    pub fn set_verification(
        &mut self,
        contact: &Contact,
        email: &ContactMethod,
        state: VerificationState,
    ) {
        if state == self.verification(email) {
            return;
        }
        self.verifications.insert(email.id.clone(), state);
        let hash = AddressHash::of(&contact.organization_id, &email.normal_form);
        self.verified_addresses.insert(email.id.clone(), hash);
        let is_current = |id: &MethodId| contact.emails.iter().any(|email| email.id == *id);
        let former = self.verifications.keys().filter(|id| !is_current(id));
        if former.count() > MAX_FORMER_VERIFICATIONS {
            self.verifications.retain(|id, _| is_current(id));
            self.verified_addresses.retain(|id, _| is_current(id));
        }
    }

    /// A new subscription that has ended with the time and reason of this one. It is for the next owner of an address that has
    /// left this subscription's contact. `None` if this subscription has not ended (contract section 7).
    #[must_use]
    pub fn ended_alike(&self) -> Option<Self> {
        (self.status == SubscriptionStatus::Unsubscribed).then(|| Self {
            status: self.status,
            unsubscribed_at: self.unsubscribed_at,
            unsubscribe_reason: self.unsubscribe_reason.clone(),
            ..Self::default()
        })
    }
}

/// A contact with some of its subscriptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscribedContact {
    /// The contact.
    pub contact: Contact,
    /// The subscriptions.
    pub subscriptions: BTreeMap<SubscriptionId, Subscription>,
}

/// A contact in one audience for one client, seen by one of its addresses. Endpoint 3 changes it and returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudienceContact {
    /// The contact.
    pub contact: Contact,
    /// The address, one of the contact's.
    pub email: ContactMethod,
    /// The audience.
    pub audience: AudienceSlug,
    /// The client.
    pub client: ClientSlug,
    /// The contact's subscription at audience level, if there is one.
    pub audience_subscription: Option<Subscription>,
    /// The client's subscription.
    pub client_subscription: Subscription,
}

impl AudienceContact {
    /// The contact in an audience for a client, by the address with this normal form. Returns `None` if the client has no
    /// subscription, or the contact does not have the address.
    #[must_use]
    pub fn new(
        mut state: SubscribedContact,
        normal_form: &str,
        audience: &AudienceSlug,
        client: &ClientSlug,
    ) -> Option<Self> {
        let [of_client, of_audience] = SubscriptionId::levels(audience, client);
        Some(Self {
            client_subscription: state.subscriptions.remove(&of_client)?,
            audience_subscription: state.subscriptions.remove(&of_audience),
            email: state.contact.email(normal_form)?.clone(),
            contact: state.contact,
            audience: audience.clone(),
            client: client.clone(),
        })
    }

    /// The verification state of the address at a level.
    #[must_use]
    pub fn verification(&self, level: Level) -> VerificationState {
        match level {
            Level::Contact => self.email.verification.clone(),
            Level::Audience => {
                let subscription = self.audience_subscription.as_ref();
                subscription.map_or_else(VerificationState::default, |subscription| {
                    subscription.verification(&self.email)
                })
            }
            Level::Client => self.client_subscription.verification(&self.email),
        }
    }

    /// Whether mail to the address is blocked because of a global unsubscription: the person's, or a former owner's.
    #[must_use]
    pub fn globally_unsubscribed(&self) -> bool {
        let person = self.contact.suppression.globally_unsubscribed_at;
        let address = self.email.suppression.globally_unsubscribed_at;
        person.or(address).is_some()
    }

    /// Whether mail to the address is blocked because of a complaint: the person's, or a former owner's.
    #[must_use]
    pub fn complained(&self) -> bool {
        let person = self.contact.suppression.complained_at;
        let address = self.email.suppression.complained_at;
        person.or(address).is_some()
    }

    /// Whether the mailbox of the address refused a message permanently.
    #[must_use]
    pub fn hard_bounced(&self) -> bool {
        self.email.suppression.hard_bounced_at.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Actor, ContactId, EmailAddress, MethodValue, OrganizationId, Timestamp, Verification,
    };

    #[test]
    fn the_verifications_of_16_former_addresses_are_kept_and_no_more() {
        let organization = OrganizationId::parse("org_a").unwrap();
        let id = ContactId::parse("c_1").unwrap();
        let mut contact = Contact::new(organization, id, Timestamp::EPOCH);
        let mut subscription = Subscription::default();
        let verification = Verification {
            at: Timestamp::EPOCH,
            by: Some(Actor::subject("user_1")),
            source: None,
        };
        // Each address is verified, and then the next address replaces it.
        for (count, expected) in (0..=17).zip((1..=17).chain([1])) {
            contact.version = contact.version.next();
            contact.emails.clear();
            let address = EmailAddress::parse(&format!("a{count}@example.com")).unwrap();
            contact.add_method(&MethodValue::Email(address), None);
            let state = Some(verification.clone()).into();
            subscription.set_verification(&contact, &contact.emails[0], state);
            assert_eq!(subscription.verifications.len(), expected, "{count}");
            assert_eq!(subscription.verified_addresses.len(), expected, "{count}");
        }
    }
}
