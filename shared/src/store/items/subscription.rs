//! The item of a subscription, of a client or at audience level.

use serde::Serialize;

use super::reader::Reader;
use super::verification::attributes;
use super::{Item, to_item};
use crate::domain::{Actor, Subscription, SubscriptionStatus, Timestamp, VerificationSource};
use crate::store::DatabaseError;
use crate::store::keys::Key;

const KIND: &str = "subscription";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionItem {
    pk: String,
    sk: String,
    status: SubscriptionStatus,
    verified_at: Option<Timestamp>,
    verified_by: Option<Actor>,
    verification_source: Option<VerificationSource>,
    unsubscribed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "String::is_empty")]
    unsubscribe_reason: String,
}

/// Reads a subscription.
pub(in crate::store) fn subscription(item: Item) -> Result<Subscription, DatabaseError> {
    let mut item = Reader::of(KIND, item);
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
    let (verified_at, verified_by, verification_source) =
        attributes(subscription.verification.as_ref());
    let item = SubscriptionItem {
        pk: key.partition,
        sk: key.sort,
        status: subscription.status,
        verified_at,
        verified_by,
        verification_source,
        unsubscribed_at: subscription.unsubscribed_at,
        unsubscribe_reason: subscription.unsubscribe_reason.clone(),
    };
    to_item(KIND, item)
}
