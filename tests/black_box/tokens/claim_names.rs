//! The claims with configurable names.

use black_box_tests::fresh_organization;
use black_box_tests::keys::{SigningKey, key_set};
use serde_json::{Value, json};
use shared::http::Route;

use super::{ENDPOINTS, Guarded, any_key};

/// An API whose identity provider namespaces the custom claims, as some providers must.
async fn guarded_with_namespaced_claims() -> (SigningKey, Guarded) {
    let key = any_key();
    let keys = key_set(&[&key]).to_string();
    let api = Guarded::with_settings(&[
        ("JWT_KEYS", &keys),
        ("JWT_CLAIM_ORGANIZATION", "https://example.com/organization"),
        ("JWT_CLAIM_ROLE", "https://example.com/role"),
        ("JWT_CLAIM_CLIENT", "https://example.com/client"),
    ])
    .await;
    (key, api)
}

fn namespaced(api: &Guarded) -> Value {
    let mut claims = api.claims_without("organizationId");
    claims.as_object_mut().unwrap().remove("client");
    claims["https://example.com/organization"] = json!(api.api.organization);
    claims["https://example.com/client"] = json!("website");
    claims
}

#[tokio::test]
async fn claims_are_found_under_their_configured_names() {
    let (key, api) = guarded_with_namespaced_claims().await;
    let token = key.token(&namespaced(&api));
    api.accepts(&token).await;
    assert_eq!(api.recorded_by(&token).await, "client:website");
}

#[tokio::test]
async fn an_organization_under_the_default_name_does_not_count_when_another_is_configured() {
    let (key, api) = guarded_with_namespaced_claims().await;
    let description = "claim missing: https://example.com/organization";
    api.refuses(&key.token(&api.claims()), description).await;
}

#[tokio::test]
async fn a_client_under_the_default_name_does_not_count_when_another_is_configured() {
    let (key, api) = guarded_with_namespaced_claims().await;
    let mut claims = namespaced(&api);
    claims["https://example.com/client"].take();
    claims["client"] = json!("website");
    let answer = api.send(Route::VerifyContact, &key.token(&claims)).await;
    assert_eq!(answer.status, 403);
    assert_eq!(
        answer.body["error"]["fields"],
        json!({ "client": "forbidden" })
    );
}

#[tokio::test]
async fn a_role_under_its_configured_name_makes_a_super_administrator() {
    let (key, api) = guarded_with_namespaced_claims().await;
    let mut claims = namespaced(&api);
    claims["https://example.com/organization"] = json!(fresh_organization());
    claims["https://example.com/role"] = json!("SUPERADMIN");
    let answer = api
        .send(Route::VerifyContactMethod, &key.token(&claims))
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_role_under_the_default_name_does_not_count_when_another_is_configured() {
    let (key, api) = guarded_with_namespaced_claims().await;
    let mut claims = namespaced(&api);
    claims["https://example.com/organization"] = json!(fresh_organization());
    claims["role"] = json!("SUPERADMIN");
    let answer = api
        .send(Route::VerifyContactMethod, &key.token(&claims))
        .await;
    assert_eq!(answer.status, 404);
}

/// RFC 6750 section 3 allows neither quotes nor letters beyond ASCII in a description.
#[tokio::test]
async fn a_configured_name_cannot_break_the_challenge() {
    let key = any_key();
    let keys = key_set(&[&key]).to_string();
    let api =
        Guarded::with_settings(&[("JWT_KEYS", &keys), ("JWT_CLAIM_ORGANIZATION", "\"größe\\")])
            .await;
    for endpoint in ENDPOINTS {
        let answer = api.send(endpoint, &key.token(&api.claims())).await;
        assert_eq!(
            answer.header("www-authenticate"),
            Some("Bearer error=\"invalid_token\", error_description=\"claim missing: ?gr??e?\"")
        );
    }
}

#[tokio::test]
async fn a_pointer_names_a_nested_claim() {
    let key = any_key();
    let keys = key_set(&[&key]).to_string();
    let api = Guarded::with_settings(&[
        ("JWT_KEYS", &keys),
        ("JWT_CLAIM_ORGANIZATION", "/app_metadata/organization"),
        ("JWT_CLAIM_ROLE", "/realm_access/roles"),
        ("JWT_CLAIM_CLIENT", "/https:~1~1example.com~1app/a~0b/0"),
    ])
    .await;
    let mut claims = api.claims_without("organizationId");
    claims.as_object_mut().unwrap().remove("client");
    claims["app_metadata"] = json!({ "organization": api.api.organization });
    claims["https://example.com/app"] = json!({ "a~b": ["website", "other"] });
    let token = key.token(&claims);
    api.accepts(&token).await;
    assert_eq!(api.recorded_by(&token).await, "client:website");

    claims["realm_access"] = json!({ "roles": ["offline_access", "SUPERADMIN"] });
    claims["app_metadata"] = json!({});
    let answer = api
        .send(Route::VerifyContactMethod, &key.token(&claims))
        .await;
    assert_eq!(answer.status, 200);

    claims["realm_access"] = json!({ "roles": ["offline_access"] });
    api.refuses(
        &key.token(&claims),
        "claim missing: /app_metadata/organization",
    )
    .await;
    claims["app_metadata"] = json!({ "organization": 7 });
    api.refuses(
        &key.token(&claims),
        "claim malformed: /app_metadata/organization",
    )
    .await;
    claims["app_metadata"] = json!("flat");
    api.refuses(
        &key.token(&claims),
        "claim missing: /app_metadata/organization",
    )
    .await;
}

#[tokio::test]
async fn a_super_administrator_has_the_configured_role() {
    let key = any_key();
    let keys = key_set(&[&key]).to_string();
    let settings = [
        ("JWT_KEYS", keys.as_str()),
        ("JWT_SUPERADMIN_ROLE", "platform operator"),
    ];
    let api = Guarded::with_settings(&settings).await;
    for (role, status) in [
        ("platform operator", 200),
        ("SUPERADMIN", 404),
        ("ADMIN", 404),
        ("platform", 404),
    ] {
        let mut claims = api.claims_with("organizationId", json!(fresh_organization()));
        claims["role"] = json!([role]);
        let answer = api
            .send(Route::VerifyContactMethod, &key.token(&claims))
            .await;
        assert_eq!(answer.status, status, "{role}");
    }
}
