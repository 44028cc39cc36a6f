//! The checks that endpoints 2 and 3 read and write the same verification of an address (contract section 1).

use serde_json::{Value, json};
use shared::http::Route;

use super::super::check::{Check, Expected, ExpectedVersion, Who};
use super::super::pattern::ANYTHING;
use super::verification_changed;
use crate::openapi::examples::{self, EMAIL, SUBSCRIBER, subscriber};

/// The time that endpoint 2 records.
const EARLIER: &str = "2024-08-31T10:00:00.000Z";
/// The time that endpoint 3 reports.
const LATER: &str = "2024-09-01T10:00:00.000Z";

/// The checks verify an unverified address of a subscribed sample by endpoint 2, read it by the endpoints of the mailer, and
/// clear it by endpoint 3.
pub(super) fn checks() -> [Check; 5] {
    let method = |at: Option<&str>| json!({ "type": "email", "value": EMAIL, "verifiedAt": at });
    let verification = |at: Option<&str>| {
        let mut body = examples::verify_contact();
        body["verified"] = json!(at.is_some());
        body["verified_at"] = json!(at);
        body
    };
    let crm = |sentence: &str, at, outcome, version| {
        let answer = verification_changed("Email", outcome, at, &json!(ANYTHING));
        let expected = Expected::new(200, answer).version(version);
        Check {
            // The person may be in another organization.
            who: Who::Application,
            ..Check::new(
                Route::VerifyContactMethod,
                SUBSCRIBER,
                sentence,
                &method(at),
                expected,
            )
        }
    };
    let mailer = |route, sentence: &str, body: &Value, answer, version| {
        let expected = Expected::new(200, answer).version(version);
        Check::new(route, SUBSCRIBER, sentence, body, expected)
    };
    [
        crm(
            "records the verification of the address",
            Some(EARLIER),
            "recorded",
            ExpectedVersion::Next,
        ),
        mailer(
            Route::ContactStatus,
            "answers that the address is verified at the contact's level, as endpoint 2 recorded it",
            &examples::subject(),
            verified_at_the_contacts_level(),
            ExpectedVersion::Same,
        ),
        mailer(
            Route::VerifyContact,
            "records a later time for the client alone, and keeps the time of endpoint 2",
            &verification(Some(LATER)),
            verified_at_both_levels(),
            ExpectedVersion::Next,
        ),
        mailer(
            Route::VerifyContact,
            "clears the address that the body names at both levels",
            &verification(None),
            subscriber(Some("cleared"), None),
            ExpectedVersion::Next,
        ),
        crm(
            "finds nothing to clear after endpoint 3 has cleared the address",
            None,
            "unchanged",
            ExpectedVersion::Same,
        ),
    ]
}

fn verified_at_the_contacts_level() -> Value {
    let mut answer = subscriber(None, Some(EARLIER));
    answer["client"]["verified"] = json!(false);
    answer["client"]["verified_at"] = json!(null);
    answer["marketing"]["verified_by"] = json!(["contact"]);
    answer
}

fn verified_at_both_levels() -> Value {
    let mut answer = subscriber(Some("recorded"), Some(LATER));
    answer["verified_at"] = json!(EARLIER);
    answer
}
