//! The shared parts of the black-box tests: a database, an API on a free port that uses it, tokens, and a client.
//!
//! Each test starts its own API and has its own organization, so no test sees the data of another. Each test also has
//! its own database in the embedded engine, unless `TEST_DYNAMODB_URL` names another endpoint.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot be set up has failed"
)]

pub mod events;
pub mod identity_provider;
pub mod keys;
pub mod log;
pub mod openapi;
pub mod proxy;
pub mod schema;
pub mod stream;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use contacts::client;
use contacts::development::{self, Identity};
use contacts::seed::Seed;
use contacts::serve::DEMO;
use contacts::serve::engine::{self, Engine};
use contacts::serve::gateway::Gateway;
use serde_json::{Value, json};
use shared::Service;
use shared::domain::{ClientSlug, OrganizationId, PhoneRegion, Timestamp};
use shared::http::Route;
use shared::settings::Settings;
use shared::store::{ChangeStream, ClientTimeouts, Store, add_stream, create_table};
use url::Url;
use uuid::Uuid;

use self::proxy::{PATIENT, Proxy};

/// A database that contains the table.
pub struct Database {
    /// The URL of the database.
    pub url: Url,
    /// The table's name.
    pub table: String,
    /// The embedded engine, if this database has its own.
    pub engine: Option<Engine>,
}

/// The names of the tables that the tests of this process share on the endpoint of `TEST_DYNAMODB_URL`. Making a table for each
/// test would take most of the time there; in a single table, each search of an index would look at the items of all tests.
static SHARED_TABLES: [OnceLock<String>; 32] = [const { OnceLock::new() }; 32];

/// The number of the next shared table.
static NEXT_TABLE: AtomicUsize = AtomicUsize::new(0);

impl Database {
    /// This test's own database, or on the endpoint of `TEST_DYNAMODB_URL` a table that few tests share.
    pub async fn start() -> Self {
        let next = NEXT_TABLE.fetch_add(1, Ordering::Relaxed) % SHARED_TABLES.len();
        Self::with_table(SHARED_TABLES[next].get_or_init(fresh_table).clone()).await
    }

    /// A database with a table that no other test uses, on any endpoint. It is for data with fixed organizations.
    pub async fn start_own_table() -> Self {
        Self::with_table(fresh_table()).await
    }

    /// A database with a table that no other test uses and that has a stream of its changes.
    pub async fn start_with_stream() -> Self {
        let database = Self::start_own_table().await;
        let client = database.client().await;
        add_stream(&client, &database.table).await.unwrap();
        database
    }

    /// A database with only the demo data.
    pub async fn with_demo_data() -> Self {
        let database = Self::start_own_table().await;
        let seed = Seed::parse(DEMO, PhoneRegion::CANADA).unwrap();
        seed.load(&database.store().await).await.unwrap();
        database
    }

    /// A second handle of the same database. The database ends with the first handle.
    #[must_use]
    pub fn again(&self) -> Self {
        Self {
            url: self.url.clone(),
            table: self.table.clone(),
            engine: None,
        }
    }

    async fn with_table(table: String) -> Self {
        let (url, engine) = if let Some(url) = other_endpoint() {
            (url, None)
        } else {
            let engine = Engine::start(None, 0).await.unwrap();
            (engine.url.clone(), Some(engine))
        };
        let database = Self { url, table, engine };
        create_table(&database.client().await, &database.table, ChangeStream::Off)
            .await
            .unwrap();
        database
    }

    /// A client of the database.
    pub async fn client(&self) -> Client {
        client::client(&self.url, PATIENT).await
    }

    /// A store that uses the database.
    pub async fn store(&self) -> Store {
        Store::new(self.client().await, self.table.clone())
    }

    /// Every item of an organization, in the order of their keys. It reads the whole table.
    pub async fn items(&self, organization: &OrganizationId) -> Vec<Item> {
        let partitions = AttributeValue::S(format!("ORG#{organization}"));
        let scan = self.client().await.scan().table_name(&self.table);
        let scan = scan
            .filter_expression("begins_with(#pk, :partitions)")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_values(":partitions", partitions);
        let pages = scan.consistent_read(true).into_paginator().items().send();
        let mut items: Vec<Item> = pages.collect::<Result<_, _>>().await.unwrap();
        let key = |item: &Item| ["pk", "sk"].map(|name| item[name].as_s().unwrap().clone());
        items.sort_by_cached_key(key);
        items
    }

