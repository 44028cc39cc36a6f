//! The operations of the CRM's dialect: their paths name a contact by its id alone.

use serde_json::Value;
use utoipa::openapi::Response;

use super::dialect::Dialect;
use super::examples;
use super::operation::Operation;
use super::parameters;
use super::responses::{answer, contact, crm_error, linked, not_modified, refusal};

const METHOD_CHANGED: &str = "MethodChanged";

/// The operations that answers of this dialect link to.
const NEXT: [&str; 5] = [
    "get-contact",
    "get-history",
    "verify-contact-method",
    "add-contact-method",
    "remove-contact-method",
];

pub(super) fn operations() -> Vec<Operation> {
    vec![
        verify_phone_number(),
        verify_contact_method(),
        get_contact(),
        add_contact_method(),
        remove_contact_method(),
        get_history(),
        erase_contact(),
    ]
}

fn verify_phone_number() -> Operation {
    Operation {
        function: "verify-phone-number",
        dialect: Dialect::Crm,
        summary: "Record or clear the verification of a phone number",
        description: "Records that the phone number is verified since `verifiedAt`, unless an equal or earlier verification is stored. \
             Without `verifiedAt`, or with null, the request clears the verification. A body with a misspelling of `verifiedAt` \
             (`verified_at`, `verifiedat`) in its place is refused (400). A `SUPERADMIN` has access to every organization.",
        contact: Some(examples::JANE),
        parameters: Vec::new(),
        body: Some(("VerifyPhoneNumber", examples::verify_phone_number())),
        answers: vec![
            (
                "200",
                changed(
                    "The contact after the request. `outcome` says what the request did.",
                    examples::phone_number_verified(),
                ),
            ),
            (
                "400",
                invalid(
                    "phoneNumber must be a phone number, such as +14165550100: it has a letter",
                ),
            ),
            ("404", method_not_found("Phone number not found on contact")),
        ],
    }
}

fn verify_contact_method() -> Operation {
    Operation {
        function: "verify-contact-method",
        dialect: Dialect::Crm,
        summary: "Record or clear the verification of a phone number or e-mail address",
        description: "Records or clears the verification of a phone number or e-mail address, by the rule of `verify-phone-number`. It also \
             stores `verificationSource`, a label for the source. If it records without a label, it removes an older label. For an \
             address, this verification is the one that the mailer's endpoints call the contact's level.",
        contact: Some(examples::ALEX),
        parameters: Vec::new(),
        body: Some(("VerifyContactMethod", examples::verify_contact_method())),
        answers: vec![
            (
                "200",
                changed(
                    "The contact after the request. `outcome` says what the request did.",
                    examples::contact_method_verified(),
                ),
            ),
            ("400", invalid("verified_at must be spelled verifiedAt")),
            ("404", method_not_found("Email not found on contact")),
        ],
    }
}

fn get_contact() -> Operation {
    Operation {
        function: "get-contact",
        dialect: Dialect::Crm,
        summary: "Show a contact",
        description: "Returns the contact with its phone numbers and e-mail addresses, and their verifications. Send the `ETag` of an earlier \
             answer as `If-None-Match` to get 304 if nothing has changed. A `SUPERADMIN` has access to every organization.",
        contact: Some(examples::ALEX),
        parameters: vec![parameters::if_none_match()],
        body: None,
        answers: vec![
            (
                "200",
                linked(
                    contact("The contact as it is now.", "Contact", examples::alex()),
                    "$response.body#/_id",
                    &NEXT,
                ),
            ),
            ("304", not_modified()),
            (
                "400",
                invalid(
                    "id must be unique: contacts of several organizations have it, and the token names none of them",
                ),
            ),
            ("404", contact_not_found()),
        ],
    }
}

fn add_contact_method() -> Operation {
    Operation {
        function: "add-contact-method",
        dialect: Dialect::Crm,
        summary: "Add a phone number or e-mail address to a contact",
        description: "Adds the number or address without a verification at any level, even if the contact had it before. The facts that block \
             mail to an address come back with it: a hard bounce, a validation finding, and the complaint and global \
             unsubscription of a former owner. A number or address that the contact already has keeps its verification; with \
             `isPrimary` true it becomes primary. The contact must be in the caller's own organization.",
        contact: Some(examples::ALEX),
        parameters: Vec::new(),
        body: Some(("AddContactMethod", examples::add_contact_method())),
        answers: vec![
            (
                "200",
                changed(
                    "The contact with the number or address.",
                    examples::contact_method_added(),
                ),
            ),
            (
                "400",
                invalid("value must be an e-mail address that no other contact has"),
            ),
            ("404", contact_not_found()),
        ],
    }
}

