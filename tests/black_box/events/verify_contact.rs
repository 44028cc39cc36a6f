//! Endpoint 3 (contract section 7).

use std::collections::BTreeMap;

use serde_json::json;

use super::{Expected, NOW, check_too_large};

// First what it does; then what it refuses, in the order in which it looks.
event_tests! {
    records_a_first_verification:
        ["verify-contact/recorded"] => contact(2, "recorded", Some("2024-09-01T10:00:00.000Z"));
    records_now_where_the_time_is_absent:
        ["verify-contact/recorded-now"] => contact(2, "recorded", Some(NOW));
    records_an_earlier_time:
        ["verify-contact/recorded", "verify-contact/recorded-by-an-earlier-time"]
        => contact(3, "recorded", Some("2024-08-31T23:59:59.999Z"));
    reads_a_time_without_an_offset_in_its_zone:
        ["verify-contact/recorded-naive-time"]
        => contact(2, "recorded", Some("2024-09-01T10:00:00.000Z"));
    reads_a_body_in_base64:
        ["verify-contact/recorded-base64-body"]
        => contact(2, "recorded", Some("2024-09-01T10:00:00.000Z"));
    reads_if_match_headers_that_the_gateway_joined:
        ["verify-contact/recorded-joined-if-match"]
        => contact(2, "recorded", Some("2024-09-01T10:00:00.000Z"));
    records_the_address_that_the_body_names:
        ["verify-contact/recorded-for-an-address"]
        => contact(2, "recorded", Some("2024-09-01T10:00:00.000Z"));
    keeps_an_earlier_verification:
        ["verify-contact/recorded", "verify-contact/kept"]
        => contact(2, "kept", Some("2024-09-01T10:00:00.000Z"));
    keeps_an_equal_verification:
        ["verify-contact/recorded", "verify-contact/kept-by-an-equal-time"]
        => contact(2, "kept", Some("2024-09-01T10:00:00.000Z"));
    clears_a_verification:
        ["verify-contact/recorded", "verify-contact/cleared"] => contact(3, "cleared", None);
    does_not_look_at_the_time_when_it_clears:
        ["verify-contact/recorded", "verify-contact/cleared-whatever-the-time"]
        => contact(3, "cleared", None);
    finds_nothing_to_clear:
        ["verify-contact/unchanged"] => contact(1, "unchanged", None);
    refuses_a_request_without_a_token:
        ["verify-contact/no-token"]
        => refusal(401, "missing_authorization", "missing Authorization header").challenge("Bearer");
    refuses_what_is_not_a_bearer_token:
        ["verify-contact/not-a-bearer"]
        => refusal(401, "invalid_authorization", "Authorization header is not a bearer token")
            .challenge("Bearer");
    refuses_a_malformed_token:
        ["verify-contact/malformed-token"] => invalid_token("malformed token");
    refuses_an_expired_token:
        ["verify-contact/expired-token"] => invalid_token("token expired");
    refuses_a_forged_token:
        ["verify-contact/forged-token"] => invalid_token("signature is invalid");
    refuses_a_token_of_another_issuer:
        ["verify-contact/other-issuer"] => invalid_token("issuer is not accepted");
    refuses_a_token_without_an_organization:
        ["verify-contact/token-without-organization"]
        => invalid_token("claim missing: organizationId");
    refuses_authorization_headers_that_the_gateway_joined:
        ["verify-contact/two-authorization-headers"] => invalid_token("malformed token");
    refuses_a_type_that_is_not_json:
        ["verify-contact/wrong-content-type"]
        => refusal(415, "unsupported_media_type", "Content type must be application/json");
    refuses_the_client_of_another_token:
        ["verify-contact/other-client"] => fields(403, &[("client", "forbidden")]);
    refuses_the_token_of_a_person:
        ["verify-contact/user-token"] => fields(403, &[("client", "forbidden")]);
    refuses_the_token_of_a_superadmin:
        ["verify-contact/superadmin-without-a-client"] => fields(403, &[("client", "forbidden")]);
    refuses_what_is_no_address:
        ["verify-contact/email-invalid"] => fields(400, &[("email", "invalid")]);
    does_not_find_an_address_that_the_contact_does_not_have:
        ["verify-contact/email-not-on-contact"] => fields(400, &[("email", "not_found")]);
    refuses_what_is_not_json:
        ["verify-contact/body-not-json"] => fields(400, &[("body", "invalid_json")]);
    refuses_what_is_not_utf_8:
        ["verify-contact/body-not-utf8"] => fields(400, &[("body", "invalid_json")]);
    refuses_what_is_not_an_object:
        ["verify-contact/body-not-an-object"] => fields(400, &[("body", "must_be_object")]);
    takes_an_empty_body_for_an_empty_object:
        ["verify-contact/body-empty"]
        => fields(400, &[("verified", "required"), ("audience", "required"), ("client", "required")]);
    refuses_a_body_that_does_not_say_whether:
        ["verify-contact/verified-missing"] => fields(400, &[("verified", "required")]);
    refuses_a_text_for_a_boolean:
        ["verify-contact/verified-not-a-boolean"] => fields(400, &[("verified", "must_be_boolean")]);
    refuses_a_time_in_words:
        ["verify-contact/verified-at-not-iso"]
        => fields(400, &[("verified_at", "must_be_iso_datetime")]);
    refuses_a_date_alone:
        ["verify-contact/verified-at-a-date-alone"]
        => fields(400, &[("verified_at", "must_be_iso_datetime")]);
    refuses_a_body_without_an_audience:
        ["verify-contact/audience-missing"] => fields(400, &[("audience", "required")]);
    refuses_a_body_without_a_client:
        ["verify-contact/client-missing"] => fields(400, &[("client", "required")]);
    refuses_a_weak_entity_tag:
        ["verify-contact/bad-if-match"] => fields(400, &[("if_match", "must_be_entity_tags")]);
    names_every_fault:
        ["verify-contact/several-faults"]
        => fields(400, &[
            ("verified_at", "must_be_iso_datetime"), ("audience", "required"), ("if_match", "must_be_entity_tags"),
        ]);
    does_not_find_an_unknown_audience:
        ["verify-contact/audience-not-found"] => fields(400, &[("audience", "not_found")]);
    does_not_find_an_audience_of_another_tenant:
        ["verify-contact/other-tenant"] => fields(400, &[("audience", "not_found")]);
    lets_a_superadmin_reach_no_other_tenant:
        ["verify-contact/superadmin-of-another-tenant"] => fields(400, &[("audience", "not_found")]);
    does_not_find_an_unknown_contact:
        ["verify-contact/contact-not-found"] => fields(404, &[("contact_id", "not_found")]);
    does_not_find_what_is_not_an_id:
        ["verify-contact/contact-id-not-an-id"] => fields(404, &[("contact_id", "not_found")]);
    does_not_find_a_contact_that_the_client_has_not_onboarded:
        ["verify-contact/client-subscription-missing"] => fields(404, &[("contact_id", "not_found")]);
    refuses_to_write_to_another_version:
        ["verify-contact/version-mismatch"]
        => refusal(412, "precondition_failed", "Contact has changed").etag(1);
}

