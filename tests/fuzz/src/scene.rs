//! The table that the targets work on, with contacts that the API itself has made. Each input finds the table in its first state.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use black_box_tests::events::NOW;
use contacts::development::settings_from;
use contacts::seed::Seed;
use contacts::serve::DEMO;
use serde_json::{Value, json};
use shared::Service;
use shared::domain::{PhoneRegion, Timestamp};
use shared::http::Route;
use shared::store::{ChangeStream, Item, Store, create_table};
use tokio::runtime::{Builder, Runtime};

use crate::engine::Engine;
use crate::log;
use crate::request::{Answer, Request};

const TABLE: &str = "contacts";

/// Contacts of every kind, beside the demo data.
const CONTACTS: &str = include_str!("scene.json");

/// The requests that have made the table: the function, the caller, the contact and the body.
const BEFORE: [(&str, &str, &str, &str); 9] = [
    (
        "verify-contact-method",
        "person",
        "64b2c3d4e5f60012345678aa",
        r#"{"type":"phone","value":"+14165550100","verifiedAt":"2026-05-20T15:04:01.135Z","verificationSource":"admin-manual"}"#,
    ),
    (
        "verify-contact",
        "application",
        "c_2",
        r#"{"audience":"newsletter","client":"website","verified":true,"verified_at":"2024-01-15T00:00:00Z","email":"ann@example.com"}"#,
    ),
    (
        "verify-contact",
        "application",
        "c_1",
        r#"{"audience":"newsletter","client":"website","verified":true,"verified_at":"2024-09-01T10:00:00Z"}"#,
    ),
    (
        "verify-contact-method",
        "superadmin",
        "c_1",
        r#"{"type":"email","value":"jane.doe@example.com"}"#,
    ),
    (
        "verify-contact-method",
        "superadmin",
        "c_1",
        r#"{"type":"email","value":"jane.doe@example.com","verifiedAt":"2025-01-01T00:00:00Z"}"#,
    ),
    (
        "upsert-contact",
        "application",
        "",
        r#"{"audience":"newsletter","client":"website","email":"jane.doe@example.com","tags":["lead"],"email_validation":{"status":"valid","reason":"ok"},"suppression":{"complained":true}}"#,
    ),
    (
        "unsubscribe",
        "application",
        "",
        r#"{"audience":"newsletter","client":"website","email":"jane.doe@example.com","scope":"client","reason":"too much"}"#,
    ),
    (
        "remove-contact-method",
        "member",
        "c_3",
        r#"{"type":"email","value":"former@example.com"}"#,
    ),
    ("erase-contact", "administrator", "c_4", ""),
];

/// The table, and the API over it.
pub(crate) struct Scene {
    runtime: Runtime,
    engine: Engine,
    client: Client,
    /// The parts of the handlers.
    pub(crate) service: Arc<Service>,
    /// All items that an input finds.
    pub(crate) items: Vec<Item>,
    /// The records of the table's stream, of all changes so far.
    pub(crate) records: Vec<Value>,
}

thread_local! {
    static SCENE: Scene = Scene::filled();
}

/// The items of a scene, and the records of the stream. One thread makes them for all threads.
static FIRST: OnceLock<(Vec<Item>, Vec<Value>)> = OnceLock::new();

/// Runs `work` with the scene, then restores the scene.
pub(crate) fn with_scene<T>(work: impl FnOnce(&Scene) -> T) -> T {
    SCENE.with(|scene| {
        let result = work(scene);
        scene.restore();
        result
    })
}

impl Scene {
    /// A scene after the requests of [`BEFORE`].
    fn filled() -> Self {
        let mut scene = Self::empty();
        let (items, records) = FIRST.get_or_init(|| {
            let mut first = Self::empty();
            first.live();
            (first.found(), first.records)
        });
        scene.records.clone_from(records);
        scene.items.clone_from(items);
        scene.engine.note_change();
        scene.restore();
        scene
    }

    /// A scene with an empty table.
    fn empty() -> Self {
        log::start();
        let engine = Engine::new();
        let client = engine.client();
        let settings =
            settings_from(&|name| Ok((name == "TIME_ZONE").then(|| "Europe/Berlin".to_owned())));
        let store = Store::new(client.clone(), TABLE.to_owned());
        let now = Timestamp::parse_rfc3339(NOW).unwrap();
        let scene = Self {
            runtime: Builder::new_current_thread().enable_all().build().unwrap(),
            engine,
            client,
            service: Arc::new(Service {
                clock: Arc::new(move || now),
                ..Service::new(settings.unwrap(), store)
            }),
            items: Vec::new(),
            records: Vec::new(),
        };
        let made = create_table(&scene.client, TABLE, ChangeStream::Off);
        scene.run(made).unwrap();
        scene
    }

    /// Loads the seeds, and sends the requests of [`BEFORE`].
    fn live(&mut self) {
        for seed in [DEMO, CONTACTS] {
            let seed = Seed::parse(seed, PhoneRegion::CANADA).unwrap();
            self.run(seed.load(self.store())).unwrap();
        }
        self.record_changes(&[]);
        for (function, caller, id, body) in BEFORE {
            let before = self.found();
            let answer = self.answer(&Request::of(function, caller, id, body));
            assert!(answer.status < 300, "{function} {id}: {answer:?}");
            self.record_changes(&before);
        }
    }

