//! The item of a contact.

use std::collections::BTreeMap;

use serde::Serialize;

use super::method::{MethodItems, method_items, methods};
use super::reader::Reader;
use super::verification::attributes;
use super::{
    CONTACT_ID, EMAILS, Item, ORGANIZATION_SHARD, PHONES, UPDATED_AT, VERSION, text, to_item,
};
use crate::domain::{
    Actor, AudienceSlug, Contact, ContactId, EmailValidation, Suppression, Timestamp,
    ValidationStatus, VerificationSource, Version,
};
use crate::store::DatabaseError;
use crate::store::keys::{Key, PARTITION_KEY, organization_of, organization_shard};

const KIND: &str = "contact";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ContactItem {
    pk: String,
    sk: String,
    contact_id: ContactId,
    first_name: Option<String>,
    last_name: Option<String>,
    phones: MethodItems,
    emails: MethodItems,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secondary_phone_number: Vec<String>,
    status: Option<String>,
    pipeline_id: Option<String>,
    pipeline_stage: Option<String>,
    user_id: Option<String>,
    created_by: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assignees: Vec<String>,
    verified_at: Option<Timestamp>,
    verified_by: Option<Actor>,
    verification_source: Option<VerificationSource>,
    email_validation: Option<EmailValidationItem>,
    globally_unsubscribed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "String::is_empty")]
    global_unsubscribe_reason: String,
    hard_bounced_at: Option<Timestamp>,
    complained_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<AudienceSlug, Vec<String>>,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: Version,
}

/// The finding of a validation service.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EmailValidationItem {
    status: ValidationStatus,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    validated_at: Option<Timestamp>,
}

/// Reads a contact.
pub(in crate::store) fn contact(item: Item) -> Result<Contact, DatabaseError> {
    let mut item = Reader::of(KIND, item);
    let partition: String = item.required(PARTITION_KEY)?;
    let organization_id = organization_of(&partition).ok_or(DatabaseError::UnexpectedAnswer(
        "a contact's key names no organization",
    ))?;
    let email_validation = match item.map("emailValidation")? {
        None => EmailValidation::default(),
        Some(mut finding) => EmailValidation {
            status: finding.required("status")?,
            reason: finding.or_default("reason")?,
            validated_at: finding.optional("validatedAt")?,
        },
    };
    Ok(Contact {
        organization_id,
        id: item.required(CONTACT_ID)?,
        first_name: item.optional("firstName")?,
        last_name: item.optional("lastName")?,
        phones: methods(&mut item, PHONES)?,
        emails: methods(&mut item, EMAILS)?,
        secondary_phone_numbers: item.or_default("secondaryPhoneNumber")?,
        status: item.optional("status")?,
        pipeline_id: item.optional("pipelineId")?,
        pipeline_stage: item.optional("pipelineStage")?,
        user_id: item.optional("userId")?,
        created_by: item.optional("createdBy")?,
        assignees: item.or_default("assignees")?,
        verification: item.verification()?,
        email_validation,
        suppression: Suppression {
            globally_unsubscribed_at: item.optional("globallyUnsubscribedAt")?,
            global_unsubscribe_reason: item.or_default("globalUnsubscribeReason")?,
            hard_bounced_at: item.optional("hardBouncedAt")?,
            complained_at: item.optional("complainedAt")?,
        },
        tags: item.or_default("tags")?,
        created_at: item.required("createdAt")?,
        updated_at: item.required(UPDATED_AT)?,
        version: item.required(VERSION)?,
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
