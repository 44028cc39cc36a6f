//! The checks that need no data and change none: the API must refuse each request. Every function gets them, because every
//! function has its own settings. An API that fails to refuse a request still writes nothing: the contact does not exist, and
//! `If-Match` fits no version.

use serde_json::{Value, json};
use shared::http::{Dialect, Route};

use super::check::{Authorization, Check, Expected, IfMatch};
use crate::openapi::examples::{self, without};

/// The id of a contact that does not exist.
pub(super) const NOBODY: &str = "contacts-smoke-no-such-contact";

/// The maximum length of a body. A body with a text of this length is too long.
const TOO_LONG: usize = 16 * 1024;

/// The checks.
pub(super) fn checks() -> Vec<Check> {
    let mut checks: Vec<_> = Route::ALL
        .into_iter()
        .flat_map(|route| {
            let of_body = route.has_body().then(|| of_body(route));
            of_any(route)
                .into_iter()
                .chain(of_body.into_iter().flatten())
        })
        .collect();
    checks.extend([
        Check {
            authorization: Authorization::NotBearer,
            ..check(
                Route::VerifyContact,
                "answers 401 to credentials that are not a bearer token",
                &body(Route::VerifyContact),
                Expected::mailer_error(401, "invalid_authorization", "…").challenge("Bearer"),
            )
        },
        check(
            Route::VerifyContact,
            "answers 403 to the client of another application",
            &json!({ "verified": false, "audience": "newsletter", "client": "contacts-smoke-other" }),
            Expected::mailer_faults(403, json!({ "client": "forbidden" })),
        ),
        check(
            Route::VerifyContact,
            "answers 400 for an audience that does not exist",
            &json!({ "verified": false, "audience": "contacts-smoke-none", "client": "website" }),
            Expected::mailer_faults(400, json!({ "audience": "not_found" })),
        ),
    ]);
    checks.extend(
        [Route::VerifyPhoneNumber, Route::VerifyContactMethod].map(|route| {
            let mut misspelled = without(body(route), "verifiedAt");
            misspelled["verified_at"] = json!("2024-09-01T10:00:00Z");
            check(
                route,
                "answers 400 to a misspelling of verifiedAt, and does not clear",
                &misspelled,
                Expected::crm_error(
                    400,
                    "Invalid payload: verified_at must be spelled verifiedAt",
                ),
            )
        }),
    );
    checks.extend(
        [
            Route::VerifyPhoneNumber,
            Route::VerifyContactMethod,
            Route::GetContact,
            Route::AddContactMethod,
            Route::RemoveContactMethod,
            Route::GetHistory,
        ]
        .map(|route| {
            check(
                route,
                "answers 404 for a contact that does not exist",
                &body(route),
                Expected::crm_error(404, "Contact not found"),
            )
        }),
    );
    checks
}

/// An error in the dialect of an endpoint.
fn error(route: Route, status: u16, text: &str, code: &str) -> Expected {
    match route.dialect() {
        Dialect::Crm => Expected::crm_error(status, text),
        Dialect::Mailer => Expected::mailer_error(status, code, "…"),
    }
}

/// The checks of every endpoint, in its dialect.
fn of_any(route: Route) -> Vec<Check> {
    let error = |status, text: &str, code: &str| error(route, status, text, code);
    let mut checks = vec![
        Check {
            authorization: Authorization::Missing,
            ..check(
                route,
                "answers 401 without a token",
                &body(route),
                error(401, "Unauthorized: …", "missing_authorization").challenge("Bearer"),
            )
        },
        Check {
            authorization: Authorization::Forged,
            ..check(
                route,
                "answers 401 to a token with a forged signature",
                &body(route),
                error(401, "Unauthorized: …", "invalid_token")
                    .challenge("Bearer error=\"invalid_token\", error_description=\"…\""),
            )
        },
    ];
    checks.extend(with_every_fault(route));
    checks
}

