//! Somebody changes an address between the first read and the write of a request. The address keeps one owner, and the request
//! never acts on a contact that no longer has the address.

use std::sync::Arc;

use black_box_tests::proxy::{PATIENT, Proxy};
use black_box_tests::{Answer, Api, development_settings};
use serde_json::{Value, json};
use shared::Service;

use super::{ADDRESS, body, contact, id, status_of};

/// An API through a proxy, and one over the same database without the proxy.
async fn start() -> (Api, Proxy, Arc<Api>) {
    let (api, proxy) = Api::through_proxy(PATIENT).await;
    api.seed(json!([{
        "id": "c_1",
        "emails": [{ "value": "first@example.com" }, { "value": ADDRESS }],
        "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }],
    }]))
    .await;
    let service = Service::new(development_settings(), api.database.store().await);
    let mut beside = Api::with_service(api.database.again(), service).await;
    beside.organization = api.organization.clone();
    (api, proxy, Arc::new(beside))
}

async fn remove(api: &Api) -> Answer {
    let path = "/api/contacts/c_1/contact-methods/remove";
    let method = json!({ "type": "email", "value": ADDRESS });
    api.post(path, &api.user_token(), method).await
}

/// Removes the address between the two reads of the next request, and gives it to a new contact if `is_given_away`.
fn remove_in_between(proxy: &Proxy, beside: &Arc<Api>, is_given_away: bool) {
    let beside = Arc::clone(beside);
    proxy.before("TransactGetItems", 1, async move {
        assert_eq!(remove(&beside).await.status, 200);
        if is_given_away {
            let made = beside.upsert(body(json!({ "status": "subscribed" }))).await;
            assert_eq!(made.status, 201);
        }
    });
}

fn emails(contact: &Value) -> Vec<&str> {
    let emails = contact["emails"].as_array().unwrap().iter();
    emails
        .map(|email| email["value"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn an_address_that_is_removed_during_an_upsert_gets_a_contact_of_its_own() {
    let (api, proxy, beside) = start().await;
    remove_in_between(&proxy, &beside, false);
    let answer = api.upsert(body(json!({ "firstName": "Ann" }))).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    assert_ne!(id(&answer), "c_1");
    let left = contact(&api, "c_1").await;
    assert_eq!(emails(&left), ["first@example.com"]);
    assert_eq!(left["firstName"], json!(null));
    let again = api.upsert(body(json!({}))).await;
    assert_eq!((again.status, id(&again)), (200, id(&answer)));
}

#[tokio::test]
async fn an_unsubscribe_applies_to_the_contact_that_has_the_address_when_it_is_written() {
    let (api, proxy, beside) = start().await;
    remove_in_between(&proxy, &beside, true);
    let path = "/api/subscriptions/unsubscribe";
    let scope = body(json!({ "scope": "client" }));
    let answer = api
        .post(path, &api.application_token("website"), scope)
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_ne!(id(&answer), "c_1");
    let status = status_of(&api, ADDRESS, "website").await;
    assert_eq!(status.body["client"]["status"], "unsubscribed");
    let other = status_of(&api, "first@example.com", "website").await;
    assert_eq!(other.body["client"]["status"], "subscribed");
}

#[tokio::test]
async fn the_status_of_an_address_is_not_that_of_a_contact_that_has_just_lost_it() {
    let (api, proxy, beside) = start().await;
    remove_in_between(&proxy, &beside, false);
    let status = status_of(&api, ADDRESS, "website").await;
    assert_eq!(status.body["exists"], false);
}

#[tokio::test]
async fn an_address_that_is_claimed_during_an_addition_stays_with_its_first_owner() {
    let (api, proxy, beside) = start().await;
    let new = "new@example.com";
    let upserting = Arc::clone(&beside);
    proxy.before("TransactWriteItems", 1, async move {
        let made = upserting.upsert(body(json!({ "email": new }))).await;
        assert_eq!(made.status, 201);
    });
    let path = "/api/contacts/c_1/contact-methods";
    let method = json!({ "type": "email", "value": new });
    let answer = api.post(path, &api.user_token(), method).await;
    assert_eq!(answer.status, 400, "{:?}", answer.body);
    let kept = contact(&api, "c_1").await;
    assert_eq!(emails(&kept), ["first@example.com", ADDRESS]);
}

#[tokio::test]
async fn a_client_learns_no_version_of_a_contact_that_only_others_have_onboarded() {
    let (api, _proxy, _beside) = start().await;
    let token = api.application_token("app");
    for address in [ADDRESS, "nobody@example.com"] {
        let said = body(json!({ "email": address, "client": "app" }));
        let request = api.request_by("POST", "/api/contacts").bearer_auth(&token);
        let answer = api
            .send(request.header("if-match", "\"7\"").json(&said))
            .await;
        assert_eq!(
            (answer.status, answer.header("etag")),
            (412, None),
            "{address}"
        );
    }
}
