//! The answers of the API while the database throttles, fails, hangs or breaks off connections. Others change the same items
//! meanwhile (contract sections 6, 7 and 9).
//!
//! The proxy makes faults on HTTP, below the SDK. With each fault, no answer is a wrong 404, and a change happens completely or
//! not at all, and only once.

mod contention;
mod lost_answers;
mod races;
mod refused;
mod unavailable;

use std::sync::Arc;
use std::time::Duration;

use black_box_tests::proxy::{Fault, PATIENT, Proxy};
use black_box_tests::{Answer, Api, Database, development_settings, token};
use contacts::development::Identity;
use serde_json::json;
use shared::Service;
use shared::store::{ClientTimeouts, Store};
use tokio::task::{JoinSet, LocalSet};

/// Retries soon, and often enough to succeed on a busy machine.
const RESTLESS: ClientTimeouts = ClientTimeouts {
    attempt: Duration::from_secs(2),
    attempts: 8,
    ..PATIENT
};

/// Gives up soon, but allows enough time for a call without a fault.
const IMPATIENT: ClientTimeouts = ClientTimeouts {
    attempt: Duration::from_millis(500),
    attempts: 2,
    ..PATIENT
};

/// Enough for the few races that a test loses before it wins one. A test that never wins waits this long.
const CONTENTION_BUDGET: Duration = Duration::from_millis(300);

/// A request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    /// Endpoint 1.
    PhoneNumber,
    /// Endpoint 2.
    Email,
    /// Endpoint 2, by a super administrator.
    EmailAsSuperAdmin,
    /// Endpoint 3.
    Contact,
    /// Endpoint 3, for another client.
    ContactForApp,
    /// Endpoint 3, for a missing contact.
    NoContact,
}

/// Each call of the database that an answer can depend on, with a request that makes it.
const CALLS: [(Ask, &str); 6] = [
    (Ask::PhoneNumber, "UpdateItem"),
    (Ask::Email, "UpdateItem"),
    (Ask::EmailAsSuperAdmin, "Query"),
    (Ask::Contact, "TransactGetItems"),
    (Ask::Contact, "TransactWriteItems"),
    (Ask::NoContact, "GetItem"),
];

/// The calls that write, with a request for each endpoint.
const WRITES: [(Ask, &str); 3] = [
    (Ask::PhoneNumber, "UpdateItem"),
    (Ask::Email, "UpdateItem"),
    (Ask::Contact, "TransactWriteItems"),
];

/// The time that the requests of these tests report.
const VERIFIED_AT: &str = "2026-05-20T15:04:01.135Z";
/// The time of a rival's verification that wins.
const EARLIER: &str = "2026-01-01T00:00:00.000Z";
/// The time of a rival's verification that loses.
const LATER: &str = "2026-12-31T00:00:00.000Z";
/// A time later than every verification, so that the API keeps the stored one.
const NEVER: &str = "9999-12-31T23:59:59.999Z";

impl Ask {
    /// Asks to verify at a time, or to clear.
    async fn send(self, api: &Api, verified_at: Option<&str>) -> Answer {
        api.send(self.request(api, verified_at)).await
    }

    /// Asks to verify at a time, or to clear, if the contact is at `version`.
    async fn send_if_match(self, api: &Api, verified_at: Option<&str>, version: u64) -> Answer {
        let request = self.request(api, verified_at);
        let entity_tag = format!("\"{version}\"");
        api.send(request.header("if-match", entity_tag)).await
    }

    fn request(self, api: &Api, verified_at: Option<&str>) -> reqwest::RequestBuilder {
        let email =
            json!({ "type": "email", "value": "jane@example.com", "verifiedAt": verified_at });
        let contact = json!({
            "verified": verified_at.is_some(), "verified_at": verified_at,
            "audience": "newsletter", "client": "website",
        });
        let (path, token, body) = match self {
            Self::PhoneNumber => (
                "/api/contacts/c_1/phone-number/verify",
                api.user_token(),
                json!({ "phoneNumber": "+14165550100", "verifiedAt": verified_at }),
            ),
            Self::Email => (
                "/api/contacts/c_1/verify-contact-methods",
                api.user_token(),
                email,
            ),
            Self::EmailAsSuperAdmin => (
                "/api/contacts/c_1/verify-contact-methods",
                token(&Identity {
                    subject: "user_1".to_owned(),
                    role: Some("SUPERADMIN".to_owned()),
                    ..Identity::default()
                }),
                email,
            ),
            Self::Contact => (
                "/api/contacts/c_1/verification",
                api.application_token("website"),
                contact,
            ),
            Self::ContactForApp => {
                let mut contact = contact;
                contact["client"] = json!("app");
                (
                    "/api/contacts/c_1/verification",
                    api.application_token("app"),
                    contact,
                )
            }
            Self::NoContact => (
                "/api/contacts/nobody/verification",
                api.application_token("website"),
                contact,
            ),
        };
        api.request(path).bearer_auth(token).json(&body)
    }