fn remove_contact_method() -> Operation {
    Operation {
        function: "remove-contact-method",
        dialect: Dialect::Crm,
        summary: "Remove a phone number or e-mail address from a contact",
        description: "Removes the number or address with its verifications at every level. If it is added again, it is not verified. If it was \
             primary, the oldest remaining one of its kind becomes primary. The contact must be in the caller's own organization.",
        contact: Some(examples::ALEX),
        parameters: Vec::new(),
        body: Some(("RemoveContactMethod", examples::remove_contact_method())),
        answers: vec![
            (
                "200",
                changed(
                    "The contact without the number or address.",
                    examples::contact_method_removed(),
                ),
            ),
            ("400", invalid("type must be \"phone\" or \"email\"")),
            ("404", method_not_found("Phone number not found on contact")),
        ],
    }
}

fn get_history() -> Operation {
    Operation {
        function: "get-history",
        dialect: Dialect::Crm,
        summary: "Show what happened to a contact",
        description: "Returns the changes of the contact, newest first: changes of verifications at every level, of the status of \
             subscriptions, and of the facts that block mail. Each entry has the time, the author and the route. A change appears \
             within seconds. A request that changed nothing leaves no entry. A `SUPERADMIN` has access to every organization.",
        contact: Some(examples::ALEX),
        parameters: vec![
            parameters::optional_query(
                "type",
                parameters::schema("MethodKind"),
                "The kind of `value`. With both, the page has only the entries about this phone number or e-mail address.",
            ),
            parameters::optional_query(
                "value",
                parameters::any_text(),
                "The phone number, in any form that `PhoneNumber` describes, or the e-mail address. The contact may have lost it since.",
            ),
            parameters::optional_query(
                "limit",
                parameters::page_limit(),
                "The maximum number of entries on the page.",
            ),
            parameters::optional_query(
                "cursor",
                parameters::any_text(),
                "The `nextCursor` of the previous page, for the same contact, `type` and `value`.",
            ),
        ],
        body: None,
        answers: vec![
            (
                "200",
                without_version(
                    "A page of the history.",
                    "VerificationHistory",
                    examples::history(),
                ),
            ),
            (
                "400",
                invalid(
                    "cursor must be the nextCursor of a page of the same contact, type and value",
                ),
            ),
            ("404", contact_not_found()),
        ],
    }
}

fn erase_contact() -> Operation {
    Operation {
        function: "erase-contact",
        dialect: Dialect::Crm,
        summary: "Erase a contact",
        description: "Erases the contact with its phone numbers, addresses and subscriptions. Its history stays as dated facts without personal \
             data. The facts that block mail to its addresses stay, stored by the hash of each address. No contact gets the id \
             again. The same request, with any `If-Match`, completes an interrupted erasure (503). Only an administrator of the \
             organization or a `SUPERADMIN` may erase.",
        contact: Some(examples::ALEX),
        parameters: Vec::new(),
        body: None,
        answers: vec![
            (
                "200",
                without_version(
                    "The contact is erased.",
                    "ContactErased",
                    examples::contact_erased(),
                ),
            ),
            (
                "400",
                invalid(
                    "id must be unique: contacts of several organizations have it, and the token names none of them",
                ),
            ),
            (
                "403",
                refusal(
                    Dialect::Crm,
                    "The caller is not an administrator.",
                    crm_error("Forbidden: only an administrator may erase a contact"),
                ),
            ),
            ("404", contact_not_found()),
        ],
    }
}

fn without_version(description: &str, schema: &str, example: Value) -> Response {
    answer(description, schema, example).build()
}

fn changed(description: &str, example: Value) -> Response {
    contact(description, METHOD_CHANGED, example).build()
}

fn invalid(fault: &str) -> Response {
    refusal(
        Dialect::Crm,
        "The request is not valid. The text names every fault.",
        crm_error(&format!("Invalid payload: {fault}")),
    )
}

fn contact_not_found() -> Response {
    refusal(
        Dialect::Crm,
        "The organization has no such contact.",
        crm_error("Contact not found"),
    )
}

fn method_not_found(text: &str) -> Response {
    refusal(
        Dialect::Crm,
        "The organization has no such contact, or the contact has no such phone number or address.",
        crm_error(text),
    )
}
