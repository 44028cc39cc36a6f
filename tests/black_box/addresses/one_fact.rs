//! The CRM and the mailer see the same fact about an address.

use black_box_tests::Api;
use serde_json::json;

use super::{PRIMARY, SECOND, add, body, remove, status, upsert, verify_contact, verify_method};

const T1: &str = "2024-01-01T00:00:00.000Z";
const T2: &str = "2025-01-01T00:00:00.000Z";

async fn start() -> Api {
    let api = Api::start().await;
    api.seed(json!([{
        "id": "c_1", "emails": [{ "value": PRIMARY }, { "value": SECOND }],
        "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }],
    }]))
    .await;
    api
}

/// The entries of the contact's addresses as the CRM sees them.
async fn entries(api: &Api) -> serde_json::Value {
    let contact = api.get("/api/contacts/c_1", &api.user_token()).await;
    contact.body["emails"].clone()
}

#[tokio::test]
async fn an_address_that_the_crm_verified_is_verified_for_the_mailer() {
    let api = start().await;
    verify_method(&api, "c_1", PRIMARY, Some(T1)).await;
    let seen = status(&api, PRIMARY).await;
    assert_eq!(
        (&seen["verified"], &seen["verified_at"]),
        (&json!(true), &json!(T1))
    );
    assert_eq!(
        seen["marketing"],
        json!({ "verified_by": ["contact"], "blocked_by": [] })
    );
    assert_eq!(seen["can_send_marketing"], true);
}

#[tokio::test]
async fn an_address_that_the_mailer_verified_is_verified_for_the_crm_with_its_author() {
    let api = start().await;
    for verifies in [
        verify_contact(
            &api,
            json!({ "verified": true, "verified_at": T2, "email": SECOND }),
        )
        .await,
        upsert(
            &api,
            json!({ "verified": true, "verified_at": T1, "email": SECOND }),
        )
        .await,
    ] {
        assert_eq!(verifies.body["email"], SECOND);
    }
    assert_eq!(
        entries(&api).await,
        json!([
            { "value": PRIMARY, "isPrimary": true },
            { "value": SECOND, "isPrimary": false, "verifiedAt": T1, "verifiedBy": "client:website" },
        ])
    );
}

#[tokio::test]
async fn the_earliest_of_both_dialects_stays_with_its_author_and_its_source() {
    let api = start().await;
    let labelled = json!({
        "type": "email", "value": PRIMARY, "verifiedAt": T1, "verificationSource": "admin-manual",
    });
    api.verify_contact_method("c_1", labelled).await;
    let later = verify_contact(&api, json!({ "verified": true, "verified_at": T2 })).await;
    // The client's level had no verification yet.
    assert_eq!(later.body["outcome"], "recorded");
    assert_eq!(later.body["verified_at"], T1);
    assert_eq!(later.body["client"]["verified_at"], T2);
    let entry = &entries(&api).await[0];
    assert_eq!(entry["verifiedAt"], T1);
    assert_eq!(entry["verifiedBy"], "user_1");
    assert_eq!(entry["verificationSource"], "admin-manual");
}

#[tokio::test]
async fn a_clear_of_either_dialect_is_seen_by_the_other() {
    let api = start().await;
    verify_contact(&api, json!({ "verified": true, "verified_at": T1 })).await;
    let cleared = verify_method(&api, "c_1", PRIMARY, None).await;
    assert_eq!(cleared.body["data"]["outcome"], "cleared");
    let seen = status(&api, PRIMARY).await;
    assert_eq!(
        (&seen["verified"], &seen["client"]["verified"]),
        (&json!(false), &json!(true))
    );
    verify_method(&api, "c_1", PRIMARY, Some(T2)).await;
    verify_contact(&api, json!({ "verified": false })).await;
    assert_eq!(
        entries(&api).await[0],
        json!({ "value": PRIMARY, "isPrimary": true })
    );
}

#[tokio::test]
async fn a_new_primary_address_that_nobody_has_proved_gets_no_marketing() {
    let api = start().await;
    verify_contact(&api, json!({ "verified": true, "verified_at": T1 })).await;
    assert_eq!(add(&api, "c_1", "unproven@example.com", true).await, 200);
    let seen = status(&api, "unproven@example.com").await;
    assert_eq!(seen["exists"], true);
    assert_eq!(
        (&seen["verified"], &seen["can_send_marketing"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(seen["marketing"]["blocked_by"], json!(["not_verified"]));
    let proven = status(&api, PRIMARY).await;
    assert_eq!(proven["can_send_marketing"], true);
}

#[tokio::test]
async fn endpoint_3_answers_which_address_it_cannot_verify() {
    let api = start().await;
    let verify = |id: &'static str, more| {
        let api = &api;
        async move {
            let answer = api.verify_contact(id, body(more)).await;
            (answer.status, answer.body["error"]["fields"].clone())
        }
    };
    let named = |email: serde_json::Value| json!({ "verified": true, "email": email });
    let elsewhere = "elsewhere@example.com";
    for (email, code) in [
        (json!("no address"), "invalid"),
        (json!(""), "invalid"),
        (json!(7), "invalid"),
        (json!(elsewhere), "not_found"),
    ] {
        let expected = (400, json!({ "email": code }));
        assert_eq!(
            verify("c_1", named(email.clone())).await,
            expected,
            "{email}"
        );
    }
    // The error of a missing contact comes first.
    let not_found = (404, json!({ "contact_id": "not_found" }));
    assert_eq!(verify("c_none", named(json!(elsewhere))).await, not_found);
    for address in [PRIMARY, SECOND] {
        assert_eq!(remove(&api, "c_1", address).await, 200);
    }
    let required = (400, json!({ "email": "required" }));
    assert_eq!(verify("c_1", json!({ "verified": true })).await, required);
    assert_eq!(verify("c_1", json!({ "verified": false })).await, required);
}

#[tokio::test]
async fn a_misspelling_never_clears() {
    let api = Api::start().await;
    api.seed(json!([{
        "id": "c_1",
        "phoneNumber": [{ "value": "+14165550100", "verifiedAt": T1 }],
        "emails": [{ "value": PRIMARY, "verifiedAt": T1 }],
    }]))
    .await;
    for name in [
        "verified_at",
        "verifiedat",
        "VerifiedAt",
        "verified-at",
        "VERIFIED_AT",
    ] {
        let email = json!({ "type": "email", "value": PRIMARY, name: T2 });
        let phone = json!({ "phoneNumber": "+14165550100", name: null });
        for answer in [
            api.verify_contact_method("c_1", email).await,
            api.verify_phone_number("c_1", phone).await,
        ] {
            assert_eq!(answer.status, 400, "{name}: {:?}", answer.body);
            let text = format!("Invalid payload: {name} must be spelled verifiedAt");
            assert_eq!(answer.body["error"], text);
        }
    }
    let contact = api.get("/api/contacts/c_1", &api.user_token()).await.body;
    assert_eq!(contact["phoneNumber"][0]["verifiedAt"], T1);
    assert_eq!(contact["emails"][0]["verifiedAt"], T1);
    // Beside the correct member, a misspelled one is ignored like any unknown member.
    let both = json!({ "phoneNumber": "+14165550100", "verifiedAt": null, "verified_at": T2 });
    let cleared = api.verify_phone_number("c_1", both).await;
    assert_eq!(cleared.body["data"]["outcome"], "cleared");
}
