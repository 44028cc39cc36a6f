//! The item of an erased contact: a marker that keeps the id from being used again.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::reader::Reader;
use super::writer::Writer;
use super::{CONTACT_ID, Item, ORGANIZATION_SHARD, VERSION};
use crate::domain::{
    AddressHash, AddressSuppression, ContactId, OrganizationId, Timestamp, Version,
};
use crate::store::DatabaseError;
use crate::store::keys::{Key, organization_shard};

/// When the contact was erased. Only the marker has it.
pub(in crate::store) const ERASED_AT: &str = "erasedAt";

/// The remaining work of the erasure. Without this attribute, the erasure is complete.
pub(in crate::store) const UNFINISHED: &str = "unfinished";

/// The marker of an erased contact. It holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct ErasedContact {
    /// The contact's version after the erasure. [`erased_contact_item`] does not write it; the change's metadata does.
    pub(in crate::store) version: Version,
    /// When the contact was erased.
    pub(in crate::store) erased_at: Timestamp,
    /// How many phone numbers and e-mail addresses the contact had.
    pub(in crate::store) methods: u64,
    /// How many subscriptions the contact had.
    pub(in crate::store) subscriptions: u64,
    /// The remaining work; `None` if the erasure is complete.
    pub(in crate::store) unfinished: Option<Unfinished>,
}

/// The remaining work of an erasure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::store) struct Unfinished {
    /// The contact's addresses and former addresses, with the facts that block mail to each.
    pub(in crate::store) addresses: BTreeMap<AddressHash, AddressSuppression>,
    /// When the contact first ended a subscription.
    pub(in crate::store) ended_at: Option<Timestamp>,
}

/// Reads the marker.
pub(in crate::store) fn erased_contact(item: Item) -> Result<ErasedContact, DatabaseError> {
    let mut item = Reader::of("erased contact", item);
    let unfinished = match item.map(UNFINISHED)? {
        None => None,
        Some(mut unfinished) => {
            let addresses = unfinished.optional_entries("addresses")?;
            let address = |(hash, mut entry): (String, Reader)| {
                Ok((AddressHash::stored(&hash), entry.address_suppression()?))
            };
            Some(Unfinished {
                addresses: addresses
                    .unwrap_or_default()
                    .into_iter()
                    .map(address)
                    .collect::<Result<_, DatabaseError>>()?,
                ended_at: unfinished.optional("endedAt")?,
            })
        }
    };
    Ok(ErasedContact {
        version: item.required(VERSION)?,
        erased_at: item.required(ERASED_AT)?,
        methods: item.required("methods")?,
        subscriptions: item.required("subscriptions")?,
        unfinished,
    })
}

/// Writes the marker. While the erasure is unfinished, the marker is in the indexes, so the erasure can be repeated by the id
/// alone.
pub(in crate::store) fn erased_contact_item(
    organization: &OrganizationId,
    id: &ContactId,
    erased: &ErasedContact,
) -> Result<Item, DatabaseError> {
    let mut item = Writer::of(Key::contact(organization, id));
    item.set(ERASED_AT, &erased.erased_at)?;
    item.set("methods", &erased.methods)?;
    item.set("subscriptions", &erased.subscriptions)?;
    if let Some(unfinished) = &erased.unfinished {
        let shard = organization_shard(organization, id.as_str());
        item.set(ORGANIZATION_SHARD, &shard)?;
        item.set(CONTACT_ID, id)?;
        let entry = |(hash, kept): (&AddressHash, &AddressSuppression)| {
            let mut entry = Writer::default();
            entry.address_suppression(kept)?;
            Ok((hash.to_string(), AttributeValue::M(entry.into_item())))
        };
        let addresses = unfinished.addresses.iter().map(entry);
        let addresses = addresses.collect::<Result<_, DatabaseError>>()?;
        let mut map = Writer::default();
        map.insert("addresses", AttributeValue::M(addresses));
        map.set_unless_default("endedAt", &unfinished.ended_at)?;
        item.insert(UNFINISHED, AttributeValue::M(map.into_item()));
    }
    Ok(item.into_item())
}
