//! The operations of the mailer's dialect: applications call them with their audience.

use serde_json::{Value, json};
use utoipa::openapi::Response;

use super::dialect::Dialect;
use super::examples;
use super::headers;
use super::operation::Operation;
use super::parameters;
use super::responses::{WithHeader, answer, contact, linked, mailer_error, refusal};

const AUDIENCE_CONTACT: &str = "AudienceContact";

/// The operations that an answer of this dialect links to.
const NEXT: [&str; 5] = [
    "verify-contact",
    "get-contact",
    "verify-contact-method",
    "add-contact-method",
    "remove-contact-method",
];

pub(super) fn operations() -> Vec<Operation> {
    vec![
        verify_contact(),
        upsert_contact(),
        contact_status(),
        subscribe(),
        unsubscribe(),
    ]
}

fn verify_contact() -> Operation {
    Operation {
        function: "verify-contact",
        dialect: Dialect::Mailer,
        summary: "Record or clear the verification of a contact and of the client's subscription",
        description: "With `verified: true` it marks the contact and the client's subscription in the audience, both or neither, each by the \
             one rule; with `verified: false` it clears both. Answers whether mail may be sent, and why not.",
        contact: Some(examples::SUBSCRIBER),
        parameters: Vec::new(),
        body: Some(("VerifyContact", examples::verify_contact())),
        answers: vec![
            (
                "200",
                changed("It is done, or was.", examples::contact_verified()),
            ),
            (
                "400",
                invalid(&json!({ "verified": "required", "verified_at": "must_be_iso_datetime" })),
            ),
            ("403", forbidden()),
            ("404", contact_not_found()),
        ],
    }
}

fn upsert_contact() -> Operation {
    Operation {
        function: "upsert-contact",
        dialect: Dialect::Mailer,
        summary: "Create or update the contact that owns an e-mail address",
        description: "And the client's subscription. What is absent changes nothing; a verification is never cleared or postponed. A phone \
             number that is new is unverified.",
        contact: None,
        parameters: Vec::new(),
        body: Some(("UpsertContact", examples::upsert_contact())),
        answers: vec![
            (
                "200",
                changed("The contact was there.", examples::contact_updated()),
            ),
            (
                "201",
                changed("The contact is new.", examples::contact_created()),
            ),
            (
                "400",
                invalid(&json!({ "email": "invalid", "phoneNumber.0.value": "required" })),
            ),
            ("403", forbidden()),
        ],
    }
}

fn contact_status() -> Operation {
    Operation {
        function: "contact-status",
        dialect: Dialect::Mailer,
        summary: "Ask whether mail may be sent to an e-mail address",
        description: "Of a contact that the client has not onboarded it tells nothing: the answer is that of one which does not exist, 200 \
             with `exists: false`. A blank in `email` is read as the plus that it must have been.",
        contact: None,
        parameters: vec![
            parameters::query(
                "email",
                "EmailAddress",
                "The address that the contact owns.",
                "jane.doe@example.com",
            ),
            parameters::query(
                "audience",
                "AudienceSlug",
                "In which audience.",
                "newsletter",
            ),
            parameters::query("client", "ClientSlug", "For which client.", "website"),
        ],
        body: None,
        answers: vec![
            (
                "200",
                answer(
                    "What is known of it. `ETag` is there where the contact exists.",
                    AUDIENCE_CONTACT,
                    examples::contact_known(),
                )
                .with(headers::VERSION_IF_ANY)
                .build(),
            ),
            (
                "400",
                invalid(&json!({ "email": "invalid", "audience": "required" })),
            ),
            ("403", forbidden()),
        ],
    }
}

fn subscribe() -> Operation {
    Operation {
        function: "subscribe",
        dialect: Dialect::Mailer,
        summary: "Subscribe the contact that owns an e-mail address",
        description: "It is created if nobody owns it. No verification is touched.",
        contact: None,
        parameters: Vec::new(),
        body: Some(("Subscribe", examples::subscribe())),
        answers: vec![
            (
                "200",
                changed("The contact was there.", examples::contact_subscribed()),
            ),
            (
                "201",
                changed(
                    "The contact is new.",
                    examples::contact_created_by_subscribing(),
                ),
            ),
            ("400", invalid(&json!({ "scope": "invalid" }))),
            ("403", forbidden()),
        ],
    }
}

fn unsubscribe() -> Operation {
    Operation {
        function: "unsubscribe",
        dialect: Dialect::Mailer,
        summary: "Unsubscribe the contact that owns an e-mail address",
        description: "From the client, from the audience, or from all mail, as `scope` says. No verification is touched.",
        contact: None,
        parameters: Vec::new(),
        body: Some(("Unsubscribe", examples::unsubscribe())),
        answers: vec![
            (
                "200",
                changed("It is done, or was.", examples::contact_unsubscribed()),
            ),
            ("400", invalid(&json!({ "scope": "required" }))),
            ("403", forbidden()),
            ("404", contact_not_found()),
        ],
    }
}

fn changed(description: &str, example: Value) -> Response {
    linked(
        contact(description, AUDIENCE_CONTACT, example),
        "$response.body#/contact_id",
        &NEXT,
    )
}

fn invalid(fields: &Value) -> Response {
    refusal(
        Dialect::Mailer,
        "The body, the query or a header is not what it must be, or the organization has no such audience (`not_found`). Every \
         field at fault is named.",
        mailer_error(fields),
    )
}

fn forbidden() -> Response {
    refusal(
        Dialect::Mailer,
        "`client` is not the token's, or the token has none.",
        mailer_error(&json!({ "client": "forbidden" })),
    )
}

fn contact_not_found() -> Response {
    refusal(
        Dialect::Mailer,
        "No such contact in the organization, or the client has not onboarded it in this audience.",
        mailer_error(&json!({ "contact_id": "not_found" })),
    )
}
