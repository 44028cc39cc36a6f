//! The request of each write.

use serde_json::{Value, json};
use shared::http::Route;

use crate::model::{Client, Verification, Write};

/// The owner of a request's token.
pub(crate) enum Sender {
    User,
    Administrator,
    Application(Client),
}

/// The route, sender and body of a write to a contact.
pub(crate) fn request(contact: &str, write: &Write) -> (Route, Sender, Value) {
    let user = |route, body| (route, Sender::User, body);
    match write {
        Write::VerifyMethod(value, verification) => {
            let (route, body) = method_verification(value, verification.as_ref());
            user(route, body)
        }
        Write::Add(value) => user(Route::AddContactMethod, method(value)),
        Write::Remove(value) => user(Route::RemoveContactMethod, method(value)),
        Write::Erase => (Route::EraseContact, Sender::Administrator, Value::Null),
        Write::VerifyContact(client, email, verification) => {
            let mut body = of_client(email, client);
            body["verified"] = json!(verification.is_some());
            body["verified_at"] = json!(verification.as_ref().map(|(at, ..)| at));
            (Route::VerifyContact, Sender::Application(client), body)
        }
        Write::Upsert(client, email, name, verification) => {
            let mut body = of_client(email, client);
            body["firstName"] = json!(name);
            if let Some((at, ..)) = verification {
                body["verified"] = json!(true);
                body["verified_at"] = json!(at);
            }
            (Route::UpsertContact, Sender::Application(client), body)
        }
        Write::Subscribe(client) => {
            let body = of_client(&primary_address(contact), client);
            (Route::Subscribe, Sender::Application(client), body)
        }
        Write::Unsubscribe(client, reason) => {
            let mut body = of_client(&primary_address(contact), client);
            body["scope"] = json!("client");
            body["reason"] = json!(reason);
            (Route::Unsubscribe, Sender::Application(client), body)
        }
    }
}

/// The address of a seed's contact that no writer removes.
pub(crate) fn primary_address(contact: &str) -> String {
    contact.replace("c_", "a") + "@example.com"
}

/// A new body for a client, about an address.
pub(crate) fn of_client(email: &str, client: &str) -> Value {
    json!({ "email": email, "audience": "newsletter", "client": client })
}

fn method(value: &str) -> Value {
    let is_phone = value.starts_with('+');
    json!({ "type": if is_phone { "phone" } else { "email" }, "value": value })
}

/// The request of endpoint 2, or of endpoint 1 for a number whose verification has no source.
fn method_verification(value: &str, verification: Option<&Verification>) -> (Route, Value) {
    let at = verification.map(|(at, ..)| at);
    let source = verification.and_then(|(.., source)| source.as_ref());
    if value.starts_with('+') && source.is_none() {
        let body = json!({ "phoneNumber": value, "verifiedAt": at });
        return (Route::VerifyPhoneNumber, body);
    }
    let mut body = method(value);
    body["verifiedAt"] = json!(at);
    body["verificationSource"] = json!(source);
    (Route::VerifyContactMethod, body)
}
