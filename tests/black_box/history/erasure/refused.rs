//! The callers who may erase a contact, the refused requests, and the answers about an erased contact.

use black_box_tests::{Api, fresh_organization, token};
use contacts::development::Identity;
use serde_json::{Value, json};
use shared::http::{Dialect, Route};

use super::super::{EMAIL, PHONE, administrator, erase, start_with_contact};

async fn erase_by(api: &Api, token: &str) -> black_box_tests::Answer {
    let request = api.request_by("DELETE", &Route::EraseContact.path_of("c_1"));
    api.send(request.bearer_auth(token)).await
}

#[tokio::test]
async fn only_administrators_may_erase() {
    let api = start_with_contact().await;
    for token in [api.user_token(), api.application_token("website")] {
        let answer = erase_by(&api, &token).await;
        assert_eq!(answer.status, 403);
        let text = answer.body["error"].as_str().unwrap();
        assert!(text.starts_with("Forbidden: "), "{text}");
        assert_eq!(answer.body["message"], text);
    }
    let contact = api
        .get(&Route::GetContact.path_of("c_1"), &api.user_token())
        .await;
    assert_eq!(contact.status, 200);
}

#[tokio::test]
async fn an_administrator_of_another_organization_finds_no_contact() {
    let api = start_with_contact().await;
    let stranger = token(&Identity {
        organization: Some(fresh_organization()),
        role: Some("ADMIN".to_owned()),
        ..api.identity()
    });
    let answer = erase_by(&api, &stranger).await;
    assert_eq!(
        (answer.status, &answer.body["error"]),
        (404, &json!("Contact not found"))
    );
    let contact = api
        .get(&Route::GetContact.path_of("c_1"), &api.user_token())
        .await;
    assert_eq!(contact.status, 200);
}

#[tokio::test]
async fn a_super_administrator_erases_in_any_organization() {
    let api = start_with_contact().await;
    let token = token(&Identity {
        organization: None,
        role: Some("SUPERADMIN".to_owned()),
        ..api.identity()
    });
    let answer = erase_by(&api, &token).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    // The search by the id alone does not find the contact any more.
    assert_eq!(erase_by(&api, &token).await.status, 404);
}

#[tokio::test]
async fn if_match_must_name_the_version() {
    let api = start_with_contact().await;
    let current = api
        .get(&Route::GetContact.path_of("c_1"), &api.user_token())
        .await;
    let tag = current.header("etag").unwrap().to_owned();
    let send = async |value: &str| {
        let request = api.request_by("DELETE", &Route::EraseContact.path_of("c_1"));
        let request = request.header("if-match", value);
        api.send(request.bearer_auth(administrator(&api))).await
    };
    let answer = send("\"99\"").await;
    assert_eq!(
        (answer.status, answer.header("etag"), &answer.body["error"]),
        (412, Some(tag.as_str()), &json!("Contact has changed"))
    );
    let answer = send("99").await;
    assert_eq!(answer.status, 400);
    assert!(answer.body["error"].as_str().unwrap().contains("If-Match"));
    assert_eq!(send(&tag).await.status, 200);
    assert_eq!(send("*").await.status, 404);
}

#[tokio::test]
async fn an_erased_contact_is_not_found_anywhere() {
    let api = start_with_contact().await;
    assert_eq!(erase(&api, "c_1").await.status, 200);
    let user = api.user_token();
    let application = api.application_token("website");
    for route in Route::ALL {
        let body = match route {
            Route::VerifyPhoneNumber => {
                json!({ "phoneNumber": PHONE, "verifiedAt": "2024-01-01T00:00:00Z" })
            }
            Route::VerifyContactMethod => {
                json!({ "type": "email", "value": EMAIL, "verifiedAt": "2024-01-01T00:00:00Z" })
            }
            Route::VerifyContact => {
                json!({ "verified": true, "audience": "newsletter", "client": "website" })
            }
            Route::AddContactMethod | Route::RemoveContactMethod => {
                json!({ "type": "email", "value": EMAIL })
            }
            Route::GetContact | Route::GetHistory | Route::EraseContact => Value::Null,
            Route::UpsertContact | Route::ContactStatus | Route::Subscribe | Route::Unsubscribe => {
                continue;
            }
        };
        let token = match (route, route.dialect()) {
            (Route::EraseContact, _) => &administrator(&api),
            (_, Dialect::Crm) => &user,
            (_, Dialect::Mailer) => &application,
        };
        let mut request = api.request_by(route.method(), &route.path_of("c_1"));
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = api.send(request.bearer_auth(token)).await;
        assert_eq!(answer.status, 404, "{}: {answer:?}", route.key());
    }
    let query = format!(
        "{}?email={EMAIL}&audience=newsletter&client=website",
        Route::ContactStatus.path()
    );
    let status = api.get(&query, &application).await;
    assert_eq!(
        (status.status, &status.body["exists"]),
        (200, &json!(false))
    );
}

#[tokio::test]
async fn a_missing_contact_and_an_impossible_id_are_not_found() {
    let api = start_with_contact().await;
    for id in ["c_9", "c%20x"] {
        let answer = erase(&api, id).await;
        assert_eq!(
            (answer.status, &answer.body["error"]),
            (404, &json!("Contact not found")),
            "{id}"
        );
    }
}
