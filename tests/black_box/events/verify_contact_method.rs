//! Endpoint 2 (contract section 6).

use serde_json::{Value, json};

use super::crm_answers::{
    IF_MATCH, USER, VERIFIED_AT, crm, crm_invalid, crm_invalid_token, crm_refusal, method, nothing,
    verification,
};
use super::{Expected, check_too_large};

// First what it does; then what it refuses, in the order in which it looks.
event_tests! {
    records_a_first_verification_of_a_number:
        ["verify-contact-method/phone-recorded"] => phone_recorded(2, &labelled("admin-manual"));
    records_an_earlier_time_and_drops_the_label_of_the_later:
        ["verify-contact-method/phone-recorded", "verify-contact-method/phone-recorded-by-an-earlier-time"]
        => phone_recorded(3, &verification("2026-05-20T15:04:01.134Z", USER));
    keeps_an_earlier_verification_of_a_number:
        ["verify-contact-method/phone-recorded", "verify-contact-method/phone-kept"]
        => crm(2, "Phone number verified", "kept", alex(&labelled("admin-manual"), &nothing()));
    keeps_an_equal_verification_of_a_number:
        ["verify-contact-method/phone-recorded", "verify-contact-method/phone-kept-by-an-equal-time"]
        => crm(2, "Phone number verified", "kept", alex(&labelled("admin-manual"), &nothing()));
    clears_a_verification_of_a_number:
        ["verify-contact-method/phone-recorded", "verify-contact-method/phone-cleared"]
        => crm(3, "Phone number verification cleared", "cleared", alex(&nothing(), &nothing()));
    finds_no_verification_of_a_number_to_clear:
        ["verify-contact-method/phone-unchanged"]
        => crm(1, "Phone number verification cleared", "unchanged", alex(&nothing(), &nothing()));
    records_a_first_verification_of_an_address:
        ["verify-contact-method/email-recorded"]
        => crm(2, "Email verified", "recorded", alex(&nothing(), &labelled("webchat")));
    keeps_an_earlier_verification_of_an_address:
        ["verify-contact-method/email-recorded", "verify-contact-method/email-kept"]
        => crm(2, "Email verified", "kept", alex(&nothing(), &labelled("webchat")));
    clears_a_verification_of_an_address:
        ["verify-contact-method/email-recorded", "verify-contact-method/email-cleared"]
        => crm(3, "Email verification cleared", "cleared", alex(&nothing(), &nothing()));
    finds_no_verification_of_an_address_to_clear:
        ["verify-contact-method/email-unchanged"]
        => crm(1, "Email verification cleared", "unchanged", alex(&nothing(), &nothing()));
    reads_a_body_in_base64:
        ["verify-contact-method/email-recorded-base64-body"]
        => crm(2, "Email verified", "recorded", alex(&nothing(), &by(USER)));
    takes_a_blank_label_for_none:
        ["verify-contact-method/recorded-with-a-blank-label"] => phone_recorded(2, &by(USER));
    reads_if_match_headers_that_the_gateway_joined:
        ["verify-contact-method/recorded-joined-if-match"] => phone_recorded(2, &by(USER));
    records_an_application_as_the_one_who_verified:
        ["verify-contact-method/recorded-by-an-application"]
        => phone_recorded(2, &by("client:dialler"));
    lets_a_superadmin_reach_another_tenant:
        ["verify-contact-method/recorded-by-a-superadmin-of-another-tenant"]
        => phone_recorded(2, &by("operator_1"));
    refuses_a_request_without_a_token:
        ["verify-contact-method/no-token"]
        => crm_refusal(401, "Unauthorized: missing Authorization header").challenge("Bearer");
    refuses_what_is_not_a_bearer_token:
        ["verify-contact-method/not-a-bearer"]
        => crm_refusal(401, "Unauthorized: Authorization header is not a bearer token").challenge("Bearer");
    refuses_a_malformed_token:
        ["verify-contact-method/malformed-token"] => crm_invalid_token("malformed token");
    refuses_an_expired_token:
        ["verify-contact-method/expired-token"] => crm_invalid_token("token expired");
    refuses_a_forged_token:
        ["verify-contact-method/forged-token"] => crm_invalid_token("signature is invalid");
    refuses_a_token_of_another_issuer:
        ["verify-contact-method/other-issuer"] => crm_invalid_token("issuer is not accepted");
    refuses_a_token_without_an_organization:
        ["verify-contact-method/token-without-organization"]
        => crm_invalid_token("claim missing: organizationId");
    refuses_authorization_headers_that_the_gateway_joined:
        ["verify-contact-method/two-authorization-headers"] => crm_invalid_token("malformed token");
    refuses_a_type_that_is_not_json:
        ["verify-contact-method/wrong-content-type"]
        => crm_refusal(415, "Content type must be application/json");
    refuses_what_is_not_json:
        ["verify-contact-method/body-not-json"] => crm_invalid(&["body must be valid JSON"]);
    refuses_what_is_not_utf_8:
        ["verify-contact-method/body-not-utf8"] => crm_invalid(&["body must be valid JSON"]);
    refuses_what_is_not_an_object:
        ["verify-contact-method/body-not-an-object"] => crm_invalid(&["body must be a JSON object"]);
    refuses_an_empty_body:
        ["verify-contact-method/body-empty"] => crm_invalid(&[TYPE, VALUE]);
    refuses_a_body_without_a_type:
        ["verify-contact-method/type-missing"] => crm_invalid(&[TYPE]);
    refuses_another_type:
        ["verify-contact-method/bad-type"] => crm_invalid(&[TYPE]);
    refuses_a_body_without_a_value:
        ["verify-contact-method/value-missing"] => crm_invalid(&[EMAIL_MISSING]);
    refuses_a_number_with_an_extension:
        ["verify-contact-method/bad-phone-number"] => crm_invalid(&[VALUE_OF_PHONE]);
    refuses_an_address_without_a_domain:
        ["verify-contact-method/bad-email"] => crm_invalid(&[VALUE_OF_EMAIL]);
    refuses_a_date_alone:
        ["verify-contact-method/bad-date"] => crm_invalid(&[VERIFIED_AT]);
    refuses_a_misspelling_of_the_time:
        ["verify-contact-method/misspelt-time"] => crm_invalid(&["verified_at must be spelled verifiedAt"]);
    refuses_a_label_of_two_lines:
        ["verify-contact-method/bad-label"] => crm_invalid(&[LABEL]);
    refuses_what_is_not_an_entity_tag:
        ["verify-contact-method/bad-if-match"] => crm_invalid(&[IF_MATCH]);
    names_every_fault:
        ["verify-contact-method/several-faults"]
        => crm_invalid(&[TYPE, VALUE, VERIFIED_AT, LABEL, IF_MATCH]);
    does_not_find_an_unknown_contact:
        ["verify-contact-method/contact-not-found"] => crm_refusal(404, "Contact not found");
    does_not_find_a_contact_of_another_tenant:
        ["verify-contact-method/other-tenant"] => crm_refusal(404, "Contact not found");
    does_not_find_a_number_that_the_contact_has_not:
        ["verify-contact-method/phone-number-not-found"]
        => crm_refusal(404, "Phone number not found on contact");
    does_not_find_an_address_that_the_contact_has_not:
        ["verify-contact-method/email-not-found"] => crm_refusal(404, "Email not found on contact");
    refuses_to_write_to_another_version:
        ["verify-contact-method/version-mismatch"] => crm_refusal(412, "Contact has changed").etag(1);
}

