//! The contact in an answer (contract section 8).

use serde_json::{Value, json};

use super::{BEFORE, Crm, NOW, outcome, verify_email, verify_phone};

#[tokio::test]
async fn the_example_of_the_contract_is_answered_to_the_byte() {
    let crm = Crm::with_contact(json!({
        "firstName": "Alex", "lastName": "Morgan", "status": "New Lead",
        "phoneNumber": [{ "value": "+14165550100", "isPrimary": true }],
        "emails": [{ "value": "alex@example.com", "isPrimary": true }],
    }))
    .await;
    let body = verify_phone(&json!({ "verificationSource": "admin-manual" }));
    let answer = crm.verify_contact_method(body).await;
    let expected = json!({
        "message": "Phone number verified",
        "data": { "outcome": "recorded", "contact": {
            "_id": "c_1", "firstName": "Alex", "lastName": "Morgan",
            "phoneNumber": [{
                "value": "+14165550100", "isPrimary": true, "verifiedAt": "2026-05-20T15:04:01.135Z",
                "verifiedBy": "user_1", "verificationSource": "admin-manual",
            }],
            "secondaryPhoneNumber": [],
            "email": "alex@example.com",
            "emails": [{ "value": "alex@example.com", "isPrimary": true }],
            "status": "New Lead", "pipelineId": null, "pipelineStage": null,
            "organizationId": crm.api.organization, "userId": null, "createdBy": null, "assignees": [],
            "createdAt": BEFORE, "updatedAt": NOW,
        } },
    });
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn every_member_that_the_crm_knows_is_shown() {
    let crm_members = json!({
        "pipelineId": "p_1", "pipelineStage": "s_1", "userId": "u_1", "createdBy": "u_2",
        "assignees": ["u_3", "u_1"], "secondaryPhoneNumber": ["416 555 0102", "+14165550101"],
    });
    let crm = Crm::with_contact(super::with(&super::plain_contact(), &crm_members)).await;
    let answer = crm.verify_contact_method(verify_phone(&json!({}))).await;
    for (member, value) in crm_members.as_object().unwrap() {
        assert_eq!(&answer.body["data"]["contact"][member], value, "{member}");
    }
}

/// The contact in the answer to a clear of its last e-mail address, [`super::EMAIL`].
async fn contact(emails: Value) -> Value {
    let crm = Crm::with_contact(json!({ "emails": emails })).await;
    let answer = crm
        .verify_contact_method(verify_email(&json!({ "verifiedAt": null })))
        .await;
    assert_eq!(outcome(&answer), "unchanged");
    answer.body["data"]["contact"].clone()
}

#[tokio::test]
async fn a_contact_with_one_entry_and_nothing_else_has_all_members() {
    let contact = contact(json!([{ "value": "alex@example.com" }])).await;
    for member in [
        "firstName",
        "lastName",
        "status",
        "pipelineId",
        "pipelineStage",
        "userId",
        "createdBy",
    ] {
        assert_eq!(contact.get(member), Some(&Value::Null), "{member}");
    }
    for member in ["phoneNumber", "secondaryPhoneNumber", "assignees"] {
        assert_eq!(contact.get(member), Some(&json!([])), "{member}");
    }
}

#[tokio::test]
async fn addresses_keep_the_order_in_which_they_were_added() {
    let emails = ["zoe@example.com", "Morgan@example.com", "alex@example.com"];
    let seeds = emails.map(|email| json!({ "value": email }));
    let contact = contact(json!(seeds)).await;
    let shown: Vec<_> = contact["emails"]
        .as_array()
        .unwrap()
        .iter()
        .map(|email| &email["value"])
        .collect();
    assert_eq!(shown, emails);
}

#[tokio::test]
async fn numbers_keep_the_order_in_which_they_were_added() {
    let phones = ["+442079460958", "+14165550199", "+14165550100"];
    let seeds = phones.map(|phone| json!({ "value": phone }));
    let crm = Crm::with_contact(json!({ "phoneNumber": seeds })).await;
    let answer = crm.verify_contact_method(verify_phone(&json!({}))).await;
    let shown = answer.body["data"]["contact"]["phoneNumber"]
        .as_array()
        .unwrap();
    assert_eq!(
        shown
            .iter()
            .map(|phone| &phone["value"])
            .collect::<Vec<_>>(),
        phones
    );
}

#[tokio::test]
async fn the_address_of_a_contact_is_its_primary_one() {
    let emails =
        json!([{ "value": "zoe@example.com" }, { "value": "Alex@Example.com", "isPrimary": true }]);
    assert_eq!(contact(emails).await["email"], "Alex@Example.com");
}

#[tokio::test]
async fn the_first_address_is_the_primary_one_if_none_is_marked() {
    let emails = json!([{ "value": "alex@example.com", "isPrimary": false }]);
    assert_eq!(contact(emails).await["email"], "alex@example.com");
}

#[tokio::test]
async fn a_contact_without_addresses_has_none() {
    let crm = Crm::with_contact(json!({ "phoneNumber": [{ "value": "+14165550100" }] })).await;
    let answer = crm.verify_contact_method(verify_phone(&json!({}))).await;
    assert_eq!(answer.body["data"]["contact"]["email"], Value::Null);
    assert_eq!(answer.body["data"]["contact"]["emails"], json!([]));
}
