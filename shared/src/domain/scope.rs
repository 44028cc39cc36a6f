//! The `scope` of a subscribe or unsubscribe request (contract section 12).

use serde::Deserialize;

use super::{ContactPatch, SubscriptionPatch, SubscriptionStatus, SuppressionPatch, Timestamp};

/// How far a subscription begins or ends, from near to far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// For the client in the audience.
    Client,
    /// For the audience.
    Audience,
    /// For everything.
    Global,
}

/// The changes of one subscribe or unsubscribe request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScopePatch {
    /// The change of the contact.
    pub contact: ContactPatch,
    /// The change of the subscription at audience level. `None` neither changes nor creates the subscription.
    pub audience: Option<SubscriptionPatch>,
    /// The change of the client's subscription. A missing subscription is created.
    pub client: SubscriptionPatch,
}

impl Scope {
    /// Subscribes at every level up to this scope. Wider unsubscriptions stay: `client` does not lift an unsubscription
    /// from the audience, and only `global` lifts a global unsubscription.
    #[must_use]
    pub fn subscribe(self) -> ScopePatch {
        let subscribed = SubscriptionPatch {
            status: Some(SubscriptionStatus::Subscribed),
            ..SubscriptionPatch::default()
        };
        ScopePatch {
            contact: ContactPatch {
                globally_unsubscribed: (self == Self::Global).then_some(SuppressionPatch::Lifted),
                ..ContactPatch::default()
            },
            audience: (self != Self::Client).then(|| subscribed.clone()),
            client: subscribed,
        }
    }

    /// Unsubscribes at exactly this scope. Narrower subscriptions keep their status, but the wider unsubscription
    /// blocks them.
    #[must_use]
    pub fn unsubscribe(self, reason: String, now: Timestamp) -> ScopePatch {
        let unsubscribed = |reason| SubscriptionPatch {
            status: Some(SubscriptionStatus::Unsubscribed),
            reason,
            ..SubscriptionPatch::default()
        };
        let mut patch = ScopePatch::default();
        match self {
            Self::Client => patch.client = unsubscribed(reason),
            Self::Audience => patch.audience = Some(unsubscribed(reason)),
            Self::Global => {
                patch.contact.globally_unsubscribed = Some(SuppressionPatch::Since(now));
                patch.contact.global_unsubscribe_reason = Some(reason);
            }
        }
        patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the three levels a patch changes: contact, audience, client.
    fn changes(patch: &ScopePatch) -> [bool; 3] {
        [
            patch.contact != ContactPatch::default(),
            patch.audience.is_some(),
            patch.client != SubscriptionPatch::default(),
        ]
    }

    #[test]
    fn subscribing_begins_every_level_up_to_the_scope() {
        assert_eq!(changes(&Scope::Client.subscribe()), [false, false, true]);
        assert_eq!(changes(&Scope::Audience.subscribe()), [false, true, true]);
        assert_eq!(changes(&Scope::Global.subscribe()), [true, true, true]);
    }

    #[test]
    fn unsubscribing_ends_the_level_of_the_scope_alone() {
        let end = |scope: Scope| scope.unsubscribe("too many".to_owned(), Timestamp::EPOCH);
        assert_eq!(changes(&end(Scope::Client)), [false, false, true]);
        assert_eq!(changes(&end(Scope::Audience)), [false, true, false]);
        assert_eq!(changes(&end(Scope::Global)), [true, false, false]);
    }

    #[test]
    fn an_end_keeps_its_reason_at_each_scope() {
        let end = |scope: Scope| scope.unsubscribe("too many".to_owned(), Timestamp::EPOCH);
        assert_eq!(end(Scope::Client).client.reason, "too many");
        let audience = end(Scope::Audience).audience;
        assert_eq!(
            audience.map(|patch| patch.reason),
            Some("too many".to_owned())
        );
        let contact = end(Scope::Global).contact;
        assert_eq!(
            contact.global_unsubscribe_reason,
            Some("too many".to_owned())
        );
    }
}
