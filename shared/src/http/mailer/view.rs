//! The contact in the mailer's answers (contract section 7).

use serde::Serialize;

use crate::domain::{
    AudienceContact, AudienceSlug, Block, ClientSlug, ContactId, Eligibility, Level, Outcome,
    Subscription, SubscriptionStatus, Timestamp, ValidationStatus,
};

/// A contact in one audience for one client (contract section 7).
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AudienceContact, description = "A contact in one audience for one client."))]
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the members of the contract")]
pub(super) struct ContactView<'a> {
    /// Null where there is no contact that the client has onboarded.
    contact_id: Option<&'a ContactId>,
    /// The address in its normal form.
    email: Option<&'a str>,
    /// Whether there is a contact that the client has onboarded.
    exists: bool,
    /// Only where something was to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    outcome: Option<Outcome>,
    /// Whether the contact itself is verified.
    verified: bool,
    verified_at: Option<Timestamp>,
    email_validation: EmailValidationView<'a>,
    global_unsubscribed: bool,
    hard_bounced: bool,
    complained: bool,
    /// The subscription at audience level.
    audience: SubscriptionView<'a>,
    /// The client's subscription.
    client: SubscriptionView<'a>,
    can_send_marketing: bool,
    /// False only where the address bounced for good or the person complained.
    can_send_transactional: bool,
    marketing: MarketingView,
    /// The contact's tags in this audience.
    tags: &'a [String],
}

impl<'a> ContactView<'a> {
    /// What a client sees by an address of a contact: `seen`, or that it knows no such contact.
    pub(super) fn new(
        outcome: Option<Outcome>,
        email: Option<&'a str>,
        audience: &'a AudienceSlug,
        client: &'a ClientSlug,
        seen: Option<&'a AudienceContact>,
    ) -> Self {
        let contact = seen.map(|seen| &seen.contact);
        let suppression = contact.map(|contact| &contact.suppression);
        let validation = contact.map(|contact| &contact.email_validation);
        let of_audience = seen.and_then(|seen| seen.audience_subscription.as_ref());
        let of_client = seen.map(|seen| &seen.client_subscription);
        let eligibility = Eligibility::of(contact, of_audience, of_client);
        let verification = contact.and_then(|contact| contact.verification.as_ref());
        Self {
            contact_id: contact.map(|contact| &contact.id),
            email,
            exists: contact.is_some(),
            outcome,
            verified: verification.is_some(),
            verified_at: verification.map(|verification| verification.at),
            email_validation: EmailValidationView {
                status: validation.map_or(ValidationStatus::Unknown, |found| found.status),
                reason: validation.map_or("", |found| &found.reason),
                validated_at: validation.and_then(|found| found.validated_at),
            },
            global_unsubscribed: suppression.is_some_and(|s| s.globally_unsubscribed_at.is_some()),
            hard_bounced: suppression.is_some_and(|s| s.hard_bounced_at.is_some()),
            complained: suppression.is_some_and(|s| s.complained_at.is_some()),
            audience: SubscriptionView::new(audience.as_str(), of_audience),
            client: SubscriptionView::new(client.as_str(), of_client),
            can_send_marketing: eligibility.can_send_marketing(),
            can_send_transactional: eligibility.can_send_transactional,
            marketing: MarketingView {
                verified_by: eligibility.verified_by,
                blocked_by: eligibility.blocked_by,
            },
            tags: contact
                .and_then(|contact| contact.tags.get(audience))
                .map_or(&[], Vec::as_slice),
        }
    }
}

/// What a validation found out about the address.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EmailValidation))]
#[derive(Serialize)]
struct EmailValidationView<'a> {
    status: ValidationStatus,
    reason: &'a str,
    validated_at: Option<Timestamp>,
}

/// Where a subscription stands; `status` is null where there is none.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Subscription))]
#[derive(Serialize)]
struct SubscriptionView<'a> {
    slug: &'a str,
    subscribed: bool,
    status: Option<SubscriptionStatus>,
    verified: bool,
    verified_at: Option<Timestamp>,
    unsubscribed_at: Option<Timestamp>,
    unsubscribe_reason: &'a str,
}

impl<'a> SubscriptionView<'a> {
    fn new(slug: &'a str, subscription: Option<&'a Subscription>) -> Self {
        let status = subscription.map(|subscription| subscription.status);
        let verification = subscription.and_then(|subscription| subscription.verification.as_ref());
        Self {
            slug,
            subscribed: status == Some(SubscriptionStatus::Subscribed),
            status,
            verified: verification.is_some(),
            verified_at: verification.map(|verification| verification.at),
            unsubscribed_at: subscription.and_then(|subscription| subscription.unsubscribed_at),
            unsubscribe_reason: subscription
                .map_or("", |subscription| &subscription.unsubscribe_reason),
        }
    }
}

/// What speaks for marketing and against it. It may be sent where the first is not empty and the second is.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Marketing))]
#[derive(Serialize)]
struct MarketingView {
    /// The levels that hold a verification.
    verified_by: Vec<Level>,
    /// What stands against it.
    blocked_by: Vec<Block>,
}
