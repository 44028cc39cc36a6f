//! The members of a contact in a file, and their types (contract section 11). `read` turns them into a record. `write` turns a
//! stored contact into them, and omits members without a value.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use shared::domain::{
    Actor, AudienceSlug, ClientSlug, ContactId, OrganizationId, SubscriptionStatus, Timestamp,
    ValidationStatus,
};

/// The organization, in the first record of an export.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganizationMembers {
    pub(crate) organization: OrganizationId,
    #[serde(default)]
    pub(crate) audiences: BTreeSet<AudienceSlug>,
    #[serde(default)]
    pub(crate) clients: BTreeSet<ClientSlug>,
}

/// A contact, in the format of an export and of a seed file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ContactMembers {
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(crate) id: Option<ContactId>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) first_name: Option<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) last_name: Option<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) phone_number: Vec<PhoneMembers>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) emails: Vec<EmailMembers>,
    /// The only address, which is primary, instead of `emails`.
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) email: Option<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) secondary_phone_number: Vec<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) status: Option<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) pipeline_id: Option<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) pipeline_stage: Option<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) user_id: Option<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) created_by: Option<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) assignees: Vec<String>,
    /// About the primary address, as the next five members.
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) verified_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) verified_by: Option<Actor>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) verification_source: Option<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) cleared_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) email_validation: Option<ValidationMembers>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) hard_bounced_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) globally_unsubscribed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) global_unsubscribe_reason: Option<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) complained_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) subscriptions: Vec<SubscriptionMembers>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) tags: BTreeMap<AudienceSlug, Vec<String>>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) created_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_absent")]
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
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PhoneMembers {
    pub(super) value: String,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) is_primary: Option<bool>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) verified_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) verified_by: Option<Actor>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) verification_source: Option<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) cleared_at: Option<Timestamp>,
}

/// An e-mail address of a contact.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct EmailMembers {
    pub(super) value: String,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) is_primary: Option<bool>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) verified_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) verified_by: Option<Actor>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) verification_source: Option<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) cleared_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) email_validation: Option<ValidationMembers>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) hard_bounced_at: Option<Timestamp>,
    /// About a former owner of the address, as `complained_at`.
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) globally_unsubscribed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) complained_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) former_owners: Vec<ContactId>,
    /// False if the contact does not own the address.
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) is_owner: Option<bool>,
}

/// An e-mail address that no contact owns.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AddressMembers {
    pub(super) address: String,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) email_validation: Option<ValidationMembers>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) hard_bounced_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) globally_unsubscribed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) complained_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) former_owners: Vec<ContactId>,
}

/// The finding about an e-mail address.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ValidationMembers {
    #[serde(default)]
    pub(super) status: ValidationStatus,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) reason: String,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) validated_at: Option<Timestamp>,
}

/// A subscription.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SubscriptionMembers {
    pub(super) audience: AudienceSlug,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) client: Option<ClientSlug>,
    #[serde(default)]
    pub(super) status: SubscriptionStatus,
    /// The address by which the client knows the contact. Absent for the primary address.
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) email: Option<String>,
    /// About the primary address, as the next three members.
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) verified_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) verified_by: Option<Actor>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) verification_source: Option<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) cleared_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) verifications: Vec<VerificationMembers>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) unsubscribed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) unsubscribe_reason: String,
}

/// The verification of an e-mail address at the level of a subscription.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct VerificationMembers {
    pub(super) email: String,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) verified_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) verified_by: Option<Actor>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) verification_source: Option<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub(super) cleared_at: Option<Timestamp>,
}

/// Whether a member has no value.
fn is_absent<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
