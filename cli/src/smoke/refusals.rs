//! The checks that need no data and change none: each is refused, on each function by itself, since each has settings of
//! its own. Should one not be refused, nothing is written either: the contact does not exist, and no version of one fits
//! `If-Match`.

use serde_json::{Value, json};

use super::check::{Authorization, Check, Endpoint, Expected, IfMatch};

/// A contact that nobody has.
pub(super) const NOBODY: &str = "contacts-smoke-no-such-contact";

/// More than the 16 KiB that a body may have.
const TOO_LONG: usize = 16 * 1024;

/// The checks.
pub(super) fn checks() -> Vec<Check> {
    let mut checks: Vec<_> = Endpoint::ALL.into_iter().flat_map(of_any).collect();
    checks.extend([
        Check {
            authorization: Authorization::NotBearer,
            ..check(
                Endpoint::Contact,
                "answers 401 to credentials that are not a bearer token",
                &body(Endpoint::Contact),
                Expected::mailer_error(401, "invalid_authorization", "…").challenge("Bearer"),
            )
        },
        check(
            Endpoint::Contact,
            "answers 403 to the client of another application",
            &json!({ "verified": false, "audience": "newsletter", "client": "contacts-smoke-other" }),
            Expected::mailer_faults(403, json!({ "client": "forbidden" })),
        ),
        check(
            Endpoint::Contact,
            "answers 400 for an audience that does not exist",
            &json!({ "verified": false, "audience": "contacts-smoke-none", "client": "website" }),
            Expected::mailer_faults(400, json!({ "audience": "not_found" })),
        ),
    ]);
    checks.extend(
        [Endpoint::PhoneNumber, Endpoint::ContactMethod].map(|endpoint| {
            check(
                endpoint,
                "answers 404 for a contact that does not exist",
                &body(endpoint),
                Expected::crm_error(404, "Contact not found"),
            )
        }),
    );
    checks
}

/// The checks that every endpoint has, each in its dialect.
fn of_any(endpoint: Endpoint) -> [Check; 6] {
    let error = |status, text: &str, code: &str| match endpoint {
        Endpoint::PhoneNumber | Endpoint::ContactMethod => Expected::crm_error(status, text),
        Endpoint::Contact => Expected::mailer_error(status, code, "…"),
    };
    let mut too_large = body(endpoint);
    too_large["padding"] = json!("x".repeat(TOO_LONG));
    [
        Check {
            authorization: Authorization::Missing,
            ..check(
                endpoint,
                "answers 401 without a token",
                &body(endpoint),
                error(401, "Unauthorized: …", "missing_authorization").challenge("Bearer"),
            )
        },
        Check {
            authorization: Authorization::Forged,
            ..check(
                endpoint,
                "answers 401 to a token with a forged signature",
                &body(endpoint),
                error(401, "Unauthorized: …", "invalid_token")
                    .challenge("Bearer error=\"invalid_token\", error_description=\"…\""),
            )
        },
        check(
            endpoint,
            "answers 413 to a body over 16 KiB",
            &too_large,
            error(413, "Payload too large", "payload_too_large"),
        ),
        Check {
            content_type: "text/plain",
            ..check(
                endpoint,
                "answers 415 to a content type that is not JSON",
                &body(endpoint),
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
                endpoint,
                "answers 400 to a body that is not JSON",
                &Value::Null,
                match endpoint {
                    Endpoint::PhoneNumber | Endpoint::ContactMethod => {
                        Expected::crm_error(400, "Invalid payload: …")
                    }
                    Endpoint::Contact => {
                        Expected::mailer_faults(400, json!({ "body": "invalid_json" }))
                    }
                },
            )
        },
        with_every_fault(endpoint),
    ]
}

/// Every member is at fault, and every one must be named.
fn with_every_fault(endpoint: Endpoint) -> Check {
    let (body, expected) = match endpoint {
        Endpoint::PhoneNumber => (
            json!({ "phoneNumber": "none", "verifiedAt": "yesterday" }),
            Expected::crm_error(400, "Invalid payload: …phoneNumber …verifiedAt …"),
        ),
        Endpoint::ContactMethod => (
            json!({ "type": "fax", "verifiedAt": "yesterday", "verificationSource": 1 }),
            Expected::crm_error(
                400,
                "Invalid payload: …type …value …verifiedAt …verificationSource …",
            ),
        ),
        Endpoint::Contact => (
            json!({ "verified": true, "verified_at": "2024-02-30T10:00:00Z" }),
            Expected::mailer_faults(
                400,
                json!({ "verified_at": "must_be_iso_datetime", "audience": "required", "client": "required" }),
            ),
        ),
    };
    let sentence = "answers 400 and names every member at fault";
    check(endpoint, sentence, &body, expected)
}

/// A body that is as it must be.
fn body(endpoint: Endpoint) -> Value {
    match endpoint {
        Endpoint::PhoneNumber => json!({ "phoneNumber": "+14165550100" }),
        Endpoint::ContactMethod => json!({ "type": "phone", "value": "+14165550100" }),
        Endpoint::Contact => {
            json!({ "verified": false, "audience": "newsletter", "client": "website" })
        }
    }
}

fn check(endpoint: Endpoint, sentence: &str, body: &Value, expected: Expected) -> Check {
    Check::new(endpoint, NOBODY, sentence, body, expected).if_match(IfMatch::Never)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_could_write() {
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
