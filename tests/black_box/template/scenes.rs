//! The calls that the functions make to the database. The tests play every sample event once, and requests that the events
//! leave out, through a proxy that records the calls.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use black_box_tests::events::{self, NOW};
use black_box_tests::proxy::{Fault, PATIENT, Proxy};
use black_box_tests::{Answer, Api, Database, Item, service_at, token};
use contacts::development::Identity;
use serde_json::{Value, json};
use shared::store::{Store, StreamRecord};
use tokio::sync::OnceCell;

use super::authorization::{Request, requests};
use super::stack::{Stack, crate_of};

/// The beginnings of the sort keys of items whose changes belong to a history.
const HISTORY_OF: [&str; 3] = ["ADDRESS", "CONTACT", "SUBSCRIPTION#"];

/// The record of a function's scenes.
#[derive(Debug, Default)]
pub(super) struct Played {
    /// The permissions that the function needs.
    pub(super) requests: BTreeSet<Request>,
    /// The operations that the function called.
    pub(super) operations: BTreeSet<String>,
    /// The outcomes of its requests in the log.
    outcomes: BTreeSet<String>,
}

/// The record of each function, by the name of its crate. The scenes are played once for all tests.
pub(super) async fn played() -> &'static BTreeMap<String, Played> {
    static PLAYED: OnceCell<BTreeMap<String, Played>> = OnceCell::const_new();
    PLAYED.get_or_init(play).await
}

async fn play() -> BTreeMap<String, Played> {
    let mut all = BTreeMap::new();
    for function in Stack::new().functions().values() {
        // Each function runs over data that no other function has changed.
        let stage = Stage::new().await;
        let name = crate_of(function);
        let mut played = Played::default();
        stage.start(&mut played).await;
        if name == "record-history" {
            stage.changes(&mut played).await;
            all.insert(name.to_owned(), played);
            continue;
        }
        for event in events(name) {
            let answer = stage.send(&event).await;
            stage.note(&mut played, &answer);
        }
        let left_out = match name {
            "erase-contact" => Some(stage.erasure_of_a_history().await),
            "verify-contact" => Some(stage.one_level_alone().await),
            "verify-phone-number" | "verify-contact-method" => Some(stage.lost_answer(name).await),
            "remove-contact-method" => {
                let answer = stage.shared_address().await;
                stage.note(&mut played, &answer);
                Some(stage.address_of_nobody().await)
            }
            "add-contact-method" | "upsert-contact" | "subscribe" => {
                Some(stage.released_address(name).await)
            }
            _ => None,
        };
        if let Some(answer) = left_out {
            stage.note(&mut played, &answer);
        }
        all.insert(name.to_owned(), played);
    }
    all
}

struct Stage {
    api: Api,
    proxy: Proxy,
}

impl Stage {
    /// The API over the demo data.
    async fn new() -> Self {
        let database = Database::with_demo_data().await;
        let service = |store| service_at(NOW, store);
        let (api, proxy) = Api::over_through_proxy(database, PATIENT, service).await;
        Self { api, proxy }
    }

    /// Plays the start of a function.
    async fn start(&self, played: &mut Played) {
        let database = &self.api.database;
        let store = database.store_through(&self.proxy.url, PATIENT).await;
        store.connect().await;
        self.take_calls(played);
    }

    async fn send(&self, event: &Value) -> Answer {
        let method = event["requestContext"]["http"]["method"].as_str().unwrap();
        let path = event["rawPath"].as_str().unwrap();
        let query = event["rawQueryString"].as_str().unwrap();
        let mut request = self.api.request_by(method, &format!("{path}?{query}"));
        for (name, value) in event["headers"].as_object().unwrap() {
            // These headers belong to the connection, and this is another one.
            if !["content-length", "host"].contains(&name.as_str()) {
                request = request.header(name, value.as_str().unwrap());
            }
        }
        let body = event["body"].as_str().unwrap_or_default();
        let body = if event["isBase64Encoded"] == true {
            BASE64_STANDARD.decode(body).unwrap()
        } else {
            body.as_bytes().to_vec()
        };
        self.api.send(request.body(body)).await
    }

