//! The dialect of the CRM: the endpoints that name a contact by its id alone (contract sections 6 and 8).

#[cfg(feature = "openapi")]
pub mod schemas;

use lambda_http::Body;
use lambda_http::http::{Response, StatusCode};
use serde::Serialize;
use serde_json::Value;

use super::answer::failure_response;
use super::failure::method_name;
use super::{Answer, Failure, Members, Problem, parse};
use crate::domain::{
    Actor, Contact, ContactId, ContactMethod, MethodKind, MethodValue, OrganizationId, Outcome,
    PhoneNumber, Timestamp, VerificationSource,
};
use crate::store::VerifyMethod;

/// The contact method that `type` and `value` name. `phone_number` reads a phone number.
pub fn method(
    members: &mut Members<'_>,
    phone_number: impl FnOnce(&Value) -> Result<PhoneNumber, Problem>,
) -> Option<MethodValue> {
    let kind = members.read("type", |json| match json.as_str().map(str::trim) {
        Some("phone") => Ok(MethodKind::Phone),
        Some("email") => Ok(MethodKind::Email),
        _ => Err(Problem::MustBeMethodKind),
    });
    let value = members.read("value", |json| match kind {
        Some(MethodKind::Phone) => phone_number(json).map(MethodValue::Phone).map(Some),
        Some(MethodKind::Email) => parse::email_address(json).map(MethodValue::Email).map(Some),
        None if parse::required_text(json).is_ok() => Ok(None),
        None => Err(Problem::MustBeMethodValue),
    });
    value.flatten()
}

/// The answer to a read of a contact.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn contact(contact: &Contact) -> Result<Answer, Failure> {
    Answer::ok("read", Some(contact.version), &ContactView::new(contact))
}

/// The answer to a verification of a contact method, or to its clear.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn method_verified(
    change: &VerifyMethod,
    outcome: Outcome,
    contact: &Contact,
) -> Result<Answer, Failure> {
    let done = match change.verification {
        Some(_) => "verified",
        None => "verification cleared",
    };
    method_changed(change.method.kind(), done, outcome, contact)
}

/// The answer that shows a contact after a change to a method of this kind. `done` ends the message, which follows the
/// request, whatever the outcome (contract section 6).
///
/// # Errors
/// When it cannot be written as JSON.
pub fn method_changed(
    kind: MethodKind,
    done: &str,
    outcome: Outcome,
    contact: &Contact,
) -> Result<Answer, Failure> {
    let body = MethodChanged {
        message: format!("{} {done}", method_name(kind)),
        data: MethodChangedData {
            outcome,
            contact: ContactView::new(contact),
        },
    };
    Answer::ok(outcome.as_str(), Some(contact.version), &body)
}

/// The response to a failure in this dialect.
#[must_use]
pub fn failure(failure: &Failure, request_id: &str) -> Response<Body> {
    let text = match failure.status_and_kind() {
        (StatusCode::UNAUTHORIZED, _) => format!("Unauthorized: {failure}"),
        _ => failure.message(),
    };
    let body = ErrorView {
        error: &text,
        message: &text,
        request_id,
    };
    failure_response(failure, &body)
}

/// An error. `error` and `message` have the same text.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CrmError))]
#[derive(Serialize)]
struct ErrorView<'a> {
    error: &'a str,
    message: &'a str,
    /// The id of the request, as in the header `x-request-id` and in the log.
    #[serde(rename = "requestId")]
    request_id: &'a str,
}

/// A contact after a change to one of its phone numbers or addresses.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = MethodChanged))]
#[derive(Serialize)]
struct MethodChanged<'a> {
    /// The request in words, such as `Phone number verified`, whatever the outcome.
    message: String,
    data: MethodChangedData<'a>,
}

/// The outcome, and the contact after it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = MethodChangedData))]
#[derive(Serialize)]
struct MethodChangedData<'a> {
    outcome: Outcome,
    contact: ContactView<'a>,
}

/// A contact as the CRM sees it (contract section 8).
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Contact, description = "A contact as the CRM sees it."))]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContactView<'a> {
    #[serde(rename = "_id")]
    id: &'a ContactId,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    /// In the order in which they were added.
    phone_number: Vec<MethodView<'a>>,
    secondary_phone_number: &'a [String],
    /// The primary address.
    email: Option<&'a str>,
    /// In the order in which they were added.
    emails: Vec<MethodView<'a>>,
    status: Option<&'a str>,
    pipeline_id: Option<&'a str>,
    pipeline_stage: Option<&'a str>,
    organization_id: &'a OrganizationId,
    user_id: Option<&'a str>,
    created_by: Option<&'a str>,
    assignees: &'a [String],
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl<'a> ContactView<'a> {
    fn new(contact: &'a Contact) -> Self {
        Self {
            id: &contact.id,
            first_name: contact.first_name.as_deref(),
            last_name: contact.last_name.as_deref(),
            phone_number: contact.phones.iter().map(MethodView::new).collect(),
            secondary_phone_number: &contact.secondary_phone_numbers,
            email: contact.primary_email().map(|email| email.value.as_str()),
            emails: contact.emails.iter().map(MethodView::new).collect(),
            status: contact.status.as_deref(),
            pipeline_id: contact.pipeline_id.as_deref(),
            pipeline_stage: contact.pipeline_stage.as_deref(),
            organization_id: &contact.organization_id,
            user_id: contact.user_id.as_deref(),
            created_by: contact.created_by.as_deref(),
            assignees: &contact.assignees,
            created_at: contact.created_at,
            updated_at: contact.updated_at,
        }
    }
}

/// A phone number or e-mail address. The last three members are absent if it is not verified.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ContactMethod))]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MethodView<'a> {
    /// The phone number in E.164, or the address as it was given.
    value: &'a str,
    /// Whether it is the primary one of its kind.
    is_primary: bool,
    /// The time of the verification.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    verified_at: Option<Timestamp>,
    /// The author of the verification: a token's subject, or `client:` and an application's slug.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    verified_by: Option<&'a Actor>,
    /// The source of the verification, in the caller's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    verification_source: Option<&'a VerificationSource>,
}

impl<'a> MethodView<'a> {
    fn new(method: &'a ContactMethod) -> Self {
        let verification = method.verification.current.as_ref();
        Self {
            value: &method.value,
            is_primary: method.is_primary,
            verified_at: verification.map(|verification| verification.at),
            verified_by: verification.and_then(|verification| verification.by.as_ref()),
            verification_source: verification.and_then(|verification| verification.source.as_ref()),
        }
    }
}
