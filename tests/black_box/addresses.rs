//! A verification belongs to one address. Facts that block mail stay with their address, whatever contact has it (contract
//! sections 1, 7 and 12).

mod concurrency;
mod export;
mod matrix;
mod moves;
mod never_backwards;
mod one_fact;

use black_box_tests::{Answer, Api};
use serde_json::{Value, json};

/// The primary address of `c_1`, by which `website` knows the contact.
const PRIMARY: &str = "primary@example.com";
/// Another address of `c_1`.
const SECOND: &str = "second@example.com";
/// An address that no contact has.
const NEW: &str = "new@example.com";

/// The body of a request of `website` in the audience `newsletter`, with more members.
#[expect(clippy::needless_pass_by_value, reason = "callers write it in place")]
fn body(more: Value) -> Value {
    let mut body = json!({ "audience": "newsletter", "client": "website" });
    for (member, value) in more.as_object().unwrap() {
        body[member] = value.clone();
    }
    body
}

/// `POST path` as `website`.
async fn post(api: &Api, path: &str, more: Value) -> Answer {
    let answer = api
        .post(path, &api.application_token("website"), body(more))
        .await;
    assert!(answer.status < 300, "{path}: {:?}", answer.body);
    answer
}

async fn upsert(api: &Api, more: Value) -> Answer {
    post(api, "/api/contacts", more).await
}

async fn subscribe(api: &Api, more: Value) -> Answer {
    post(api, "/api/subscriptions/subscribe", more).await
}

async fn unsubscribe(api: &Api, more: Value) -> Answer {
    post(api, "/api/subscriptions/unsubscribe", more).await
}

/// Calls endpoint 2 for an address of a contact. Without a time, the call clears.
async fn verify_method(api: &Api, id: &str, address: &str, at: Option<&str>) -> Answer {
    let body = json!({ "type": "email", "value": address, "verifiedAt": at });
    let answer = api.verify_contact_method(id, body).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer
}

/// Calls endpoint 3 for `c_1`.
async fn verify_contact(api: &Api, more: Value) -> Answer {
    let answer = api.verify_contact("c_1", body(more)).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer
}

/// Adds an address to a contact, and returns the status of the answer.
async fn add(api: &Api, id: &str, address: &str, is_primary: bool) -> u16 {
    let path = format!("/api/contacts/{id}/contact-methods");
    let body = json!({ "type": "email", "value": address, "isPrimary": is_primary });
    api.post(&path, &api.user_token(), body).await.status
}

/// Removes an address from a contact, and returns the status of the answer.
async fn remove(api: &Api, id: &str, address: &str) -> u16 {
    let path = format!("/api/contacts/{id}/contact-methods/remove");
    let body = json!({ "type": "email", "value": address });
    api.post(&path, &api.user_token(), body).await.status
}

/// The status of an address in `newsletter`, as `website` sees it.
async fn status(api: &Api, address: &str) -> Value {
    let path = format!("/api/contacts/status?email={address}&audience=newsletter&client=website");
    let answer = api.get(&path, &api.application_token("website")).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body
}
