//! The effect of a request, and the outcome that its answer reports (contract sections 2, 5 and 6).

use serde_json::json;

use super::{BEFORE, Crm, NOW, PHONE, email, outcome, phone, verify_email, verify_phone, with};

#[tokio::test]
async fn a_first_verification_is_recorded_and_shown() {
    let crm = Crm::with_plain_contact().await;
    let answer = crm
        .verify_phone_number(json!({ "phoneNumber": PHONE, "verifiedAt": "2026-05-15T09:12:00Z" }))
        .await;
    assert_eq!(outcome(&answer), "recorded");
    assert_eq!(answer.body["message"], "Phone number verified");
    let expected = json!({
        "value": PHONE, "isPrimary": true, "verifiedAt": "2026-05-15T09:12:00.000Z", "verifiedBy": "user_1",
    });
    assert_eq!(phone(&answer), &expected);
}

/// A verification that is already stored.
fn stored() -> serde_json::Value {
    json!({ "verifiedAt": "2026-05-10T00:00:00.000Z", "verifiedBy": "someone", "verificationSource": "import" })
}

fn shown() -> serde_json::Value {
    with(&json!({ "value": PHONE, "isPrimary": true }), &stored())
}

#[tokio::test]
async fn an_earlier_verification_replaces_the_later_one() {
    let crm = Crm::with_verified_phone(stored()).await;
    let earlier =
        json!({ "verifiedAt": "2026-05-09T23:59:59.999Z", "verificationSource": "webchat" });
    let answer = crm.verify_contact_method(verify_phone(&earlier)).await;
    assert_eq!(outcome(&answer), "recorded");
    let expected = json!({
        "value": PHONE, "isPrimary": true,
        "verifiedAt": "2026-05-09T23:59:59.999Z", "verifiedBy": "user_1", "verificationSource": "webchat",
    });
    assert_eq!(phone(&answer), &expected);
}

#[tokio::test]
async fn a_later_verification_keeps_the_earlier_one_whole() {
    let crm = Crm::with_verified_phone(stored()).await;
    let later =
        json!({ "verifiedAt": "2026-05-10T00:00:00.001Z", "verificationSource": "webchat" });
    let answer = crm.verify_contact_method(verify_phone(&later)).await;
    assert_eq!(outcome(&answer), "kept");
    assert_eq!(phone(&answer), &shown());
}

#[tokio::test]
async fn an_equal_verification_keeps_the_stored_one_whole() {
    let crm = Crm::with_verified_phone(stored()).await;
    let equal = json!({ "verifiedAt": "2026-05-10T00:00:00Z", "verificationSource": "webchat" });
    let answer = crm.verify_contact_method(verify_phone(&equal)).await;
    assert_eq!(outcome(&answer), "kept");
    assert_eq!(phone(&answer), &shown());
}

#[tokio::test]
async fn a_verification_whose_origin_nobody_knows_is_kept_as_well() {
    let crm = Crm::with_verified_phone(json!({ "verifiedAt": "2026-05-10T00:00:00Z" })).await;
    let answer = crm.verify_contact_method(verify_phone(&json!({}))).await;
    assert_eq!(outcome(&answer), "kept");
    let expected =
        json!({ "value": PHONE, "isPrimary": true, "verifiedAt": "2026-05-10T00:00:00.000Z" });
    assert_eq!(phone(&answer), &expected);
}

#[tokio::test]
async fn a_clear_removes_all_three_members() {
    let crm = Crm::with_verified_phone(stored()).await;
    let answer = crm
        .verify_contact_method(verify_phone(&json!({ "verifiedAt": null })))
        .await;
    assert_eq!(outcome(&answer), "cleared");
    assert_eq!(
        phone(&answer),
        &json!({ "value": PHONE, "isPrimary": true })
    );
}

