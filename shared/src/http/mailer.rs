//! The dialect of the mailer: endpoints 3 and 7 (contract section 7).

use std::collections::BTreeMap;

use lambda_http::Body;
use lambda_http::http::Response;
use serde::Serialize;

use super::call::failure_response;
use super::{Answer, Failure, Members, Problem};
use crate::auth::Refusal;
use crate::domain::{
    AudienceContact, Block, ClientSlug, ContactId, Level, Outcome, Subscription,
    SubscriptionStatus, Timestamp, ValidationStatus,
};

/// The client that the body names, which must be the token's. None where it names none, which is noted as a fault.
///
/// # Errors
/// [`Failure::ForeignClient`] when it names another.
pub fn client(
    members: &mut Members<'_>,
    of_token: &ClientSlug,
) -> Result<Option<ClientSlug>, Failure> {
    match members.required_text("client") {
        Some(named) if named != of_token.as_str() => Err(Failure::ForeignClient),
        named => Ok(named.map(|_| of_token.clone())),
    }
}

/// The answer that shows the contact in an audience for a client, after a change.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn contact_changed(outcome: Outcome, contact: &AudienceContact) -> Result<Answer, Failure> {
    Answer::contact(
        outcome,
        contact.contact.version,
        &ContactView::new(outcome, contact),
    )
}

/// The one function that makes a response of a failure in this dialect.
#[must_use]
pub fn failure(failure: &Failure, request_id: &str) -> Response<Body> {
    let error = match failure {
        Failure::Refused(Refusal::KeysUnavailable(_)) | Failure::Unavailable(_) => {
            ErrorView::new("unavailable", "Service temporarily unavailable")
        }
        Failure::Refused(refusal) => ErrorView::new(refusal_code(refusal), refusal.to_string()),
        Failure::PayloadTooLarge => ErrorView::new("payload_too_large", "Payload too large"),
        Failure::UnsupportedMediaType => ErrorView::new(
            "unsupported_media_type",
            "Content type must be application/json",
        ),
        Failure::ForeignClient => ErrorView::fields([("client", "forbidden")]),
        Failure::Invalid(faults) => ErrorView::fields(
            faults
                .iter()
                .map(|fault| (fault.member, problem_code(fault.problem))),
        ),
        Failure::AudienceNotFound => ErrorView::fields([("audience", "not_found")]),
        Failure::ContactNotFound | Failure::MethodNotFound(_) => {
            ErrorView::fields([("contact_id", "not_found")])
        }
        Failure::VersionMismatch(_) => ErrorView::new("precondition_failed", "Contact has changed"),
        Failure::Internal(_) => ErrorView::new("internal_error", "Internal server error"),
    };
    failure_response(failure, &FailureView { error, request_id })
}

fn refusal_code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::MissingAuthorization => "missing_authorization",
        Refusal::NotBearer => "invalid_authorization",
        Refusal::InvalidToken(_) => "invalid_token",
        Refusal::KeysUnavailable(_) => "unavailable",
    }
}

fn problem_code(problem: Problem) -> &'static str {
    match problem {
        Problem::InvalidJson => "invalid_json",
        Problem::MustBeObject => "must_be_object",
        Problem::Required => "required",
        Problem::MustBeBoolean => "must_be_boolean",
        Problem::MustBeMethodKind => "must_be_phone_or_email",
        Problem::MustBeMethodValue => "must_be_phone_number_or_email_address",
        Problem::MustBePhoneNumber => "must_be_phone_number",
        Problem::MustBeEmailAddress => "must_be_email_address",
        Problem::MustBeDateTimeOrNull | Problem::MustBeIsoDatetime => "must_be_iso_datetime",
        Problem::MustBeLabel => "must_be_label",
        Problem::MustBeEntityTags => "must_be_entity_tags",
        Problem::Ambiguous => "ambiguous",
    }
}

#[derive(Serialize)]
struct FailureView<'a> {
    error: ErrorView,
    #[serde(rename = "requestId")]
    request_id: &'a str,
}

#[derive(Serialize)]
struct ErrorView {
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<BTreeMap<&'static str, &'static str>>,
}

impl ErrorView {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: Some(message.into()),
            fields: None,
        }
    }

    fn fields(fields: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        Self {
            code: "validation_error",
            message: None,
            fields: Some(fields.into_iter().collect()),
        }
    }
}

/// A contact in one audience for one client (contract section 7).
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the members of the contract")]
struct ContactView<'a> {
    contact_id: &'a ContactId,
    email: Option<&'a str>,
    exists: bool,
    outcome: Outcome,
    verified: bool,
    verified_at: Option<Timestamp>,
    email_validation: EmailValidationView<'a>,
    global_unsubscribed: bool,
    hard_bounced: bool,
    complained: bool,
    audience: SubscriptionView<'a>,
    client: SubscriptionView<'a>,
    can_send_marketing: bool,
    can_send_transactional: bool,
    marketing: MarketingView,
    tags: &'a [String],
}

impl<'a> ContactView<'a> {
    fn new(outcome: Outcome, seen: &'a AudienceContact) -> Self {
        let contact = &seen.contact;
        let eligibility = seen.eligibility();
        let verified_at = contact
            .verification
            .as_ref()
            .map(|verification| verification.at);
        Self {
            contact_id: &contact.id,
            email: contact
                .primary_email()
                .map(|email| email.normal_form.as_str()),
            exists: true,
            outcome,
            verified: verified_at.is_some(),
            verified_at,
            email_validation: EmailValidationView {
                status: contact.email_validation.status,
                reason: &contact.email_validation.reason,
                validated_at: contact.email_validation.validated_at,
            },
            global_unsubscribed: contact.suppression.globally_unsubscribed_at.is_some(),
            hard_bounced: contact.suppression.hard_bounced_at.is_some(),
            complained: contact.suppression.complained_at.is_some(),
            audience: SubscriptionView::new(
                seen.audience.as_str(),
                seen.audience_subscription.as_ref(),
            ),
            client: SubscriptionView::new(seen.client.as_str(), Some(&seen.client_subscription)),
            can_send_marketing: eligibility.can_send_marketing(),
            can_send_transactional: eligibility.can_send_transactional,
            marketing: MarketingView {
                verified_by: eligibility.verified_by,
                blocked_by: eligibility.blocked_by,
            },
            tags: contact.tags.get(&seen.audience).map_or(&[], Vec::as_slice),
        }
    }
}

#[derive(Serialize)]
struct EmailValidationView<'a> {
    status: ValidationStatus,
    reason: &'a str,
    validated_at: Option<Timestamp>,
}

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

#[derive(Serialize)]
struct MarketingView {
    verified_by: Vec<Level>,
    blocked_by: Vec<Block>,
}
