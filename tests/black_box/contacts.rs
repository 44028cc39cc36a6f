//! All endpoints of applications and the CRM, except the verifications.

mod concurrency;
mod faults;
mod get;
mod if_match;
mod methods;
mod races;
mod status;
mod subscriptions;
mod upsert;
mod upsert_errors;

use black_box_tests::{Answer, Api};
use serde_json::{Value, json};

const ADDRESS: &str = "jane.doe@example.com";

/// An API whose organization has its audiences and clients, and no contacts.
async fn start() -> Api {
    let api = Api::start().await;
    api.seed(json!([])).await;
    api
}

/// The body of an upsert or of a change of subscription, with other values for some members.
#[expect(clippy::needless_pass_by_value, reason = "callers write it in place")]
fn body(changes: Value) -> Value {
    let mut body = json!({ "email": ADDRESS, "audience": "newsletter", "client": "website" });
    for (member, value) in changes.as_object().unwrap() {
        body[member] = value.clone();
    }
    body
}

/// The status that an application sees of an address in the audience `newsletter`.
async fn status_of(api: &Api, address: &str, client: &str) -> Answer {
    let path = format!("/api/contacts/status?email={address}&audience=newsletter&client={client}");
    api.get(&path, &api.application_token(client)).await
}

/// The contact as the CRM sees it.
async fn contact(api: &Api, id: &str) -> Value {
    let answer = api
        .get(&format!("/api/contacts/{id}"), &api.user_token())
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body
}

fn id(answer: &Answer) -> String {
    answer.body["contact_id"].as_str().unwrap().to_owned()
}

fn fields(answer: &Answer) -> &Value {
    assert_eq!(
        answer.body["error"]["code"], "validation_error",
        "{:?}",
        answer.body
    );
    &answer.body["error"]["fields"]
}
