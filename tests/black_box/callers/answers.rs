//! Whether an answer is the one that the contract promises, in the dialect of its route (contract sections 6 and 7).

use black_box_tests::Answer;
use serde_json::{Value, json};
use shared::http::{Dialect, Route};

use super::caller::Refusal;
use super::contract::Expected;
use super::world::Cell;

/// The fault of an answer, if it has one.
pub(super) fn fault(cell: &Cell, expected: Expected, answer: &Answer) -> Option<String> {
    let status = match expected {
        Expected::Unauthorized(_) => 401,
        Expected::Forbidden => 403,
        Expected::UnknownAudience | Expected::Ambiguous => 400,
        Expected::NotFound => 404,
        Expected::Unknown | Expected::Done(_) => 200,
        Expected::Created(_) => 201,
    };
    if answer.status != status {
        return Some(format!("has the status {}", answer.status));
    }
    let is_right = match expected {
        Expected::Unauthorized(refusal) => is_challenge(cell.route, refusal, answer),
        Expected::Done(organization) => match cell.route {
            Route::EraseContact => answer.body["message"] == "Contact erased",
            Route::GetHistory => answer.body["contactId"] == cell.contact(),
            _ => is_about(cell, answer, Some(organization.id().as_str())),
        },
        Expected::Created(_) => is_about(cell, answer, None),
        Expected::Unknown => answer.body["exists"] == false,
        _ => is_failure(cell.route, expected, answer),
    };
    (!is_right).then(|| format!("has the body {} and {:?}", answer.body, answer.headers))
}

/// Whether the answer shows the cell's contact of this organization, or a new contact if the organization is `None`.
fn is_about(cell: &Cell, answer: &Answer, organization: Option<&str>) -> bool {
    match cell.route.dialect() {
        Dialect::Crm => {
            let wrapped = &answer.body["data"]["contact"];
            let contact = if wrapped.is_null() {
                &answer.body
            } else {
                wrapped
            };
            contact["_id"] == cell.contact() && contact["organizationId"].as_str() == organization
        }
        Dialect::Mailer => {
            let is_the_known_one = answer.body["contact_id"] == cell.contact();
            answer.body["exists"] == true
                && answer.body["email"] == cell.email()
                && is_the_known_one == organization.is_some()
        }
    }
}

/// Whether the body of a 400, 403 or 404 is the one of the route's dialect.
fn is_failure(route: Route, expected: Expected, answer: &Answer) -> bool {
    let error = &answer.body["error"];
    match route.dialect() {
        Dialect::Crm => {
            let begins = match expected {
                Expected::Forbidden => "Forbidden: ",
                Expected::Ambiguous => "Invalid payload: id ",
                _ => "Contact not found",
            };
            is_text(answer, begins)
        }
        Dialect::Mailer => {
            let fields = match expected {
                Expected::Forbidden => json!({ "client": "forbidden" }),
                Expected::UnknownAudience => json!({ "audience": "not_found" }),
                _ => json!({ "contact_id": "not_found" }),
            };
            *error == json!({ "code": "validation_error", "fields": fields })
        }
    }
}

/// Whether the answer says why the caller is not authenticated, in its body and in `WWW-Authenticate`.
fn is_challenge(route: Route, refusal: Refusal, answer: &Answer) -> bool {
    let challenge = answer.header("www-authenticate").unwrap_or_default();
    let bad_token = "Bearer error=\"invalid_token\", error_description=\"";
    let (code, is_challenged) = match refusal {
        Refusal::NoToken => ("missing_authorization", challenge == "Bearer"),
        Refusal::NotBearer => ("invalid_authorization", challenge == "Bearer"),
        Refusal::BadToken(kind) => {
            let description = challenge.strip_prefix(bad_token);
            let names_kind = description.is_some_and(|description| description.contains(kind));
            ("invalid_token", names_kind)
        }
    };
    let is_body_right = match route.dialect() {
        Dialect::Crm => is_text(answer, "Unauthorized: "),
        Dialect::Mailer => {
            let error = &answer.body["error"];
            error["code"] == code && error["message"].is_string() && error.get("fields").is_none()
        }
    };
    is_challenged && is_body_right
}

/// Whether the body is an error of the CRM's dialect that begins with this text.
fn is_text(answer: &Answer, begins: &str) -> bool {
    let text = answer.body["error"].as_str().unwrap_or_default();
    let request_id = answer.header("x-request-id");
    text.starts_with(begins)
        && answer.body == json!({ "error": text, "message": text, "requestId": request_id })
}

/// The parts of an answer that a caller sees, without the names of the request, of the cell, and of a created contact.
pub(super) fn seen(cell: &Cell, answer: &Answer) -> (u16, String, Vec<(String, String)>) {
    let mut body = answer.body.clone();
    if body.get("requestId").is_some() {
        body["requestId"] = Value::Null;
    }
    if answer.status == 201 {
        body["contact_id"] = Value::Null;
    }
    let headers = answer.headers.iter();
    let mut headers: Vec<_> = headers
        .filter(|(name, _)| *name != "x-request-id" && *name != "date")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let body = body.to_string().replace(&cell.key(), "CELL");
    let body = body.replace(cell.audience(), "AUDIENCE");
    (answer.status, body, headers)
}
