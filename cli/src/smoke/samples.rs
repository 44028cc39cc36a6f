//! The checks on the sample contacts. The samples are in the demo data of `serve`, and come from the source documents' examples.
//!
//! No check writes before a contact is proved to be the sample, because a real contact may have the same id. The last checks
//! clear all verifications of the sample, as in the demo data.

mod same_fact;

use serde_json::{Value, json};
use shared::domain::MethodKind;
use shared::http::Route;

use super::check::{Check, Expected, ExpectedVersion, IfMatch, Who};
use super::flow::Flow;
use super::pattern::{ANYTHING, TIME, WHATEVER};
use super::phase::Phase;
use super::refusals::NOBODY;
use crate::openapi::examples::{
    self, ALEX, EMAIL, JANE, PHONE, SUBSCRIBER, method_changed, primary, subscriber, without,
};

/// The last time that a request may have. See [`proof`].
const LAST_INSTANT: &str = "9999-12-31T23:59:59.999Z";

/// A phone number or an e-mail address.
type Method = (MethodKind, &'static str);

/// A sample contact with its checks.
pub(super) struct Sample {
    /// The id of the contact.
    pub(super) contact: &'static str,
    /// The checks that prove that the contact is the sample. They write nothing, and must pass before any other check writes.
    pub(super) proofs: Vec<Check>,
    /// The checks that clear the contact at the proved version. They must pass before the steps write.
    pub(super) clears: Vec<Check>,
    /// The checks that write, and check the result.
    pub(super) steps: Vec<Check>,
}

impl Sample {
    /// All checks of the sample, in the order in which they must run.
    pub(super) fn checks(&self) -> impl Iterator<Item = (Phase, &Check)> {
        [
            (Phase::Proof, &self.proofs),
            (Phase::Clear, &self.clears),
            (Phase::Step, &self.steps),
        ]
        .into_iter()
        .flat_map(|(phase, checks)| checks.iter().map(move |check| (phase, check)))
    }
}

/// The samples. `person` is the pattern for the subject of the person's token.
pub(super) fn samples(person: &str) -> [Sample; 3] {
    [phone_number(person), contact_method(person), contact()]
}

/// The example of endpoint 1.
fn phone_number(person: &str) -> Sample {
    let flow = Flow {
        route: Route::VerifyPhoneNumber,
        contact: JANE,
        what: "phone number",
        earlier: "2026-05-14T09:12:00.000Z",
        sample: "2026-05-15T09:12:00.000Z",
        later: "2026-05-16T09:12:00.000Z",
        request: &|at| with(examples::verify_phone_number(), "verifiedAt", at),
        answer: &|outcome, at| {
            let mut contact = of_any_organization(examples::jane());
            contact["phoneNumber"] = json!([primary(PHONE, at, person, None)]);
            verification_changed("Phone number", outcome, at, &contact)
        },
        version_refused: Expected::crm_error(412, "Contact has changed"),
    };
    crm_sample(JANE, EMAIL, flow.checks().into())
}

/// The example of endpoint 2, for its phone number and then for its e-mail address.
fn contact_method(person: &str) -> Sample {
    let address = "alex@example.com";
    let phone = Flow {
        route: Route::VerifyContactMethod,
        contact: ALEX,
        what: "phone number",
        earlier: "2026-05-19T15:04:01.135Z",
        sample: "2026-05-20T15:04:01.135Z",
        later: "2026-05-21T15:04:01.135Z",
        request: &|at| with(examples::verify_contact_method(), "verifiedAt", at),
        answer: &|outcome, at| {
            let mut contact = of_any_organization(examples::alex());
            contact["phoneNumber"] = json!([primary(PHONE, at, person, Some("admin-manual"))]);
            verification_changed("Phone number", outcome, at, &contact)
        },
        version_refused: Expected::crm_error(412, "Contact has changed"),
    };
    let email = Flow {
        what: "e-mail address",
        // The contact has the address in lower case.
        request: &|at| json!({ "type": "email", "value": "Alex@Example.com", "verifiedAt": at }),
        answer: &|outcome, at| {
            let mut contact = of_any_organization(examples::alex());
            contact["emails"] = json!([primary(address, at, person, None)]);
            verification_changed("Email", outcome, at, &contact)
        },
        ..phone.clone()
    };
    let steps = phone.checks().into_iter().chain(email.checks());
    crm_sample(ALEX, address, steps.collect())
}

/// The example of endpoint 3.
fn contact() -> Sample {
    let request = |at: Option<&str>| {
        let mut body = with(examples::verify_contact(), "verified_at", at);
        body["verified"] = json!(at.is_some());
        without(body, "email")
    };
    let flow = Flow {
        route: Route::VerifyContact,
        contact: SUBSCRIBER,
        what: "address",
        earlier: "2024-08-31T10:00:00.000Z",
        sample: "2024-09-01T10:00:00.000Z",
        later: "2024-09-02T10:00:00.000Z",
        request: &request,
        answer: &|outcome, at| subscriber(Some(outcome), at),
        version_refused: Expected::mailer_error(412, "precondition_failed", ANYTHING),
    };
    let mut steps = vec![
        Check::new(
            Route::VerifyContact,
            NOBODY,
            "answers 404 for a contact that does not exist",
            &request(None),
            Expected::mailer_faults(404, json!({ "contact_id": "not_found" })),
        )
        .if_match(IfMatch::Never),
    ];
    steps.extend(subscription());
    steps.extend(same_fact::checks());
    steps.extend(flow.checks());
    let mut proofs = proofs(SUBSCRIBER, &[(MethodKind::Email, EMAIL)], Who::Application);
    proofs.push(proof_of_owner());
    Sample {
        contact: SUBSCRIBER,
        proofs,
        clears: vec![
            Check::new(
                Route::VerifyContact,
                SUBSCRIBER,
                "clears the address, if it is verified",
                &request(None),
                cleared(subscriber(Some(ANYTHING), None)),
            )
            .if_match(IfMatch::Current),
        ],
        steps,
    }
}

/// Ends the subscription of an unverified sample and restarts it. After an earlier run, the subscription may be ended already.
fn subscription() -> [Check; 5] {
    let of = |route, sentence: &str, body: &Value, answer: Value, version| {
        let expected = Expected::new(200, answer).version(version);
        Check::new(route, SUBSCRIBER, sentence, body, expected)
    };
    let request = examples::subject();
    let answer = |outcome| subscriber(Some(outcome), None);
    let mut ended = examples::contact_unsubscribed();
    ended["client"]["unsubscribed_at"] = json!(TIME);
    [
        of(
            Route::Subscribe,
            "subscribes the contact, if it is not subscribed",
            &request,
            answer(ANYTHING),
            ExpectedVersion::Some,
        ),
        of(
            Route::UpsertContact,
            "changes nothing without optional members",
            &request,
            answer("unchanged"),
            ExpectedVersion::Same,
        ),
        of(
            Route::ContactStatus,
            "says whether the client may send to the address",
            &request,
            examples::contact_known(),
            ExpectedVersion::Same,
        ),
        of(
            Route::Unsubscribe,
            "ends the subscription",
            &examples::unsubscribe(),
            ended,
            ExpectedVersion::Next,
        ),
        of(
            Route::Subscribe,
            "restarts the subscription",
            &request,
            answer("updated"),
            ExpectedVersion::Next,
        ),
    ]
}

/// Adds a phone number to a sample and removes it. After an earlier run, the sample may have the number already.
fn further_number(contact: &'static str) -> [Check; 4] {
    let number = without(examples::add_contact_method(), "isPrimary");
    let of = |route, sentence: &str, body: &Value, answer: Value, version| {
        let expected = Expected::new(200, answer).version(version);
        Check::new(route, contact, sentence, body, expected)
    };
    let answer = |message: &str| method_changed(message, ANYTHING, &json!(ANYTHING));
    [
        of(
            Route::AddContactMethod,
            "adds a phone number, unless the contact has it",
            &number,
            answer("Phone number added"),
            ExpectedVersion::Some,
        ),
        of(
            Route::RemoveContactMethod,
            "removes the phone number",
            &number,
            answer("Phone number removed"),
            ExpectedVersion::Next,
        ),
        of(
            Route::GetContact,
            "shows the contact",
            &json!({}),
            json!(ANYTHING),
            ExpectedVersion::Same,
        ),
        // On AWS an entry appears seconds after its change, so the check accepts any entries.
        Check::new(
            Route::GetHistory,
            contact,
            "shows the history",
            &json!({ "limit": "1" }),
            Expected::new(
                200,
                json!({ "contactId": contact, "entries": ANYTHING, "nextCursor": WHATEVER }),
            ),
        ),
    ]
}

/// A sample of endpoints 1 and 2: a contact with the phone number of all samples and this address.
fn crm_sample(contact: &'static str, email: &'static str, steps: Vec<Check>) -> Sample {
    let methods = [(MethodKind::Phone, PHONE), (MethodKind::Email, email)];
    Sample {
        contact,
        proofs: proofs(contact, &methods, Who::Person),
        clears: methods.map(|method| clear_method(contact, method)).into(),
        steps: further_number(contact).into_iter().chain(steps).collect(),
    }
}

/// Prove that a contact has all contact methods of the sample, at one version.
fn proofs(contact: &'static str, methods: &[Method], who: Who) -> Vec<Check> {
    let versions =
        std::iter::once(ExpectedVersion::Some).chain(std::iter::repeat(ExpectedVersion::Same));
    methods
        .iter()
        .zip(versions)
        .map(|(method, version)| proof(contact, *method, who, version))
        .collect()
}

/// Proves that a contact has a contact method of the sample. The API checks for a missing contact or entry (404) before it
/// checks the version (412), so 412 shows that both exist (contract section 3).
///
/// An API that keeps the contract writes nothing. An API that ignores `If-Match` would process the request, so the request
/// reports the last possible time: an existing verification is earlier and stays. On an unverified entry, any later report or
/// a clear replaces that time. A clear would not be a safe proof, because it would lose an existing verification.
fn proof(
    contact: &'static str,
    (kind, value): Method,
    who: Who,
    version: ExpectedVersion,
) -> Check {
    let check = Check::new(
        Route::VerifyContactMethod,
        contact,
        &format!("answers 412 to an impossible version, so contact {contact} has {value}"),
        &json!({ "type": kind.as_str(), "value": value, "verifiedAt": LAST_INSTANT }),
        Expected::crm_error(412, "Contact has changed").version(version),
    );
    Check {
        who,
        ..check.if_match(IfMatch::Never)
    }
}

/// Proves that this contact owns the address. Another contact may have the address without owning it.
fn proof_of_owner() -> Check {
    let mut status = examples::contact_known();
    if let Some(members) = status.as_object_mut() {
        for (name, value) in members {
            if !["contact_id", "email", "exists"].contains(&name.as_str()) {
                *value = json!(WHATEVER);
            }
        }
    }
    Check::new(
        Route::ContactStatus,
        SUBSCRIBER,
        &format!("answers that contact {SUBSCRIBER} owns {EMAIL}"),
        &examples::subject(),
        Expected::new(200, status).version(ExpectedVersion::Same),
    )
    .if_match(IfMatch::Never)
}

/// Clears an entry at the version of the last answer, which is the proved version.
fn clear_method(contact: &'static str, (kind, value): Method) -> Check {
    let (what, subject) = match kind {
        MethodKind::Phone => ("phone number", "Phone number"),
        MethodKind::Email => ("e-mail address", "Email"),
    };
    Check::new(
        Route::VerifyContactMethod,
        contact,
        &format!("clears the {what}, if it is verified"),
        &json!({ "type": kind.as_str(), "value": value }),
        cleared(verification_changed(
            subject,
            ANYTHING,
            None,
            &json!(ANYTHING),
        )),
    )
    .if_match(IfMatch::Current)
}

/// The answer of endpoints 1 and 2 about a phone number or an e-mail address.
fn verification_changed(subject: &str, outcome: &str, at: Option<&str>, contact: &Value) -> Value {
    let done = if at.is_some() {
        "verified"
    } else {
        "verification cleared"
    };
    method_changed(&format!("{subject} {done}"), outcome, contact)
}

/// The contact of an example as a pattern. The samples are in the organization of an operator, and may have changed at any time.
fn of_any_organization(mut contact: Value) -> Value {
    contact["organizationId"] = json!(ANYTHING);
    contact["updatedAt"] = json!(TIME);
    contact
}

/// The body of an example with another time, or without a time.
fn with(mut body: Value, member: &str, at: Option<&str>) -> Value {
    body[member] = json!(at);
    body
}

/// The answer to a first clear. It may have any outcome: an earlier run or a person may have left a verification.
fn cleared(body: Value) -> Expected {
    Expected::new(200, body).version(ExpectedVersion::Some)
}

#[cfg(test)]
mod tests;
