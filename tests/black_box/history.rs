//! The history of a contact, and its erasure (contract section 13).

mod entries;
mod erasure;
mod function;
mod pages;
mod random;

use black_box_tests::stream::record_all;
use black_box_tests::{Answer, Api, Database, service_for_crowds, token};
use contacts::development::Identity;
use serde_json::{Value, json};
use shared::http::Route;

const PHONE: &str = "+14165550100";
const EMAIL: &str = "jane@example.com";
const OTHER: &str = "jane@work.example";

/// An API over a table with a stream.
async fn start() -> Api {
    let database = Database::start_with_stream().await;
    let service = service_for_crowds(database.store().await);
    Api::with_service(database, service).await
}

/// An API over a table with a stream and the contact `c_1`, which has a number, two addresses and two subscriptions.
async fn start_with_contact() -> Api {
    let api = start().await;
    api.seed(json!([{
        "id": "c_1", "firstName": "Jane", "lastName": "Doe",
        "phoneNumber": [{ "value": PHONE, "isPrimary": true }],
        "emails": [{ "value": "Jane@Example.com", "isPrimary": true }, { "value": OTHER }],
        "subscriptions": [
            { "audience": "newsletter", "client": "website", "status": "subscribed" },
            { "audience": "newsletter", "status": "subscribed" },
        ],
    }]))
    .await;
    api
}

/// The path of the history of `c_1`, with this query.
fn path(query: &str) -> String {
    format!("{}?{query}", Route::GetHistory.path_of("c_1"))
}

/// A page of the history of `c_1`, after the function has recorded everything in the stream.
async fn history(api: &Api, query: &str) -> Value {
    record_all(&api.database).await;
    let answer = api.get(&path(query), &api.user_token()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// The history of a contact that is recorded so far, read page by page.
async fn history_of(api: &Api, contact: &str, query: &str) -> Vec<Value> {
    let path = Route::GetHistory.path_of(contact);
    let (mut entries, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = api
            .get(&format!("{path}?{query}{cursor}"), &api.user_token())
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        entries.extend(answer.body["entries"].as_array().unwrap().clone());
        match answer.body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return entries,
        }
    }
}

/// The newest entries of the history of `c_1`.
async fn newest<const N: usize>(api: &Api) -> [Value; N] {
    let page = history(api, &format!("limit={N}")).await;
    let entries = page["entries"].as_array().unwrap().clone();
    entries.try_into().unwrap()
}

/// An entry without its id, time and request id. Panics if it lacks one of them.
fn plain(mut entry: Value) -> Value {
    let members = entry.as_object_mut().unwrap();
    for (name, length) in [("id", 22), ("at", 24)] {
        let value = members.remove(name).unwrap();
        assert_eq!(value.as_str().unwrap().len(), length, "{name}: {value}");
    }
    members.remove("requestId").unwrap();
    entry
}

/// A token of an administrator of the test's organization.
fn administrator(api: &Api) -> String {
    token(&Identity {
        subject: "admin_1".to_owned(),
        role: Some("ADMIN".to_owned()),
        ..api.identity()
    })
}

/// Erases a contact.
pub(crate) async fn erase(api: &Api, id: &str) -> Answer {
    let path = Route::EraseContact.path_of(id);
    let request = api.request_by("DELETE", &path);
    api.send(request.bearer_auth(administrator(api))).await
}
