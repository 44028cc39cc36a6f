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

/// The operations that answers of this dialect link to.
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
        summary: "Record or clear the verification of a contact's address for a client",
        description: "`verified: true` verifies the address at the contact's level and at the client's level, both or neither; at each \
             level the earliest verification wins. `verified: false` clears both. The contact's level is the verification that \
             `verify-contact-method` reads and writes. Without `email`, the request is about the address that the client last named \
             in upsert or subscribe, or else about the contact's primary address. The answer says whether the client may send to \
             the address, and why not.",
        contact: Some(examples::SUBSCRIBER),
        parameters: Vec::new(),
        body: Some(("VerifyContact", examples::verify_contact())),
        answers: vec![
            (
                "200",
                changed(
                    "The address after the request. `outcome` says what the request did.",
                    examples::contact_verified(),
                ),
            ),
            (
                "400",
                refusal(
                    Dialect::Mailer,
                    "The body or a header is not valid. The answer names every field at fault. If there is none, it may name a \
                     fault that needs the table. `audience` is `not_found` if the organization has no such audience. `email` is \
                     `not_found` if the contact does not have the address. `email` is `required` if it is absent and the \
                     contact has no address.",
                    mailer_error(&json!({ "verified": "required", "email": "invalid" })),
                ),
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
        description: "Also creates or updates the client's subscription. Absent members change nothing. An upsert never goes \
             backwards. It does not clear or postpone a verification, and at each level it records only one that is later \
             than that level's last clear. `status` does not restart an ended subscription. `suppression` lifts only a \
             hard bounce. \
             `\"verified\": true` verifies the address at the contact's level and at the client's level. \
             `verification_outcome` is the outcome of that. A new phone number is not verified.",
        contact: None,
        parameters: Vec::new(),
        body: Some(("UpsertContact", examples::upsert_contact())),
        answers: vec![
            (
                "200",
                changed(
                    "The contact existed. `outcome` says whether the request changed anything.",
                    examples::contact_updated(),
                ),
            ),
            (
                "201",
                changed(
                    "The request created the contact.",
                    examples::contact_created(),
                ),
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
        description: "Says whether the client may send to this address, and why not. The address may be any address of a contact. If nobody \
             owns the address, or the client has no subscription of the owner in the audience, the answer is 200 with \
             `exists: false`. A blank within `email` is read as a plus.",
        contact: None,
        parameters: vec![
            parameters::query(
                "email",
                "EmailAddress",
                "The e-mail address to ask about.",
                "jane.doe@example.com",
            ),
            parameters::query(
                "audience",
                "AudienceSlug",
                "The slug of the audience. The organization must have it.",
                "newsletter",
            ),
            parameters::query(
                "client",
                "ClientSlug",
                "The slug of the calling application. It must be the token's client.",
                "website",
            ),
        ],
        body: None,
        answers: vec![
            (
                "200",
                answer(
                    "Whether the client may send to the address. The answer has an `ETag` if `exists` is true.",
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
        description: "Creates a contact if nobody owns the address. Only this endpoint restarts an ended subscription; `scope` selects the \
             subscriptions. It changes no verification.",
        contact: None,
        parameters: Vec::new(),
        body: Some(("Subscribe", examples::subscribe())),
        answers: vec![
            (
                "200",
                changed(
                    "The contact existed. `outcome` says whether the request changed anything.",
                    examples::contact_subscribed(),
                ),
            ),
            (
                "201",
                changed(
                    "The request created the contact.",
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
        description: "Ends the client's subscription, the subscription at audience level, or all mail; `scope` selects which. It changes no \
             verification.",
        contact: None,
        parameters: Vec::new(),
        body: Some(("Unsubscribe", examples::unsubscribe())),
        answers: vec![
            (
                "200",
                changed(
                    "The contact after the request.",
                    examples::contact_unsubscribed(),
                ),
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
        "The body, the query or a header is not valid. The answer names every field at fault. If they are valid, but the \
         organization has no such audience, `audience` is `not_found`.",
        mailer_error(fields),
    )
}

fn forbidden() -> Response {
    refusal(
        Dialect::Mailer,
        "`client` is not the token's client, or the token has no client or no organization.",
        mailer_error(&json!({ "client": "forbidden" })),
    )
}

fn contact_not_found() -> Response {
    refusal(
        Dialect::Mailer,
        "The organization has no such contact, or the client has no subscription of the contact in this audience.",
        mailer_error(&json!({ "contact_id": "not_found" })),
    )
}
