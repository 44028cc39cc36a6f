//! Examples: requests that work with the demo data of `serve`, and their answers. They include the examples of the three
//! source documents. A black-box test sends all of them. `contacts smoke`, the calls that `serve` prints, and the sample events
//! use them too.

use serde_json::{Value, json};
use shared::http::Route;

use crate::demo::{AUDIENCE, CLIENT, CRM_ORGANIZATION, PERSON};

/// The phone number of the CRM's contacts. It is no real number: +1 416 555 0100 to 0199 are for examples.
pub const PHONE: &str = "+14165550100";
/// The address of `JANE` and of `SUBSCRIBER`.
pub const EMAIL: &str = "jane.doe@example.com";

/// A contact of the CRM.
pub const JANE: &str = "64f0a1b2c3d4e5f6a7b8c9d0";
/// Another contact of the CRM.
pub const ALEX: &str = "64b2c3d4e5f60012345678aa";
/// A contact of the mailer.
pub const SUBSCRIBER: &str = "c_1";

/// The body of a route's example, or for a `GET` the parameters of its query.
#[must_use]
pub fn request(route: Route) -> Value {
    match route {
        Route::VerifyPhoneNumber => verify_phone_number(),
        Route::VerifyContactMethod => verify_contact_method(),
        Route::VerifyContact => verify_contact(),
        Route::UpsertContact => upsert_contact(),
        Route::GetContact | Route::GetHistory | Route::EraseContact => json!({}),
        Route::ContactStatus => subject(),
        Route::AddContactMethod => add_contact_method(),
        Route::RemoveContactMethod => remove_contact_method(),
        Route::Subscribe => subscribe(),
        Route::Unsubscribe => unsubscribe(),
    }
}

/// The contact in the path of a route's example; blank if the path names none.
#[must_use]
pub fn contact(route: Route) -> &'static str {
    match route {
        Route::VerifyPhoneNumber => JANE,
        Route::VerifyContactMethod
        | Route::GetContact
        | Route::AddContactMethod
        | Route::RemoveContactMethod
        | Route::GetHistory
        | Route::EraseContact => ALEX,
        Route::VerifyContact => SUBSCRIBER,
        Route::UpsertContact | Route::ContactStatus | Route::Subscribe | Route::Unsubscribe => "",
    }
}

pub(crate) fn verify_phone_number() -> Value {
    json!({ "phoneNumber": PHONE, "verifiedAt": "2026-05-15T09:12:00.000Z" })
}

pub(crate) fn phone_number_verified() -> Value {
    let mut jane = changed(jane());
    let at = Some("2026-05-15T09:12:00.000Z");
    jane["phoneNumber"] = json!([primary(PHONE, at, PERSON, None)]);
    method_changed("Phone number verified", "recorded", &jane)
}

pub(crate) fn verify_contact_method() -> Value {
    json!({
        "type": "phone", "value": PHONE, "verifiedAt": "2026-05-20T15:04:01.135Z",
        "verificationSource": "admin-manual",
    })
}

/// The answer to the example of [`Route::VerifyContactMethod`].
#[must_use]
pub fn contact_method_verified() -> Value {
    let mut alex = changed(alex());
    let at = Some("2026-05-20T15:04:01.135Z");
    alex["phoneNumber"] = json!([primary(PHONE, at, PERSON, Some("admin-manual"))]);
    method_changed("Phone number verified", "recorded", &alex)
}

/// The contact [`JANE`] in the demo data.
pub(crate) fn jane() -> Value {
    json!({
        "_id": JANE, "firstName": "Jane", "lastName": "Doe",
        "phoneNumber": [{ "value": PHONE, "isPrimary": true }], "secondaryPhoneNumber": [],
        "email": EMAIL, "emails": [{ "value": EMAIL, "isPrimary": true }],
        "status": "New Lead", "pipelineId": "64f0a1b2c3d4e5f6a7b8c9d1", "pipelineStage": "64f0a1b2c3d4e5f6a7b8c9d2",
        "organizationId": CRM_ORGANIZATION, "userId": "64f0a1b2c3d4e5f6a7b8c9d4",
        "createdBy": "64f0a1b2c3d4e5f6a7b8c9d4", "assignees": ["64f0a1b2c3d4e5f6a7b8c9d4"],
        "createdAt": "2026-05-01T14:30:00.000Z", "updatedAt": "2026-05-01T14:30:00.000Z",
    })
}

