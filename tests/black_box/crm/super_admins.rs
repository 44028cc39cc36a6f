//! A super administrator's own organization comes first (contract section 3), also while the index of contacts does not
//! show its contact yet: an index follows its table with a delay.

use black_box_tests::proxy::{Fault, PATIENT, Proxy};
use black_box_tests::{Answer, Api, fresh_organization, load, token};
use contacts::development::Identity;
use serde_json::json;
use uuid::Uuid;

use super::{PHONE, plain_contact, with};

const ENDPOINT_1: &str = "phone-number/verify";
const ENDPOINT_2: &str = "verify-contact-methods";

/// The answer of the index before it shows the contact.
const NO_ENTRY: Fault = Fault::Answer(200, r#"{"Items":[],"Count":0,"ScannedCount":0}"#);
/// The answer of the index while it shows only another organization's contact.
const ENTRY_OF_ANOTHER: Fault = Fault::Answer(
    200,
    r#"{"Items":[{"pk":{"S":"ORG#elsewhere#CONTACT#c_1"},"sk":{"S":"CONTACT"},"contactId":{"S":"c_1"}}],
        "Count":1,"ScannedCount":1}"#,
);

/// An API with a contact of this id, and the token of a super administrator of its organization.
async fn start(id: &str) -> (Api, Proxy, String) {
    let (api, proxy) = Api::through_proxy(PATIENT).await;
    let contact = with(&json!({ "id": id }), &plain_contact());
    api.seed(json!([contact])).await;
    let token = super_admin(api.identity());
    (api, proxy, token)
}

fn super_admin(identity: Identity) -> String {
    token(&Identity {
        subject: "operator_1".to_owned(),
        role: Some("SUPERADMIN".to_owned()),
        ..identity
    })
}

async fn verify(api: &Api, id: &str, endpoint: &str, token: &str) -> Answer {
    let body = json!({
        "phoneNumber": PHONE, "type": "phone", "value": PHONE, "verifiedAt": "2024-01-01T00:00:00Z",
    });
    let path = format!("/api/contacts/{id}/{endpoint}");
    api.patch(&path, token, body).await
}

#[tokio::test]
async fn the_callers_own_contact_is_verified_by_one_call_whatever_the_index_shows() {
    for index in [NO_ENTRY, ENTRY_OF_ANOTHER] {
        for endpoint in [ENDPOINT_1, ENDPOINT_2] {
            let (api, proxy, token) = start("c_1").await;
            proxy.always("Query", index);
            let answer = verify(&api, "c_1", endpoint, &token).await;
            assert_eq!(answer.status, 200, "{endpoint}: {:?}", answer.body);
            assert_eq!(answer.body["data"]["outcome"], "recorded");
            let contact = &answer.body["data"]["contact"];
            assert_eq!(contact["organizationId"], api.organization.as_str());
            assert_eq!(proxy.operations(), ["UpdateItem"], "{endpoint} {index:?}");
        }
    }
}

#[tokio::test]
async fn the_callers_own_contact_is_shown_by_one_call_whatever_the_index_shows() {
    for index in [NO_ENTRY, ENTRY_OF_ANOTHER] {
        let (api, proxy, token) = start("c_1").await;
        proxy.always("Query", index);
        let answer = api.get("/api/contacts/c_1", &token).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert_eq!(answer.body["organizationId"], api.organization.as_str());
        assert_eq!(proxy.operations(), ["GetItem"], "{index:?}");
    }
}

#[tokio::test]
async fn a_number_that_the_callers_own_contact_does_not_have_is_not_looked_up_elsewhere() {
    let id = Uuid::new_v4().simple().to_string();
    let (api, proxy) = Api::through_proxy(PATIENT).await;
    api.seed(json!([{ "id": id }])).await;
    let contact = with(&json!({ "id": id }), &plain_contact());
    load(&api.database, &fresh_organization(), json!([contact])).await;
    let token = super_admin(api.identity());
    for endpoint in [ENDPOINT_1, ENDPOINT_2] {
        proxy.forget();
        let answer = verify(&api, &id, endpoint, &token).await;
        assert_eq!(
            (answer.status, &answer.body["error"]),
            (404, &json!("Phone number not found on contact"))
        );
        assert_eq!(proxy.operations(), ["UpdateItem"], "{endpoint}");
    }
}

#[tokio::test]
async fn a_wrong_version_of_the_callers_own_contact_is_not_looked_up_elsewhere() {
    let (api, proxy, token) = start("c_1").await;
    proxy.always("Query", ENTRY_OF_ANOTHER);
    let request = api.request("/api/contacts/c_1/phone-number/verify");
    let request = request.bearer_auth(token).header("if-match", "\"7\"");
    let body = json!({ "phoneNumber": PHONE, "verifiedAt": "2024-01-01T00:00:00Z" });
    let answer = api.send(request.json(&body)).await;
    assert_eq!(answer.status, 412, "{:?}", answer.body);
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!(proxy.operations(), ["UpdateItem"]);
}

#[tokio::test]
async fn a_contact_of_another_organization_is_verified_by_three_calls() {
    for endpoint in [ENDPOINT_1, ENDPOINT_2] {
        let id = Uuid::new_v4().simple().to_string();
        let (api, proxy, _) = start(&id).await;
        let token = super_admin(Identity {
            organization: Some(fresh_organization()),
            ..Identity::default()
        });
        let answer = verify(&api, &id, endpoint, &token).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert_eq!(answer.body["data"]["outcome"], "recorded");
        assert_eq!(
            proxy.operations(),
            ["UpdateItem", "Query", "UpdateItem"],
            "{endpoint}"
        );
    }
}
