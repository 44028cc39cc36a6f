//! The contact in the mailer's answers (contract section 7).

use serde::Serialize;

use crate::domain::{
    AudienceContact, AudienceSlug, Block, ClientSlug, ContactId, Eligibility, EmailAddress, Level,
    Outcome, Subscription, SubscriptionStatus, Timestamp, ValidationStatus, VerificationState,
};

/// An address of a contact in one audience for one client (contract section 7).
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AudienceContact, description = "An e-mail address in one audience for one client: whether it is verified, and whether the client may send to it."))]
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the members of the contract")]
pub(super) struct ContactView<'a> {
    /// The id of the contact that owns the address. Null if nobody owns the address, or if the client has no subscription of the
    /// owner in the audience.
    contact_id: Option<&'a ContactId>,
    /// The normal form of the address. `verified` and `verified_at` at each level, `email_validation` and `hard_bounced` are about
    /// this address.
    email: &'a str,
    /// Whether a contact owns the address and the client has a subscription of this contact in the audience.
    exists: bool,
    /// The outcome of the request. Only the answer to a write has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub(super) outcome: Option<Outcome>,
    /// The outcome for the verification. Only the answer to an upsert with `"verified": true` has it. `recorded`: at least one
    /// level recorded it. `cleared`: no level recorded it, because its time is not later than the last clear of a level.
    /// `kept`: both levels have an equal or earlier verification.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub(super) verification_outcome: Option<Outcome>,
    /// Whether the address is verified at the contact's level.
    verified: bool,
    /// The time of the verification at the contact's level. Null if the address is not verified there.
    verified_at: Option<Timestamp>,
    /// The finding of an e-mail validation about the address.
    email_validation: EmailValidationView<'a>,
    /// Whether the person, or a former owner of the address, unsubscribed from everything.
    global_unsubscribed: bool,
    /// Whether the mailbox of the address refused a message permanently.
    hard_bounced: bool,
    /// Whether the person, or a former owner of the address, reported a message as spam.
    complained: bool,
    /// The subscription at audience level.
    audience: SubscriptionView<'a>,
    /// The client's subscription.
    client: SubscriptionView<'a>,
    /// Whether the client may send marketing to the address: `verified_by` is not empty, and `blocked_by` is empty.
    can_send_marketing: bool,
    /// Whether the client may send transactional messages to the address. False only after a hard bounce or a complaint, or if
    /// `exists` is false.
    can_send_transactional: bool,
    /// The reasons for and against sending marketing to the address.
    marketing: MarketingView,
    /// The contact's tags in this audience.
    tags: &'a [String],
}

impl<'a> ContactView<'a> {
    /// The view of an address of a contact.
    pub(super) fn of(seen: &'a AudienceContact) -> Self {
        let contact = &seen.contact;
        let validation = &seen.email.suppression.validation;
        let verification = seen.verification(Level::Contact).current;
        Self {
            contact_id: Some(&contact.id),
            exists: true,
            verified: verification.is_some(),
            verified_at: verification.map(|verification| verification.at),
            email_validation: EmailValidationView {
                status: validation.status,
                reason: &validation.reason,
                validated_at: validation.validated_at,
            },
            global_unsubscribed: seen.globally_unsubscribed(),
            hard_bounced: seen.hard_bounced(),
            complained: seen.complained(),
            audience: SubscriptionView::new(
                seen.audience.as_str(),
                seen.audience_subscription.as_ref(),
                seen.verification(Level::Audience),
            ),
            client: SubscriptionView::new(
                seen.client.as_str(),
                Some(&seen.client_subscription),
                seen.verification(Level::Client),
            ),
            tags: contact.tags.get(&seen.audience).map_or(&[], Vec::as_slice),
            ..Self::new(
                &seen.email.normal_form,
                &seen.audience,
                &seen.client,
                Some(seen),
            )
        }
    }

    /// The view of an address for which the client has onboarded no contact.
    pub(super) fn unknown(
        address: &'a EmailAddress,
        audience: &'a AudienceSlug,
        client: &'a ClientSlug,
    ) -> Self {
        Self::new(address.normal_form(), audience, client, None)
    }

    /// The view with the eligibility of the address, and no other facts about a contact.
    fn new(
        email: &'a str,
        audience: &'a AudienceSlug,
        client: &'a ClientSlug,
        seen: Option<&AudienceContact>,
    ) -> Self {
        let eligibility = Eligibility::of(seen);
        let no_verification = VerificationState::default;
        Self {
            contact_id: None,
            email,
            exists: false,
            outcome: None,
            verification_outcome: None,
            verified: false,
            verified_at: None,
            email_validation: EmailValidationView {
                status: ValidationStatus::Unknown,
                reason: "",
                validated_at: None,
            },
            global_unsubscribed: false,
            hard_bounced: false,
            complained: false,
            audience: SubscriptionView::new(audience.as_str(), None, no_verification()),
            client: SubscriptionView::new(client.as_str(), None, no_verification()),
            can_send_marketing: eligibility.can_send_marketing(),
            can_send_transactional: eligibility.can_send_transactional,
            marketing: MarketingView {
                verified_by: eligibility.verified_by,
                blocked_by: eligibility.blocked_by,
            },
            tags: &[],
        }
    }
}

/// The finding of an e-mail validation about the address.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EmailValidation))]
#[derive(Serialize)]
struct EmailValidationView<'a> {
    /// The result of the validation; `unknown` if there is none.
    status: ValidationStatus,
    /// The reason, in the words of the validation service. Empty if there is none.
    reason: &'a str,
    /// The time of the validation. Null if it is not known.
    validated_at: Option<Timestamp>,
}

/// The subscription of a client in an audience, or the subscription at audience level.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Subscription))]
#[derive(Serialize)]
struct SubscriptionView<'a> {
    /// The slug of the audience or of the client.
    slug: &'a str,
    /// Whether the status is `subscribed`.
    subscribed: bool,
    /// The status. Null if there is no subscription.
    status: Option<SubscriptionStatus>,
    /// Whether the address is verified at this level.
    verified: bool,
    /// The time of the verification at this level. Null if the address is not verified there.
    verified_at: Option<Timestamp>,
    /// The time at which the subscription ended. Null if it has not ended.
    unsubscribed_at: Option<Timestamp>,
    /// The reason for the end. Empty if there is none.
    unsubscribe_reason: &'a str,
}

impl<'a> SubscriptionView<'a> {
    fn new(
        slug: &'a str,
        subscription: Option<&'a Subscription>,
        verification: VerificationState,
    ) -> Self {
        let status = subscription.map(|subscription| subscription.status);
        let verification = verification.current;
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

/// The reasons for and against sending marketing to the address.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Marketing))]
#[derive(Serialize)]
struct MarketingView {
    /// The levels that hold a verification of the address. Empty if it is not verified.
    verified_by: Vec<Level>,
    /// The reasons not to send. Empty if there is none.
    blocked_by: Vec<Block>,
}
