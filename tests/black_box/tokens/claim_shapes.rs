//! The organization, the client and the role as providers write them: a text, a list, an object.

use black_box_tests::fresh_organization;
use black_box_tests::keys::SigningKey;
use serde_json::{Value, json};
use shared::http::Route;

use super::{Guarded, any_key};

async fn guarded() -> (SigningKey, Guarded) {
    let key = any_key();
    let api = Guarded::by(&[&key]).await;
    (key, api)
}

/// Asserts that each value of the claim is refused as malformed.
async fn are_malformed(name: &str, values: impl IntoIterator<Item = Value>) {
    let (key, api) = guarded().await;
    for value in values {
        let token = key.token(&api.claims_with(name, value));
        api.refuses(&token, &format!("claim malformed: {name}"))
            .await;
    }
}

#[tokio::test]
async fn an_organization_may_be_a_list_of_one_or_the_only_member_of_an_object() {
    let (key, api) = guarded().await;
    let id = api.api.organization.as_str();
    for organization in [
        json!(id),
        json!(format!(" {id} ")),
        json!([id]),
        json!({ id: {} }),
        json!({ id: null }),
        json!({ id: { "id": "42c3e46f-2477-44d7-a85b-d3b43f6b31fa", "attr1": ["value"] } }),
    ] {
        let claims = api.claims_with("organizationId", organization);
        api.accepts(&key.token(&claims)).await;
    }
}

#[tokio::test]
async fn an_organization_of_another_form_is_malformed() {
    are_malformed(
        "organizationId",
        [
            json!(1),
            json!(true),
            json!(["org_a", "org_b"]),
            json!(["org_a", ""]),
            json!([1]),
            json!([null]),
            json!([["org_a"]]),
            json!([{ "org_a": {} }]),
            json!({ "org_a": {}, "org_b": {} }),
            json!(["a#b"]),
            json!({ "a#b": {} }),
        ],
    )
    .await;
}

#[tokio::test]
async fn an_empty_organization_counts_as_missing() {
    let (key, api) = guarded().await;
    for organization in [
        json!(null),
        json!(" "),
        json!([]),
        json!([""]),
        json!({}),
        json!({ " ": 1 }),
    ] {
        let token = key.token(&api.claims_with("organizationId", organization));
        api.refuses(&token, "claim missing: organizationId").await;
    }
}

#[tokio::test]
async fn a_client_may_be_a_list_of_one() {
    let (key, api) = guarded().await;
    let token = key.token(&api.claims_with("client", json!(["website"])));
    api.accepts(&token).await;
    assert_eq!(api.recorded_by(&token).await, "client:website");
}

#[tokio::test]
async fn a_client_of_another_form_is_malformed() {
    are_malformed(
        "client",
        [
            json!(7),
            json!(false),
            json!(["website", "app"]),
            json!(["website", "website"]),
            json!([7]),
            json!(["Web Site"]),
            json!({ "website": {} }),
        ],
    )
    .await;
}

#[tokio::test]
async fn an_empty_client_means_a_user() {
    for client in [json!(null), json!(""), json!([]), json!([" "]), json!({})] {
        let (key, api) = guarded().await;
        let token = key.token(&api.claims_with("client", client));
        assert_eq!(api.recorded_by(&token).await, "subject_1");
    }
}

#[tokio::test]
async fn a_role_may_be_in_a_list_or_the_name_of_a_member() {
    let (key, api) = guarded().await;
    for role in [
        json!("SUPERADMIN"),
        json!(["SUPERADMIN"]),
        json!(["EDITOR", "", "SUPERADMIN"]),
        json!({ "SUPERADMIN": { "180025476050732289": "acme.example.com" } }),
        json!({ "EDITOR": null, "SUPERADMIN": false }),
    ] {
        let mut claims = api.claims_with("organizationId", json!(fresh_organization()));
        claims["role"] = role;
        let answer = api
            .send(Route::VerifyContactMethod, &key.token(&claims))
            .await;
        assert_eq!(answer.status, 200, "{claims}");
    }
}

#[tokio::test]
async fn a_role_of_another_form_is_malformed() {
    are_malformed(
        "role",
        [
            json!(1),
            json!(true),
            json!(["SUPERADMIN", 1]),
            json!([null]),
            json!([["SUPERADMIN"]]),
        ],
    )
    .await;
}

#[tokio::test]
async fn an_empty_role_means_none() {
    let (key, api) = guarded().await;
    for role in [json!(null), json!(""), json!([]), json!({})] {
        api.accepts(&key.token(&api.claims_with("role", role)))
            .await;
    }
}
