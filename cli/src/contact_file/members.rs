//! The members of a contact in a file, and their types (contract section 11). `contact` checks the values.

use std::collections::BTreeMap;

use serde::Deserialize;
use shared::domain::{
    Actor, AudienceSlug, ClientSlug, ContactId, SubscriptionStatus, Timestamp, ValidationStatus,
};

/// A contact, in the format of an export and of a seed file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ContactMembers {
    pub(crate) id: Option<ContactId>,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    #[serde(default)]
    pub(super) phone_number: Vec<PhoneMembers>,
    #[serde(default)]
    pub(super) emails: Vec<EmailMembers>,
    /// The only address, which is primary, instead of `emails`.
    pub(super) email: Option<String>,
    #[serde(default)]
    pub(super) secondary_phone_number: Vec<String>,
    pub(super) status: Option<String>,
    pub(super) pipeline_id: Option<String>,
    pub(super) pipeline_stage: Option<String>,
    pub(super) user_id: Option<String>,
    pub(super) created_by: Option<String>,
    #[serde(default)]
    pub(super) assignees: Vec<String>,
    /// The primary address's, as the next five.
    pub(super) verified_at: Option<Timestamp>,
    pub(super) verified_by: Option<Actor>,
    pub(super) verification_source: Option<String>,
    pub(super) cleared_at: Option<Timestamp>,
    pub(super) email_validation: Option<ValidationMembers>,
    pub(super) hard_bounced_at: Option<Timestamp>,
    pub(super) globally_unsubscribed_at: Option<Timestamp>,
    pub(super) global_unsubscribe_reason: Option<String>,
    pub(super) complained_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) subscriptions: Vec<SubscriptionMembers>,
    #[serde(default)]
    pub(super) tags: BTreeMap<AudienceSlug, Vec<String>>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) updated_at: Option<Timestamp>,
}

impl ContactMembers {
    /// The clients that the contact's subscriptions name, each with the member that names it.
    pub(crate) fn clients(&self) -> impl Iterator<Item = (&ClientSlug, String)> {
        let subscriptions = self.subscriptions.iter().enumerate();
        subscriptions.filter_map(|(place, subscription)| {
            let client = subscription.client.as_ref()?;
            Some((client, format!("subscriptions[{place}].client")))
        })
    }
}

/// A phone number.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PhoneMembers {
    pub(super) value: String,
    pub(super) is_primary: Option<bool>,
    pub(super) verified_at: Option<Timestamp>,
    pub(super) verified_by: Option<Actor>,
    pub(super) verification_source: Option<String>,
    pub(super) cleared_at: Option<Timestamp>,
}

/// An e-mail address of a contact.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct EmailMembers {
    pub(super) value: String,
    pub(super) is_primary: Option<bool>,
    pub(super) verified_at: Option<Timestamp>,
    pub(super) verified_by: Option<Actor>,
    pub(super) verification_source: Option<String>,
    pub(super) cleared_at: Option<Timestamp>,
    pub(super) email_validation: Option<ValidationMembers>,
    pub(super) hard_bounced_at: Option<Timestamp>,
    /// A former owner's, as `complained_at`.
    pub(super) globally_unsubscribed_at: Option<Timestamp>,
    pub(super) complained_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) former_owners: Vec<ContactId>,
    /// False where the contact does not own the address.
    pub(super) is_owner: Option<bool>,
}

/// An e-mail address that no contact owns.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AddressMembers {
    pub(super) address: String,
    pub(super) email_validation: Option<ValidationMembers>,
    pub(super) hard_bounced_at: Option<Timestamp>,
    pub(super) globally_unsubscribed_at: Option<Timestamp>,
    pub(super) complained_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) former_owners: Vec<ContactId>,
}

/// The finding about an e-mail address.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ValidationMembers {
    #[serde(default)]
    pub(super) status: ValidationStatus,
    #[serde(default)]
    pub(super) reason: String,
    pub(super) validated_at: Option<Timestamp>,
}

/// A subscription.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SubscriptionMembers {
    pub(super) audience: AudienceSlug,
    pub(super) client: Option<ClientSlug>,
    #[serde(default)]
    pub(super) status: SubscriptionStatus,
    /// The address by which the client knows the contact; the primary one unless given.
    pub(super) email: Option<String>,
    /// The primary address's, as the next three.
    pub(super) verified_at: Option<Timestamp>,
    pub(super) verified_by: Option<Actor>,
    pub(super) verification_source: Option<String>,
    pub(super) cleared_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) verifications: Vec<VerificationMembers>,
    pub(super) unsubscribed_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) unsubscribe_reason: String,
}

/// The verification of an e-mail address at the level of a subscription.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct VerificationMembers {
    pub(super) email: String,
    pub(super) verified_at: Option<Timestamp>,
    pub(super) verified_by: Option<Actor>,
    pub(super) verification_source: Option<String>,
    pub(super) cleared_at: Option<Timestamp>,
}
