//! The dialect of the mailer: the endpoints that an application calls with its audience (contract section 7).

#[cfg(feature = "openapi")]
pub mod schemas;
mod view;

use std::collections::BTreeMap;

use lambda_http::Body;
use lambda_http::http::Response;
use serde::Serialize;

use self::view::ContactView;
use super::answer::failure_response;
use super::{Answer, Call, Failure, Members, parse};
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
    Some(Some(at.unwrap_or(call.received_at)))
}

/// The answer to a write. An upsert that verifies also has a `verification_outcome`.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn contact_changed(
    outcome: Outcome,
    verification_outcome: Option<Outcome>,
    contact: &AudienceContact,
) -> Result<Answer, Failure> {
    let mut view = ContactView::of(contact);
    view.outcome = Some(outcome);
    view.verification_outcome = verification_outcome;
    Answer::ok(outcome.as_str(), Some(contact.contact.version), &view)
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
    let view = contact.map_or_else(
        || ContactView::unknown(address, audience, client),
        ContactView::of,
    );
    let version = contact.map(|contact| contact.contact.version);
    Answer::ok("read", version, &view)
}

/// The response to a failure in this dialect.
#[must_use]
pub fn failure(failure: &Failure, request_id: &str) -> Response<Body> {
    let invalid = |fields: Vec<_>| (ErrorCode::ValidationError, Some(fields));
    let (code, fields) = match failure {
        Failure::Refused(Refusal::MissingAuthorization) => (ErrorCode::MissingAuthorization, None),
        Failure::Refused(Refusal::NotBearer) => (ErrorCode::InvalidAuthorization, None),
        Failure::Refused(Refusal::InvalidToken(_)) => (ErrorCode::InvalidToken, None),
        Failure::Refused(Refusal::KeysUnavailable(_)) | Failure::Unavailable(_) => {
            (ErrorCode::Unavailable, None)
        }
        Failure::PayloadTooLarge => (ErrorCode::PayloadTooLarge, None),
        Failure::UnsupportedMediaType => (ErrorCode::UnsupportedMediaType, None),
        Failure::VersionMismatch(_) => (ErrorCode::PreconditionFailed, None),
        Failure::Internal(_) => (ErrorCode::InternalError, None),
        Failure::ForeignClient | Failure::NotAdministrator => {
            invalid(vec![("client", FieldCode::Forbidden)])
        }
        Failure::AudienceNotFound => invalid(vec![("audience", FieldCode::NotFound)]),
        Failure::ContactNotFound | Failure::MethodNotFound(_) => {
            invalid(vec![("contact_id", FieldCode::NotFound)])
        }
        Failure::Invalid(faults) => {
            let fields = faults.iter();
            let fields = fields.map(|fault| (&*fault.member, fault.problem.code()));
            invalid(fields.collect())
        }
    };
    let error = ErrorView {
        code,
        message: fields.is_none().then(|| failure.message()),
        fields: fields.map(BTreeMap::from_iter),
    };
    failure_response(failure, &FailureView { error, request_id })
}

/// The error of an endpoint with the tag `Mailer`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = MailerError))]
#[derive(Serialize)]
struct FailureView<'a> {
    /// What is wrong.
    error: ErrorView<'a>,
    /// The id of the request, as in the header `x-request-id` and in the log.
    #[serde(rename = "requestId")]
    request_id: &'a str,
}

/// An error: its code, with a message or with the fields at fault.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = MailerErrorDetail))]
#[derive(Serialize)]
struct ErrorView<'a> {
    /// `validation_error` if fields are at fault.
    code: ErrorCode,
    /// The meaning of the code. Only if no field is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    message: Option<String>,
    /// The codes of the fields at fault, by their names (such as `phoneNumber.0.value`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    fields: Option<BTreeMap<&'a str, FieldCode>>,
}

/// A kind of error. With `validation_error`, `fields` says what is wrong; the status tells whether the request is invalid (400),
/// forbidden (403) or names an unknown contact (404).
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum ErrorCode {
    ValidationError,
    MissingAuthorization,
    InvalidAuthorization,
    InvalidToken,
    PayloadTooLarge,
    UnsupportedMediaType,
    PreconditionFailed,
    InternalError,
    Unavailable,
}

/// What is wrong with a field. `required`: it is absent, null or blank. `must_be_...`: it has another type or form. `invalid`: its
/// value is none that the field can have. `not_found`: the organization or the contact does not have it. `forbidden`: the token
/// does not allow it. `invalid_json` and `too_large` are about the field `body`: it is not JSON, or with it the contact would be
/// too large.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FieldCode {
    Required,
    Invalid,
    MustBeBoolean,
    MustBeString,
    MustBeList,
    MustBeNonEmptyStrings,
    MustBeObject,
    MustBeIsoDatetime,
    MustBeEntityTags,
    InvalidJson,
    NotFound,
    Forbidden,
    TooLarge,
}
