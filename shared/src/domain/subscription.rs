//! Subscriptions, and a contact seen in one audience by one client (contract sections 1 and 7).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AudienceSlug, ClientSlug, Contact, Eligibility, Timestamp, Verification};

/// Which subscription of a contact: of a client in an audience, or at audience level.
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum SubscriptionStatus {
    /// Asked for, not confirmed.
    #[default]
    Pending,
    /// Confirmed.
    Subscribed,
    /// Ended.
    Unsubscribed,
}

impl SubscriptionStatus {
    /// The status as it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Subscribed => "subscribed",
            Self::Unsubscribed => "unsubscribed",
        }
    }

    /// The status of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Subscribed, Self::Unsubscribed]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// A contact's subscription, of a client in an audience or at audience level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subscription {
    /// Where it stands.
    pub status: SubscriptionStatus,
    /// Since when it is verified, if it is.
    pub verification: Option<Verification>,
    /// When it ended, if it did.
    pub unsubscribed_at: Option<Timestamp>,
    /// Why it ended; may be empty.
    pub unsubscribe_reason: String,
}

/// A contact with those of its subscriptions that somebody looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscribedContact {
    /// The contact.
    pub contact: Contact,
    /// Its subscriptions.
    pub subscriptions: BTreeMap<SubscriptionId, Subscription>,
}

/// A contact in one audience for one client: what endpoint 3 changes and answers.
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
    /// A contact in an audience for a client; nothing without the client's subscription.
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

    /// Whether and why the client may send to the contact.
    #[must_use]
    pub fn eligibility(&self) -> Eligibility {
        Eligibility::of(
            &self.contact,
            self.audience_subscription.as_ref(),
            Some(&self.client_subscription),
        )
    }
}
