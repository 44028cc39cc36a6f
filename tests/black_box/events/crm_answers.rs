//! What endpoints 1 and 2 answer (contract sections 6 and 8).

use serde_json::{Value, json};

use super::{Expected, NOW};

/// When the contacts of the demo data were last changed.
const BEFORE: &str = "2026-05-01T14:30:00.000Z";

/// Who calls, unless an event says otherwise.
pub(super) const USER: &str = "64a1b2c3d4e5f60012345679";

pub(super) const VERIFIED_AT: &str = "verifiedAt must be null or an RFC 3339 date and time with an offset, such as 2026-05-20T15:04:01.135Z";
pub(super) const IF_MATCH: &str =
    "If-Match must be * or a list of at most 100 strong entity tags, such as \"3\"";

/// The members of a verification.
pub(super) fn verification(at: &str, by: &str) -> Value {
    json!({ "verifiedAt": at, "verifiedBy": by })
}

/// The members of a verification that is not there.
pub(super) fn nothing() -> Value {
    json!({})
}

/// The entry of a phone number or e-mail address.
pub(super) fn method(value: &str, verification: &Value) -> Value {
    let mut method = json!({ "value": value, "isPrimary": true });
    method
        .as_object_mut()
        .unwrap()
        .extend(verification.as_object().unwrap().clone());
    method
}

/// Endpoints 1 and 2, a contact that is then at `version`.
pub(super) fn crm(version: u32, message: &str, outcome: &str, mut contact: Value) -> Expected {
    // What wrote nothing leaves the time as it was.
    let is_changed = version > 1;
    contact["updatedAt"] = json!(if is_changed { NOW } else { BEFORE });
    Expected::success(
        version,
        json!({ "message": message, "data": { "outcome": outcome, "contact": contact } }),
    )
}

pub(super) fn crm_refusal(status: u64, text: &str) -> Expected {
    Expected::refusal(status, json!({ "error": text, "message": text }))
}

pub(super) fn crm_invalid(faults: &[&str]) -> Expected {
    crm_refusal(400, &format!("Invalid payload: {}", faults.join("; ")))
}

pub(super) fn crm_invalid_token(fault: &str) -> Expected {
    crm_refusal(401, &format!("Unauthorized: {fault}")).invalid_token(fault)
}