    /// The outcome that the endpoint's answer reports.
    fn outcome(self, answer: &Answer) -> &str {
        let outcome = match self {
            Self::Contact | Self::ContactForApp | Self::NoContact => &answer.body["outcome"],
            _ => &answer.body["data"]["outcome"],
        };
        outcome.as_str().unwrap_or_default()
    }

    /// The verification times in the answer, one for each level that the endpoint sets.
    fn verified_at(self, answer: &Answer) -> Vec<Option<String>> {
        let contact = &answer.body["data"]["contact"];
        let levels = match self {
            Self::PhoneNumber => vec![&contact["phoneNumber"][0]["verifiedAt"]],
            Self::Email | Self::EmailAsSuperAdmin => vec![&contact["emails"][0]["verifiedAt"]],
            Self::Contact | Self::ContactForApp | Self::NoContact => vec![
                &answer.body["verified_at"],
                &answer.body["client"]["verified_at"],
            ],
        };
        levels
            .into_iter()
            .map(|time| time.as_str().map(str::to_owned))
            .collect()
    }

    /// The status without a fault: 200, or 404 for the missing contact.
    fn status_without_faults(self) -> u16 {
        if self == Self::NoContact { 404 } else { 200 }
    }
}

/// An API whose database is behind a proxy, with the contact that all requests are about.
struct Scene {
    api: Api,
    proxy: Proxy,
    /// An API over the same database, with no proxy in between.
    direct: Arc<Api>,
}

impl Scene {
    async fn start(timeouts: ClientTimeouts) -> Self {
        // A super administrator's request searches the whole table for the contact.
        let database = Database::start_own_table().await;
        let (api, proxy) = Api::over_through_proxy(database, timeouts, service).await;
        seed(&api).await;
        let direct = Arc::new(direct(&api).await);
        Self { api, proxy, direct }
    }

    /// Lets another caller get in before the `nth` call of an operation.
    fn rival(&self, operation: &'static str, nth: usize, ask: Ask, verified_at: Option<&str>) {
        let (api, verified_at) = (Arc::clone(&self.direct), verified_at.map(str::to_owned));
        self.proxy.before(operation, nth, async move {
            let answer = ask.send(&api, verified_at.as_deref()).await;
            assert_eq!(answer.status, 200, "{:?}", answer.body);
        });
    }

    /// The stored version of the contact, and the stored time of each level that a request changes.
    async fn stored(&self, ask: Ask) -> (u64, Vec<Option<String>>) {
        stored(&self.direct, ask).await
    }
}

/// A service that soon gives up on races.
fn service(store: Store) -> Service {
    let store = store.with_contention_budget(CONTENTION_BUDGET);
    Service::new(development_settings(), store)
}

/// The contact that all requests are about.
async fn seed(api: &Api) {
    api.seed(json!([{
        "id": "c_1",
        "phoneNumber": [{ "value": "+14165550100", "isPrimary": true }],
        "emails": [{ "value": "jane@example.com", "isPrimary": true }],
        "subscriptions": [
            { "audience": "newsletter", "client": "website", "status": "subscribed" },
            { "audience": "newsletter", "client": "app", "status": "subscribed" },
            { "audience": "newsletter", "status": "subscribed" },
        ],
    }]))
    .await;
}

/// An API over the same database and organization, with no proxy in between.
async fn direct(api: &Api) -> Api {
    let database = api.database.again();
    let service = Service::new(development_settings(), database.store().await);
    let mut direct = Api::with_service(database, service).await;
    direct.organization = api.organization.clone();
    direct
}