/// The contact [`ALEX`] in the demo data.
pub(crate) fn alex() -> Value {
    json!({
        "_id": ALEX, "firstName": "Alex", "lastName": "Morgan",
        "phoneNumber": [{ "value": PHONE, "isPrimary": true }], "secondaryPhoneNumber": [],
        "email": "alex@example.com", "emails": [{ "value": "alex@example.com", "isPrimary": true }],
        "status": "New Lead", "pipelineId": null, "pipelineStage": null,
        "organizationId": CRM_ORGANIZATION, "userId": null, "createdBy": null, "assignees": [],
        "createdAt": "2026-05-01T14:30:00.000Z", "updatedAt": "2026-05-01T14:30:00.000Z",
    })
}

pub(crate) fn add_contact_method() -> Value {
    json!({ "type": "phone", "value": "+1 (416) 555-0199", "isPrimary": true })
}

pub(crate) fn contact_method_added() -> Value {
    let mut alex = changed(alex());
    alex["phoneNumber"] = json!([
        { "value": PHONE, "isPrimary": false },
        { "value": "+14165550199", "isPrimary": true },
    ]);
    method_changed("Phone number added", "updated", &alex)
}

pub(crate) fn remove_contact_method() -> Value {
    json!({ "type": "phone", "value": "+1 (416) 555-0100" })
}

pub(crate) fn contact_method_removed() -> Value {
    let mut alex = changed(alex());
    alex["phoneNumber"] = json!([]);
    method_changed("Phone number removed", "updated", &alex)
}

/// The history of [`ALEX`] after the example of [`Route::VerifyContactMethod`].
pub(crate) fn history() -> Value {
    json!({
        "contactId": ALEX,
        "entries": [{
            "id": "wzuMNFvt1gZ5bJv0nTpQ7g", "at": CHANGED_AT, "event": "verification.recorded",
            "level": "contact", "audience": null, "client": null, "type": "phone", "value": PHONE,
            "before": null,
            "after": {
                "verifiedAt": "2026-05-20T15:04:01.135Z", "verifiedBy": PERSON, "verificationSource": "admin-manual",
            },
            "actor": PERSON, "route": Route::VerifyContactMethod.key(),
            "requestId": "6d7d3d5e-6d0f-4d4c-9a0d-0d3a2f7a9f10",
        }],
        "nextCursor": null,
    })
}

pub(crate) fn contact_erased() -> Value {
    json!({ "message": "Contact erased", "data": { "methods": 2, "subscriptions": 0, "historyEntries": 0 } })
}

/// The subject of an application's requests: an address, in an audience, for a client.
#[must_use]
pub fn subject() -> Value {
    json!({ "email": EMAIL, "audience": AUDIENCE, "client": CLIENT })
}

/// [`subject`] with further members.
fn about_subject(further: Value) -> Value {
    let mut body = subject();
    if let (Some(body), Value::Object(further)) = (body.as_object_mut(), further) {
        body.extend(further);
    }
    body
}

pub(crate) fn verify_contact() -> Value {
    about_subject(json!({ "verified": true, "verified_at": "2024-09-01T10:00:00Z" }))
}

pub(crate) fn contact_verified() -> Value {
    subscriber(Some("recorded"), Some("2024-09-01T10:00:00.000Z"))
}

pub(crate) fn upsert_contact() -> Value {
    about_subject(json!({
        "status": "subscribed", "verified": true, "verified_at": "2024-09-01T10:00:00Z",
        "email_validation": { "status": "valid", "validated_at": "2024-09-01T10:00:00Z" },
        "tags": ["lead"], "firstName": "Jane", "lastName": "Doe",
        "phoneNumber": [{ "value": PHONE, "isPrimary": true }],
    }))
}

pub(crate) fn contact_updated() -> Value {
    let mut contact = contact_verified();
    contact["outcome"] = json!("updated");
    contact["verification_outcome"] = json!("recorded");
    contact["email_validation"] =
        json!({ "status": "valid", "reason": "", "validated_at": "2024-09-01T10:00:00.000Z" });
    contact["tags"] = json!(["lead"]);
    contact
}

