//! Endpoint 1 (contract section 5).

use serde_json::{Value, json};

use super::crm_answers::{
    IF_MATCH, USER, VERIFIED_AT, crm, crm_invalid, crm_invalid_token, crm_refusal, method, nothing,
    verification,
};
use super::{Expected, check_too_large};

// First what it does; then what it refuses, in the order in which it looks.
event_tests! {
    records_a_first_verification:
        ["verify-phone-number/recorded"] => recorded(2, &by(USER));
    records_an_earlier_time:
        ["verify-phone-number/recorded", "verify-phone-number/recorded-by-an-earlier-time"]
        => recorded(3, &verification("2026-05-14T18:30:00.000Z", USER));
    keeps_an_earlier_verification:
        ["verify-phone-number/recorded", "verify-phone-number/kept"]
        => crm(2, "Phone number verified", "kept", jane(&by(USER)));
    keeps_an_equal_verification:
        ["verify-phone-number/recorded", "verify-phone-number/kept-by-an-equal-time"]
        => crm(2, "Phone number verified", "kept", jane(&by(USER)));
    clears_a_verification:
        ["verify-phone-number/recorded", "verify-phone-number/cleared"]
        => crm(3, "Phone number verification cleared", "cleared", jane(&nothing()));
    clears_where_the_time_is_absent:
        ["verify-phone-number/recorded", "verify-phone-number/cleared-without-a-time"]
        => crm(3, "Phone number verification cleared", "cleared", jane(&nothing()));
    finds_nothing_to_clear:
        ["verify-phone-number/unchanged"]
        => crm(1, "Phone number verification cleared", "unchanged", jane(&nothing()));
    reads_a_national_number:
        ["verify-phone-number/recorded-national-number"] => recorded(2, &by(USER));
    reads_a_body_in_base64:
        ["verify-phone-number/recorded-base64-body"] => recorded(2, &by(USER));
    needs_no_content_type:
        ["verify-phone-number/recorded-without-content-type"] => recorded(2, &by(USER));
    takes_any_type_that_is_json:
        ["verify-phone-number/recorded-merge-patch"] => recorded(2, &by(USER));
    writes_to_the_version_that_if_match_names:
        ["verify-phone-number/recorded-if-match"] => recorded(2, &by(USER));
    reads_if_match_headers_that_the_gateway_joined:
        ["verify-phone-number/recorded-joined-if-match"] => recorded(2, &by(USER));
    takes_if_match_with_an_asterisk:
        ["verify-phone-number/recorded-any-if-match"] => recorded(2, &by(USER));
    records_an_application_as_the_one_who_verified:
        ["verify-phone-number/recorded-by-an-application"] => recorded(2, &by("client:dialler"));
    lets_a_superadmin_reach_another_tenant:
        ["verify-phone-number/recorded-by-a-superadmin-of-another-tenant"]
        => recorded(2, &by("operator_1"));
    lets_a_superadmin_be_of_no_tenant:
        ["verify-phone-number/recorded-by-a-superadmin-without-a-tenant"]
        => recorded(2, &by("operator_1"));
    refuses_a_request_without_a_token:
        ["verify-phone-number/no-token"]
        => crm_refusal(401, "Unauthorized: missing Authorization header").challenge("Bearer");
    refuses_what_is_not_a_bearer_token:
        ["verify-phone-number/not-a-bearer"]
        => crm_refusal(401, "Unauthorized: Authorization header is not a bearer token").challenge("Bearer");
    refuses_a_malformed_token:
        ["verify-phone-number/malformed-token"] => crm_invalid_token("malformed token");
    refuses_an_expired_token:
        ["verify-phone-number/expired-token"] => crm_invalid_token("token expired");
    refuses_a_forged_token:
        ["verify-phone-number/forged-token"] => crm_invalid_token("signature is invalid");
    refuses_a_token_of_another_issuer:
        ["verify-phone-number/other-issuer"] => crm_invalid_token("issuer is not accepted");
    refuses_a_token_without_an_organization:
        ["verify-phone-number/token-without-organization"]
        => crm_invalid_token("claim missing: organizationId");
    refuses_authorization_headers_that_the_gateway_joined:
        ["verify-phone-number/two-authorization-headers"] => crm_invalid_token("malformed token");
    refuses_a_type_that_is_not_json:
        ["verify-phone-number/wrong-content-type"]
        => crm_refusal(415, "Content type must be application/json");
    refuses_what_is_not_json:
        ["verify-phone-number/body-not-json"] => crm_invalid(&["body must be valid JSON"]);
    refuses_what_is_not_utf_8:
        ["verify-phone-number/body-not-utf8"] => crm_invalid(&["body must be valid JSON"]);
    refuses_what_is_not_an_object:
        ["verify-phone-number/body-not-an-object"] => crm_invalid(&["body must be a JSON object"]);
    refuses_an_empty_body:
        ["verify-phone-number/body-empty"] => crm_invalid(&[PHONE_NUMBER]);
    refuses_a_body_without_a_number:
        ["verify-phone-number/phone-number-missing"] => crm_invalid(&[PHONE_NUMBER]);
    refuses_a_number_that_is_not_a_text:
        ["verify-phone-number/phone-number-not-a-text"] => crm_invalid(&[NOT_TEXT]);
    refuses_a_number_with_an_extension:
        ["verify-phone-number/bad-phone-number"] => crm_invalid(&[EXTENSION]);
    refuses_a_day_that_does_not_exist:
        ["verify-phone-number/bad-date"] => crm_invalid(&[VERIFIED_AT]);
    refuses_a_misspelling_of_the_time:
        ["verify-phone-number/misspelt-time"] => crm_invalid(&["verified_at must be spelled verifiedAt"]);
    refuses_a_time_without_an_offset:
        ["verify-phone-number/date-without-offset"] => crm_invalid(&[VERIFIED_AT]);
    refuses_a_weak_entity_tag:
        ["verify-phone-number/bad-if-match"] => crm_invalid(&[IF_MATCH]);
    names_every_fault:
        ["verify-phone-number/several-faults"]
        => crm_invalid(&[PHONE_NUMBER, VERIFIED_AT, IF_MATCH]);
    does_not_find_an_unknown_contact:
        ["verify-phone-number/contact-not-found"] => crm_refusal(404, "Contact not found");
    does_not_find_what_is_not_an_id:
        ["verify-phone-number/contact-id-not-an-id"] => crm_refusal(404, "Contact not found");
    does_not_find_a_contact_of_another_tenant:
        ["verify-phone-number/other-tenant"] => crm_refusal(404, "Contact not found");
    does_not_find_a_number_that_the_contact_has_not:
        ["verify-phone-number/phone-number-not-found"]
        => crm_refusal(404, "Phone number not found on contact");
    refuses_to_write_to_another_version:
        ["verify-phone-number/version-mismatch"] => crm_refusal(412, "Contact has changed").etag(1);
}

