//! Changes of a contact and its subscriptions, from an upsert by an application or from an import.
//!
//! Omitted fields keep their value. A patch reports the past, so it never clears or postpones a verification, and never
//! restores one that was cleared since (contract section 12).

use std::collections::BTreeMap;

use super::{
    Address, AddressHash, AddressPatch, AudienceSlug, Contact, EmailAddress, MethodValue,
    NewMethod, Subscription, SubscriptionStatus, SuppressionPatch, Timestamp, Verification,
    VerificationState,
};

/// A change of a contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactPatch {
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// Phone numbers and e-mail addresses to add or to update. The contact keeps all others.
    pub methods: Vec<NewMethod>,
    /// All further phone numbers, stored as plain text. An empty list changes nothing.
    pub secondary_phone_numbers: Vec<String>,
    /// The CRM's status.
    pub status: Option<String>,
    /// The CRM's pipeline.
    pub pipeline_id: Option<String>,
    /// The stage in that pipeline.
    pub pipeline_stage: Option<String>,
    /// The CRM user who owns the contact.
    pub user_id: Option<String>,
    /// The CRM user who created the contact.
    pub created_by: Option<String>,
    /// The CRM users to whom the contact is assigned. An empty list changes nothing.
    pub assignees: Vec<String>,
    /// Whether the person unsubscribed from everything.
    pub globally_unsubscribed: Option<SuppressionPatch>,
    /// The reason to unsubscribe from everything.
    pub global_unsubscribe_reason: Option<String>,
    /// Whether the person reported a message as spam.
    pub complained: Option<SuppressionPatch>,
    /// The tags in these audiences. They replace all stored tags of the audience.
    pub tags: BTreeMap<AudienceSlug, Vec<String>>,
    /// A time at which the contact already existed.
    pub created_at: Option<Timestamp>,
}

/// A change of a subscription.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubscriptionPatch {
    /// The status.
    pub status: Option<SubscriptionStatus>,
    /// The time and reason of the end. They count only if the status changes or the subscription is new. With `None`, a
    /// subscription ends now, without a reason.
    pub ending: Option<Ending>,
    /// The normal form of the address by which the client knows the contact.
    pub address: Option<String>,
    /// Reports about the verifications of the contact's addresses, by normal form.
    pub verifications: BTreeMap<String, VerificationState>,
    /// Whether the patch may be older than the stored subscription. If so, the status only moves forward: an ended
    /// subscription stays ended, and a confirmed subscription does not become pending.
    pub is_history: bool,
}

/// How a subscription ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ending {
    /// The time, if known.
    pub at: Option<Timestamp>,
    /// The reason; may be empty.
    pub reason: String,
}

/// The changes that a client makes to a contact in one audience, by one of the contact's e-mail addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AudiencePatch {
    /// The change of the contact.
    pub contact: ContactPatch,
    /// The change of the facts about the address.
    pub address: AddressPatch,
    /// A verification of the address, at the contact's and at the client's level.
    pub verification: Option<Verification>,
    /// Whether the address becomes the one by which the client knows the contact.
    pub names_address: bool,
    /// The change of the subscription at audience level. `None` neither changes nor creates the subscription.
    pub audience: Option<SubscriptionPatch>,
    /// The change of the client's subscription. A missing subscription is created.
    pub client: SubscriptionPatch,
}

impl AudiencePatch {
    /// The changes of the contact, of the subscription at audience level, and of the client's, for this address.
    #[must_use]
    pub fn for_address(
        self,
        address: &EmailAddress,
    ) -> (ContactPatch, Option<SubscriptionPatch>, SubscriptionPatch) {
        let normal_form = address.normal_form();
        let (mut contact, mut audience, mut client) = (self.contact, self.audience, self.client);
        let method = NewMethod {
            verification: self.verification.clone().into(),
            address: self.address,
            ..NewMethod::of(MethodValue::Email(address.clone()))
        };
        contact.methods.insert(0, method);
        if self.names_address {
            for subscription in audience.iter_mut().chain([&mut client]) {
                subscription.address = Some(normal_form.to_owned());
            }
        }
        if self.verification.is_some() {
            let reported = self.verification.into();
            client
                .verifications
                .insert(normal_form.to_owned(), reported);
        }
        (contact, audience, client)
    }
}

