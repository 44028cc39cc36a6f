//! `POST /api/contacts`: what it refuses, in the dialect of endpoint 3.

use black_box_tests::Api;
use serde_json::{Value, json};

use super::{body, fields, start};

#[tokio::test]
async fn every_member_at_fault_is_named_at_once() {
    let api = start().await;
    let answer = api
        .upsert(json!({
            "email": "jane@", "client": "website", "status": "gone", "verified": true, "verified_at": "2024-02-30T00:00",
            "email_validation": { "status": "good", "reason": 5, "validated_at": "today" },
            "suppression": { "global_unsubscribed": "yes", "hard_bounced": 1, "complained": [] },
            "tags": "lead", "firstName": 5, "lastName": {},
            "phoneNumber": [{ "value": "12" }, { "isPrimary": "yes" }, 5, { "value": "+999123456789" }],
        }))
        .await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        fields(&answer),
        &json!({
            "email": "invalid", "audience": "required", "status": "invalid", "verified_at": "must_be_iso_datetime",
            "email_validation.status": "invalid", "email_validation.reason": "must_be_string",
            "email_validation.validated_at": "must_be_iso_datetime",
            "suppression.global_unsubscribed": "must_be_boolean", "suppression.hard_bounced": "must_be_boolean",
            "suppression.complained": "must_be_boolean",
            "tags": "must_be_list", "firstName": "must_be_string", "lastName": "must_be_string",
            "phoneNumber.0.value": "invalid", "phoneNumber.1.value": "required",
            "phoneNumber.1.isPrimary": "must_be_boolean", "phoneNumber.2": "must_be_object",
            "phoneNumber.3.value": "invalid",
        })
    );
}

/// Asserts that a body with these changes is refused for these fields, and creates nothing.
async fn assert_refused(api: &Api, changes: Value, expected: Value) {
    let answer = api.upsert(body(changes.clone())).await;
    assert_eq!(answer.status, 400, "{changes}: {:?}", answer.body);
    assert_eq!(fields(&answer), &expected, "{changes}");
    let status = super::status_of(api, super::ADDRESS, "website").await;
    assert_eq!(status.body["exists"], false, "{changes}");
}

#[tokio::test]
async fn each_fault_has_its_code() {
    let api = start().await;
    for (changes, expected) in [
        (json!({ "email": null }), json!({ "email": "required" })),
        (json!({ "email": " " }), json!({ "email": "required" })),
        (json!({ "email": 5 }), json!({ "email": "required" })),
        (
            json!({ "email": "jane doe@example.com" }),
            json!({ "email": "invalid" }),
        ),
        (json!({ "audience": "" }), json!({ "audience": "required" })),
        (
            json!({ "audience": "nobodys" }),
            json!({ "audience": "not_found" }),
        ),
        (
            json!({ "audience": "No Slug" }),
            json!({ "audience": "not_found" }),
        ),
        (json!({ "client": " " }), json!({ "client": "required" })),
        (
            json!({ "status": 5 }),
            json!({ "status": "must_be_string" }),
        ),
        (
            json!({ "status": "Subscribed" }),
            json!({ "status": "invalid" }),
        ),
        (
            json!({ "verified": "true" }),
            json!({ "verified": "must_be_boolean" }),
        ),
        (
            json!({ "verified": true, "verified_at": "" }),
            json!({ "verified_at": "must_be_iso_datetime" }),
        ),
        (
            json!({ "email_validation": [] }),
            json!({ "email_validation": "must_be_object" }),
        ),
        (
            json!({ "email_validation": {} }),
            json!({ "email_validation.status": "required" }),
        ),
        (
            json!({ "suppression": true }),
            json!({ "suppression": "must_be_object" }),
        ),
        (json!({ "tags": {} }), json!({ "tags": "must_be_list" })),
        (
            json!({ "tags": ["a", " "] }),
            json!({ "tags": "must_be_non_empty_strings" }),
        ),
        (
            json!({ "tags": ["a", 1] }),
            json!({ "tags": "must_be_non_empty_strings" }),
        ),
        (
            json!({ "phoneNumber": 14_165_550_100_u64 }),
            json!({ "phoneNumber": "must_be_list" }),
        ),
        (
            json!({ "phoneNumber": "+1 416 555 0100 x5" }),
            json!({ "phoneNumber": "invalid" }),
        ),
        (
            json!({ "phoneNumber": [
                { "value": "+14165550100", "isPrimary": true }, { "value": "+14165550101", "isPrimary": true },
            ] }),
            json!({ "phoneNumber": "invalid" }),
        ),
    ] {
        assert_refused(&api, changes, expected).await;
    }
}