    /// A store that uses the database through the endpoint at `url`, such as a proxy.
    pub async fn store_through(&self, url: &Url, timeouts: ClientTimeouts) -> Store {
        Store::new(client::client(url, timeouts).await, self.table.clone())
    }
}

/// An item of the table.
pub type Item = HashMap<String, AttributeValue>;

/// Asserts that both contain the same items, except for the last abandoned write, which no caller sees. A failure names
/// only the items that differ.
#[track_caller]
pub fn assert_same_items(found: &[Item], expected: &[Item], context: &str) {
    let seen = |items: &[Item]| -> Vec<Item> {
        let mut items = items.to_vec();
        for item in &mut items {
            item.remove("fence");
        }
        items
    };
    let (found, expected) = (&seen(found)[..], &seen(expected)[..]);
    let only_in = |these: &[Item], those: &[Item]| -> Vec<BTreeMap<String, AttributeValue>> {
        let missing = these.iter().filter(|item| !those.contains(item));
        missing
            .map(|item| item.clone().into_iter().collect())
            .collect()
    };
    let (found, expected) = (only_in(found, expected), only_in(expected, found));
    assert!(
        found.is_empty() && expected.is_empty(),
        "{context}:\nfound {found:#?}\nexpected {expected:#?}"
    );
}

/// The endpoint of `TEST_DYNAMODB_URL`.
fn other_endpoint() -> Option<Url> {
    let url = std::env::var("TEST_DYNAMODB_URL").ok()?;
    Some(url.parse().unwrap())
}

/// Whether the databases of the tests are in the embedded engine.
#[must_use]
pub fn is_engine_embedded() -> bool {
    other_endpoint().is_none()
}

/// Longer than any test, so that a slow machine does not change an answer.
const NO_DEADLINE: Duration = Duration::from_hours(1);

/// A table name that no other test uses.
fn fresh_table() -> String {
    format!("contacts-{}", Uuid::new_v4())
}

/// An organization id that no other test uses.
#[must_use]
pub fn fresh_organization() -> OrganizationId {
    OrganizationId::parse(&format!("org_{}", Uuid::new_v4().simple())).unwrap()
}

/// The settings of a development server. They ignore the environment variables of the tests.
#[must_use]
pub fn development_settings() -> Settings {
    development::settings_from(&|_| Ok(None)).unwrap()
}

/// A service of a development server whose clock always shows this time.
#[must_use]
pub fn service_at(time: &str, store: Store) -> Service {
    let now = Timestamp::parse_rfc3339(time).unwrap();
    Service {
        clock: Arc::new(move || now),
        ..Service::new(development_settings(), store)
    }
}

/// A service with enough retries for every caller, even with many callers or on a slow machine.
#[must_use]
pub fn service_for_crowds(store: Store) -> Service {
    let store = store.with_contention_budget(Duration::from_mins(10));
    Service {
        deadline: NO_DEADLINE,
        ..Service::new(development_settings(), store)
    }
}

/// An API on a free port, with an organization of its own.
pub struct Api {
    /// The URL of the API.
    pub url: Url,
    /// The database of the API.
    pub database: Database,
    /// The organization of this test.
    pub organization: OrganizationId,
    http: reqwest::Client,
}

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body, or null without a body.
    pub body: Value,
}

impl Answer {
    /// The log line of the request.
    #[must_use]
    pub fn logged(&self) -> Value {
        let mut lines = log::lines(self.header("x-request-id").unwrap());
        let line = lines.pop().unwrap();
        assert_eq!(line["message"], "request");
        line
    }

    /// The value of a header, if the answer has it.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Api {
    /// An API with its own database.
    pub async fn start() -> Self {
        let database = Database::start().await;
        let service = service_for_crowds(database.store().await);
        Self::with_service(database, service).await
    }

    /// An API with the same database and organization, without a proxy, and with enough retries for every caller.
    pub async fn without_proxy(&self) -> Self {
        let database = self.database.again();
        let service = service_for_crowds(database.store().await);
        let mut direct = Self::with_service(database, service).await;
        direct.organization = self.organization.clone();
        direct
    }

    /// An API with its own database, behind a proxy.
    pub async fn through_proxy(timeouts: ClientTimeouts) -> (Self, Proxy) {
        let service = |store| Service {
            deadline: NO_DEADLINE,
            ..Service::new(development_settings(), store)
        };
        Self::over_through_proxy(Database::start().await, timeouts, service).await
    }

