//! Examples: requests that work with the demo data of `serve`, and their answers. Among them are the examples of the three
//! source documents. A black-box test sends them all.

use serde_json::{Value, json};

/// A contact of the CRM.
pub const JANE: &str = "64f0a1b2c3d4e5f6a7b8c9d0";
/// Another contact of the CRM.
pub const ALEX: &str = "64b2c3d4e5f60012345678aa";
/// A contact of the mailer.
pub const SUBSCRIBER: &str = "c_1";

pub fn verify_phone_number() -> Value {
    json!({ "phoneNumber": "+14165550100", "verifiedAt": "2026-05-15T09:12:00.000Z" })
}

pub fn phone_number_verified() -> Value {
    let phone_number = json!({
        "value": "+14165550100", "isPrimary": true, "verifiedAt": "2026-05-15T09:12:00.000Z",
        "verifiedBy": "64a1b2c3d4e5f60012345679",
    });
    let jane = json!({
        "_id": JANE, "firstName": "Jane", "lastName": "Doe", "phoneNumber": [phone_number], "secondaryPhoneNumber": [],
        "email": "jane.doe@example.com", "emails": [{ "value": "jane.doe@example.com", "isPrimary": true }],
        "status": "New Lead", "pipelineId": "64f0a1b2c3d4e5f6a7b8c9d1", "pipelineStage": "64f0a1b2c3d4e5f6a7b8c9d2",
        "organizationId": "64f0a1b2c3d4e5f6a7b8c9d3", "userId": "64f0a1b2c3d4e5f6a7b8c9d4",
        "createdBy": "64f0a1b2c3d4e5f6a7b8c9d4", "assignees": ["64f0a1b2c3d4e5f6a7b8c9d4"],
        "createdAt": "2026-05-01T14:30:00.000Z", "updatedAt": CHANGED_AT,
    });
    method_changed("Phone number verified", "recorded", &jane)
}

pub fn verify_contact_method() -> Value {
    json!({
        "type": "phone", "value": "+14165550100", "verifiedAt": "2026-05-20T15:04:01.135Z",
        "verificationSource": "admin-manual",
    })
}

pub fn contact_method_verified() -> Value {
    let mut alex = changed(alex());
    alex["phoneNumber"] = json!([{
        "value": "+14165550100", "isPrimary": true, "verifiedAt": "2026-05-20T15:04:01.135Z",
        "verifiedBy": "64a1b2c3d4e5f60012345679", "verificationSource": "admin-manual",
    }]);
    method_changed("Phone number verified", "recorded", &alex)
}

pub fn alex() -> Value {
    json!({
        "_id": ALEX, "firstName": "Alex", "lastName": "Morgan",
        "phoneNumber": [{ "value": "+14165550100", "isPrimary": true }], "secondaryPhoneNumber": [],
        "email": "alex@example.com", "emails": [{ "value": "alex@example.com", "isPrimary": true }],
        "status": "New Lead", "pipelineId": null, "pipelineStage": null,
        "organizationId": "64f0a1b2c3d4e5f6a7b8c9d3", "userId": null, "createdBy": null, "assignees": [],
        "createdAt": "2026-05-01T14:30:00.000Z", "updatedAt": "2026-05-01T14:30:00.000Z",
    })
}

pub fn add_contact_method() -> Value {
    json!({ "type": "phone", "value": "+1 (416) 555-0199", "isPrimary": true })
}

pub fn contact_method_added() -> Value {
    let mut alex = changed(alex());
    alex["phoneNumber"] = json!([
        { "value": "+14165550100", "isPrimary": false },
        { "value": "+14165550199", "isPrimary": true },
    ]);
    method_changed("Phone number added", "updated", &alex)
}

pub fn remove_contact_method() -> Value {
    json!({ "type": "phone", "value": "+1 (416) 555-0100" })
}

pub fn contact_method_removed() -> Value {
    let mut alex = changed(alex());
    alex["phoneNumber"] = json!([]);
    method_changed("Phone number removed", "updated", &alex)
}

pub fn verify_contact() -> Value {
    json!({
        "verified": true, "verified_at": "2024-09-01T10:00:00Z", "email": "jane.doe@example.com",
        "audience": "newsletter", "client": "website",
    })
}