#[tokio::test]
async fn a_value_that_cannot_be_represented_does_not_pass_for_an_absent_one() {
    let api = start().await;
    for (member, json, code) in [
        ("tags", r#"["\ud800"]"#, "must_be_non_empty_strings"),
        ("tags", "[1e999]", "must_be_non_empty_strings"),
        ("firstName", r#""\ud800""#, "must_be_string"),
        ("status", "1e999", "must_be_string"),
    ] {
        let text = format!(
            r#"{{"email":"a@example.com","audience":"newsletter","client":"website","{member}":{json}}}"#
        );
        let request = api.request_by("POST", "/api/contacts");
        let request = request.bearer_auth(api.application_token("website"));
        let answer = api.send(request.body(text)).await;
        assert_eq!(fields(&answer), &json!({ member: code }), "{json}");
    }
}

#[tokio::test]
async fn only_the_application_itself_may_speak_for_its_client() {
    let api = start().await;
    let refused = json!({ "client": "forbidden" });
    let answer = api
        .upsert(body(json!({ "client": "app", "email": 5 })))
        .await;
    assert_eq!((answer.status, fields(&answer)), (403, &refused));
    let answer = api
        .post("/api/contacts", &api.user_token(), body(json!({})))
        .await;
    assert_eq!((answer.status, fields(&answer)), (403, &refused));
}

#[tokio::test]
async fn faults_come_in_the_order_of_the_contract() {
    let api = start().await;
    let post = || {
        api.request_by("POST", "/api/contacts")
            .header("content-type", "text/plain")
    };
    assert_eq!(api.send(post().body("{")).await.status, 401);
    let token = api.application_token("website");
    assert_eq!(
        api.send(post().bearer_auth(&token).body("{")).await.status,
        415
    );
    let large = format!(r#"{{"email":"{}"}}"#, "a".repeat(16 * 1024));
    let answer = api.send(post().bearer_auth(&token).body(large)).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.body["error"]["code"], "payload_too_large");
}

#[tokio::test]
async fn a_contact_that_would_be_too_large_is_refused() {
    let api = start().await;
    let tags: Vec<_> = (0..10).map(|n| n.to_string().repeat(35 * 1024)).collect();
    api.seed(json!([{
        "id": "c_1", "emails": [{ "value": "jane.doe@example.com" }], "tags": { "other": tags },
    }]))
    .await;
    let phones: Vec<_> = (100..400)
        .map(|n| json!({ "value": format!("+1416555{n:04}") }))
        .collect();
    let answer = api.upsert(body(json!({ "phoneNumber": phones }))).await;
    assert_eq!(answer.status, 400);
    assert_eq!(fields(&answer), &json!({ "body": "too_large" }));
}

#[tokio::test]
async fn a_contact_at_its_largest_can_still_be_verified_unsubscribed_and_made_smaller() {
    let api = start().await;
    let number = |n: usize| format!("+1416555{n:04}");
    let mut last = 0;
    for first in (0..).step_by(20) {
        let numbers: Vec<_> = (first..first + 20)
            .map(|n| json!({ "value": number(n) }))
            .collect();
        let answer = api.upsert(body(json!({ "phoneNumber": numbers }))).await;
        if answer.status == 400 {
            assert_eq!(fields(&answer), &json!({ "body": "too_large" }));
            break;
        }
        last = first;
    }
    let id = super::id(&super::status_of(&api, super::ADDRESS, "website").await);
    for n in 0..last {
        let verified = json!({
            "type": "phone", "value": number(n), "verifiedAt": "2024-01-01T00:00:00Z", "verificationSource": "x".repeat(100),
        });
        assert_eq!(api.verify_contact_method(&id, verified).await.status, 200);
    }
    let token = api.application_token("website");
    for scope in ["client", "audience", "global"] {
        let path = "/api/subscriptions/unsubscribe";
        let answer = api
            .post(
                path,
                &token,
                // The reason is nearly as long as a body can be.
                body(json!({ "scope": scope, "reason": "x".repeat(16_000) })),
            )
            .await;
        assert_eq!(answer.status, 200, "{scope}: {:?}", answer.body);
    }
    let complained = json!({ "suppression": { "complained": true } });
    assert_eq!(api.upsert(body(complained)).await.status, 200);
    let path = format!("/api/contacts/{id}/contact-methods/remove");
    let method = json!({ "type": "phone", "value": number(0) });
    assert_eq!(api.post(&path, &api.user_token(), method).await.status, 200);
}

#[tokio::test]
async fn an_address_whose_normal_form_is_too_long_is_refused() {
    let api = start().await;
    let address = format!("{}@example.com", "\u{1d160}".repeat(300));
    let answer = api.upsert(body(json!({ "email": address }))).await;
    assert_eq!(
        (answer.status, fields(&answer)),
        (400, &json!({ "email": "invalid" }))
    );
}
