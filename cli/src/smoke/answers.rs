//! The successful answers that the contract promises for the sample contacts.

use serde_json::{Value, json};

/// A phone number or e-mail address in an answer (contract section 8).
pub(super) fn entry(value: &str, at: Option<&str>, by: &str, source: Option<&str>) -> Value {
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

/// A successful answer of endpoints 1 and 2 (contract section 6).
pub(super) fn crm_answer(subject: &str, outcome: &str, at: Option<&str>, contact: &Value) -> Value {
    let done = if at.is_some() {
        "verified"
    } else {
        "verification cleared"
    };
    json!({ "message": format!("{subject} {done}"), "data": { "outcome": outcome, "contact": contact } })
}

/// A successful answer of endpoint 3 (contract section 7).
pub(super) fn mailer_answer(contact: &str, email: &str, outcome: &str, at: Option<&str>) -> Value {
    let is_verified = at.is_some();
    let (verified_by, blocked_by) = if is_verified {
        (json!(["contact", "client"]), json!([]))
    } else {
        (json!([]), json!(["not_verified"]))
    };
    json!({
        "contact_id": contact, "email": email, "exists": true, "outcome": outcome,
        "verified": is_verified, "verified_at": at,
        "email_validation": { "status": "unknown", "reason": "", "validated_at": null },
        "global_unsubscribed": false, "hard_bounced": false, "complained": false,
        "audience": {
            "slug": "newsletter", "subscribed": false, "status": null, "verified": false, "verified_at": null,
            "unsubscribed_at": null, "unsubscribe_reason": "",
        },
        "client": {
            "slug": "website", "subscribed": true, "status": "subscribed", "verified": is_verified, "verified_at": at,
            "unsubscribed_at": null, "unsubscribe_reason": "",
        },
        "can_send_marketing": is_verified, "can_send_transactional": true,
        "marketing": { "verified_by": verified_by, "blocked_by": blocked_by },
        "tags": [],
    })
}