impl ContactPatch {
    /// Applies the patch to a contact at the time `now`. `received` are the addresses that the contact gets.
    pub fn apply(self, contact: &mut Contact, received: &[Address], now: Timestamp) {
        replace(&mut contact.first_name, self.first_name);
        replace(&mut contact.last_name, self.last_name);
        replace(&mut contact.status, self.status);
        replace(&mut contact.pipeline_id, self.pipeline_id);
        replace(&mut contact.pipeline_stage, self.pipeline_stage);
        replace(&mut contact.user_id, self.user_id);
        replace(&mut contact.created_by, self.created_by);
        replace_list(
            &mut contact.secondary_phone_numbers,
            self.secondary_phone_numbers,
        );
        replace_list(&mut contact.assignees, self.assignees);
        for method in self.methods {
            let normal_form = method.value.normal_form();
            contact.add_method(&method.value, method.is_primary);
            if let Some(address) = received
                .iter()
                .find(|address| address.normal_form == normal_form)
            {
                contact.receive(address);
            }
            if let Some(entry) = contact.method_mut(&method.value) {
                entry.verification.add_history(method.verification);
                method.address.apply(&mut entry.suppression, now);
            }
        }
        let suppression = &mut contact.suppression;
        SuppressionPatch::apply(self.complained, &mut suppression.complained_at);
        let unsubscribed_at = &mut suppression.globally_unsubscribed_at;
        let was_unsubscribed = unsubscribed_at.is_some();
        SuppressionPatch::apply(self.globally_unsubscribed, unsubscribed_at);
        let is_unsubscribed = unsubscribed_at.is_some();
        if is_unsubscribed != was_unsubscribed {
            suppression.global_unsubscribe_reason =
                self.global_unsubscribe_reason.unwrap_or_default();
        } else if !is_unsubscribed && let Some(reason) = self.global_unsubscribe_reason {
            // An import may know the reason without the time.
            suppression.global_unsubscribe_reason = reason;
        }
        for (audience, tags) in self.tags {
            if tags.is_empty() {
                contact.tags.remove(&audience);
            } else {
                contact.tags.insert(audience, tags);
            }
        }
        if let Some(created_at) = self.created_at {
            contact.created_at = contact.created_at.min(created_at);
        }
    }
}

impl SubscriptionPatch {
    /// Applies the patch to a subscription of this contact at the time `now`. Without a stored subscription, it makes a new
    /// one.
    #[must_use]
    pub fn apply(
        self,
        stored: Option<Subscription>,
        contact: &Contact,
        now: Timestamp,
    ) -> Subscription {
        let is_new = stored.is_none();
        let mut subscription = stored.unwrap_or_default();
        if let Some(status) = self.status
            && (is_new || status != subscription.status)
            && !(self.is_history && status < subscription.status)
        {
            let ending = self.ending.unwrap_or(Ending {
                at: (status == SubscriptionStatus::Unsubscribed).then_some(now),
                reason: String::new(),
            });
            subscription.status = status;
            subscription.unsubscribed_at = ending.at;
            subscription.unsubscribe_reason = ending.reason;
        }
        if let Some(address) = self.address {
            let hash = AddressHash::of(&contact.organization_id, &address);
            subscription.address = Some(hash);
        }
        for (address, reported) in self.verifications {
            if let Some(email) = contact.email(&address) {
                let mut state = subscription.verification(email);
                state.add_history(reported);
                subscription.set_verification(contact, email, state);
            }
        }
        subscription
    }
}

fn replace(stored: &mut Option<String>, new: Option<String>) {
    if new.is_some() {
        *stored = new;
    }
}

fn replace_list(stored: &mut Vec<String>, new: Vec<String>) {
    if !new.is_empty() {
        *stored = new;
    }
}

#[cfg(test)]
mod tests;
