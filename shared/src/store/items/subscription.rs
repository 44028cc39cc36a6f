//! The item of a subscription, of a client or at audience level.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::Item;
use super::reader::Reader;
use super::writer::Writer;
use crate::domain::{MethodId, Subscription};
use crate::store::DatabaseError;
use crate::store::keys::Key;

/// The hash of an address. On the subscription: the address by which the client knows the contact. In an entry of the
/// verifications: the verified address.
const ADDRESS: &str = "address";

/// The verifications of the contact's addresses at this level, by the ids of their entries.
const VERIFICATIONS: &str = "verifications";

/// Reads a subscription.
pub(in crate::store) fn subscription(item: Item) -> Result<Subscription, DatabaseError> {
    let mut item = Reader::of("subscription", item);
    let mut verifications = BTreeMap::new();
    let mut verified_addresses = BTreeMap::new();
    for (id, mut entry) in item.optional_entries(VERIFICATIONS)?.unwrap_or_default() {
        let id = MethodId::parse(&id).map_err(|error| entry.unreadable("id", error.to_string()))?;
        let address = entry.optional(ADDRESS)?;
        verified_addresses.extend(address.map(|address| (id.clone(), address)));
        verifications.insert(id, entry.verification()?);
    }
    Ok(Subscription {
        status: item.required("status")?,
        address: item.optional(ADDRESS)?,
        verifications,
        verified_addresses,
        unsubscribed_at: item.optional("unsubscribedAt")?,
        unsubscribe_reason: item.or_default("unsubscribeReason")?,
    })
}

/// Writes a subscription under its key.
pub(in crate::store) fn subscription_item(
    key: Key,
    subscription: &Subscription,
) -> Result<Item, DatabaseError> {
    let mut item = Writer::of(key);
    item.set("status", &subscription.status)?;
    item.set_unless_default(ADDRESS, &subscription.address)?;
    if !subscription.verifications.is_empty() {
        let entry = |(id, state): (&MethodId, _)| {
            let mut entry = Writer::default();
            entry.verification(state)?;
            entry.set_unless_default(ADDRESS, &subscription.verified_addresses.get(id))?;
            Ok((id.to_string(), AttributeValue::M(entry.into_item())))
        };
        let entries = subscription.verifications.iter().map(entry);
        let entries = entries.collect::<Result<_, DatabaseError>>()?;
        item.insert(VERIFICATIONS, AttributeValue::M(entries));
    }
    item.set_unless_default("unsubscribedAt", &subscription.unsubscribed_at)?;
    item.set_unless_default("unsubscribeReason", &subscription.unsubscribe_reason)?;
    Ok(item.into_item())
}
