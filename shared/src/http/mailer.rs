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
    /// The audience, which need not exist.
    pub audience: AudienceSlug,
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
    let audience = members.read("audience", parse::audience);
    Ok(match (address, audience, client) {
        (Some(address), Some(audience), Some(client)) => Some(AudienceMember {
            address,
            audience,
            client,
        }),
        _ => None,
    })
}

/// The time of a verification: `verified_at`, or now if it is absent.
///
/// `verified` is the value of the member with this name. If it is false, the result is `Some(None)`, and `verified_at` is not read.
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

/// The answer to a request for the status of an address: the contact that owns it, if the client has onboarded that contact.
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
    /// The error: its code, with a message or with the fields at fault.
    error: ErrorView<'a>,
    /// The id of the request, as in the header `x-request-id` and in the log.
    #[serde(rename = "requestId")]
    request_id: &'a str,
}

/// An error: its code, with a message or with the fields at fault.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = MailerErrorDetail))]
#[derive(Serialize)]
struct ErrorView<'a> {
    /// The kind of error: `validation_error` if fields are at fault.
    code: ErrorCode,
    /// The meaning of the code, in words for people. Absent if fields are at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    message: Option<String>,
    /// The codes of the fields at fault, by the fields' names, such as `phoneNumber.0.value`. Absent if no field is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    fields: Option<BTreeMap<&'a str, FieldCode>>,
}

/// A kind of error. With `validation_error`, `fields` has the faults. The status then says whether the request is invalid (400),
/// is forbidden (403), or names an unknown contact (404).
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

/// The fault of a field. `required`: the field is absent, null or blank, or a required text is not a text. `must_be_...`: the
/// field has another type or form. `invalid`: the field cannot have this value. `not_found`: the organization or the contact
/// does not have the value. `forbidden`: the token does not allow the value. `invalid_json` and `too_large` are faults of the
/// field `body`: the body is not JSON, or the change would make the contact too large.
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
