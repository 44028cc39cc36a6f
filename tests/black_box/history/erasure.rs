//! Erasure: no personal data stay in the table, and facts that block mail still block it.

mod complete;
mod refused;

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use black_box_tests::Api;
use serde_json::{Value, json};
use shared::http::Route;

use super::{EMAIL, OTHER, PHONE};

/// An address that left the contact before its erasure.
const FORMER: &str = "jane@former.example";

/// Creates a person with everything that a contact can have. `c_1` has a number and two addresses, had a third address, and has
/// ended a subscription.
async fn person(api: &Api) {
    api.seed(json!([{
        "id": "c_1", "firstName": "Janet", "lastName": "Doebury", "secondaryPhoneNumber": ["+1 416 555 0177"],
        "phoneNumber": [{ "value": PHONE, "isPrimary": true, "verifiedAt": "2024-01-01T00:00:00Z", "verificationSource": "Janet said so" }],
        "emails": [
            { "value": "Jane@Example.com", "isPrimary": true, "verifiedAt": "2024-01-01T00:00:00Z", "verifiedBy": "janet@clerk.example" },
            { "value": OTHER, "hardBouncedAt": "2024-02-01T00:00:00Z",
              "emailValidation": { "status": "no_mx", "reason": "no server for jane@work.example" } },
            { "value": FORMER },
        ],
        "complainedAt": "2024-03-01T00:00:00Z",
        "subscriptions": [
            { "audience": "newsletter", "client": "website", "status": "subscribed" },
            { "audience": "newsletter", "status": "subscribed" },
        ],
    }]))
    .await;
    let remove = Route::RemoveContactMethod.path_of("c_1");
    let body = json!({ "type": "email", "value": FORMER });
    assert_eq!(api.post(&remove, &api.user_token(), body).await.status, 200);
    let body = json!({ "verified": true, "audience": "newsletter", "client": "website" });
    assert_eq!(api.verify_contact("c_1", body).await.status, 200);
    let body = json!({
        "email": EMAIL, "audience": "newsletter", "client": "website", "scope": "client",
        "reason": "Janet Doebury wants no more",
    });
    let token = api.application_token("website");
    let ended = api.post(Route::Unsubscribe.path(), &token, body).await;
    assert_eq!(ended.status, 200);
}

/// Texts of all personal data of the person.
const PERSONAL: [&str; 12] = [
    EMAIL,
    "Jane@Example.com",
    OTHER,
    FORMER,
    PHONE,
    "555 0177",
    "Janet",
    "Doebury",
    "janet@clerk",
    "said so",
    "no more",
    "jane@",
];

/// The organization's items that contain personal data, as texts with keys and names of attributes.
async fn personal(api: &Api) -> Vec<String> {
    let items = api.database.items(&api.organization).await;
    assert!(!items.is_empty());
    let mut found = Vec::new();
    for item in items {
        let text = format!(
            "{:?}",
            item.into_iter()
                .collect::<BTreeMap<String, AttributeValue>>()
        );
        for word in PERSONAL {
            if text.to_lowercase().contains(&word.to_lowercase()) {
                found.push(format!("{word}: {text}"));
            }
        }
    }
    found
}

/// The entries of the history of `c_1` that the table has.
async fn stored_history(api: &Api) -> Vec<BTreeMap<String, AttributeValue>> {
    let partition = AttributeValue::S(format!("ORG#{}#CONTACT#c_1", api.organization));
    let items = api.database.items(&api.organization).await.into_iter();
    let of_contact = items.filter(|item| item["pk"] == partition);
    let history = of_contact.filter(|item| item["sk"].as_s().unwrap().starts_with("HISTORY#"));
    history.map(|item| item.into_iter().collect()).collect()
}

/// Upserts an address as `client`, and returns the body of the answer.
async fn upsert(api: &Api, client: &str, email: &str) -> Value {
    let token = api.application_token(client);
    let body = json!({ "email": email, "audience": "newsletter", "client": client, "status": "subscribed" });
    let answer = api.post(Route::UpsertContact.path(), &token, body).await;
    assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    answer.body
}
