//! The `scope` of a subscribe or unsubscribe request (contract section 12).

use serde::Deserialize;

use super::{
    AudiencePatch, Ending, SubscriptionPatch, SubscriptionStatus, SuppressionPatch, Timestamp,
};

/// The levels at which a subscription begins or ends, from narrow to wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        description = "How far a request reaches, from narrow to wide: the client's subscription, the subscription at audience \
                       level, or all mail to the person."
    )
)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The client's subscription in the audience.
    Client,
    /// The subscription at audience level.
    Audience,
    /// All mail to the person.
    Global,
}

impl Scope {
    /// Subscribes at every level up to this scope. Wider unsubscriptions stay: `client` does not lift an unsubscription
    /// from the audience, and only `global` lifts a global unsubscription and a complaint.
    #[must_use]
    pub fn subscribe(self) -> AudiencePatch {
        let subscribed = SubscriptionPatch {
            status: Some(SubscriptionStatus::Subscribed),
            ..SubscriptionPatch::default()
        };
        let mut patch = AudiencePatch {
            names_address: true,
            ..AudiencePatch::default()
        };
        if self == Self::Global {
            let lifted = Some(SuppressionPatch::Lifted);
            patch.contact.globally_unsubscribed = lifted;
            patch.contact.complained = lifted;
            patch.address.globally_unsubscribed = lifted;
            patch.address.complained = lifted;
        }
        if self != Self::Client {
            patch.audience = Some(subscribed.clone());
        }
        patch.client = subscribed;
        patch
    }

    /// Unsubscribes at exactly this scope. Narrower subscriptions keep their status, but the wider unsubscription
    /// blocks them.
    #[must_use]
    pub fn unsubscribe(self, reason: String, now: Timestamp) -> AudiencePatch {
        let unsubscribed = |reason| SubscriptionPatch {
            status: Some(SubscriptionStatus::Unsubscribed),
            ending: Some(Ending {
                at: Some(now),
                reason,
            }),
            ..SubscriptionPatch::default()
        };
        let mut patch = AudiencePatch::default();
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
    use crate::domain::ContactPatch;

    /// Whether a patch changes each of the three levels: contact, audience, client.
    fn changes(patch: &AudiencePatch) -> [bool; 3] {
        assert_eq!(
            patch.contact.complained.is_some(),
            patch.address.complained.is_some()
        );
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
        let ending = Some(Ending {
            at: Some(Timestamp::EPOCH),
            reason: "too many".to_owned(),
        });
        assert_eq!(end(Scope::Client).client.ending, ending);
        let audience = end(Scope::Audience).audience;
        assert_eq!(audience.and_then(|patch| patch.ending), ending);
        let contact = end(Scope::Global).contact;
        assert_eq!(
            contact.global_unsubscribe_reason,
            Some("too many".to_owned())
        );
    }
}