#[tokio::test]
async fn endpoint_1_clears_all_three_members_too() {
    let crm = Crm::with_verified_phone(stored()).await;
    let answer = crm
        .verify_phone_number(json!({ "phoneNumber": PHONE, "verifiedAt": null }))
        .await;
    assert_eq!(outcome(&answer), "cleared");
    assert_eq!(
        phone(&answer),
        &json!({ "value": PHONE, "isPrimary": true })
    );
}

#[tokio::test]
async fn a_time_that_is_absent_clears_on_endpoint_1() {
    let crm = Crm::with_verified_phone(stored()).await;
    let answer = crm
        .verify_phone_number(json!({ "phoneNumber": PHONE }))
        .await;
    assert_eq!(outcome(&answer), "cleared");
}

#[tokio::test]
async fn a_time_that_is_absent_clears_on_endpoint_2() {
    let crm = Crm::with_verified_phone(stored()).await;
    let answer = crm
        .verify_contact_method(json!({ "type": "phone", "value": PHONE }))
        .await;
    assert_eq!(outcome(&answer), "cleared");
}

#[tokio::test]
async fn a_clear_that_finds_nothing_changes_nothing() {
    let crm = Crm::with_plain_contact().await;
    let answer = crm
        .verify_contact_method(verify_phone(&json!({ "verifiedAt": null })))
        .await;
    assert_eq!(outcome(&answer), "unchanged");
    assert_eq!(
        phone(&answer),
        &json!({ "value": PHONE, "isPrimary": true })
    );
}

#[tokio::test]
async fn after_a_clear_a_later_time_is_recorded() {
    let crm = Crm::with_verified_phone(stored()).await;
    crm.verify_contact_method(verify_phone(&json!({ "verifiedAt": null })))
        .await;
    let answer = crm.verify_contact_method(verify_phone(&json!({}))).await;
    assert_eq!(outcome(&answer), "recorded");
    assert_eq!(phone(&answer)["verifiedAt"], "2026-05-20T15:04:01.135Z");
}

#[tokio::test]
async fn a_recorded_verification_raises_the_version_and_moves_the_time_of_change() {
    let crm = Crm::with_plain_contact().await;
    let answer = crm.verify_contact_method(verify_phone(&json!({}))).await;
    assert_eq!(outcome(&answer), "recorded");
    assert_eq!(answer.header("etag"), Some("\"2\""));
    assert_eq!(answer.body["data"]["contact"]["updatedAt"], NOW);
}

#[tokio::test]
async fn a_clear_raises_the_version_and_moves_the_time_of_change() {
    let crm = Crm::with_verified_phone(stored()).await;
    let answer = crm
        .verify_contact_method(verify_phone(&json!({ "verifiedAt": null })))
        .await;
    assert_eq!(outcome(&answer), "cleared");
    assert_eq!(answer.header("etag"), Some("\"2\""));
    assert_eq!(answer.body["data"]["contact"]["updatedAt"], NOW);
}

#[tokio::test]
async fn a_kept_verification_leaves_the_version_and_the_time_of_change() {
    let crm = Crm::with_verified_phone(stored()).await;
    let answer = crm.verify_contact_method(verify_phone(&json!({}))).await;
    assert_eq!(outcome(&answer), "kept");
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!(answer.body["data"]["contact"]["updatedAt"], BEFORE);
}

#[tokio::test]
async fn a_clear_that_finds_nothing_leaves_the_version_and_the_time_of_change() {
    let crm = Crm::with_plain_contact().await;
    let answer = crm
        .verify_phone_number(json!({ "phoneNumber": PHONE }))
        .await;
    assert_eq!(outcome(&answer), "unchanged");
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!(answer.body["data"]["contact"]["updatedAt"], BEFORE);
}

