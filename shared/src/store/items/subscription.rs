//! The item of a subscription, of a client or at audience level.

use serde::{Deserialize, Serialize};

use super::verification::{attributes, verification};
use super::{Item, from_item, to_item};
use crate::domain::{Actor, Subscription, SubscriptionStatus, Timestamp, VerificationSource};
use crate::store::DatabaseError;
use crate::store::keys::Key;

const KIND: &str = "subscription";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionItem {
    pk: String,
    sk: String,
    status: SubscriptionStatus,
    verified_at: Option<Timestamp>,
    verified_by: Option<Actor>,
    verification_source: Option<VerificationSource>,
    unsubscribed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    unsubscribe_reason: String,
}

/// Reads a subscription.
pub(in crate::store) fn subscription(item: Item) -> Result<Subscription, DatabaseError> {
    let item: SubscriptionItem = from_item(KIND, item)?;
    Ok(Subscription {
        status: item.status,
        verification: verification((item.verified_at, item.verified_by, item.verification_source)),
        unsubscribed_at: item.unsubscribed_at,
        unsubscribe_reason: item.unsubscribe_reason,
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