    /// Calls endpoint 1 or 2, and loses the answer to the update. The function finds out whether the update was done.
    async fn lost_answer(&self, function: &str) -> Answer {
        let contact = json!([{ "id": "c_1", "phoneNumber": [{ "value": "+14165550100" }] }]);
        self.api.seed(contact).await;
        self.proxy.fail("UpdateItem", [Fault::Reset]);
        let body = match function {
            "verify-phone-number" => json!({ "phoneNumber": "+14165550100", "verifiedAt": NOW }),
            _ => json!({ "type": "phone", "value": "+14165550100", "verifiedAt": NOW }),
        };
        match function {
            "verify-phone-number" => self.api.verify_phone_number("c_1", body).await,
            _ => self.api.verify_contact_method("c_1", body).await,
        }
    }

    /// Calls endpoint 3, which keeps the client's level and records the contact's. The endpoint writes the contact alone.
    async fn one_level_alone(&self) -> Answer {
        let emails = json!([{ "value": "jane@example.com" }]);
        let contact = json!([{ "id": "c_1", "emails": emails, "subscriptions": [{
            "audience": "newsletter", "client": "website", "status": "subscribed",
            "verifiedAt": "2026-01-01T00:00:00.000Z",
        }] }]);
        self.api.seed(contact).await;
        let body = json!({
            "verified": true, "verified_at": "2026-05-20T15:04:01.135Z",
            "audience": "newsletter", "client": "website",
        });
        self.api.verify_contact("c_1", body).await
    }

    /// Erases a contact with an address, a subscription and a history.
    async fn erasure_of_a_history(&self) -> Answer {
        self.verified_contact().await;
        let store = self.api.database.store().await;
        for (number, item) in (1..).zip(self.api.database.items(&self.api.organization).await) {
            record_change(&store, record(number, None, Some(item))).await;
        }
        self.erase().await
    }

    /// Plays the stream's records of a contact with a verified address: its creation, the removal of the address, and the deletion
    /// of its subscription. Plays them again after the erasure of the contact.
    async fn changes(&self, played: &mut Played) {
        self.verified_contact().await;
        let database = &self.api.database;
        let contact = || async {
            let mut items = database.items(&self.api.organization).await.into_iter();
            items.find(|item| item["sk"].as_s().unwrap() == "CONTACT")
        };
        let mut records = Vec::new();
        for item in database.items(&self.api.organization).await {
            if HISTORY_OF
                .iter()
                .any(|kind| item["sk"].as_s().unwrap().starts_with(kind))
            {
                records.push((None, Some(item)));
            }
        }
        let is_subscription = |item: &Item| item["sk"].as_s().unwrap().starts_with("SUBSCRIPTION#");
        let deleted = records
            .iter()
            .filter_map(|(_, item)| item.clone().filter(is_subscription));
        let deleted: Vec<_> = deleted.map(|item| (Some(item), None)).collect();
        let before = contact().await;
        self.remove_address("c_history", "jane@example.com").await;
        records.push((before, contact().await));
        records.extend(deleted);
        self.take_calls(&mut Played::default());

        let store = database.store_through(&self.proxy.url, PATIENT).await;
        for round in 0..2 {
            for (number, (before, after)) in (1..).zip(records.clone()) {
                record_change(&store, record(round * 100 + number, before, after)).await;
            }
            self.take_calls(played);
            self.erase().await;
            self.take_calls(&mut Played::default());
        }
    }

    /// Seeds the contact `c_history` with an address that is verified for a client.
    async fn verified_contact(&self) {
        let emails = json!([{ "value": "jane@example.com" }]);
        let contact = json!([{ "id": "c_history", "emails": emails, "subscriptions": [{
            "audience": "newsletter", "client": "website", "status": "subscribed",
            "verifiedAt": "2026-01-01T00:00:00.000Z",
        }] }]);
        self.api.seed(contact).await;
    }

    /// Erases the contact `c_history` as a super administrator whose token names no organization.
    async fn erase(&self) -> Answer {
        let token = token(&Identity {
            organization: None,
            role: Some("SUPERADMIN".to_owned()),
            ..self.api.identity()
        });
        let request = self.api.request_by("DELETE", "/api/contacts/c_history");
        self.api.send(request.bearer_auth(token)).await
    }

    /// Gives an address that has left its contact to another contact, or to a new one.
    async fn released_address(&self, function: &str) -> Answer {
        let subscription = json!({ "audience": "newsletter", "client": "website" });
        let contacts = json!([
            { "id": "c_1", "emails": [{ "value": "jane@example.com" }], "subscriptions": [subscription] },
            { "id": "c_2" },
        ]);
        self.api.seed(contacts).await;
        let removed = self.remove_address("c_1", "jane@example.com").await;
        assert_eq!(removed.status, 200, "{:?}", removed.body);
        self.take_calls(&mut Played::default());
        let mut body = subscription;
        body["email"] = json!("jane@example.com");
        let application = self.api.application_token("website");
        match function {
            "add-contact-method" => {
                let path = "/api/contacts/c_2/contact-methods";
                let method = json!({ "type": "email", "value": "jane@example.com" });
                self.api.post(path, &self.api.user_token(), method).await
            }
            "subscribe" => {
                let path = "/api/subscriptions/subscribe";
                self.api.post(path, &application, body).await
            }
            _ => self.api.upsert(body).await,
        }
    }