    /// Records the history of the changes since the items were `before`.
    fn record_changes(&mut self, before: &[Item]) {
        let (before, after) = (by_key(before), self.found());
        let after = by_key(&after);
        let keys: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let mut records = Vec::new();
        for key in keys {
            let (old, new) = (before.get(key).copied(), after.get(key).copied());
            let is_history = key.1.starts_with("HISTORY#");
            if old != new && !is_history && (new.is_some() || old.is_some()) {
                let number = self.records.len() + records.len() + 1;
                records.push(record(number, old, new));
            }
        }
        self.records.extend(records.iter().cloned());
        let (recorder, _) = black_box_tests::stream::recorder(self.store().clone());
        let response = self.run(recorder.record(json!({ "Records": records })));
        assert_eq!(response.batch_item_failures, []);
    }

    /// The store over the table.
    pub(crate) fn store(&self) -> &Store {
        &self.service.store
    }

    /// Runs work to its end.
    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// The answer to a request that API Gateway passes on.
    pub(crate) fn answer(&self, request: &Request) -> Answer {
        let event = request.event().unwrap();
        self.answer_event(request.route, event).unwrap()
    }

    /// The answer to an event. `None` for an event that `lambda_http` cannot read.
    pub(crate) fn answer_event(&self, route: Route, event: Value) -> Option<Answer> {
        let payload = serde_json::from_value(event).ok()?;
        Some(self.run(Answer::of(route, &self.service, payload)))
    }

    /// The operations that have written something since the last use of this function.
    pub(crate) fn take_writes(&self) -> Vec<String> {
        self.engine.take_writes()
    }

    /// All items of the table, in the order of their keys.
    pub(crate) fn found(&self) -> Vec<Item> {
        let scan = self.client.scan().table_name(TABLE).consistent_read(true);
        let found = self.run(
            scan.into_paginator()
                .items()
                .send()
                .collect::<Result<Vec<_>, _>>(),
        );
        let mut found = found.unwrap();
        found.sort_by_cached_key(key);
        found
    }

    /// Puts an item, like an edit by hand.
    ///
    /// # Errors
    /// When DynamoDB does not accept the item.
    pub(crate) fn put(&self, item: Item) -> Result<(), String> {
        let put = self
            .client
            .put_item()
            .table_name(TABLE)
            .set_item(Some(item));
        self.run(put.send())
            .map(drop)
            .map_err(|error| format!("{error:?}"))
    }

    /// Deletes an item, like an edit by hand.
    pub(crate) fn delete(&self, item: &Item) {
        let delete = self.client.delete_item().table_name(TABLE);
        let delete = delete
            .key("pk", item["pk"].clone())
            .key("sk", item["sk"].clone());
        self.run(delete.send()).unwrap();
    }

    fn restore(&self) {
        log::take();
        self.take_writes();
        if !self.engine.take_is_changed() {
            return;
        }
        let found = self.found();
        let (wanted, found) = (by_key(&self.items), by_key(&found));
        for (key, item) in &found {
            if !wanted.contains_key(key) {
                self.delete(item);
            }
        }
        for (key, item) in &wanted {
            if found.get(key) != Some(item) {
                self.put((*item).clone()).unwrap();
            }
        }
        self.take_writes();
        self.engine.take_is_changed();
    }
}

/// The key of an item.
pub(crate) fn key(item: &Item) -> (String, String) {
    let [pk, sk] = ["pk", "sk"].map(|name| item[name].as_s().unwrap().clone());
    (pk, sk)
}

fn by_key(items: &[Item]) -> BTreeMap<(String, String), &Item> {
    items.iter().map(|item| (key(item), item)).collect()
}

/// A record of the stream, as Lambda sends it.
fn record(number: usize, old: Option<&Item>, new: Option<&Item>) -> Value {
    let image = |item: &Item| json!(serde_dynamo::Item::from(item.clone()));
    let (pk, sk) = key(new.or(old).unwrap());
    let keys: Item = [("pk", pk), ("sk", sk)]
        .map(|(name, value)| (name.to_owned(), AttributeValue::S(value)))
        .into();
    let name = match (old, new) {
        (None, _) => "INSERT",
        (_, None) => "REMOVE",
        _ => "MODIFY",
    };
    let mut change = json!({
        "ApproximateCreationDateTime": 1_780_387_200.0, "Keys": image(&keys),
        "SequenceNumber": number.to_string(), "SizeBytes": 1, "StreamViewType": "NEW_AND_OLD_IMAGES",
    });
    for (name, item) in [("OldImage", old), ("NewImage", new)] {
        if let Some(item) = item {
            change[name] = image(item);
        }
    }
    json!({
        "eventID": number.to_string(), "eventName": name, "eventSource": "aws:dynamodb", "awsRegion": "local",
        "eventVersion": "1.1", "eventSourceARN": "arn:aws:dynamodb:local:123456789012:table/contacts/stream/1",
        "dynamodb": change,
    })
}

/// The records of the stream of all changes that have made the table.
#[must_use]
pub fn stream_records() -> Vec<serde_json::Value> {
    with_scene(|scene| scene.records.clone())
}
