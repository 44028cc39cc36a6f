//! The dialect of the mailer: the endpoints that an application calls with its audience (contract section 7).

#[cfg(feature = "openapi")]
pub mod schemas;
mod view;

use std::borrow::Cow;
use std::collections::BTreeMap;

use lambda_http::Body;
use lambda_http::http::Response;
use serde::Serialize;

use self::view::ContactView;
use super::answer::failure_response;
use super::{Answer, Call, Failure, Members, Problem, parse};
use crate::auth::Refusal;
use crate::domain::{AudienceContact, AudienceSlug, ClientSlug, EmailAddress, Outcome, Timestamp};

/// The subscriber that a request is about.
#[derive(Debug, Clone)]
pub struct AudienceMember {
    /// The contact's address.
    pub address: EmailAddress,
    /// The audience; `None` where the text is no slug, so that no audience has it.
    pub audience: Option<AudienceSlug>,
    /// The client.
    pub client: ClientSlug,
}

/// The client that the body names, which must be the token's.
///
/// # Errors
/// [`Failure::ForeignClient`] when the body names another client.
pub fn client(
    members: &mut Members<'_>,
    of_token: &ClientSlug,
) -> Result<Option<ClientSlug>, Failure> {
    match members.read("client", parse::required_text) {
        Some(named) if named != of_token.as_str() => Err(Failure::ForeignClient),
        named => Ok(named.map(|_| of_token.clone())),
    }
}

/// The subscriber that a request is about: `email`, `audience` and `client`.
///
/// # Errors
/// [`Failure::ForeignClient`] when the body names another client than the token.
pub fn audience_member(
    members: &mut Members<'_>,
    of_token: &ClientSlug,
) -> Result<Option<AudienceMember>, Failure> {
    let client = client(members, of_token)?;
    let address = members.read("email", parse::non_blank(parse::email_address));
    let audience = members.read("audience", parse::required_text);
    Ok(match (address, audience, client) {
        (Some(address), Some(audience), Some(client)) => Some(AudienceMember {
            address,
            audience: AudienceSlug::parse(&audience).ok(),
            client,
        }),
        _ => None,
    })
}

/// The time of a verification: `verified_at`, or now where it is absent.
///
/// `verified` is the member of this name. If it is false, the result is `Some(None)`, and `verified_at` is not read.
pub fn verified_at(
    members: &mut Members<'_>,
    verified: Option<bool>,
    call: &Call<'_>,
) -> Option<Option<Timestamp>> {
    if !verified? {
        return Some(None);
    }
    let parse = parse::iso_date_time(call.service.time_zone);
    let at = members.optional("verified_at", parse)?;
    Some(Some(at.unwrap_or(call.now())))
}

/// The answer to a write. It shows the contact by this address of it.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn contact_changed(
    outcome: Outcome,
    email: Option<&str>,
    contact: &AudienceContact,
) -> Result<Answer, Failure> {
    let view = ContactView::new(
        Some(outcome),
        email,
        &contact.audience,
        &contact.client,
        Some(contact),
    );
    Answer::contact(outcome, contact.contact.version, &view)
}

/// The answer to a question about an address: the contact that owns it, if the client has onboarded that contact.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn contact_status(
    address: &EmailAddress,
    audience: &AudienceSlug,
    client: &ClientSlug,
    contact: Option<&AudienceContact>,
) -> Result<Answer, Failure> {
    let view = ContactView::new(None, Some(address.normal_form()), audience, client, contact);
    Answer::read(contact.map(|contact| contact.contact.version), &view)
}

/// The response to a failure in this dialect.
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
