//! The endpoints that take contacts in and answer for them. What else they answer is for `contacts` to say.

use serde_json::{Value, json};

use super::{Answer, NOW, request_id};

// Each function first with what it does, then with what it refuses.
event_tests! {
    creates_a_contact:
        ["upsert-contact/created"] => at(201, 1).of("/outcome", "created").of("/client/status", "subscribed");
    records_a_verification_at_both_levels:
        ["upsert-contact/recorded"]
        => at(200, 2).of("/outcome", "updated").of("/verification_outcome", "recorded")
            .of("/verified_at", "2024-09-01T10:00:00.000Z").of("/client/verified_at", "2024-09-01T10:00:00.000Z");
    keeps_an_earlier_verification:
        ["upsert-contact/recorded", "upsert-contact/recorded-kept"]
        => at(200, 2).of("/outcome", "unchanged").of("/verification_outcome", "kept")
            .of("/client/verified_at", "2024-09-01T10:00:00.000Z");
    updates_a_contact:
        ["upsert-contact/updated"] => at(200, 2).of("/outcome", "updated").of("/contact_id", "c_1");
    updates_the_version_that_is_expected:
        ["upsert-contact/updated-if-match"] => at(200, 2).of("/tags", json!(["lead"]));
    changes_nothing_where_nothing_is_said:
        ["upsert-contact/unchanged"] => at(200, 1).of("/outcome", "unchanged");
    refuses_an_upsert_without_a_token:
        ["upsert-contact/no-token"] => refused(401).of("/error/code", "missing_authorization");
    refuses_an_upsert_that_is_not_json:
        ["upsert-contact/wrong-content-type"] => refused(415).of("/error/code", "unsupported_media_type");
    refuses_an_upsert_for_another_client:
        ["upsert-contact/other-client"] => field(403, "client", "forbidden");
    refuses_an_upsert_by_a_person:
        ["upsert-contact/user-token"] => field(403, "client", "forbidden");
    names_every_member_of_an_upsert_at_fault:
        ["upsert-contact/several-faults"]
        => refused(400).of("/error/fields", json!({
            "email": "invalid", "audience": "required", "tags": "must_be_list", "verified": "must_be_boolean",
        }));
    takes_an_empty_body_for_an_empty_object:
        ["upsert-contact/body-empty"]
        => refused(400).of("/error/fields", json!({
            "email": "required", "audience": "required", "client": "required",
        }));
    refuses_an_if_match_that_is_no_list_of_tags:
        ["upsert-contact/bad-if-match"] => field(400, "if_match", "must_be_entity_tags");
    does_not_find_an_audience_that_is_not_registered:
        ["upsert-contact/audience-not-found"] => field(400, "audience", "not_found");
    does_not_find_an_audience_of_another_tenant:
        ["upsert-contact/other-tenant"] => field(400, "audience", "not_found");
    refuses_to_upsert_another_version:
        ["upsert-contact/version-mismatch"] => at(412, 1).of("/error/code", "precondition_failed");

    shows_a_contact:
        ["get-contact/read"] => at(200, 1).of("/_id", ALEX).of("/email", "alex@example.com");
    shows_a_superadmin_a_contact_of_another_tenant:
        ["get-contact/read-by-a-superadmin-of-another-tenant"] => at(200, 1).of("/_id", ALEX);
    shows_nothing_that_the_caller_has:
        ["get-contact/not-modified"] => at(304, 1).of("", Value::Null);
    shows_nobody_without_a_token:
        ["get-contact/no-token"] => refused(401).of("/error", "Unauthorized: missing Authorization header");
    does_not_find_an_unknown_contact:
        ["get-contact/contact-not-found"] => refused(404).of("/error", "Contact not found");
    does_not_find_a_contact_of_another_tenant:
        ["get-contact/other-tenant"] => refused(404).of("/error", "Contact not found");

    answers_for_an_address:
        ["contact-status/read"] => at(200, 1).of("/contact_id", "c_1").of("/exists", true);
    answers_for_an_address_that_nobody_has:
        ["contact-status/unknown"]
        => refused(200).of("/exists", false).of("/email", "nobody+news@example.com").of("/contact_id", Value::Null);
    takes_a_plus_for_a_plus:
        ["contact-status/plus-as-a-blank"] => refused(200).of("/email", "nobody+news@example.com");
    answers_nobody_without_a_token:
        ["contact-status/no-token"] => refused(401).of("/error/code", "missing_authorization");
    answers_nothing_to_another_client:
        ["contact-status/other-client"] => field(403, "client", "forbidden");
    answers_nothing_of_an_unknown_audience:
        ["contact-status/audience-not-found"] => field(400, "audience", "not_found");
    names_every_parameter_that_is_missing:
        ["contact-status/query-empty"]
        => refused(400).of("/error/fields", json!({
            "email": "required", "audience": "required", "client": "required",
        }));

    adds_a_number:
        ["add-contact-method/phone-added"]
        => changed(2, "Phone number added", "updated")
            .of("/data/contact/phoneNumber/1", json!({ "value": "+14165550101", "isPrimary": true }))
            .of("/data/contact/updatedAt", NOW);
    adds_an_address:
        ["add-contact-method/email-added"]
        => changed(2, "Email added", "updated")
            .of("/data/contact/emails/1", json!({ "value": "Alex.Morgan@Example.com", "isPrimary": false }));
    adds_nothing_that_is_there:
        ["add-contact-method/unchanged"] => changed(1, "Phone number added", "unchanged");
    adds_nothing_without_a_token:
        ["add-contact-method/no-token"] => refused(401).of("/error", "Unauthorized: missing Authorization header");
    adds_nothing_that_is_not_json:
        ["add-contact-method/wrong-content-type"] => refused(415).of("/error", "Content type must be application/json");
    adds_no_fax:
        ["add-contact-method/bad-type"] => refused(400).of("/error", "Invalid payload: type must be \"phone\" or \"email\"");
    adds_no_number_that_cannot_be:
        ["add-contact-method/calling-code-not-assigned"]
        => refused(400).of("/error", "Invalid payload: value must be a phone number, such as +14165550100: its calling code does not exist");
    adds_no_address_of_another_contact:
        ["add-contact-method/email-of-another-contact"]
        => refused(400).of("/error", "Invalid payload: value must be an e-mail address that no other contact has");
    adds_nothing_to_an_unknown_contact:
        ["add-contact-method/contact-not-found"] => refused(404).of("/error", "Contact not found");
    adds_nothing_to_a_contact_of_another_tenant:
        ["add-contact-method/other-tenant"] => refused(404).of("/error", "Contact not found");
    adds_nothing_to_another_version:
        ["add-contact-method/version-mismatch"] => at(412, 1).of("/error", "Contact has changed");

    removes_a_number:
        ["remove-contact-method/phone-removed"]
        => changed(2, "Phone number removed", "updated").of("/data/contact/phoneNumber", json!([]));
    removes_an_address:
        ["remove-contact-method/email-removed"]
        => changed(2, "Email removed", "updated").of("/data/contact/emails", json!([])).of("/data/contact/email", Value::Null);
    removes_nothing_without_a_token:
        ["remove-contact-method/no-token"] => refused(401).of("/error", "Unauthorized: missing Authorization header");
    removes_nothing_that_is_not_json:
        ["remove-contact-method/wrong-content-type"] => refused(415).of("/error", "Content type must be application/json");
    removes_nothing_that_is_no_number:
        ["remove-contact-method/bad-phone-number"]
        => refused(400).of("/error", "Invalid payload: value must be a phone number, such as +14165550100: it has an extension, or more than one number");
    removes_nothing_of_an_unknown_contact:
        ["remove-contact-method/contact-not-found"] => refused(404).of("/error", "Contact not found");
    removes_nothing_of_a_contact_of_another_tenant:
        ["remove-contact-method/other-tenant"] => refused(404).of("/error", "Contact not found");
    removes_no_number_that_is_not_there:
        ["remove-contact-method/phone-number-not-found"] => refused(404).of("/error", "Phone number not found on contact");
    removes_no_address_that_is_not_there:
        ["remove-contact-method/email-not-found"] => refused(404).of("/error", "Email not found on contact");
    removes_nothing_of_another_version:
        ["remove-contact-method/contact-has-changed"] => at(412, 1).of("/error", "Contact has changed");

    subscribes_a_new_contact:
        ["subscribe/created"] => at(201, 1).of("/client/status", "subscribed");
    lifts_what_was_ended_for_everything:
        ["unsubscribe/global", "subscribe/updated"]
        => at(200, 3).of("/outcome", "updated").of("/global_unsubscribed", false);
    changes_nothing_for_who_is_subscribed:
        ["subscribe/unchanged"] => at(200, 1).of("/outcome", "unchanged");
    subscribes_nobody_without_a_token:
        ["subscribe/no-token"] => refused(401).of("/error/code", "missing_authorization");
    subscribes_nobody_by_what_is_not_json:
        ["subscribe/wrong-content-type"] => refused(415).of("/error/code", "unsupported_media_type");
    subscribes_nobody_for_another_client:
        ["subscribe/other-client"] => field(403, "client", "forbidden");
    subscribes_nobody_to_an_unknown_audience:
        ["subscribe/audience-not-found"] => field(400, "audience", "not_found");
    subscribes_nobody_further_than_there_is:
        ["subscribe/bad-scope"] => field(400, "scope", "invalid");
    subscribes_nobody_at_another_version:
        ["subscribe/version-mismatch"] => at(412, 1).of("/error/code", "precondition_failed");

    ends_the_clients_subscription:
        ["unsubscribe/client"]
        => at(200, 2).of("/client/unsubscribed_at", NOW).of("/client/unsubscribe_reason", "too many");
    ends_the_subscription_at_audience_level:
        ["unsubscribe/audience"] => at(200, 2).of("/audience/status", "unsubscribed");
    ends_everything:
        ["unsubscribe/global"] => at(200, 2).of("/marketing/blocked_by/1", "globally_unsubscribed");
    ends_nothing_twice:
        ["unsubscribe/client", "unsubscribe/unchanged"] => at(200, 2).of("/outcome", "unchanged");
    ends_nothing_without_a_token:
        ["unsubscribe/no-token"] => refused(401).of("/error/code", "missing_authorization");
    ends_nothing_by_what_is_not_json:
        ["unsubscribe/wrong-content-type"] => refused(415).of("/error/code", "unsupported_media_type");
    ends_nothing_for_another_client:
        ["unsubscribe/other-client"] => field(403, "client", "forbidden");
    ends_nothing_in_an_unknown_audience:
        ["unsubscribe/audience-not-found"] => field(400, "audience", "not_found");
    ends_nothing_for_an_unknown_contact:
        ["unsubscribe/contact-not-found"] => field(404, "contact_id", "not_found");
    ends_nothing_without_a_scope:
        ["unsubscribe/scope-missing"] => field(400, "scope", "required");
    ends_nothing_at_another_version:
        ["unsubscribe/version-mismatch"] => at(412, 1).of("/error/code", "precondition_failed");
}

