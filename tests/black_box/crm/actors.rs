//! The actor of a change, and that no body of a request reveals contacts of other organizations (contract section 3).
//! `tests/black_box/callers.rs` tests who reaches which contact.

use black_box_tests::{Answer, fresh_organization, load, token};
use contacts::development::Identity;
use serde_json::json;
use uuid::Uuid;

use super::{Crm, PHONE, assert_refused, outcome, phone, plain_contact, verify_phone, with};

/// A contact's id that no other organization has. A super administrator's request needs such an id.
fn fresh_id() -> String {
    format!("c_{}", Uuid::new_v4().simple())
}

async fn verify_as(crm: &Crm, id: &str, token: &str) -> Answer {
    let request = crm.request(id, "verify-contact-methods", token);
    crm.send(request.json(&verify_phone(&json!({})))).await
}

fn super_admin(identity: Identity) -> String {
    token(&Identity {
        subject: "operator_1".to_owned(),
        role: Some("SUPERADMIN".to_owned()),
        ..identity
    })
}

/// A token of a super administrator of an organization that has no contacts.
fn super_admin_of_another() -> String {
    super_admin(Identity {
        organization: Some(fresh_organization()),
        ..Identity::default()
    })
}

#[tokio::test]
async fn an_application_is_recorded_by_its_slug() {
    let crm = Crm::with_plain_contact().await;
    let answer = verify_as(&crm, "c_1", &crm.api.application_token("website")).await;
    assert_eq!(phone(&answer)["verifiedBy"], "client:website");
}

#[tokio::test]
async fn the_actor_of_a_verification_comes_from_the_token_and_never_from_the_body() {
    let crm = Crm::with_plain_contact().await;
    let body = verify_phone(&json!({ "verifiedBy": "someone", "organizationId": "org_x" }));
    let answer = crm.verify_contact_method(body).await;
    assert_eq!(phone(&answer)["verifiedBy"], "user_1");
}

/// The parts of an answer that do not name the request.
fn without_request_id(answer: &Answer) -> (u16, serde_json::Value, Vec<(String, String)>) {
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "x-request-id" && *name != "date");
    (
        answer.status,
        with(&answer.body, &json!({ "requestId": null })),
        headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
    )
}

/// Asserts that such a request has the same answer for a contact of another organization as for a missing one.
async fn assert_indistinguishable(members: serde_json::Value, if_match: Option<&str>) {
    let crm = Crm::start().await;
    let other = fresh_organization();
    let contact = with(&json!({ "id": "c_1" }), &plain_contact());
    load(&crm.api.database, &other, json!([contact])).await;
    let mut answers = Vec::new();
    for id in ["c_1", "c_2"] {
        let request = crm.request(id, "verify-contact-methods", &crm.api.user_token());
        let request = if_match
            .into_iter()
            .fold(request, |request, tag| request.header("if-match", tag));
        let answer = crm.send(request.json(&verify_phone(&members))).await;
        assert_refused(&answer, 404, "Contact not found");
        answers.push(without_request_id(&answer));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn a_clear_does_not_tell_that_another_organization_has_a_contact() {
    assert_indistinguishable(json!({ "verifiedAt": null }), None).await;
}

#[tokio::test]
async fn a_number_does_not_tell_that_another_organization_has_a_contact() {
    assert_indistinguishable(json!({ "value": "+14165550199" }), None).await;
}

#[tokio::test]
async fn a_superadmin_reaches_a_contact_of_another_organization() {
    let crm = Crm::start().await;
    let id = fresh_id();
    crm.seed(&id, plain_contact()).await;
    let answer = verify_as(&crm, &id, &super_admin_of_another()).await;
    assert_eq!(outcome(&answer), "recorded");
    assert_eq!(phone(&answer)["verifiedBy"], "operator_1");
    let contact = &answer.body["data"]["contact"];
    assert_eq!(contact["organizationId"], crm.api.organization.as_str());
}

#[tokio::test]
async fn a_superadmins_if_match_is_looked_at() {
    let crm = Crm::start().await;
    let id = fresh_id();
    crm.seed(&id, plain_contact()).await;
    let request = crm.request(&id, "phone-number/verify", &super_admin_of_another());
    let request = request.header("if-match", "\"7\"");
    let answer = crm
        .send(request.json(&json!({ "phoneNumber": PHONE })))
        .await;
    assert_refused(&answer, 412, "Contact has changed");
    assert_eq!(answer.header("etag"), Some("\"1\""));
}

#[tokio::test]
async fn another_role_reaches_no_other_organization() {
    let crm = Crm::start().await;
    let id = fresh_id();
    crm.seed(&id, plain_contact()).await;
    for role in ["ADMIN", "superadmin", "SUPERADMIN ", "SUPERADMIN,ADMIN"] {
        let identity = Identity {
            organization: Some(fresh_organization()),
            role: Some(role.to_owned()),
            ..crm.api.identity()
        };
        let answer = verify_as(&crm, &id, &token(&identity)).await;
        assert_refused(&answer, 404, "Contact not found");
    }
}
