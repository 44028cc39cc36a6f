//! The records of an export. Their members are those of a seed file (contract section 11); members without a value are
//! absent.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::domain::{
    Address, AddressSuppression, AudienceSlug, ClientSlug, Contact, ContactId, ContactMethod,
    EmailValidation, OrganizationId, Subscription, SubscriptionId, SubscriptionStatus, Timestamp,
    ValidationStatus, VerificationState,
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
    phone_number: Vec<PhoneEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    emails: Vec<EmailEntry>,
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
    /// The primary address's, as the finding and the bounce.
    #[serde(flatten)]
    verification: VerificationMembers,
    #[serde(flatten)]
    primary: AddressMembers,
    #[serde(skip_serializing_if = "Option::is_none")]
    globally_unsubscribed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "String::is_empty")]
    global_unsubscribe_reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    complained_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subscriptions: Vec<SubscriptionEntry>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<AudienceSlug, Vec<String>>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A phone number.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PhoneEntry {
    value: String,
    is_primary: bool,
    #[serde(flatten)]
    verification: VerificationMembers,
}

/// An e-mail address. The verification, finding and bounce of the primary one are members of the contact.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EmailEntry {
    value: String,
    is_primary: bool,
    #[serde(flatten)]
    verification: VerificationMembers,
    #[serde(flatten)]
    facts: AddressMembers,
    #[serde(flatten)]
    former: FormerOwnerMembers,
    /// False for an address that the contact does not own, absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_owner: Option<bool>,
}

/// An e-mail address that no contact owns.
#[derive(Debug, Serialize)]
pub struct AddressLine {
    address: String,
    #[serde(flatten)]
    facts: AddressMembers,
    #[serde(flatten)]
    former: FormerOwnerMembers,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionEntry {
    audience: AudienceSlug,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<ClientSlug>,
    status: SubscriptionStatus,
    /// The address by which the client knows the contact, unless it is the primary one.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// The primary address's.
    #[serde(flatten)]
    verification: VerificationMembers,
    /// Those of the other addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    verifications: Vec<VerificationEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsubscribed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "String::is_empty")]
    unsubscribe_reason: String,
}

#[derive(Debug, Serialize)]
struct VerificationEntry {
    email: String,
    #[serde(flatten)]
    verification: VerificationMembers,
}

/// The finding about an address and its bounce.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct AddressMembers {
    #[serde(skip_serializing_if = "Option::is_none")]
    email_validation: Option<EmailValidationMembers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hard_bounced_at: Option<Timestamp>,
}

/// What an address has of its former owners.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct FormerOwnerMembers {
    #[serde(skip_serializing_if = "Option::is_none")]
    globally_unsubscribed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    complained_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    former_owners: Vec<ContactId>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    cleared_at: Option<Timestamp>,
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
    fn from(mut exported: ExportedContact) -> Self {
        let subscriptions = exported.contact.subscriptions.iter();
        let subscriptions = subscriptions
            .map(|(id, found)| subscription(&exported.contact.contact, id, found))
            .collect();
        let contact = exported.contact.contact;
        let primary = contact.primary_email().cloned();
        let (verification, primary) = primary.map_or_else(Default::default, |email| {
            (email.verification.into(), facts(&email.suppression))
        });
        let email = |email: ContactMethod| {
            let is_not_owned = exported.not_owned.contains(&email.normal_form);
            let former_owners = exported.former_owners.remove(&email.normal_form);
            let (verification, own) = if email.is_primary {
                Default::default()
            } else {
                (email.verification.into(), facts(&email.suppression))
            };
            EmailEntry {
                value: email.value,
                is_primary: email.is_primary,
                verification,
                facts: own,
                former: former(&email.suppression, former_owners.unwrap_or_default()),
                is_owner: is_not_owned.then_some(false),
            }
        };
        Self {
            id: contact.id,
            first_name: contact.first_name,
            last_name: contact.last_name,
            phone_number: contact.phones.into_iter().map(phone).collect(),
            emails: contact.emails.into_iter().map(email).collect(),
            secondary_phone_number: contact.secondary_phone_numbers,
            status: contact.status,
            pipeline_id: contact.pipeline_id,
            pipeline_stage: contact.pipeline_stage,
            user_id: contact.user_id,
            created_by: contact.created_by,
            assignees: contact.assignees,
            verification,
            primary,
            globally_unsubscribed_at: contact.suppression.globally_unsubscribed_at,
            global_unsubscribe_reason: contact.suppression.global_unsubscribe_reason,
            complained_at: contact.suppression.complained_at,
            subscriptions,
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

impl From<Address> for AddressLine {
    fn from(address: Address) -> Self {
        Self {
            address: address.normal_form,
            facts: facts(&address.suppression),
            former: former(&address.suppression, address.former_owners),
        }
    }
}

fn phone(method: ContactMethod) -> PhoneEntry {
    PhoneEntry {
        value: method.value,
        is_primary: method.is_primary,
        verification: method.verification.into(),
    }
}

fn subscription(
    contact: &Contact,
    id: &SubscriptionId,
    subscription: &Subscription,
) -> SubscriptionEntry {
    let address = subscription.address.as_ref();
    let address = address.and_then(|hash| contact.email_of_hash(hash));
    let primary = contact.primary_email();
    let primary = primary.map(|email| subscription.verification(email));
    let others = contact.emails.iter().filter(|email| !email.is_primary);
    let verifications = others.filter_map(|email| {
        let state = subscription.verification(email);
        (state != VerificationState::default()).then(|| VerificationEntry {
            email: email.value.clone(),
            verification: state.into(),
        })
    });
    SubscriptionEntry {
        audience: id.audience.clone(),
        client: id.client.clone(),
        status: subscription.status,
        email: address
            .filter(|email| !email.is_primary)
            .map(|email| email.value.clone()),
        verification: primary.unwrap_or_default().into(),
        verifications: verifications.collect(),
        unsubscribed_at: subscription.unsubscribed_at,
        unsubscribe_reason: subscription.unsubscribe_reason.clone(),
    }
}

fn facts(suppression: &AddressSuppression) -> AddressMembers {
    let validation = &suppression.validation;
    let is_known = *validation != EmailValidation::default();
    AddressMembers {
        email_validation: is_known.then(|| EmailValidationMembers {
            status: validation.status,
            reason: validation.reason.clone(),
            validated_at: validation.validated_at,
        }),
        hard_bounced_at: suppression.hard_bounced_at,
    }
}

fn former(suppression: &AddressSuppression, former_owners: Vec<ContactId>) -> FormerOwnerMembers {
    FormerOwnerMembers {
        globally_unsubscribed_at: suppression.globally_unsubscribed_at,
        complained_at: suppression.complained_at,
        former_owners,
    }
}

impl From<VerificationState> for VerificationMembers {
    fn from(state: VerificationState) -> Self {
        let verification = state.current.as_ref();
        Self {
            verified_at: verification.map(|verification| verification.at),
            verified_by: verification
                .and_then(|verification| verification.by.as_ref())
                .map(|by| by.as_str().to_owned()),
            verification_source: verification
                .and_then(|verification| verification.source.as_ref())
                .map(|source| source.as_str().to_owned()),
            cleared_at: state.cleared_at,
        }
    }
}
