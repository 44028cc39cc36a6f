//! The sample events: for each function one of each outcome and status, and events in forms that only API Gateway makes.

use contacts::openapi::examples;
use serde_json::{Value, json};
use shared::http::Route;

use super::Case;

const UNAUTHORIZED: &str = "Unauthorized: missing Authorization header";
const NOT_JSON: &str = "Content type must be application/json";
const NO_CONTACT: &str = "Contact not found";
const CHANGED: &str = "Contact has changed";

/// All cases.
#[must_use]
pub fn cases() -> Vec<Case> {
    [
        verify_phone_number(),
        verify_contact_method(),
        verify_contact(),
        upsert_contact(),
        get_contact(),
        contact_status(),
        add_contact_method(),
        remove_contact_method(),
        subscribe(),
        unsubscribe(),
        get_history(),
        erase_contact(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[rustfmt::skip]
fn verify_phone_number() -> Vec<Case> {
    let of = |name, members| Case::of(Route::VerifyPhoneNumber, name, members);
    let example = |name| of(name, json!({}));
    vec![
        example("recorded").is(200, "recorded").at(2),
        of("recorded-by-an-earlier-time", json!({ "verifiedAt": "2026-05-14T18:30:00.000Z" })).after("recorded").is(200, "recorded").at(3),
        of("recorded-national-number", json!({ "phoneNumber": "(416) 555-0100" })).is(200, "recorded").at(2),
        example("recorded-by-an-application").person(json!({ "sub": "dialler", "client": "dialler" })).is(200, "recorded").at(2),
        example("recorded-by-a-superadmin-of-another-tenant").person(superadmin()).is(200, "recorded").at(2),
        // API Gateway passes a body of such a type in base64.
        example("recorded-merge-patch").header("content-type", "application/merge-patch+json").is(200, "recorded").at(2),
        example("recorded-without-content-type").without("content-type").is(200, "recorded").at(2),
        // API Gateway joins the values of two headers with one name, as here.
        example("recorded-joined-if-match").header("if-match", "\"7\",\"1\"").is(200, "recorded").at(2),
        of("kept", json!({ "verifiedAt": "2026-06-01T00:00:00.000Z" })).after("recorded").is(200, "kept").at(2),
        of("cleared", json!({ "verifiedAt": null })).after("recorded").is(200, "cleared").at(3),
        of("unchanged", json!({ "verifiedAt": null })).is(200, "unchanged").at(1),
        example("no-token").without("authorization").is(401, UNAUTHORIZED),
        // From 2025-01-01.
        example("expired-token").person(json!({ "iat": 1_735_689_600, "exp": 1_735_693_200 })).is(401, "Unauthorized: token expired"),
        example("forged-token").forger().is(401, "Unauthorized: signature is invalid"),
        example("two-authorization-headers").twice("authorization").is(401, "Unauthorized: malformed token"),
        example("wrong-content-type").header("content-type", "text/plain").is(415, NOT_JSON),
        example("body-empty").body(b"").is(400, "Invalid payload: phoneNumber …"),
        example("body-not-utf8").body(b"{\"phoneNumber\":\"\xff\xfe\"}").is(400, "Invalid payload: body must be valid JSON"),
        of("misspelt-time", json!({ "verifiedAt": "-", "verified_at": "2026-05-15T09:12:00.000Z" })).is(400, "Invalid payload: verified_at must be spelled verifiedAt"),
        of("several-faults", json!({ "phoneNumber": "-", "verifiedAt": "yesterday" })).header("if-match", "1").is(400, "Invalid payload: phoneNumber …"),
        example("contact-not-found").contact("64f0a1b2c3d4e5f6a7b8c9df").is(404, NO_CONTACT),
        example("contact-id-not-an-id").contact("64f0a1b2c3d4e5f6a7b8c9d0.json").is(404, NO_CONTACT),
        example("other-tenant").person(json!({ "organizationId": "org_a" })).is(404, NO_CONTACT),
        of("phone-number-not-found", json!({ "phoneNumber": "+14165550199" })).is(404, "Phone number not found on contact"),
        example("version-mismatch").header("if-match", "\"2\"").is(412, CHANGED).at(1),
    ]
}

#[rustfmt::skip]
fn verify_contact_method() -> Vec<Case> {
    let of = |name, members| Case::of(Route::VerifyContactMethod, name, members);
    let example = |name| of(name, json!({}));
    let email = |name, at: Value| of(name, json!({ "type": "email", "value": "Alex@Example.COM", "verifiedAt": at }));
    vec![
        example("phone-recorded").is(200, "recorded").at(2),
        of("phone-kept", json!({ "verifiedAt": "2026-05-21T08:00:00.000Z" })).after("phone-recorded").is(200, "kept").at(2),
        of("phone-cleared", json!({ "verifiedAt": null, "verificationSource": "-" })).after("phone-recorded").is(200, "cleared").at(3),
        of("phone-unchanged", json!({ "verifiedAt": null })).is(200, "unchanged").at(1),
        email("email-recorded", json!("2026-05-20T15:04:01.135Z")).is(200, "recorded").at(2),
        email("email-kept", json!("2026-05-21T08:00:00.000Z")).after("email-recorded").is(200, "kept").at(2),
        email("email-cleared", json!(null)).after("email-recorded").is(200, "cleared").at(3),
        email("email-unchanged", json!(null)).is(200, "unchanged").at(1),
        example("recorded-by-an-application").person(json!({ "sub": "dialler", "client": "dialler" })).is(200, "recorded").at(2),
        example("recorded-by-a-superadmin-of-another-tenant").person(superadmin()).is(200, "recorded").at(2),
        example("no-token").without("authorization").is(401, UNAUTHORIZED),
        example("wrong-content-type").header("content-type", "application/x-www-form-urlencoded").is(415, NOT_JSON),
        of("several-faults", json!({ "type": "-", "value": 5, "verifiedAt": true, "verificationSource": "x".repeat(101) })).is(400, "Invalid payload: type …"),
        example("contact-not-found").contact("64b2c3d4e5f60012345678ab").is(404, NO_CONTACT),
        of("phone-number-not-found", json!({ "value": "+14165550199" })).is(404, "Phone number not found on contact"),
        of("email-not-found", json!({ "type": "email", "value": "alex.morgan@example.com" })).is(404, "Email not found on contact"),
        example("version-mismatch").header("if-match", "\"2\"").is(412, CHANGED).at(1),
    ]
}

#[rustfmt::skip]
fn verify_contact() -> Vec<Case> {
    let of = |name, members| Case::of(Route::VerifyContact, name, members);
    let example = |name| of(name, json!({ "email": "-" }));
    let at = |name, at: Value| of(name, json!({ "email": "-", "verified_at": at }));
    let clear = |name| of(name, json!({ "email": "-", "verified_at": "-", "verified": false }));
    vec![
        example("recorded").is(200, "recorded").at(2),
        of("recorded-for-an-address", json!({ "email": "Jane.Doe@Example.com" })).is(200, "recorded").at(2),
        at("recorded-by-an-earlier-time", json!("2024-08-31T23:59:59.999Z")).after("recorded").is(200, "recorded").at(3),
        at("recorded-naive-time", json!("2024-09-01 10:00")).is(200, "recorded").at(2),
        at("kept", json!("2024-10-01T00:00:00Z")).after("recorded").is(200, "kept").at(2),
        clear("cleared").after("recorded").is(200, "cleared").at(3),
        clear("unchanged").is(200, "unchanged").at(1),
        example("no-token").without("authorization").is(401, "missing_authorization"),
        example("expired-token").application(json!({ "iat": 1_735_689_600, "exp": 1_735_693_200 })).is(401, "invalid_token"),
        example("wrong-content-type").header("content-type", "text/plain").is(415, "unsupported_media_type"),
        of("other-client", json!({ "client": "app" })).is(403, r#"{"client":"forbidden"}"#),
        example("user-token").person(json!({ "organizationId": "org_a" })).is(403, r#"{"client":"forbidden"}"#),
        of("several-faults", json!({ "verified_at": "", "audience": "-" })).is(400, r#"{"audience":"required","verified_at":"must_be_iso_datetime"}"#),
        of("audience-not-found", json!({ "audience": "customers" })).is(400, r#"{"audience":"not_found"}"#),
        of("email-not-on-contact", json!({ "email": "john.doe@example.com" })).is(400, r#"{"email":"not_found"}"#),
        example("other-tenant").application(json!({ "organizationId": "64f0a1b2c3d4e5f6a7b8c9d3" })).is(400, r#"{"audience":"not_found"}"#),
        example("superadmin-of-another-tenant").application(json!({ "organizationId": "64f0a1b2c3d4e5f6a7b8c9d3", "role": "SUPERADMIN" })).is(400, r#"{"audience":"not_found"}"#),
        example("contact-not-found").contact("c_2").is(404, r#"{"contact_id":"not_found"}"#),
        of("client-subscription-missing", json!({ "client": "app" })).application(json!({ "sub": "app", "client": "app" })).is(404, r#"{"contact_id":"not_found"}"#),
        example("version-mismatch").header("if-match", "\"2\"").is(412, "precondition_failed").at(1),
    ]
}

#[rustfmt::skip]
fn upsert_contact() -> Vec<Case> {
    let of = |name, members| {
        let mut all = bare();
        all.as_object_mut().unwrap().extend(Value::as_object(&members).unwrap().clone());
        Case::of(Route::UpsertContact, name, all)
    };
    let example = |name| of(name, json!({}));
    let verified = |name, at: &str| of(name, json!({ "verified": true, "verified_at": at }));
    vec![
        of("created", json!({ "email": "New@Example.com", "status": "subscribed", "firstName": "New" })).is(201, "created").at(1),
        verified("recorded", "2024-09-01T10:00:00Z").is(200, "updated, recorded").at(2),
        verified("recorded-kept", "2024-10-01T10:00:00Z").after("recorded").is(200, "unchanged, kept").at(2),
        of("updated", json!({ "firstName": "Janet", "phoneNumber": "(416) 555-0100" })).is(200, "updated").at(2),
        example("unchanged").is(200, "unchanged").at(1),
        example("no-token").without("authorization").is(401, "missing_authorization"),
        example("wrong-content-type").header("content-type", "text/plain").is(415, "unsupported_media_type"),
        of("other-client", json!({ "client": "app" })).is(403, r#"{"client":"forbidden"}"#),
        of("several-faults", json!({ "email": "jane@", "audience": "-", "tags": "lead", "verified": "yes" })).is(400, r#"{"audience":"required","email":"invalid","tags":"must_be_list","verified":"must_be_boolean"}"#),
        of("audience-not-found", json!({ "audience": "customers" })).is(400, r#"{"audience":"not_found"}"#),
        example("version-mismatch").header("if-match", "\"77\"").is(412, "precondition_failed").at(1),
    ]
}

#[rustfmt::skip]
fn get_contact() -> Vec<Case> {
    let example = |name| Case::of(Route::GetContact, name, json!({}));
    vec![
        example("read").is(200, "Alex").at(1),
        example("read-by-a-superadmin-of-another-tenant").person(superadmin()).is(200, "Alex").at(1),
        example("not-modified").header("if-none-match", "\"1\"").is(304, "").at(1),
        example("no-token").without("authorization").is(401, UNAUTHORIZED),
        example("contact-not-found").contact("64b2c3d4e5f60012345678ab").is(404, NO_CONTACT),
        example("other-tenant").person(json!({ "organizationId": "org_a" })).is(404, NO_CONTACT),
    ]
}

#[rustfmt::skip]
fn contact_status() -> Vec<Case> {
    let of = |name, members| Case::of(Route::ContactStatus, name, members);
    let example = |name| of(name, json!({}));
    vec![
        example("read").is(200, "jane.doe@example.com").at(1),
        of("unknown", json!({ "email": "nobody+news@example.com" })).is(200, "nobody+news@example.com"),
        example("plus-as-a-blank").query("email=nobody+news@example.com&audience=newsletter&client=website").is(200, "nobody+news@example.com"),
        example("no-token").without("authorization").is(401, "missing_authorization"),
        of("other-client", json!({ "client": "app" })).is(403, r#"{"client":"forbidden"}"#),
        example("query-empty").query("").is(400, r#"{"audience":"required","client":"required","email":"required"}"#),
        of("audience-not-found", json!({ "audience": "customers" })).is(400, r#"{"audience":"not_found"}"#),
    ]
}

#[rustfmt::skip]
fn add_contact_method() -> Vec<Case> {
    let of = |name, members| Case::of(Route::AddContactMethod, name, members);
    let example = |name| of(name, json!({}));
    vec![
        example("phone-added").is(200, "updated").at(2),
        of("email-added", json!({ "type": "email", "value": "Alex.Morgan@Example.com", "isPrimary": "-" })).is(200, "updated").at(2),
        of("unchanged", json!({ "value": "+14165550100", "isPrimary": "-" })).is(200, "unchanged").at(1),
        example("no-token").without("authorization").is(401, UNAUTHORIZED),
        example("wrong-content-type").header("content-type", "text/plain").is(415, NOT_JSON),
        of("bad-type", json!({ "type": "fax" })).is(400, "Invalid payload: type must be \"phone\" or \"email\""),
        of("email-of-another-contact", json!({ "type": "email", "value": "jane.doe@example.com" })).is(400, "Invalid payload: value must be an e-mail address that no other contact has"),
        example("contact-not-found").contact("64b2c3d4e5f60012345678ab").is(404, NO_CONTACT),
        example("version-mismatch").header("if-match", "\"77\"").is(412, CHANGED).at(1),
    ]
}

#[rustfmt::skip]
fn remove_contact_method() -> Vec<Case> {
    let of = |name, members| Case::of(Route::RemoveContactMethod, name, members);
    let example = |name| of(name, json!({}));
    vec![
        example("phone-removed").is(200, "updated").at(2),
        of("email-removed", json!({ "type": "email", "value": "Alex@Example.com" })).is(200, "updated").at(2),
        example("no-token").without("authorization").is(401, UNAUTHORIZED),
        example("wrong-content-type").header("content-type", "text/plain").is(415, NOT_JSON),
        of("bad-phone-number", json!({ "value": "416-555-0100 x5" })).is(400, "Invalid payload: value must be a phone number, …"),
        example("contact-not-found").contact("64b2c3d4e5f60012345678ab").is(404, NO_CONTACT),
        of("phone-number-not-found", json!({ "value": "+14165550199" })).is(404, "Phone number not found on contact"),
        of("email-not-found", json!({ "type": "email", "value": "nobody@example.com" })).is(404, "Email not found on contact"),
        example("contact-has-changed").header("if-match", "\"77\"").is(412, CHANGED).at(1),
    ]
}

#[rustfmt::skip]
fn subscribe() -> Vec<Case> {
    let of = |name, members| Case::of(Route::Subscribe, name, members);
    let example = |name| of(name, json!({ "scope": "-" }));
    vec![
        of("created", json!({ "email": "new@example.com", "scope": "-" })).is(201, "created").at(1),
        of("updated", json!({ "scope": "global" })).after("unsubscribe/global").is(200, "updated").at(3),
        example("unchanged").is(200, "unchanged").at(1),
        example("no-token").without("authorization").is(401, "missing_authorization"),
        example("wrong-content-type").header("content-type", "text/plain").is(415, "unsupported_media_type"),
        of("other-client", json!({ "client": "app" })).is(403, r#"{"client":"forbidden"}"#),
        of("audience-not-found", json!({ "audience": "customers" })).is(400, r#"{"audience":"not_found"}"#),
        of("bad-scope", json!({ "scope": "all" })).is(400, r#"{"scope":"invalid"}"#),
        example("version-mismatch").header("if-match", "\"77\"").is(412, "precondition_failed").at(1),
    ]
}

#[rustfmt::skip]
fn unsubscribe() -> Vec<Case> {
    let of = |name, members| Case::of(Route::Unsubscribe, name, members);
    let example = |name| of(name, json!({}));
    vec![
        example("client").is(200, "updated").at(2),
        of("audience", json!({ "scope": "audience" })).is(200, "updated").at(2),
        of("global", json!({ "scope": "global" })).is(200, "updated").at(2),
        of("unchanged", json!({ "reason": "-" })).after("client").is(200, "unchanged").at(2),
        example("no-token").without("authorization").is(401, "missing_authorization"),
        example("wrong-content-type").header("content-type", "text/plain").is(415, "unsupported_media_type"),
        of("other-client", json!({ "client": "app" })).is(403, r#"{"client":"forbidden"}"#),
        of("audience-not-found", json!({ "audience": "customers" })).is(400, r#"{"audience":"not_found"}"#),
        of("contact-not-found", json!({ "email": "nobody@example.com" })).is(404, r#"{"contact_id":"not_found"}"#),
        of("scope-missing", json!({ "scope": "-" })).is(400, r#"{"scope":"required"}"#),
        example("version-mismatch").header("if-match", "\"77\"").is(412, "precondition_failed").at(1),
    ]
}

#[rustfmt::skip]
fn get_history() -> Vec<Case> {
    let of = |name, members| Case::of(Route::GetHistory, name, members);
    let example = |name| of(name, json!({}));
    vec![
        example("read").is(200, examples::ALEX),
        of("read-one-method", json!({ "type": "phone", "value": "(416) 555-0100", "limit": "1" })).is(200, examples::ALEX),
        example("read-by-a-superadmin-of-another-tenant").person(superadmin()).is(200, examples::ALEX),
        example("no-token").without("authorization").is(401, UNAUTHORIZED),
        of("several-faults", json!({ "type": "fax", "value": "-", "limit": "0" })).is(400, "Invalid payload: type …"),
        of("cursor-of-nothing", json!({ "cursor": "abc" })).is(400, "Invalid payload: cursor …"),
        example("contact-not-found").contact("64b2c3d4e5f60012345678ab").is(404, NO_CONTACT),
    ]
}

#[rustfmt::skip]
fn erase_contact() -> Vec<Case> {
    let example = |name| Case::of(Route::EraseContact, name, json!({}));
    let administrator = |name| example(name).person(json!({ "sub": "admin_1", "role": "ADMIN" }));
    vec![
        administrator("erased").is(200, "Contact erased"),
        example("erased-by-a-superadmin-of-another-tenant").person(superadmin()).is(200, "Contact erased"),
        administrator("erased-already").after("erased").is(404, NO_CONTACT),
        example("no-token").without("authorization").is(401, UNAUTHORIZED),
        example("no-administrator").is(403, "Forbidden: …"),
        administrator("bad-version").header("if-match", "2").is(400, "Invalid payload: If-Match …"),
        administrator("contact-not-found").contact("64b2c3d4e5f60012345678ab").is(404, NO_CONTACT),
        administrator("contact-has-changed").header("if-match", "\"77\"").is(412, CHANGED).at(1),
    ]
}

/// The claims of a super administrator of another organization.
fn superadmin() -> Value {
    json!({ "sub": "operator_1", "organizationId": "org_a", "role": "SUPERADMIN" })
}

/// The example of an upsert, with `"-"` for its optional members.
fn bare() -> Value {
    let mut example = examples::request(Route::UpsertContact);
    let required = examples::subject();
    let members = example.as_object_mut().unwrap();
    for (name, value) in members {
        if required.get(name).is_none() {
            *value = json!("-");
        }
    }
    example
}
