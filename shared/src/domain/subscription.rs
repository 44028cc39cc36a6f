//! Subscriptions, and a contact in one audience for one client (contract sections 1 and 7).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AudienceSlug, ClientSlug, Contact, Timestamp, Verification};

/// Identifies a subscription of a contact: of a client in an audience, or at audience level.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubscriptionId {
    /// The audience.
    pub audience: AudienceSlug,
    /// The client; `None` at audience level.
    pub client: Option<ClientSlug>,
}

impl SubscriptionId {
    /// The client's subscription in an audience, and the one at audience level.
    #[must_use]
    pub fn levels(audience: &AudienceSlug, client: &ClientSlug) -> [Self; 2] {
        [Some(client.clone()), None].map(|client| Self {
            audience: audience.clone(),
            client,
        })
    }
}

/// Where a subscription stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
// The variants are in the order of a subscription's life: `SubscriptionPatch` compares them.
pub enum SubscriptionStatus {
    /// Asked for, not confirmed.
    #[default]
    Pending,
    /// Confirmed.
    Subscribed,
    /// Ended.
    Unsubscribed,
}

/// A contact's subscription, of a client in an audience or at audience level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subscription {
    /// The status.
    pub status: SubscriptionStatus,
    /// The verification, if the subscription is verified.
    pub verification: Option<Verification>,
    /// The time at which the subscription ended, if it ended.
    pub unsubscribed_at: Option<Timestamp>,
    /// The reason for the end; may be empty.
    pub unsubscribe_reason: String,
}

/// A contact with some of its subscriptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscribedContact {
    /// The contact.
    pub contact: Contact,
    /// The subscriptions.
    pub subscriptions: BTreeMap<SubscriptionId, Subscription>,
}

/// A contact in one audience for one client. Endpoint 3 changes it and returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudienceContact {
    /// The contact.
    pub contact: Contact,
    /// The audience.
    pub audience: AudienceSlug,
    /// The client.
    pub client: ClientSlug,
    /// The contact's subscription at audience level, if there is one.
    pub audience_subscription: Option<Subscription>,
    /// The client's subscription.
    pub client_subscription: Subscription,
}

impl AudienceContact {
    /// The contact in an audience for a client. Returns `None` if the client has no subscription.
    #[must_use]
    pub fn new(
        mut state: SubscribedContact,
        audience: &AudienceSlug,
        client: &ClientSlug,
    ) -> Option<Self> {
        let [of_client, of_audience] = SubscriptionId::levels(audience, client);
        Some(Self {
            client_subscription: state.subscriptions.remove(&of_client)?,
            audience_subscription: state.subscriptions.remove(&of_audience),
            contact: state.contact,
            audience: audience.clone(),
            client: client.clone(),
        })
    }
}