pub fn contact_verified() -> Value {
    let mut contact = audience_contact(Some("recorded"));
    contact["verified"] = json!(true);
    contact["verified_at"] = json!("2024-09-01T10:00:00.000Z");
    contact["client"]["verified"] = json!(true);
    contact["client"]["verified_at"] = json!("2024-09-01T10:00:00.000Z");
    contact["can_send_marketing"] = json!(true);
    contact["marketing"] = json!({ "verified_by": ["contact", "client"], "blocked_by": [] });
    contact
}

pub fn upsert_contact() -> Value {
    json!({
        "email": "jane.doe@example.com", "audience": "newsletter", "client": "website", "status": "subscribed",
        "verified": true, "verified_at": "2024-09-01T10:00:00Z",
        "email_validation": { "status": "valid", "validated_at": "2024-09-01T10:00:00Z" },
        "tags": ["lead"], "firstName": "Jane", "lastName": "Doe",
        "phoneNumber": [{ "value": "+14165550100", "isPrimary": true }],
    })
}

pub fn contact_updated() -> Value {
    let mut contact = contact_verified();
    contact["outcome"] = json!("updated");
    contact["verification_outcome"] = json!("recorded");
    contact["email_validation"] =
        json!({ "status": "valid", "reason": "", "validated_at": "2024-09-01T10:00:00.000Z" });
    contact["tags"] = json!(["lead"]);
    contact
}

pub fn contact_created() -> Value {
    let mut contact = contact_updated();
    contact["contact_id"] = json!(NEW);
    contact["outcome"] = json!("created");
    contact
}

pub fn contact_known() -> Value {
    audience_contact(None)
}

pub fn subscribe() -> Value {
    json!({ "email": "jane.doe@example.com", "audience": "newsletter", "client": "website", "scope": "audience" })
}

pub fn contact_subscribed() -> Value {
    let mut contact = audience_contact(Some("updated"));
    contact["audience"]["subscribed"] = json!(true);
    contact["audience"]["status"] = json!("subscribed");
    contact
}

pub fn contact_created_by_subscribing() -> Value {
    let mut contact = contact_subscribed();
    contact["contact_id"] = json!(NEW);
    contact["outcome"] = json!("created");
    contact
}

pub fn unsubscribe() -> Value {
    json!({
        "email": "jane.doe@example.com", "audience": "newsletter", "client": "website", "scope": "client",
        "reason": "too many",
    })
}

pub fn contact_unsubscribed() -> Value {
    let mut contact = audience_contact(Some("updated"));
    contact["client"]["subscribed"] = json!(false);
    contact["client"]["status"] = json!("unsubscribed");
    contact["client"]["unsubscribed_at"] = json!(CHANGED_AT);
    contact["client"]["unsubscribe_reason"] = json!("too many");
    contact["marketing"]["blocked_by"] = json!(["not_verified", "not_subscribed"]);
    contact
}

/// The time at which the examples are sent.
const CHANGED_AT: &str = "2026-11-21T12:00:00.000Z";
/// A contact that an example creates.
const NEW: &str = "c_0f8fad5bd9cb469fa16570867728950e";

fn changed(mut contact: Value) -> Value {
    contact["updatedAt"] = json!(CHANGED_AT);
    contact
}

fn method_changed(message: &str, outcome: &str, contact: &Value) -> Value {
    json!({ "message": message, "data": { "outcome": outcome, "contact": contact } })
}

/// The contact [`SUBSCRIBER`] as the demo data have it.
fn audience_contact(outcome: Option<&str>) -> Value {
    let mut contact = json!({
        "contact_id": SUBSCRIBER, "email": "jane.doe@example.com", "exists": true,
        "verified": false, "verified_at": null,
        "email_validation": { "status": "unknown", "reason": "", "validated_at": null },
        "global_unsubscribed": false, "hard_bounced": false, "complained": false,
        "audience": {
            "slug": "newsletter", "subscribed": false, "status": null, "verified": false, "verified_at": null,
            "unsubscribed_at": null, "unsubscribe_reason": "",
        },
        "client": {
            "slug": "website", "subscribed": true, "status": "subscribed", "verified": false, "verified_at": null,
            "unsubscribed_at": null, "unsubscribe_reason": "",
        },
        "can_send_marketing": false, "can_send_transactional": true,
        "marketing": { "verified_by": [], "blocked_by": ["not_verified"] },
        "tags": [],
    });
    if let Some(outcome) = outcome {
        contact["outcome"] = json!(outcome);
    }
    contact
}