/// The checks of an endpoint that reads a body.
fn of_body(route: Route) -> [Check; 3] {
    let error = |status, text: &str, code: &str| error(route, status, text, code);
    let mut too_large = body(route);
    too_large["padding"] = json!("x".repeat(TOO_LONG));
    [
        check(
            route,
            "answers 413 to a body over 16 KiB",
            &too_large,
            error(413, "Payload too large", "payload_too_large"),
        ),
        Check {
            content_type: "text/plain",
            ..check(
                route,
                "answers 415 to a content type that is not JSON",
                &body(route),
                error(
                    415,
                    "Content type must be application/json",
                    "unsupported_media_type",
                ),
            )
        },
        Check {
            body: "{".to_owned(),
            ..check(
                route,
                "answers 400 to a body that is not JSON",
                &Value::Null,
                match route.dialect() {
                    Dialect::Crm => Expected::crm_error(400, "Invalid payload: …"),
                    Dialect::Mailer => {
                        Expected::mailer_faults(400, json!({ "body": "invalid_json" }))
                    }
                },
            )
        },
    ]
}

/// The check of a request in which every member is invalid: the error must name all of them. `None` if the endpoint has no
/// members.
fn with_every_fault(route: Route) -> Option<Check> {
    let of_nobody = json!({ "email": "nobody@", "client": "website" });
    let nobodys_faults = json!({ "email": "invalid", "audience": "required" });
    let (body, expected) = match route {
        Route::VerifyPhoneNumber => (
            json!({ "phoneNumber": "none", "verifiedAt": "yesterday" }),
            Expected::crm_error(400, "Invalid payload: …phoneNumber …verifiedAt …"),
        ),
        Route::VerifyContactMethod => (
            json!({ "type": "fax", "verifiedAt": "yesterday", "verificationSource": 1 }),
            Expected::crm_error(
                400,
                "Invalid payload: …type …value …verifiedAt …verificationSource …",
            ),
        ),
        Route::VerifyContact => (
            json!({ "verified": true, "verified_at": "2024-02-30T10:00:00Z", "email": "" }),
            Expected::mailer_faults(
                400,
                json!({
                    "verified_at": "must_be_iso_datetime", "email": "invalid", "audience": "required",
                    "client": "required",
                }),
            ),
        ),
        Route::AddContactMethod | Route::RemoveContactMethod => (
            json!({ "type": "fax" }),
            Expected::crm_error(400, "Invalid payload: …type …value …"),
        ),
        Route::UpsertContact | Route::ContactStatus | Route::Subscribe => {
            (of_nobody, Expected::mailer_faults(400, nobodys_faults))
        }
        Route::Unsubscribe => {
            let mut faults = nobodys_faults;
            faults["scope"] = json!("required");
            (of_nobody, Expected::mailer_faults(400, faults))
        }
        Route::GetHistory => (
            json!({ "type": "fax", "limit": "0" }),
            Expected::crm_error(400, "Invalid payload: …type …value …limit …"),
        ),
        Route::GetContact | Route::EraseContact => return None,
    };
    let sentence = "answers 400 and names every member at fault";
    Some(check(route, sentence, &body, expected))
}

/// The body of the example, with an address that nobody has.
fn body(route: Route) -> Value {
    let mut body = examples::request(route);
    if let Some(email) = body.get_mut("email") {
        *email = json!("nobody@example.com");
    }
    body
}

fn check(route: Route, sentence: &str, body: &Value, expected: Expected) -> Check {
    Check::new(route, NOBODY, sentence, body, expected).if_match(IfMatch::Never)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_refusal_can_write() {
        for check in checks() {
            assert_eq!(
                (check.contact, check.if_match),
                (NOBODY, IfMatch::Never),
                "{}",
                check.sentence
            );
            assert!(check.expected.status >= 400, "{}", check.sentence);
        }
    }
}