#[tokio::test]
async fn refuses_a_body_over_16_kib() {
    check_too_large(
        "verify-contact-method/phone-recorded",
        &crm_refusal(413, "Payload too large"),
    )
    .await;
}

const VALUE_OF_PHONE: &str = "value must be a phone number, such as +14165550100: it has an extension, or more than one number";
const VALUE_OF_EMAIL: &str =
    "value must be an e-mail address of at most 320 characters: its domain is not valid";
const EMAIL_MISSING: &str =
    "value must be an e-mail address of at most 320 characters: it is missing";
const VALUE: &str = "value must be a phone number or an e-mail address";
const TYPE: &str = "type must be \"phone\" or \"email\"";
const LABEL: &str =
    "verificationSource must be a string of at most 100 characters without control characters";

/// The members of the verification of the events that have a label.
fn labelled(source: &str) -> Value {
    json!({ "verifiedAt": "2026-05-20T15:04:01.135Z", "verifiedBy": USER, "verificationSource": source })
}

/// The members of the verification of most events, without a label.
fn by(actor: &str) -> Value {
    verification("2026-05-20T15:04:01.135Z", actor)
}

/// The contact of the events.
fn alex(phone: &Value, email: &Value) -> Value {
    json!({
        "_id": "64b2c3d4e5f60012345678aa", "firstName": "Alex", "lastName": "Morgan",
        "phoneNumber": [method("+14165550100", phone)],
        "secondaryPhoneNumber": [],
        "email": "alex@example.com",
        "emails": [method("alex@example.com", email)],
        "status": "New Lead", "pipelineId": null, "pipelineStage": null,
        "organizationId": "64f0a1b2c3d4e5f6a7b8c9d3",
        "userId": null, "createdBy": null, "assignees": [],
        "createdAt": "2026-05-01T14:30:00.000Z",
    })
}

fn phone_recorded(version: u32, phone: &Value) -> Expected {
    crm(
        version,
        "Phone number verified",
        "recorded",
        alex(phone, &nothing()),
    )
}