#[tokio::test]
async fn refuses_a_body_over_16_kib() {
    check_too_large(
        "verify-phone-number/recorded",
        &crm_refusal(413, "Payload too large"),
    )
    .await;
}

const PHONE_NUMBER: &str =
    "phoneNumber must be a phone number, such as +14165550100: it is missing";
const NOT_TEXT: &str =
    "phoneNumber must be a phone number, such as +14165550100: it is not a string";
const EXTENSION: &str = "phoneNumber must be a phone number, such as +14165550100: it has an extension, or more than one number";

/// The members of the verification of most events, without a label.
fn by(actor: &str) -> Value {
    verification("2026-05-15T09:12:00.000Z", actor)
}

/// The contact of the events.
fn jane(phone: &Value) -> Value {
    json!({
        "_id": "64f0a1b2c3d4e5f6a7b8c9d0", "firstName": "Jane", "lastName": "Doe",
        "phoneNumber": [method("+14165550100", phone)],
        "secondaryPhoneNumber": [],
        "email": "jane.doe@example.com",
        "emails": [method("jane.doe@example.com", &nothing())],
        "status": "New Lead", "pipelineId": "64f0a1b2c3d4e5f6a7b8c9d1", "pipelineStage": "64f0a1b2c3d4e5f6a7b8c9d2",
        "organizationId": "64f0a1b2c3d4e5f6a7b8c9d3",
        "userId": "64f0a1b2c3d4e5f6a7b8c9d4", "createdBy": "64f0a1b2c3d4e5f6a7b8c9d4",
        "assignees": ["64f0a1b2c3d4e5f6a7b8c9d4"],
        "createdAt": "2026-05-01T14:30:00.000Z",
    })
}

fn recorded(version: u32, phone: &Value) -> Expected {
    crm(version, "Phone number verified", "recorded", jane(phone))
}
