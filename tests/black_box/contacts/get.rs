//! `GET /api/contacts/{id}`: a contact as the CRM sees it (contract section 8).

use black_box_tests::schema::Schema;
use black_box_tests::{Api, token};
use contacts::development::Identity;
use serde_json::json;

async fn start() -> Api {
    let api = Api::start().await;
    api.seed(json!([{
        "id": "c_1", "firstName": "Alex", "status": "New Lead",
        "phoneNumber": [{ "value": "+14165550100", "isPrimary": true, "verifiedAt": "2026-05-20T15:04:01.135Z" }],
        "emails": [{ "value": "Alex@example.com", "isPrimary": true }],
        "createdAt": "2026-05-01T14:30:00Z",
    }]))
    .await;
    api
}

#[tokio::test]
async fn a_contact_is_shown_whole() {
    let api = start().await;
    let answer = api.get("/api/contacts/c_1", &api.user_token()).await;
    assert_eq!((answer.status, answer.header("etag")), (200, Some("\"1\"")));
    assert_eq!(
        answer.body,
        json!({
            "_id": "c_1", "firstName": "Alex", "lastName": null,
            "phoneNumber": [{ "value": "+14165550100", "isPrimary": true, "verifiedAt": "2026-05-20T15:04:01.135Z" }],
            "secondaryPhoneNumber": [],
            "email": "Alex@example.com", "emails": [{ "value": "Alex@example.com", "isPrimary": true }],
            "status": "New Lead", "pipelineId": null, "pipelineStage": null, "organizationId": api.organization,
            "userId": null, "createdBy": null, "assignees": [],
            "createdAt": "2026-05-01T14:30:00.000Z", "updatedAt": "2026-05-01T14:30:00.000Z",
        })
    );
    assert_eq!(Schema::of_crm("ContactDto").faults(&answer.body), [""; 0]);
}

#[tokio::test]
async fn a_caller_with_the_current_version_gets_304_without_a_body() {
    let api = start().await;
    let get = |tags: &str| {
        let request = api.request_by("GET", "/api/contacts/c_1");
        let request = request.bearer_auth(api.user_token());
        api.send(request.header("if-none-match", tags))
    };
    for tags in ["\"1\"", "W/\"1\"", "\"7\", \"1\"", "*"] {
        let answer = get(tags).await;
        assert_eq!(answer.status, 304, "{tags}");
        assert_eq!(answer.header("etag"), Some("\"1\""), "{tags}");
        assert_eq!(answer.body, json!(null), "{tags}");
        assert!(answer.header("content-type").is_none(), "{tags}");
        assert_eq!(answer.logged()["outcome"], "not_modified");
    }
    for tags in ["\"2\"", "1", "", "\"01\""] {
        assert_eq!(get(tags).await.status, 200, "{tags}");
    }
}

#[tokio::test]
async fn a_contact_of_another_organization_does_not_exist() {
    let api = start().await;
    let stranger = token(&Identity {
        organization: Some(black_box_tests::fresh_organization()),
        ..api.identity()
    });
    for (id, token) in [
        ("c_1", stranger),
        ("c_2", api.user_token()),
        ("c%201", api.user_token()),
    ] {
        let answer = api.get(&format!("/api/contacts/{id}"), &token).await;
        assert_eq!(answer.status, 404);
        assert_eq!(answer.body["error"], "Contact not found");
    }
}

#[tokio::test]
async fn a_super_administrator_reads_any_organizations_contact() {
    let database = black_box_tests::Database::start_own_table().await;
    let service = shared::Service::new(
        black_box_tests::development_settings(),
        database.store().await,
    );
    let api = Api::with_service(database, service).await;
    api.seed(json!([{ "id": "c_1" }])).await;
    let admin = token(&Identity {
        role: Some("SUPERADMIN".to_owned()),
        subject: "admin_1".to_owned(),
        ..Identity::default()
    });
    let answer = api.get("/api/contacts/c_1", &admin).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["organizationId"], json!(api.organization));
}

#[tokio::test]
async fn the_content_type_of_a_read_does_not_matter() {
    let api = start().await;
    let request = api.request_by("GET", "/api/contacts/c_1");
    let request = request.bearer_auth(api.user_token());
    let request = request.header("content-type", "text/plain");
    assert_eq!(api.send(request).await.status, 200);
    assert_eq!(
        api.send(api.request_by("GET", "/api/contacts/c_1"))
            .await
            .status,
        401
    );
}
