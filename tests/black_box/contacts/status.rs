//! `GET /api/contacts/status`: what a client may know about an address.

use serde_json::{Value, json};

use super::{ADDRESS, body, fields, id, start, status_of};

/// The answer about an address that the client does not know.
fn unknown(address: &str, client: &str) -> Value {
    let nothing = |slug: &str| {
        json!({
            "slug": slug, "subscribed": false, "status": null, "verified": false, "verified_at": null,
            "unsubscribed_at": null, "unsubscribe_reason": "",
        })
    };
    json!({
        "contact_id": null, "email": address, "exists": false, "verified": false, "verified_at": null,
        "email_validation": { "status": "unknown", "reason": "", "validated_at": null },
        "global_unsubscribed": false, "hard_bounced": false, "complained": false,
        "audience": nothing("newsletter"), "client": nothing(client),
        "can_send_marketing": false, "can_send_transactional": false,
        "marketing": { "verified_by": [], "blocked_by": ["not_verified", "not_subscribed"] },
        "tags": [],
    })
}

#[tokio::test]
async fn a_known_address_is_answered_as_its_upsert_was() {
    let api = start().await;
    let made = api
        .upsert(body(
            json!({ "status": "subscribed", "verified": true, "tags": ["lead"] }),
        ))
        .await;
    let answer = status_of(&api, "Jane.Doe@Example.com", "website").await;
    assert_eq!((answer.status, answer.header("etag")), (200, Some("\"1\"")));
    let mut expected = made.body;
    for outcome in ["outcome", "verification_outcome"] {
        expected.as_object_mut().unwrap().remove(outcome);
    }
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn an_unknown_address_and_one_of_another_client_look_alike() {
    let api = start().await;
    api.upsert(body(
        json!({ "verified": true, "suppression": { "complained": true } }),
    ))
    .await;
    let answer = status_of(&api, ADDRESS, "app").await;
    assert_eq!((answer.status, answer.header("etag")), (200, None));
    assert_eq!(answer.body, unknown(ADDRESS, "app"));
    let nobody = status_of(&api, "Nobody@Example.com", "app").await;
    assert_eq!(nobody.body, unknown("nobody@example.com", "app"));
    assert_eq!(nobody.status, 200);
}

#[tokio::test]
async fn a_contact_of_another_organization_is_unknown() {
    let api = start().await;
    api.upsert(body(json!({}))).await;
    let mut other = start().await;
    let answer = status_of(&other, ADDRESS, "website").await;
    assert_eq!(answer.body, unknown(ADDRESS, "website"));
    // The contact's own organization sees it, so the answer above is not due to a missing contact.
    other.organization = api.organization.clone();
    assert_eq!(
        status_of(&api, ADDRESS, "website").await.body["exists"],
        true
    );
}

#[tokio::test]
async fn a_plus_is_a_plus_however_it_arrives() {
    let api = start().await;
    let made = api
        .upsert(body(json!({ "email": "jane+news@example.com" })))
        .await;
    for address in [
        "jane+news@example.com",
        "jane%2Bnews@example.com",
        "jane%20news@example.com",
        "jane+news%40example.com",
        "%20jane+news@example.com%20",
    ] {
        let answer = status_of(&api, address, "website").await;
        assert_eq!(answer.status, 200, "{address}: {:?}", answer.body);
        assert_eq!(answer.body["email"], "jane+news@example.com", "{address}");
        assert_eq!(id(&answer), id(&made), "{address}");
    }
}

#[tokio::test]
async fn a_query_at_fault_is_answered_in_the_dialect_of_endpoint_3() {
    let api = start().await;
    let token = api.application_token("website");
    for (query, status, expected) in [
        (
            "",
            400,
            json!({ "email": "required", "audience": "required", "client": "required" }),
        ),
        (
            "?email=jane@&audience=newsletter&client=website",
            400,
            json!({ "email": "invalid" }),
        ),
        (
            "?email=a@example.com&audience=nobodys&client=website",
            400,
            json!({ "audience": "not_found" }),
        ),
        (
            "?email=a@example.com&audience=newsletter&client=app",
            403,
            json!({ "client": "forbidden" }),
        ),
    ] {
        let answer = api
            .get(&format!("/api/contacts/status{query}"), &token)
            .await;
        assert_eq!(
            (answer.status, fields(&answer)),
            (status, &expected),
            "{query}"
        );
    }
    let query = "?email=a@example.com&audience=newsletter&client=website";
    let path = format!("/api/contacts/status{query}");
    assert_eq!(api.get(&path, &api.user_token()).await.status, 403);
    let answer = api.send(api.request_by("GET", &path)).await;
    assert_eq!(answer.body["error"]["code"], "missing_authorization");
}