#[tokio::test]
async fn the_message_follows_the_request_for_a_phone_number_whatever_the_outcome() {
    let crm = Crm::with_plain_contact().await;
    let verify = verify_phone(&json!({}));
    let clear = verify_phone(&json!({ "verifiedAt": null }));
    for (body, expected, message) in [
        (&verify, "recorded", "Phone number verified"),
        (&verify, "kept", "Phone number verified"),
        (&clear, "cleared", "Phone number verification cleared"),
        (&clear, "unchanged", "Phone number verification cleared"),
    ] {
        let answer = crm.verify_contact_method(body.clone()).await;
        assert_eq!(outcome(&answer), expected);
        assert_eq!(answer.body["message"], message);
    }
}

#[tokio::test]
async fn the_message_follows_the_request_for_an_address_whatever_the_outcome() {
    let crm = Crm::with_plain_contact().await;
    let verify = verify_email(&json!({}));
    let clear = verify_email(&json!({ "verifiedAt": null }));
    for (body, expected, message) in [
        (&verify, "recorded", "Email verified"),
        (&verify, "kept", "Email verified"),
        (&clear, "cleared", "Email verification cleared"),
        (&clear, "unchanged", "Email verification cleared"),
    ] {
        let answer = crm.verify_contact_method(body.clone()).await;
        assert_eq!(outcome(&answer), expected);
        assert_eq!(answer.body["message"], message);
    }
}

#[tokio::test]
async fn a_request_that_is_sent_again_is_safe() {
    let crm = Crm::with_plain_contact().await;
    let body = verify_phone(&json!({ "verificationSource": "webchat" }));
    let first = crm.verify_contact_method(body.clone()).await;
    let second = crm.verify_contact_method(body).await;
    assert_eq!((outcome(&first), outcome(&second)), ("recorded", "kept"));
    assert_eq!(first.header("etag"), second.header("etag"));
    assert_eq!(
        first.body["data"]["contact"],
        second.body["data"]["contact"]
    );
}

#[tokio::test]
async fn only_the_entry_that_is_named_is_verified() {
    let crm = Crm::with_contact(json!({
        "phoneNumber": [{ "value": "+14165550101" }, { "value": PHONE }],
        "emails": [{ "value": "alex@example.com" }],
    }))
    .await;
    let answer = crm.verify_contact_method(verify_phone(&json!({}))).await;
    let contact = &answer.body["data"]["contact"];
    assert_eq!(
        contact["phoneNumber"],
        json!([
            { "value": "+14165550101", "isPrimary": true },
            {
                "value": PHONE, "isPrimary": false,
                "verifiedAt": "2026-05-20T15:04:01.135Z", "verifiedBy": "user_1",
            },
        ])
    );
    assert_eq!(
        email(&answer),
        &json!({ "value": "alex@example.com", "isPrimary": true })
    );
}

#[tokio::test]
async fn only_the_entry_that_is_named_is_cleared() {
    let verified = json!({ "verifiedAt": "2026-05-10T00:00:00.000Z" });
    let crm = Crm::with_contact(json!({
        "phoneNumber": [with(&json!({ "value": PHONE }), &verified)],
        "emails": [with(&json!({ "value": "alex@example.com" }), &verified)],
    }))
    .await;
    let answer = crm
        .verify_contact_method(verify_email(&json!({ "verifiedAt": null })))
        .await;
    assert_eq!(
        email(&answer),
        &json!({ "value": "alex@example.com", "isPrimary": true })
    );
    assert_eq!(phone(&answer)["verifiedAt"], "2026-05-10T00:00:00.000Z");
}

#[tokio::test]
async fn two_contacts_with_one_number_are_verified_separately() {
    let crm = Crm::with_plain_contact().await;
    crm.seed("c_2", json!({ "phoneNumber": [{ "value": PHONE }] }))
        .await;
    crm.verify_contact_method(verify_phone(&json!({}))).await;
    let request = crm.request("c_2", "phone-number/verify", &crm.api.user_token());
    let answer = crm
        .send(request.json(&json!({ "phoneNumber": PHONE })))
        .await;
    assert_eq!(outcome(&answer), "unchanged");
}
