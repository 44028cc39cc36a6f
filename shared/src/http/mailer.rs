//! The dialect of the mailer: the endpoints that an application calls with its audience (contract section 7).

#[cfg(feature = "openapi")]
pub mod schemas;

use std::borrow::Cow;
use std::collections::BTreeMap;

use lambda_http::Body;
use lambda_http::http::Response;
use serde::Serialize;

use super::call::failure_response;
use super::{Answer, Call, Failure, Members, Problem};
use crate::auth::Refusal;
use crate::domain::{
    AudienceContact, AudienceSlug, Block, ClientSlug, ContactId, EmailAddress, Level, Outcome,
    Subscription, SubscriptionStatus, Tenant, Timestamp, ValidationStatus,
};
use crate::store::{AudienceContactChanged, ChangeAudienceContact};

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

/// Whom a request of an application is about: `email`, `audience` and `client`, noted as faults where they are not what
/// they must be. The audience is a slug only if one could be: what is not is no audience's.
///
/// # Errors
/// [`Failure::ForeignClient`] when it names another client than the token.
pub fn audience_member(
    members: &mut Members<'_>,
    of_token: &ClientSlug,
) -> Result<Option<AudienceMember>, Failure> {
    let client = client(members, of_token)?;
    let address = members.required_email_address("email");
    let audience = members.required_text("audience");
    Ok(match (address, audience, client) {
        (Some(address), Some(audience), Some(client)) => Some(AudienceMember {
            address,
            audience: AudienceSlug::parse(&audience).ok(),
            client,
        }),
        _ => None,
    })
}

/// Whom a request of an application is about.
#[derive(Debug, Clone)]
pub struct AudienceMember {
    /// The contact's address.
    pub address: EmailAddress,
    /// The audience; `None` where the text can be none.
    pub audience: Option<AudienceSlug>,
    /// The client.
    pub client: ClientSlug,
}

/// How far a subscription begins or ends, from near to far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(rename_all = "lowercase")
)]
pub enum Scope {
    /// For the client in the audience.
    Client,
    /// For the audience.
    Audience,
    /// For everything.
    Global,
}

impl Scope {
    /// The scope of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "client" => Some(Self::Client),
            "audience" => Some(Self::Audience),
            "global" => Some(Self::Global),
            _ => None,
        }
    }
}

/// Makes a change to the contact that owns an address, in the organization of the application that calls, and answers it.
///
/// # Errors
/// Why nothing was changed.
pub async fn change_audience_contact(
    call: &Call<'_>,
    tenant: &Tenant,
    change: &ChangeAudienceContact,
) -> Result<Answer, Failure> {
    let store = &call.service.store;
    let AudienceContactChanged {
        is_new,
        outcome,
        contact,
    } = store.change_audience_contact(tenant, change).await?;
    let email = Some(change.address.normal_form());
    let view = ContactView::new(Some(outcome), email, &contact);
    Ok(Answer::contact(outcome, contact.contact.version, &view)?.created_if(is_new))
}

/// The answer that shows the contact in an audience for a client, after a change.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn contact_changed(outcome: Outcome, contact: &AudienceContact) -> Result<Answer, Failure> {
    let email = contact.contact.primary_email();
    let email = email.map(|email| email.normal_form.as_str());
    Answer::contact(
        outcome,
        contact.contact.version,
        &ContactView::new(Some(outcome), email, contact),
    )
}

/// The answer to a client that asks for the contact that owns an address.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn contact_status(
    address: &EmailAddress,
    contact: &AudienceContact,
) -> Result<Answer, Failure> {
    let view = ContactView::new(None, Some(address.normal_form()), contact);
    Answer::read(Some(contact.contact.version), &view)
}

