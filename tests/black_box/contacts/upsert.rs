//! `POST /api/contacts`: what it changes, and what it leaves as it is.

use serde_json::json;

use super::{ADDRESS, body, contact, id, start, status_of};

#[tokio::test]
async fn a_new_contact_is_created_and_answered_as_endpoint_3_would() {
    let api = start().await;
    let answer = api
        .upsert(body(
            json!({ "email": " Jane.Doe@Example.COM ", "status": "subscribed" }),
        ))
        .await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!(
        answer.body,
        json!({
            "contact_id": id(&answer), "email": ADDRESS, "exists": true, "outcome": "created",
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
        })
    );
    let seen = contact(&api, &id(&answer)).await;
    assert_eq!(
        seen["emails"],
        json!([{ "value": "Jane.Doe@Example.COM", "isPrimary": true }])
    );
}

#[tokio::test]
async fn an_upsert_of_a_known_address_in_another_form_finds_its_contact() {
    let api = start().await;
    let first = api.upsert(body(json!({}))).await;
    let second = api
        .upsert(body(json!({ "email": "JANE.DOE@example.com" })))
        .await;
    assert_eq!((first.status, second.status), (201, 200));
    assert_eq!(id(&first), id(&second));
}

#[tokio::test]
async fn a_new_subscription_without_a_status_is_pending() {
    let api = start().await;
    let answer = api.upsert(body(json!({}))).await;
    assert_eq!(answer.body["client"]["status"], "pending");
}

#[tokio::test]
async fn a_repeated_upsert_changes_nothing() {
    let api = start().await;
    let all = body(json!({
        "status": "unsubscribed", "verified": true, "verified_at": "2024-09-01T10:00:00Z",
        "email_validation": { "status": "valid", "reason": "smtp" },
        "suppression": { "global_unsubscribed": true, "hard_bounced": true, "complained": true },
        "tags": ["lead", "vip"], "firstName": "Jane", "lastName": "Doe",
        "phoneNumber": [{ "value": "+14165550100", "isPrimary": true }, { "value": "416 555 0101" }],
    }));
    let first = api.upsert(all.clone()).await;
    assert_eq!(first.body["outcome"], "created");
    assert_eq!(first.body["verification_outcome"], "recorded");
    let again = api.upsert(all).await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(again.header("etag"), Some("\"1\""));
    let mut expected = first.body;
    expected["outcome"] = json!("unchanged");
    expected["verification_outcome"] = json!("kept");
    assert_eq!(again.body, expected);

    let plain = api.upsert(body(json!({}))).await;
    assert_eq!(plain.body["outcome"], "unchanged");
    assert_eq!(plain.header("etag"), Some("\"1\""));
}

#[tokio::test]
async fn members_that_are_absent_or_null_change_nothing() {
    let api = start().await;
    let first = api
        .upsert(body(json!({
            "status": "subscribed", "verified": true, "verified_at": "2024-09-01T10:00:00Z",
            "email_validation": { "status": "risky", "reason": "role", "validated_at": "2024-01-01T00:00:00Z" },
            "suppression": { "hard_bounced": true }, "tags": ["lead"], "firstName": "Jane", "lastName": "Doe",
            "phoneNumber": "+14165550100",
        })))
        .await;
    let before = contact(&api, &id(&first)).await;
    for changes in [
        json!({}),
        json!({ "email_validation": { "status": "risky" } }),
        json!({
            "status": null, "verified": null, "verified_at": null, "email_validation": null, "suppression": null,
            "tags": null, "firstName": null, "lastName": null, "phoneNumber": null,
        }),
        json!({
            "suppression": { "hard_bounced": null }, "firstName": " ", "phoneNumber": [], "verified": false,
            "verified_at": "whatever",
        }),
    ] {
        let answer = api.upsert(body(changes.clone())).await;
        assert_eq!(answer.body["outcome"], "unchanged", "{changes}");
        assert_eq!(answer.header("etag"), Some("\"1\""), "{changes}");
        assert_eq!(contact(&api, &id(&first)).await, before);
    }
}