/// The contact of the CRM's events.
const ALEX: &str = "64b2c3d4e5f60012345678aa";

/// What an event is answered, as far as it matters for it.
struct Shown {
    status: u64,
    etag: Option<String>,
    members: Vec<(&'static str, Value)>,
}

impl Shown {
    /// With this value at this place of the body.
    fn of(mut self, place: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((place, value.into()));
        self
    }

    fn check(&self, answer: &Answer, event: &Value) {
        assert_eq!(answer.status, self.status, "{}", answer.body);
        assert_eq!(answer.header("etag"), self.etag.as_deref());
        assert_eq!(answer.header("x-request-id"), Some(request_id(event)));
        if self.status >= 400 {
            assert_eq!(answer.body["requestId"], request_id(event));
        }
        for (place, value) in &self.members {
            assert_eq!(
                answer.body.pointer(place),
                Some(value),
                "{place}: {}",
                answer.body
            );
        }
    }
}

/// An answer that is about no version of a contact.
fn refused(status: u64) -> Shown {
    Shown {
        status,
        etag: None,
        members: Vec::new(),
    }
}

/// An answer that is about this version of a contact.
fn at(status: u64, version: u32) -> Shown {
    Shown {
        etag: Some(format!("\"{version}\"")),
        ..refused(status)
    }
}

/// An answer of the CRM's that shows a contact after a change.
fn changed(version: u32, message: &str, outcome: &str) -> Shown {
    at(200, version)
        .of("/message", message)
        .of("/data/outcome", outcome)
}

/// A refusal of the mailer's that names one member.
fn field(status: u64, member: &str, code: &str) -> Shown {
    refused(status).of("/error/fields", json!({ member: code }))
}