/// The answer to a client that asks for the contact that owns an address, where there is none that it has onboarded.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn unknown_contact_status(
    address: &EmailAddress,
    audience: &AudienceSlug,
    client: &ClientSlug,
) -> Result<Answer, Failure> {
    Answer::read(None, &ContactView::unknown(address, audience, client))
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
        Failure::ForeignClient => ErrorView::field("client", "forbidden"),
        Failure::Invalid(faults) => ErrorView::fields(
            faults
                .iter()
                .map(|fault| (fault.member.clone(), problem_code(fault.problem))),
        ),
        Failure::AudienceNotFound => ErrorView::field("audience", "not_found"),
        Failure::ContactNotFound | Failure::MethodNotFound(_) => {
            ErrorView::field("contact_id", "not_found")
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
        Problem::MustBePhoneNumber
        | Problem::MustBeEmailAddress
        | Problem::MustHaveOnePrimary
        | Problem::MustBeSubscriptionStatus
        | Problem::MustBeValidationStatus
        | Problem::MustBeScope => "invalid",
        Problem::MustBeString => "must_be_string",
        Problem::MustBeList => "must_be_list",
        Problem::MustBeNonEmptyStrings => "must_be_non_empty_strings",
        Problem::MustBeDateTimeOrNull | Problem::MustBeIsoDatetime => "must_be_iso_datetime",
        Problem::MustBeLabel => "must_be_label",
        Problem::MustBeEntityTags => "must_be_entity_tags",
        Problem::Ambiguous => "ambiguous",
        Problem::Taken => "taken",
        Problem::TooLarge => "too_large",
    }
}

/// Why a request was not done.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = MailerError))]
#[derive(Serialize)]
struct FailureView<'a> {
    error: ErrorView,
    /// The request, as in the header `x-request-id` and in the log.
    #[serde(rename = "requestId")]
    request_id: &'a str,
}

/// A code, and either what it means or the fields at fault.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = MailerErrorDetail))]
#[derive(Serialize)]
struct ErrorView {
    /// `validation_error` where fields are at fault.
    #[cfg_attr(feature = "openapi", schema(value_type = schemas::ErrorCode))]
    code: &'static str,
    /// What the code means; only where no field is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    message: Option<String>,
    /// What is wrong with each field at fault, by its name (such as `phoneNumber.0.value`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, value_type = Option<BTreeMap<String, schemas::FieldCode>>))]
    fields: Option<BTreeMap<Cow<'static, str>, &'static str>>,
}

impl ErrorView {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: Some(message.into()),
            fields: None,
        }
    }

    fn field(field: &'static str, code: &'static str) -> Self {
        Self::fields([(field.into(), code)])
    }

    fn fields(fields: impl IntoIterator<Item = (Cow<'static, str>, &'static str)>) -> Self {
        Self {
            code: "validation_error",
            message: None,
            fields: Some(fields.into_iter().collect()),
        }
    }
}

/// A contact in one audience for one client (contract section 7).
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AudienceContact, description = "A contact in one audience for one client."))]
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the members of the contract")]
struct ContactView<'a> {
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
    /// A contact as `seen`, by this address of it.
    fn new(outcome: Option<Outcome>, email: Option<&'a str>, seen: &'a AudienceContact) -> Self {
        let contact = &seen.contact;
        let eligibility = seen.eligibility();
        let verified_at = contact
            .verification
            .as_ref()
            .map(|verification| verification.at);
        Self {
            contact_id: Some(&contact.id),
            email,
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

    /// Nobody that the client knows.
    fn unknown(
        address: &'a EmailAddress,
        audience: &'a AudienceSlug,
        client: &'a ClientSlug,
    ) -> Self {
        Self {
            contact_id: None,
            email: Some(address.normal_form()),
            exists: false,
            outcome: None,
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
            audience: SubscriptionView::new(audience.as_str(), None),
            client: SubscriptionView::new(client.as_str(), None),
            can_send_marketing: false,
            can_send_transactional: false,
            marketing: MarketingView {
                verified_by: Vec::new(),
                blocked_by: vec![Block::NotVerified, Block::NotSubscribed],
            },
            tags: &[],
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
