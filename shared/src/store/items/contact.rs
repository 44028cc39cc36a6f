//! The item of a contact.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::method::{MethodItems, method_items, methods};
use super::verification::{attributes, verification};
use super::{Item, ORGANIZATION_SHARD, from_item, text, to_item};
use crate::domain::{
    Actor, AudienceSlug, Contact, ContactId, EmailValidation, Suppression, Timestamp,
    ValidationStatus, VerificationSource, Version,
};
use crate::store::DatabaseError;
use crate::store::keys::{Key, organization_of, organization_shard};

const KIND: &str = "contact";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContactItem {
    pk: String,
    sk: String,
    contact_id: ContactId,
    first_name: Option<String>,
    last_name: Option<String>,
    phones: MethodItems,
    emails: MethodItems,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    secondary_phone_number: Vec<String>,
    status: Option<String>,
    pipeline_id: Option<String>,
    pipeline_stage: Option<String>,
    user_id: Option<String>,
    created_by: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    assignees: Vec<String>,
    verified_at: Option<Timestamp>,
    verified_by: Option<Actor>,
    verification_source: Option<VerificationSource>,
    email_validation: Option<EmailValidationItem>,
    globally_unsubscribed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    global_unsubscribe_reason: String,
    hard_bounced_at: Option<Timestamp>,
    complained_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<AudienceSlug, Vec<String>>,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: Version,
}

/// The finding of a validation service.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EmailValidationItem {
    status: ValidationStatus,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    reason: String,
    validated_at: Option<Timestamp>,
}

/// Reads a contact.
pub(in crate::store) fn contact(item: Item) -> Result<Contact, DatabaseError> {
    let item: ContactItem = from_item(KIND, item)?;
    let organization_id = organization_of(&item.pk).ok_or(DatabaseError::UnexpectedAnswer(
        "a contact's key names no organization",
    ))?;
    Ok(Contact {
        organization_id,
        id: item.contact_id,
        first_name: item.first_name,
        last_name: item.last_name,
        phones: methods(item.phones),
        emails: methods(item.emails),
        secondary_phone_numbers: item.secondary_phone_number,
        status: item.status,
        pipeline_id: item.pipeline_id,
        pipeline_stage: item.pipeline_stage,
        user_id: item.user_id,
        created_by: item.created_by,
        assignees: item.assignees,
        verification: verification((item.verified_at, item.verified_by, item.verification_source)),
        email_validation: item
            .email_validation
            .map_or_else(EmailValidation::default, |found| EmailValidation {
                status: found.status,
                reason: found.reason,
                validated_at: found.validated_at,
            }),
        suppression: Suppression {
            globally_unsubscribed_at: item.globally_unsubscribed_at,
            global_unsubscribe_reason: item.global_unsubscribe_reason,
            hard_bounced_at: item.hard_bounced_at,
            complained_at: item.complained_at,
        },
        tags: item.tags,
        created_at: item.created_at,
        updated_at: item.updated_at,
        version: item.version,
    })
}

/// Writes a contact.
pub(in crate::store) fn contact_item(contact: &Contact) -> Result<Item, DatabaseError> {
    let Key { partition, sort } = Key::contact(&contact.organization_id, &contact.id);
    let (verified_at, verified_by, verification_source) = attributes(contact.verification.as_ref());
    let suppression = &contact.suppression;
    let mut item = to_item(
        KIND,
        ContactItem {
            pk: partition,
            sk: sort,
            contact_id: contact.id.clone(),
            first_name: contact.first_name.clone(),
            last_name: contact.last_name.clone(),
            phones: method_items(&contact.phones),
            emails: method_items(&contact.emails),
            secondary_phone_number: contact.secondary_phone_numbers.clone(),
            status: contact.status.clone(),
            pipeline_id: contact.pipeline_id.clone(),
            pipeline_stage: contact.pipeline_stage.clone(),
            user_id: contact.user_id.clone(),
            created_by: contact.created_by.clone(),
            assignees: contact.assignees.clone(),
            verified_at,
            verified_by,
            verification_source,
            email_validation: email_validation_item(&contact.email_validation),
            globally_unsubscribed_at: suppression.globally_unsubscribed_at,
            global_unsubscribe_reason: suppression.global_unsubscribe_reason.clone(),
            hard_bounced_at: suppression.hard_bounced_at,
            complained_at: suppression.complained_at,
            tags: contact.tags.clone(),
            created_at: contact.created_at,
            updated_at: contact.updated_at,
            version: contact.version,
        },
    )?;
    let shard = organization_shard(&contact.organization_id, &contact.id);
    item.insert(ORGANIZATION_SHARD.to_owned(), text(shard));
    Ok(item)
}

/// A finding; nothing where there is none.
fn email_validation_item(validation: &EmailValidation) -> Option<EmailValidationItem> {
    (*validation != EmailValidation::default()).then(|| EmailValidationItem {
        status: validation.status,
        reason: validation.reason.clone(),
        validated_at: validation.validated_at,
    })
}