#[tokio::test]
async fn an_upsert_never_clears_or_postpones_a_verification() {
    let api = start().await;
    let verified = |at: &str| body(json!({ "verified": true, "verified_at": at }));
    for (change, outcome, at) in [
        (
            verified("2024-09-01T10:00:00Z"),
            json!("recorded"),
            "2024-09-01T10:00:00.000Z",
        ),
        (
            verified("2024-10-01T10:00:00Z"),
            json!("kept"),
            "2024-09-01T10:00:00.000Z",
        ),
        (
            verified("2024-09-01T10:00:00Z"),
            json!("kept"),
            "2024-09-01T10:00:00.000Z",
        ),
        (
            body(json!({ "verified": false })),
            json!(null),
            "2024-09-01T10:00:00.000Z",
        ),
        (
            body(json!({ "verified": true })),
            json!("kept"),
            "2024-09-01T10:00:00.000Z",
        ),
        (
            verified("2023-01-01T00:00:00Z"),
            json!("recorded"),
            "2023-01-01T00:00:00.000Z",
        ),
    ] {
        let answer = api.upsert(change.clone()).await;
        assert_eq!(answer.body["verification_outcome"], outcome, "{change}");
        assert_eq!(answer.body["verified_at"], at, "{change}");
        assert_eq!(answer.body["client"]["verified_at"], at, "{change}");
        assert_eq!(
            answer.body["marketing"]["verified_by"],
            json!(["contact", "client"])
        );
    }
}

#[tokio::test]
async fn a_verification_is_kept_while_something_else_is_changed() {
    let api = start().await;
    api.upsert(body(
        json!({ "verified": true, "verified_at": "2024-09-01T10:00:00Z" }),
    ))
    .await;
    let answer = api
        .upsert(body(json!({ "verified": true, "firstName": "Jane" })))
        .await;
    assert_eq!(answer.body["outcome"], "updated");
    assert_eq!(answer.body["verification_outcome"], "kept");
    assert_eq!(answer.header("etag"), Some("\"2\""));
    assert_eq!(contact(&api, &id(&answer)).await["firstName"], "Jane");
    let again = api
        .upsert(body(json!({ "verified": true, "firstName": "Jane" })))
        .await;
    assert_eq!(again.body["outcome"], "unchanged");
    assert_eq!(again.header("etag"), Some("\"2\""));
}

#[tokio::test]
async fn a_verification_by_endpoint_3_survives_an_upsert() {
    let api = start().await;
    let made = api.upsert(body(json!({ "status": "subscribed" }))).await;
    let verified = json!({
        "verified": true, "verified_at": "2024-09-01T10:00:00Z", "audience": "newsletter", "client": "website",
    });
    let answer = api.verify_contact(&id(&made), verified).await;
    assert_eq!(answer.body["can_send_marketing"], true);
    let answer = api.upsert(body(json!({ "firstName": "Jane" }))).await;
    assert_eq!(answer.body["outcome"], "updated");
    assert_eq!(answer.body["verified_at"], "2024-09-01T10:00:00.000Z");
    assert_eq!(answer.body["can_send_marketing"], true);
}

#[tokio::test]
async fn new_numbers_are_added_and_known_numbers_keep_their_verification() {
    let api = start().await;
    let made = api
        .upsert(body(json!({ "phoneNumber": "+14165550100" })))
        .await;
    let verified = json!({ "phoneNumber": "+14165550100", "verifiedAt": "2024-01-01T00:00:00Z" });
    api.verify_phone_number(&id(&made), verified).await;
    let answer = api
        .upsert(body(json!({ "phoneNumber": [
            { "value": "(416) 555-0100" }, { "value": "+14165550101", "isPrimary": true },
        ] })))
        .await;
    assert_eq!(answer.body["outcome"], "updated");
    assert_eq!(
        contact(&api, &id(&made)).await["phoneNumber"],
        json!([
            {
                "value": "+14165550100", "isPrimary": false, "verifiedAt": "2024-01-01T00:00:00.000Z",
                "verifiedBy": "user_1",
            },
            { "value": "+14165550101", "isPrimary": true },
        ])
    );
}