    /// An API with `database` behind a proxy. `service` makes the API's service from the store.
    pub async fn over_through_proxy(
        database: Database,
        timeouts: ClientTimeouts,
        service: impl FnOnce(Store) -> Service,
    ) -> (Self, Proxy) {
        let proxy = Proxy::start(&database.url).await;
        let store = database.store_through(&proxy.url, timeouts).await;
        let api = Self::with_service(database, service(store)).await;
        (api, proxy)
    }

    /// An API with `database` and `service`.
    pub async fn with_service(database: Database, service: Service) -> Self {
        log::start();
        let listener = engine::listen(0).await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let gateway = Gateway::new(service).unwrap();
        // The task ends with the test's runtime.
        tokio::spawn(gateway.serve(listener, std::future::pending()));
        Self {
            url,
            database,
            organization: fresh_organization(),
            http: http_client(),
        }
    }

    /// Loads contacts into this test's organization, with fields as in a seed file. The organization has the audiences
    /// `newsletter` and `other` and the clients `website` and `app`.
    pub async fn seed(&self, contacts: Value) {
        load(&self.database, &self.organization, contacts).await;
    }

    /// A token of a person of this test's organization.
    #[must_use]
    pub fn user_token(&self) -> String {
        token(&Identity {
            subject: "user_1".to_owned(),
            ..self.identity()
        })
    }

    /// A token of an application of this test's organization.
    #[must_use]
    pub fn application_token(&self, client: &str) -> String {
        let client = Some(ClientSlug::parse(client).unwrap());
        token(&Identity {
            subject: "application_1".to_owned(),
            client,
            ..self.identity()
        })
    }

    /// The caller that a token of this test's organization names, to be completed.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity {
            subject: "user_1".to_owned(),
            organization: Some(self.organization.clone()),
            ..Identity::default()
        }
    }

    /// `PATCH path` with a token and a JSON body.
    pub async fn patch(&self, path: &str, token: &str, body: Value) -> Answer {
        self.send(self.request(path).bearer_auth(token).json(&body))
            .await
    }

    /// `POST path` with a token and a JSON body.
    pub async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        let request = self.request_by("POST", path).bearer_auth(token);
        self.send(request.json(&body)).await
    }

    /// `GET path` with a token.
    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.send(self.request_by("GET", path).bearer_auth(token))
            .await
    }

    /// Upserts a contact for the application `website` of this test's organization.
    pub async fn upsert(&self, body: Value) -> Answer {
        let path = Route::UpsertContact.path();
        let token = self.application_token("website");
        self.post(path, &token, body).await
    }

    /// A `PATCH` to be completed.
    pub fn request(&self, path: &str) -> reqwest::RequestBuilder {
        self.request_by("PATCH", path)
    }

    /// A request by this method, to be completed.
    pub fn request_by(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = self.url.join(path).unwrap();
        self.http.request(method.parse().unwrap(), url)
    }

    /// Sends a request and reads the answer.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.unwrap();
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap()
        };
        Answer {
            status,
            headers,
            body,
        }
    }

    /// Calls endpoint 1 for a person of this test's organization.
    pub async fn verify_phone_number(&self, id: &str, body: Value) -> Answer {
        let path = Route::VerifyPhoneNumber.path_of(id);
        self.patch(&path, &self.user_token(), body).await
    }

    /// Calls endpoint 2 for a person of this test's organization.
    pub async fn verify_contact_method(&self, id: &str, body: Value) -> Answer {
        let path = Route::VerifyContactMethod.path_of(id);
        self.patch(&path, &self.user_token(), body).await
    }

    /// Calls endpoint 3 for the application `website` of this test's organization.
    pub async fn verify_contact(&self, id: &str, body: Value) -> Answer {
        let path = Route::VerifyContact.path_of(id);
        let token = self.application_token("website");
        self.patch(&path, &token, body).await
    }
}

/// An HTTP client for servers on this machine. It does not need certificates, so it loads none.
pub(crate) fn http_client() -> reqwest::Client {
    let builder = reqwest::Client::builder().tls_certs_only([]);
    builder.build().unwrap()
}

/// Loads contacts into an organization, like [`Api::seed`].
pub async fn load(database: &Database, organization: &OrganizationId, contacts: Value) {
    let seed = json!({ "organizations": [{
        "id": organization, "audiences": ["newsletter", "other"], "clients": ["website", "app"], "contacts": contacts,
    }] });
    let seed = Seed::parse(&seed.to_string(), PhoneRegion::CANADA).unwrap();
    seed.load(&database.store().await).await.unwrap();
}

/// A development token, valid for an hour.
#[must_use]
pub fn token(identity: &Identity) -> String {
    development::token(&development_settings(), identity, Duration::from_hours(1)).unwrap()
}