#[tokio::test]
async fn refuses_a_body_over_16_kib() {
    check_too_large(
        "verify-contact/recorded",
        &refusal(413, "payload_too_large", "Payload too large"),
    )
    .await;
}

/// The contact of the events, then at `version`, and verified at both levels since `verified_at` or at neither.
fn contact(version: u32, outcome: &str, verified_at: Option<&str>) -> Expected {
    let verified = verified_at.is_some();
    let (verified_by, blocked_by) = if verified {
        (json!(["contact", "client"]), json!([]))
    } else {
        (json!([]), json!(["not_verified"]))
    };
    let body = json!({
        "contact_id": "c_1", "email": "jane.doe@example.com", "exists": true, "outcome": outcome,
        "verified": verified, "verified_at": verified_at,
        "email_validation": { "status": "unknown", "reason": "", "validated_at": null },
        "global_unsubscribed": false, "hard_bounced": false, "complained": false,
        "audience": {
            "slug": "newsletter", "subscribed": false, "status": null, "verified": false, "verified_at": null,
            "unsubscribed_at": null, "unsubscribe_reason": "",
        },
        "client": {
            "slug": "website", "subscribed": true, "status": "subscribed", "verified": verified,
            "verified_at": verified_at, "unsubscribed_at": null, "unsubscribe_reason": "",
        },
        "can_send_marketing": verified, "can_send_transactional": true,
        "marketing": { "verified_by": verified_by, "blocked_by": blocked_by },
        "tags": [],
    });
    Expected::success(version, body)
}

fn refusal(status: u64, code: &str, message: &str) -> Expected {
    Expected::refusal(
        status,
        json!({ "error": { "code": code, "message": message } }),
    )
}

fn invalid_token(fault: &str) -> Expected {
    refusal(401, "invalid_token", fault).invalid_token(fault)
}

fn fields(status: u64, fields: &[(&str, &str)]) -> Expected {
    let fields: BTreeMap<_, _> = fields.iter().copied().collect();
    let error = json!({ "code": "validation_error", "fields": fields });
    Expected::refusal(status, json!({ "error": error }))
}
