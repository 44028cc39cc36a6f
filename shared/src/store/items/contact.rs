//! The item of a contact.

use super::method::{methods, write_methods};
use super::reader::Reader;
use super::writer::Writer;
use super::{
    CONTACT_ID, EMAILS, FORMER_ADDRESSES, Item, ORGANIZATION_SHARD, PHONES, UPDATED_AT, VERSION,
};
use crate::domain::{Contact, Suppression};
use crate::store::DatabaseError;
use crate::store::keys::{Key, PARTITION_KEY, organization_of, organization_shard};

/// Reads a contact.
pub(in crate::store) fn contact(item: Item) -> Result<Contact, DatabaseError> {
    let mut item = Reader::of("contact", item);
    let partition: String = item.required(PARTITION_KEY)?;
    let organization_id = organization_of(&partition)
        .ok_or_else(|| item.unreadable(PARTITION_KEY, "names no organization".to_owned()))?;
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
        suppression: Suppression {
            globally_unsubscribed_at: item.optional("globallyUnsubscribedAt")?,
            global_unsubscribe_reason: item.or_default("globalUnsubscribeReason")?,
            complained_at: item.optional("complainedAt")?,
        },
        former_addresses: item.or_default(FORMER_ADDRESSES)?,
        tags: item.or_default("tags")?,
        created_at: item.required("createdAt")?,
        updated_at: item.required(UPDATED_AT)?,
        subscription_count: item.or_default("subscriptionCount")?,
        version: item.required(VERSION)?,
    })
}

/// Writes a contact.
pub(in crate::store) fn contact_item(contact: &Contact) -> Result<Item, DatabaseError> {
    let organization = &contact.organization_id;
    let mut item = Writer::of(Key::contact(organization, &contact.id));
    item.set(
        ORGANIZATION_SHARD,
        &organization_shard(organization, contact.id.as_str()),
    )?;
    item.set(CONTACT_ID, &contact.id)?;
    item.set_unless_default("firstName", &contact.first_name)?;
    item.set_unless_default("lastName", &contact.last_name)?;
    write_methods(&mut item, PHONES, &contact.phones)?;
    write_methods(&mut item, EMAILS, &contact.emails)?;
    item.set_unless_default("secondaryPhoneNumber", &contact.secondary_phone_numbers)?;
    item.set_unless_default("status", &contact.status)?;
    item.set_unless_default("pipelineId", &contact.pipeline_id)?;
    item.set_unless_default("pipelineStage", &contact.pipeline_stage)?;
    item.set_unless_default("userId", &contact.user_id)?;
    item.set_unless_default("createdBy", &contact.created_by)?;
    item.set_unless_default("assignees", &contact.assignees)?;
    let suppression = &contact.suppression;
    item.set_unless_default(
        "globallyUnsubscribedAt",
        &suppression.globally_unsubscribed_at,
    )?;
    item.set_unless_default(
        "globalUnsubscribeReason",
        &suppression.global_unsubscribe_reason,
    )?;
    item.set_unless_default("complainedAt", &suppression.complained_at)?;
    item.set_unless_default(FORMER_ADDRESSES, &contact.former_addresses)?;
    item.set_unless_default("tags", &contact.tags)?;
    item.set_unless_default("subscriptionCount", &contact.subscription_count)?;
    item.set("createdAt", &contact.created_at)?;
    item.set(UPDATED_AT, &contact.updated_at)?;
    item.set(VERSION, &contact.version)?;
    Ok(item.into_item())
}