    /// Removes an address that another contact owns. Of a seed's contacts with one address, the first owns it.
    async fn shared_address(&self) -> Answer {
        let emails = json!([{ "value": "jane@example.com" }]);
        let contacts =
            json!([{ "id": "c_1", "emails": emails }, { "id": "c_2", "emails": emails }]);
        self.api.seed(contacts).await;
        self.remove_address("c_2", "jane@example.com").await
    }

    /// Removes an address without an item. A seed's contact has it without owning it.
    async fn address_of_nobody(&self) -> Answer {
        let email = json!({ "value": "jane@example.org", "isOwner": false });
        self.api
            .seed(json!([{ "id": "c_3", "emails": [email] }]))
            .await;
        self.remove_address("c_3", "jane@example.org").await
    }

    async fn remove_address(&self, contact: &str, address: &str) -> Answer {
        let path = format!("/api/contacts/{contact}/contact-methods/remove");
        let body = json!({ "type": "email", "value": address });
        self.api.post(&path, &self.api.user_token(), body).await
    }

    /// Notes the outcome and the calls of a request.
    fn note(&self, played: &mut Played, answer: &Answer) {
        let outcome = answer.logged()["outcome"].as_str().unwrap().to_owned();
        played.outcomes.insert(outcome);
        self.take_calls(played);
    }

    fn take_calls(&self, played: &mut Played) {
        for call in self.proxy.calls() {
            let table = &self.api.database.table;
            let needed = requests(&call.operation, &call.request, table);
            played.requests.extend(needed);
            played.operations.insert(call.operation);
        }
        self.proxy.forget();
    }
}

/// A record of the stream.
fn record(number: u64, before: Option<Item>, after: Option<Item>) -> StreamRecord {
    StreamRecord {
        sequence_number: number.to_string(),
        before,
        after,
        ..StreamRecord::default()
    }
}

/// Does what `record-history` does with a record.
async fn record_change(store: &Store, record: StreamRecord) {
    let mut entries = store.record_history(record).await.unwrap();
    store.withdraw_erased(&mut entries).await.unwrap();
}

/// The sample events of a function, in the order of their names.
fn events(function: &str) -> Vec<Value> {
    let names = events::names().into_iter();
    let events: Vec<_> = names
        .filter(|name| name.split_once('/').unwrap().0 == function)
        .map(|name| events::event(&name))
        .collect();
    assert!(!events.is_empty(), "{function} has no events");
    events
}

#[tokio::test]
async fn the_scenes_have_every_outcome_that_the_table_decides() {
    const WRITES: &[&str] = &["contact_not_found", "version_mismatch"];
    const VERIFIES: &[&str] = &["recorded", "kept", "cleared", "unchanged"];
    for (name, played) in played().await {
        let outcomes: &[&[&str]] = match name.as_str() {
            "verify-contact" => &[WRITES, VERIFIES, &["audience_not_found"]],
            "verify-phone-number" | "verify-contact-method" => {
                &[WRITES, VERIFIES, &["method_not_found"]]
            }
            "get-contact" => &[&["read", "not_modified", "contact_not_found"]],
            "get-history" => &[&["read", "contact_not_found"]],
            "erase-contact" => &[WRITES, &["erased"]],
            // This function has no callers.
            "record-history" => &[],
            "contact-status" => &[&["read", "audience_not_found"]],
            "add-contact-method" => &[WRITES, &["updated", "unchanged", "invalid"]],
            "remove-contact-method" => &[WRITES, &["updated", "method_not_found"]],
            "upsert-contact" | "subscribe" => &[
                &["created", "updated", "unchanged"],
                &["audience_not_found", "version_mismatch"],
            ],
            "unsubscribe" => &[WRITES, &["updated", "unchanged", "audience_not_found"]],
            _ => panic!("say here what {name} has to show"),
        };
        for outcome in outcomes.iter().copied().flatten() {
            assert!(played.outcomes.contains(*outcome), "{name} {outcome}");
        }
    }
}