pub(crate) fn contact_created() -> Value {
    let mut contact = contact_updated();
    contact["contact_id"] = json!(NEW);
    contact["outcome"] = json!("created");
    contact
}

pub(crate) fn contact_known() -> Value {
    subscriber(None, None)
}

pub(crate) fn subscribe() -> Value {
    about_subject(json!({ "scope": "audience" }))
}

pub(crate) fn contact_subscribed() -> Value {
    let mut contact = subscriber(Some("updated"), None);
    contact["audience"]["subscribed"] = json!(true);
    contact["audience"]["status"] = json!("subscribed");
    contact
}

pub(crate) fn contact_created_by_subscribing() -> Value {
    let mut contact = contact_subscribed();
    contact["contact_id"] = json!(NEW);
    contact["outcome"] = json!("created");
    contact
}

pub(crate) fn unsubscribe() -> Value {
    about_subject(json!({ "scope": "client", "reason": "too many" }))
}

pub(crate) fn contact_unsubscribed() -> Value {
    let mut contact = subscriber(Some("updated"), None);
    contact["client"]["subscribed"] = json!(false);
    contact["client"]["status"] = json!("unsubscribed");
    contact["client"]["unsubscribed_at"] = json!(CHANGED_AT);
    contact["client"]["unsubscribe_reason"] = json!("too many");
    contact["marketing"]["blocked_by"] = json!(["not_verified", "not_subscribed"]);
    contact
}

/// The time at which the example requests change a contact.
const CHANGED_AT: &str = "2026-11-21T12:00:00.000Z";
/// A contact that an example creates.
const NEW: &str = "c_0f8fad5bd9cb469fa16570867728950e";

fn changed(mut contact: Value) -> Value {
    contact["updatedAt"] = json!(CHANGED_AT);
    contact
}

/// The body of an example without this member.
pub(crate) fn without(mut body: Value, member: &str) -> Value {
    if let Some(members) = body.as_object_mut() {
        members.remove(member);
    }
    body
}

/// A successful answer of an endpoint that changes a contact method (contract section 6).
pub(crate) fn method_changed(message: &str, outcome: &str, contact: &Value) -> Value {
    json!({ "message": message, "data": { "outcome": outcome, "contact": contact } })
}

/// A primary phone number or address in an answer (contract section 8), verified if `at` is given.
pub(crate) fn primary(value: &str, at: Option<&str>, by: &str, source: Option<&str>) -> Value {
    let mut entry = json!({ "value": value, "isPrimary": true });
    if let Some(at) = at {
        entry["verifiedAt"] = json!(at);
        entry["verifiedBy"] = json!(by);
        if let Some(source) = source {
            entry["verificationSource"] = json!(source);
        }
    }
    entry
}

/// The contact [`SUBSCRIBER`] in the demo data (contract section 7). With `verified_at`, it is verified at both levels.
pub(crate) fn subscriber(outcome: Option<&str>, verified_at: Option<&str>) -> Value {
    let is_verified = verified_at.is_some();
    let (verified_by, blocked_by) = if is_verified {
        (json!(["contact", "client"]), json!([]))
    } else {
        (json!([]), json!(["not_verified"]))
    };
    let mut contact = json!({
        "contact_id": SUBSCRIBER, "email": EMAIL, "exists": true,
        "verified": is_verified, "verified_at": verified_at,
        "email_validation": { "status": "unknown", "reason": "", "validated_at": null },
        "global_unsubscribed": false, "hard_bounced": false, "complained": false,
        "audience": {
            "slug": AUDIENCE, "subscribed": false, "status": null, "verified": false, "verified_at": null,
            "unsubscribed_at": null, "unsubscribe_reason": "",
        },
        "client": {
            "slug": CLIENT, "subscribed": true, "status": "subscribed", "verified": is_verified,
            "verified_at": verified_at, "unsubscribed_at": null, "unsubscribe_reason": "",
        },
        "can_send_marketing": is_verified, "can_send_transactional": true,
        "marketing": { "verified_by": verified_by, "blocked_by": blocked_by },
        "tags": [],
    });
    if let Some(outcome) = outcome {
        contact["outcome"] = json!(outcome);
    }
    contact
}