/// Reads by a verification so late that the API keeps and shows every stored one. A level that shows this late time had none.
async fn stored(direct: &Api, ask: Ask) -> (u64, Vec<Option<String>>) {
    let answer = ask.send(direct, Some(NEVER)).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let wrote = ask.outcome(&answer) == "recorded";
    let times = ask.verified_at(&answer).into_iter();
    let times = times
        .map(|time| time.filter(|time| time != NEVER))
        .collect();
    (version(&answer) - u64::from(wrote), times)
}

fn version(answer: &Answer) -> u64 {
    let tag = answer.header("etag").unwrap();
    tag.trim_matches('"').parse().unwrap()
}

/// The time of every level that `ask` sets: `time`, or `None` if unverified.
fn levels(ask: Ask, time: Option<&str>) -> Vec<Option<String>> {
    let levels = if ask == Ask::Contact { 2 } else { 1 };
    vec![time.map(str::to_owned); levels]
}

/// Asserts that the answer is 503 in the dialect of the endpoint, with `Retry-After` and nothing more.
fn assert_unavailable(ask: Ask, answer: &Answer, context: &str) {
    let context = format!("{context}: {:?}", answer.body);
    assert_eq!(answer.status, 503, "{context}");
    assert!(answer.header("retry-after").is_some(), "{context}");
    assert_failure(
        ask,
        answer,
        "unavailable",
        "Service temporarily unavailable",
    );
}

/// Asserts that the answer is 500 in the dialect of the endpoint, and nothing more.
fn assert_internal_error(ask: Ask, answer: &Answer, context: &str) {
    assert_eq!(answer.status, 500, "{context}: {:?}", answer.body);
    assert_failure(ask, answer, "internal_error", "Internal server error");
}

fn assert_failure(ask: Ask, answer: &Answer, code: &str, text: &str) {
    let id = answer.body["requestId"].clone();
    assert!(id.is_string(), "{:?}", answer.body);
    let expected = match ask {
        Ask::Contact | Ask::ContactForApp | Ask::NoContact => {
            json!({ "error": { "code": code, "message": text }, "requestId": id })
        }
        _ => json!({ "error": text, "message": text, "requestId": id }),
    };
    assert_eq!(answer.body, expected);
}

/// Runs the cases of a test at the same time, since they mostly wait.
async fn at_once<C, F>(cases: impl IntoIterator<Item = C>, case: impl Fn(C) -> F)
where
    F: Future<Output = ()> + 'static,
{
    let (here, mut running) = (LocalSet::new(), JoinSet::new());
    for future in cases.into_iter().map(case) {
        running.spawn_local_on(future, &here);
    }
    here.run_until(running.join_all()).await;
}

/// Asserts that the answer is the one without faults, whichever database call these faults hit, one after another.
async fn assert_overcome(timeouts: ClientTimeouts, faults: &'static [Fault]) {
    at_once(CALLS, |(ask, operation)| async move {
        let context = format!("{ask:?} {operation} {faults:?}");
        let scene = Scene::start(timeouts).await;
        scene.proxy.fail(operation, faults.iter().copied());
        let answer = ask.send(&scene.api, Some(VERIFIED_AT)).await;
        let status = ask.status_without_faults();
        assert_eq!(answer.status, status, "{context}: {:?}", answer.body);
        assert!(scene.proxy.count(operation) > faults.len(), "{context}");
        if status == 200 {
            assert_eq!(ask.outcome(&answer), "recorded", "{context}");
            let recorded = (2, levels(ask, Some(VERIFIED_AT)));
            assert_eq!(scene.stored(ask).await, recorded, "{context}");
        }
    })
    .await;
}

/// Asserts that the answer is 503 and that nothing changes, whichever database call this fault hits without end.
async fn assert_503_while(timeouts: ClientTimeouts, fault: Fault) {
    at_once(CALLS, |(ask, operation)| async move {
        let context = format!("{ask:?} {operation} {fault:?}");
        let scene = Scene::start(timeouts).await;
        scene.proxy.always(operation, fault);
        let answer = ask.send(&scene.api, Some(VERIFIED_AT)).await;
        assert_unavailable(ask, &answer, &context);
        if ask.status_without_faults() == 200 {
            let untouched = (1, levels(ask, None));
            assert_eq!(scene.stored(ask).await, untouched, "{context}");
        }
    })
    .await;
}
