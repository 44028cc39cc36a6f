//! The item of a subscription, of a client or at audience level.

use super::Item;
use super::reader::Reader;
use super::writer::Writer;
use crate::domain::Subscription;
use crate::store::DatabaseError;
use crate::store::keys::Key;

/// Reads a subscription.
pub(in crate::store) fn subscription(item: Item) -> Result<Subscription, DatabaseError> {
    let mut item = Reader::of("subscription", item);
    Ok(Subscription {
        status: item.required("status")?,
        verification: item.verification()?,
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
    item.verification(subscription.verification.as_ref())?;
    item.set_unless_default("unsubscribedAt", &subscription.unsubscribed_at)?;
    item.set_unless_default("unsubscribeReason", &subscription.unsubscribe_reason)?;
    Ok(item.into_item())
}
