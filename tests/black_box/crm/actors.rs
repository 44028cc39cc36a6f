//! Who may change which contact, and as whom (contract section 3).

use black_box_tests::{Answer, fresh_organization, load, token};
use contacts::development::Identity;
use serde_json::json;
use uuid::Uuid;

use super::{Crm, PHONE, assert_refused, outcome, phone, plain_contact, verify_phone, with};

/// A contact's id that no other organization has, which for a super administrator it must not.
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

/// A token of a super administrator who is of no organization.
fn super_admin_of_none() -> String {
    super_admin(Identity::default())
}

/// A token of a super administrator of an organization that has no contacts.
fn super_admin_of_another() -> String {
    super_admin(Identity {
        organization: Some(fresh_organization()),
        ..Identity::default()
    })
}

#[tokio::test]
async fn a_request_without_a_token_is_refused() {
    let crm = Crm::with_plain_contact().await;
    let request = crm.api.request("/api/contacts/c_1/phone-number/verify");
    let answer = crm
        .send(request.json(&json!({ "phoneNumber": PHONE })))
        .await;
    assert_refused(&answer, 401, "Unauthorized: missing Authorization header");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn a_request_with_another_scheme_is_refused() {
    let crm = Crm::with_plain_contact().await;
    let request = crm
        .api
        .request("/api/contacts/c_1/verify-contact-methods")
        .header("authorization", "Basic dXNlcjpwYXNz");
    let answer = crm.send(request.json(&verify_phone(&json!({})))).await;
    assert_refused(
        &answer,
        401,
        "Unauthorized: Authorization header is not a bearer token",
    );
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn a_bad_token_is_refused_and_not_repeated() {
    let crm = Crm::with_plain_contact().await;
    let answer = verify_as(&crm, "c_1", "a.bad.token").await;
    assert_refused(&answer, 401, "Unauthorized: malformed token");
    assert_eq!(
        answer.header("www-authenticate"),
        Some("Bearer error=\"invalid_token\", error_description=\"malformed token\"")
    );
}

#[tokio::test]
async fn the_scheme_may_be_written_in_any_case() {
    let crm = Crm::with_plain_contact().await;
    let request = crm
        .api
        .request("/api/contacts/c_1/verify-contact-methods")
        .header("authorization", format!("bEARER {}", crm.api.user_token()));
    let answer = crm.send(request.json(&verify_phone(&json!({})))).await;
    assert_eq!(outcome(&answer), "recorded");
}

#[tokio::test]
async fn an_application_is_recorded_by_its_slug() {
    let crm = Crm::with_plain_contact().await;
    let answer = verify_as(&crm, "c_1", &crm.api.application_token("website")).await;
    assert_eq!(phone(&answer)["verifiedBy"], "client:website");
}

#[tokio::test]
async fn who_verified_comes_from_the_token_and_never_from_the_body() {
    let crm = Crm::with_plain_contact().await;
    let body = verify_phone(&json!({ "verifiedBy": "someone", "organizationId": "org_x" }));
    let answer = crm.verify_contact_method(body).await;
    assert_eq!(phone(&answer)["verifiedBy"], "user_1");
}

/// What an answer says, but for what names the request.
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

/// That these members and headers are answered alike for a contact of another organization and one that nobody has.
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
async fn a_contact_of_another_organization_is_answered_as_one_that_does_not_exist() {
    assert_indistinguishable(json!({}), None).await;
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
async fn a_version_does_not_tell_that_another_organization_has_a_contact() {
    assert_indistinguishable(json!({}), Some("\"7\"")).await;
}

#[tokio::test]
async fn a_contact_of_another_organization_stays_as_it_is() {
    let crm = Crm::with_plain_contact().await;
    let stranger = token(&Identity {
        organization: Some(fresh_organization()),
        ..crm.api.identity()
    });
    assert_refused(
        &verify_as(&crm, "c_1", &stranger).await,
        404,
        "Contact not found",
    );
    let answer = crm
        .verify_phone_number(json!({ "phoneNumber": PHONE }))
        .await;
    assert_eq!(outcome(&answer), "unchanged");
    assert_eq!(answer.header("etag"), Some("\"1\""));
}

#[tokio::test]
async fn of_contacts_with_one_id_each_organization_has_its_own() {
    let crm = Crm::with_plain_contact().await;
    let other = fresh_organization();
    let contact = with(&json!({ "id": "c_1" }), &plain_contact());
    load(&crm.api.database, &other, json!([contact])).await;
    assert_eq!(
        outcome(&verify_as(&crm, "c_1", &crm.api.user_token()).await),
        "recorded"
    );
    let neighbour = token(&Identity {
        organization: Some(other.clone()),
        ..crm.api.identity()
    });
    let answer = verify_as(&crm, "c_1", &neighbour).await;
    assert_eq!(outcome(&answer), "recorded");
    assert_eq!(
        answer.body["data"]["contact"]["organizationId"],
        other.as_str()
    );
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
async fn a_superadmin_without_an_organization_reaches_a_contact() {
    let crm = Crm::start().await;
    let id = fresh_id();
    crm.seed(&id, plain_contact()).await;
    let answer = verify_as(&crm, &id, &super_admin_of_none()).await;
    assert_eq!(outcome(&answer), "recorded");
}

#[tokio::test]
async fn a_superadmin_reaches_a_contact_on_endpoint_1_too() {
    let crm = Crm::start().await;
    let id = fresh_id();
    crm.seed(&id, plain_contact()).await;
    let request = crm.request(&id, "phone-number/verify", &super_admin_of_another());
    let answer = crm
        .send(request.json(&json!({ "phoneNumber": PHONE })))
        .await;
    assert_eq!(outcome(&answer), "unchanged");
}

#[tokio::test]
async fn a_superadmin_does_not_find_a_contact_that_nobody_has() {
    let crm = Crm::start().await;
    for token in [super_admin_of_none(), super_admin_of_another()] {
        let answer = verify_as(&crm, &fresh_id(), &token).await;
        assert_refused(&answer, 404, "Contact not found");
    }
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

/// An API with an id that contacts of two organizations have, one of them this test's.
async fn with_shared_id() -> (Crm, String) {
    let crm = Crm::start().await;
    let id = fresh_id();
    crm.seed(&id, plain_contact()).await;
    let contact = with(&json!({ "id": id }), &plain_contact());
    load(&crm.api.database, &fresh_organization(), json!([contact])).await;
    (crm, id)
}

#[tokio::test]
async fn an_id_of_two_organizations_does_not_say_which_contact_a_superadmin_means() {
    let (crm, id) = with_shared_id().await;
    let answer = verify_as(&crm, &id, &super_admin_of_none()).await;
    assert_eq!(answer.status, 400);
    let text = answer.body["error"].as_str().unwrap();
    assert!(
        text.starts_with("Invalid payload: id must be unique"),
        "{text}"
    );
}

#[tokio::test]
async fn of_contacts_with_one_id_a_superadmin_means_that_of_the_own_organization() {
    let (crm, id) = with_shared_id().await;
    let answer = verify_as(&crm, &id, &super_admin(crm.api.identity())).await;
    assert_eq!(outcome(&answer), "recorded");
    let contact = &answer.body["data"]["contact"];
    assert_eq!(contact["organizationId"], crm.api.organization.as_str());
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
