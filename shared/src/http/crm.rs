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
    Actor, Contact, ContactId, ContactMethod, HistoryEntry, MethodKind, MethodValue,
    OrganizationId, Outcome, PhoneNumber, Timestamp, VerificationSource,
};
use crate::store::{Erasure, HistoryPage, VerifyMethod};

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

/// The contact method that `type` and `value` name; `Some(None)` if both are absent. A request has both or neither.
pub fn optional_method(
    members: &mut Members<'_>,
    phone_number: impl FnOnce(&Value) -> Result<PhoneNumber, Problem>,
) -> Option<Option<MethodValue>> {
    if ["type", "value"]
        .into_iter()
        .all(|name| members.is_blank(name))
    {
        return Some(None);
    }
    method(members, phone_number).map(Some)
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

/// The answer that shows a contact after a change to a method of this kind. `done` ends the message. The message depends on the
/// request and not on the outcome (contract section 6).
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

/// The answer with a page of a contact's history.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn history(id: &ContactId, page: &HistoryPage) -> Result<Answer, Failure> {
    let body = HistoryView {
        contact_id: id,
        entries: &page.entries,
        next_cursor: page.next_cursor.as_deref(),
    };
    Answer::ok("read", None, &body)
}

/// The answer to an erasure.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn erased(erasure: Erasure) -> Result<Answer, Failure> {
    let body = ContactErased {
        message: "Contact erased",
        data: ContactErasedData {
            methods: erasure.methods,
            subscriptions: erasure.subscriptions,
            history_entries: erasure.history_entries,
        },
    };
    Answer::ok("erased", None, &body)
}

/// The sentence about a failure in this dialect.
#[must_use]
pub fn sentence(failure: &Failure) -> String {
    match failure.status() {
        StatusCode::UNAUTHORIZED => format!("Unauthorized: {failure}"),
        _ => failure.message(),
    }
}

/// The response to a failure in this dialect.
#[must_use]
pub fn failure(failure: &Failure, request_id: &str) -> Response<Body> {
    let text = sentence(failure);
    let body = ErrorView {
        error: &text,
        message: &text,
        request_id,
    };
    failure_response(failure, &body)
}

/// The error of an endpoint with the tag `CRM`. `error` and `message` have the same text.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CrmError))]
#[derive(Serialize)]
struct ErrorView<'a> {
    /// The kind of error and every fault, in words for people. Programs read the kind from the status code.
    error: &'a str,
    /// The same text as `error`.
    message: &'a str,
    /// The id of the request, as in the header `x-request-id` and in the log.
    #[serde(rename = "requestId")]
    request_id: &'a str,
}

/// A contact after a change to one of its phone numbers or addresses.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = MethodChanged))]
#[derive(Serialize)]
struct MethodChanged<'a> {
    /// The request in words, such as `Phone number verified`. It is the same for every outcome.
    message: String,
    /// The outcome, and the contact after the request.
    data: MethodChangedData<'a>,
}

/// The outcome of a request, and the contact after the request.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = MethodChangedData))]
#[derive(Serialize)]
struct MethodChangedData<'a> {
    /// The outcome of the request: `recorded`, `kept`, `cleared`, `updated` or `unchanged`.
    outcome: Outcome,
    /// The contact after the request.
    contact: ContactView<'a>,
}

// Contract section 13.
/// A page of a contact's history, newest entries first.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = VerificationHistory))]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HistoryView<'a> {
    /// The id of the contact.
    contact_id: &'a ContactId,
    /// The entries of the page, newest first. In a request with `type` and `value`, a page before the last one may have fewer
    /// entries than `limit`, or none.
    entries: &'a [HistoryEntry],
    /// The value of the parameter `cursor` for the next page. Null if this page is the last one.
    next_cursor: Option<&'a str>,
}

/// The confirmation that a contact is erased.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ContactErased))]
#[derive(Serialize)]
struct ContactErased {
    /// The request in words: `Contact erased`.
    message: &'static str,
    /// The counts of the erased data.
    data: ContactErasedData,
}

/// The counts of an erased contact's data.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ContactErasedData))]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContactErasedData {
    /// The number of phone numbers and e-mail addresses that the contact had.
    methods: u64,
    /// The number of subscriptions that the contact had.
    subscriptions: u64,
    /// The number of entries in the contact's history. They stay as dated facts, without personal data.
    history_entries: u64,
}

/// A contact as the CRM sees it (contract section 8).
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Contact, description = "A contact of the organization, with its phone numbers and e-mail addresses and their verifications."))]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContactView<'a> {
    /// The id of the contact, as in the paths.
    #[serde(rename = "_id")]
    id: &'a ContactId,
    /// The first name, if known.
    first_name: Option<&'a str>,
    /// The last name, if known.
    last_name: Option<&'a str>,
    /// The phone numbers, in the order in which they were added.
    phone_number: Vec<MethodView<'a>>,
    /// Further phone numbers of an imported contact. They have no verification, and no endpoint changes them.
    secondary_phone_number: &'a [String],
    /// The primary e-mail address, as it was given. Null if the contact has no address.
    email: Option<&'a str>,
    /// The e-mail addresses, in the order in which they were added.
    emails: Vec<MethodView<'a>>,
    /// The status of the contact in the CRM. No endpoint changes it.
    status: Option<&'a str>,
    /// The id of the contact's pipeline in the CRM. No endpoint changes it.
    pipeline_id: Option<&'a str>,
    /// The id of the contact's stage in that pipeline. No endpoint changes it.
    pipeline_stage: Option<&'a str>,
    /// The organization that owns the contact.
    organization_id: &'a OrganizationId,
    /// The id of the CRM user who owns the contact. No endpoint changes it.
    user_id: Option<&'a str>,
    /// The id of the CRM user who created the contact, if known.
    created_by: Option<&'a str>,
    /// The ids of the CRM users to whom the contact is assigned. No endpoint changes them.
    assignees: &'a [String],
    /// The time at which the contact was created.
    created_at: Timestamp,
    /// The time of the last change to the contact. A request with the outcome `kept` or `unchanged` is not a change.
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

/// A phone number or e-mail address of a contact, with its verification. `verifiedAt` is absent if the number or address is not
/// verified.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ContactMethod))]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MethodView<'a> {
    /// The phone number in E.164, or the address as it was given.
    value: &'a str,
    /// Whether the number or address is the primary one of its kind.
    is_primary: bool,
    /// The time of the verification. Absent if the number or address is not verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    verified_at: Option<Timestamp>,
    /// The caller who verified the number or address: a token's subject, or `client:` and an application's slug. Absent if the
    /// number or address is not verified, or if the caller is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    verified_by: Option<&'a Actor>,
    /// The source of the verification, in the caller's words. Absent if the caller gave none.
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