#[tokio::test]
async fn many_numbers_at_once_are_all_added() {
    let api = start().await;
    api.upsert(body(json!({ "phoneNumber": "+14165550100" })))
        .await;
    let numbers: Vec<_> = (100..200)
        .map(|n| json!({ "value": format!("+1416555{n:04}") }))
        .collect();
    let answer = api.upsert(body(json!({ "phoneNumber": numbers }))).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let seen = contact(&api, &id(&answer)).await;
    assert_eq!(seen["phoneNumber"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn tags_belong_to_an_audience_and_replace_the_former_ones() {
    let api = start().await;
    api.upsert(body(json!({ "tags": [" lead ", "vip"] }))).await;
    let other = api
        .upsert(body(json!({ "audience": "other", "tags": ["x"] })))
        .await;
    assert_eq!(other.body["tags"], json!(["x"]));
    let answer = api.upsert(body(json!({}))).await;
    assert_eq!(answer.body["tags"], json!(["lead", "vip"]));
    let answer = api.upsert(body(json!({ "tags": ["new"] }))).await;
    assert_eq!(answer.body["tags"], json!(["new"]));
    let answer = api.upsert(body(json!({ "tags": [] }))).await;
    assert_eq!(answer.body["tags"], json!([]));
}

#[tokio::test]
async fn a_finding_and_suppressions_change_what_may_be_sent() {
    let api = start().await;
    api.upsert(body(json!({ "status": "subscribed", "verified": true })))
        .await;
    let answer = api
        .upsert(body(json!({
            "email_validation": { "status": "no_mx", "reason": "no host", "validated_at": "2024-02-01T00:00" },
            "suppression": { "global_unsubscribed": true, "complained": true },
        })))
        .await;
    assert_eq!(
        answer.body["email_validation"],
        json!({ "status": "no_mx", "reason": "no host", "validated_at": "2024-02-01T00:00:00.000Z" })
    );
    assert_eq!(
        answer.body["marketing"]["blocked_by"],
        json!(["globally_unsubscribed", "complained", "undeliverable"])
    );
    assert_eq!(answer.body["can_send_transactional"], false);
    let valid = json!({ "email_validation": { "status": "valid" } });
    let answer = api.upsert(body(valid)).await;
    assert_eq!(
        answer.body["marketing"]["blocked_by"],
        json!(["globally_unsubscribed", "complained"])
    );
}

#[tokio::test]
async fn each_client_onboards_for_itself() {
    let api = start().await;
    let made = api.upsert(body(json!({ "verified": true }))).await;
    let token = api.application_token("app");
    let answer = api
        .post("/api/contacts", &token, body(json!({ "client": "app" })))
        .await;
    assert_eq!((answer.status, id(&answer)), (200, id(&made)));
    assert_eq!(answer.body["client"]["slug"], "app");
    assert_eq!(answer.body["client"]["verified"], false);
}

#[tokio::test]
async fn organizations_have_contacts_of_their_own_under_one_address() {
    let api = start().await;
    let mine = api.upsert(body(json!({ "firstName": "Jane" }))).await;
    let mut other = black_box_tests::Api::with_service(
        api.database.again(),
        shared::Service::new(
            black_box_tests::development_settings(),
            api.database.store().await,
        ),
    )
    .await;
    other.seed(json!([])).await;
    let theirs = other.upsert(body(json!({}))).await;
    assert_eq!(theirs.status, 201);
    assert_ne!(id(&mine), id(&theirs));
    other.organization = api.organization.clone();
    assert_eq!(id(&status_of(&other, ADDRESS, "website").await), id(&mine));
}

#[tokio::test]
async fn a_contact_of_a_seed_is_found_by_its_address() {
    let api = start().await;
    api.seed(json!([{ "id": "c_1", "emails": [{ "value": "A@example.com" }, { "value": "b@example.com" }] }]))
        .await;
    for address in ["a@example.com", "B@example.com"] {
        let answer = api.upsert(body(json!({ "email": address }))).await;
        assert_eq!((answer.status, id(&answer).as_str()), (200, "c_1"));
        assert_eq!(answer.body["email"], address.to_lowercase());
    }
}
