//! The records of an export. Their members are those of a seed file (contract section 11); members without a value are
//! absent.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::domain::{
    AudienceSlug, ClientSlug, ContactId, ContactMethod, EmailValidation, OrganizationId,
    Subscription, SubscriptionId, SubscriptionStatus, Timestamp, ValidationStatus, Verification,
};
use shared::store::{ExportedContact, Registered};

/// The first record: the organization with its audiences and clients.
#[derive(Debug, Serialize)]
pub struct OrganizationLine {
    organization: OrganizationId,
    audiences: Vec<AudienceSlug>,
    clients: Vec<ClientSlug>,
}

impl OrganizationLine {
    /// The record of this organization.
    #[must_use]
    pub fn new(organization: &OrganizationId, registered: &Registered) -> Self {
        Self {
            organization: organization.clone(),
            audiences: registered.audiences.iter().cloned().collect(),
            clients: registered.clients.iter().cloned().collect(),
        }
    }
}

/// A contact with all its data.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContactLine {
    id: ContactId,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    phone_number: Vec<MethodEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    emails: Vec<MethodEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secondary_phone_number: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_stage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assignees: Vec<String>,
    #[serde(flatten)]
    verification: VerificationMembers,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_validation: Option<EmailValidationMembers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    globally_unsubscribed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "String::is_empty")]
    global_unsubscribe_reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hard_bounced_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    complained_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subscriptions: Vec<SubscriptionEntry>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<AudienceSlug, Vec<String>>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A phone number or an e-mail address.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MethodEntry {
    value: String,
    is_primary: bool,
    #[serde(flatten)]
    verification: VerificationMembers,
    /// False for an e-mail address that another contact owns, absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_owner: Option<bool>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionEntry {
    audience: AudienceSlug,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<ClientSlug>,
    status: SubscriptionStatus,
    #[serde(flatten)]
    verification: VerificationMembers,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsubscribed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "String::is_empty")]
    unsubscribe_reason: String,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct VerificationMembers {
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_source: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EmailValidationMembers {
    status: ValidationStatus,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    validated_at: Option<Timestamp>,
}

impl From<ExportedContact> for ContactLine {
    fn from(exported: ExportedContact) -> Self {
        let (contact, subscriptions) = (exported.contact.contact, exported.contact.subscriptions);
        let email = |method: ContactMethod| {
            let is_elsewhere = exported.owned_elsewhere.contains(&method.normal_form);
            MethodEntry {
                is_owner: is_elsewhere.then_some(false),
                ..entry(method)
            }
        };
        Self {
            id: contact.id,
            first_name: contact.first_name,
            last_name: contact.last_name,
            phone_number: contact.phones.into_iter().map(entry).collect(),
            emails: contact.emails.into_iter().map(email).collect(),
            secondary_phone_number: contact.secondary_phone_numbers,
            status: contact.status,
            pipeline_id: contact.pipeline_id,
            pipeline_stage: contact.pipeline_stage,
            user_id: contact.user_id,
            created_by: contact.created_by,
            assignees: contact.assignees,
            verification: contact.verification.into(),
            email_validation: (contact.email_validation != EmailValidation::default()).then_some(
                EmailValidationMembers {
                    status: contact.email_validation.status,
                    reason: contact.email_validation.reason,
                    validated_at: contact.email_validation.validated_at,
                },
            ),
            globally_unsubscribed_at: contact.suppression.globally_unsubscribed_at,
            global_unsubscribe_reason: contact.suppression.global_unsubscribe_reason,
            hard_bounced_at: contact.suppression.hard_bounced_at,
            complained_at: contact.suppression.complained_at,
            subscriptions: subscriptions.into_iter().map(subscription).collect(),
            // An audience without tags is the same as no audience.
            tags: contact
                .tags
                .into_iter()
                .filter(|(_, tags)| !tags.is_empty())
                .collect(),
            created_at: contact.created_at,
            updated_at: contact.updated_at,
        }
    }
}

fn entry(method: ContactMethod) -> MethodEntry {
    MethodEntry {
        value: method.value,
        is_primary: method.is_primary,
        verification: method.verification.into(),
        is_owner: None,
    }
}

fn subscription((id, subscription): (SubscriptionId, Subscription)) -> SubscriptionEntry {
    SubscriptionEntry {
        audience: id.audience,
        client: id.client,
        status: subscription.status,
        verification: subscription.verification.into(),
        unsubscribed_at: subscription.unsubscribed_at,
        unsubscribe_reason: subscription.unsubscribe_reason,
    }
}

impl From<Option<Verification>> for VerificationMembers {
    fn from(verification: Option<Verification>) -> Self {
        verification.map_or_else(Self::default, |verification| Self {
            verified_at: Some(verification.at),
            verified_by: verification.by.map(|by| by.as_str().to_owned()),
            verification_source: verification.source.map(|source| source.as_str().to_owned()),
        })
    }
}
