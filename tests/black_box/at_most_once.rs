//! A request takes effect at most once, whatever gets lost, and its caller hears what its own write did (contract section 2).
//!
//! Each test runs for every write of every endpoint. The "others" who change the contact are callers of the same API; they
//! reach the database without the proxy. The tests compare all items of the table, so that no write goes unnoticed.

/// Defines a test for each write. `$check` is a function in the calling module, and takes the write.
macro_rules! test_each_write {
    ($sentence:ident, $check:ident) => {
        mod $sentence {
            use super::super::Write;
            test_each_write! { @tests $check:
                to_record_on_endpoint_1 RecordPhoneNumber,
                to_clear_on_endpoint_1 ClearPhoneNumber,
                to_record_on_endpoint_2 RecordEmail,
                to_clear_on_endpoint_2 ClearEmail,
                to_record_on_endpoint_3 RecordContact,
                to_clear_on_endpoint_3 ClearContact,
                to_create_a_contact_by_upsert UpsertNew,
                to_update_a_contact_by_upsert UpsertName,
                to_change_a_subscription_by_upsert UpsertStatus,
                to_record_by_upsert UpsertVerified,
                to_create_a_contact_by_subscribe SubscribeNew,
                to_subscribe Subscribe,
                to_unsubscribe_from_a_client Unsubscribe,
                to_unsubscribe_globally UnsubscribeGlobally,
                to_add_a_phone_number AddPhone,
                to_add_an_email AddEmail,
                to_remove_a_phone_number RemovePhone,
                to_remove_an_email RemoveEmail,
            }
        }
    };
    (@tests $check:ident: $($name:ident $write:ident,)+) => {
        $(
            #[tokio::test]
            async fn $name() {
                Box::pin(super::$check(Write::$write)).await;
            }
        )+
    };
}

mod concurrency;
mod late_delivery;
mod lost_answers;
mod lost_requests;
mod others;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use black_box_tests::proxy::{Fault, PATIENT, Proxy, WRITE};
use black_box_tests::{Answer, Api, Database, Item, service_for_crowds};
use serde_json::{Value, json};
use shared::Service;
use shared::store::{ClientTimeouts, Store};
use tokio::task::{JoinSet, LocalSet};

use self::others::{AwaitedChanges, ChangesByOthers, changes};
use self::writes::{DIFFERENT_WRITES, Write, outcome};

/// The timeouts of a client that soon gives up a missing answer, and retries often enough.
const RESTLESS: ClientTimeouts = ClientTimeouts {
    attempt: Duration::from_secs(2),
    attempts: 8,
    ..PATIENT
};

/// Long enough for every retry that a test needs.
const CONTENTION_BUDGET: Duration = Duration::from_secs(20);

const PHONE: &str = "+14165550100";
const SECOND_PHONE: &str = "+14165550101";
const EMAIL: &str = "jane@example.com";
const SECOND_EMAIL: &str = "second@example.com";
const NEW_EMAIL: &str = "new@example.com";

/// The time that the tested request reports, and the time of the verification that it clears.
const VERIFIED_AT: &str = "2026-05-20T15:04:01.135Z";
/// The time that others report.
const VERIFIED_BY_OTHERS_AT: &str = "2026-01-01T00:00:00.000Z";

/// An API whose database is behind a proxy, with the contact that a request is about.
struct Scene {
    write: Write,
    api: Api,
    proxy: Proxy,
    /// The API that the others call.
    direct: Arc<Api>,
}

impl Scene {
    async fn start(write: Write, timeouts: ClientTimeouts) -> Self {
        let database = Database::start().await;
        let (api, proxy) = Api::over_through_proxy(database, timeouts, service).await;
        api.seed(json!([write.contact()])).await;
        let direct = Arc::new(api.without_proxy().await);
        Self {
            write,
            api,
            proxy,
            direct,
        }
    }

    async fn send(&self) -> Answer {
        self.api.send(self.write.request(&self.api)).await
    }

    /// Sends the request with the version of the seeded contact. A request that creates its contact names no version.
    async fn send_if_match(&self) -> Answer {
        let request = self.write.request(&self.api);
        let request = if self.write.creates() {
            request
        } else {
            request.header("if-match", "\"1\"")
        };
        self.api.send(request).await
    }

    /// All stored items of the organization.
    async fn items(&self) -> Vec<Item> {
        self.direct.database.items(&self.direct.organization).await
    }

    /// Lets others undo and redo the request after the next write is done or gets lost, and before the caller hears of it.
    fn others_after_write(&self, is_done: bool, count: usize) -> AwaitedChanges {
        let (write, direct) = (self.write, Arc::clone(&self.direct));
        self.after_write(async move { ChangesByOthers::make(write, &direct, is_done, count).await })
    }

    /// Lets others make changes of every kind after the next write, and before the caller hears of it.
    fn others_of_every_kind_after_write(&self, count: usize) -> AwaitedChanges {
        let (write, direct) = (self.write, Arc::clone(&self.direct));
        self.after_write(
            async move { ChangesByOthers::make_of_every_kind(write, &direct, count).await },
        )
    }

    fn after_write(
        &self,
        work: impl Future<Output = ChangesByOthers> + Send + 'static,
    ) -> AwaitedChanges {
        let awaited = AwaitedChanges::default();
        let changes = Arc::clone(&awaited.0);
        self.proxy.after(WRITE, 1, async move {
            let made = work.await;
            *changes.lock().unwrap() = Some(made);
        });
        awaited
    }

    /// Lets others change the contact now.
    async fn others(&self, is_done: bool, count: usize) -> ChangesByOthers {
        ChangesByOthers::make(self.write, &self.direct, is_done, count).await
    }
}

fn service(store: Store) -> Service {
    Service {
        store: store.clone().with_contention_budget(CONTENTION_BUDGET),
        ..service_for_crowds(store)
    }
}

/// The answer to a request without a fault.
struct Expected {
    status: u16,
    outcome: String,
    body: Value,
    /// The number of contact changes that the request makes: one or none.
    changes: u64,
}

impl Expected {
    /// Sends the request without a fault, after others have changed the contact `changes_by_others` times.
    async fn of(write: Write, changes_by_others: usize) -> Self {
        let scene = Scene::start(write, PATIENT).await;
        let others = scene.others(false, changes_by_others).await;
        let answer = scene.send().await;
        Self {
            status: answer.status,
            outcome: outcome(&answer).to_owned(),
            body: comparable(&answer.body),
            changes: changes(&scene.items().await) - others.after,
        }
    }

    /// Sends the request without a fault to a contact that others have not changed. The request changes it.
    async fn of_first(write: Write) -> Self {
        let expected = Self::of(write, 0).await;
        let status = if write.creates() { 201 } else { 200 };
        assert_eq!(
            (expected.status, expected.changes),
            (status, 1),
            "{write:?}"
        );
        expected
    }

    /// Asserts that the caller hears what its own write did, whatever others did later.
    fn assert_heard(&self, answer: &Answer, context: &str) {
        assert_eq!(
            (answer.status, outcome(answer)),
            (self.status, self.outcome.as_str()),
            "{context}: {:?}",
            answer.body
        );
    }

    /// Asserts that the caller hears what its own write did, or that the API cannot tell. Returns whether the API could tell.
    fn assert_heard_or_unavailable(&self, write: Write, answer: &Answer, context: &str) -> bool {
        let is_told = answer.status != 503;
        if is_told {
            self.assert_heard(answer, context);
        } else {
            write.assert_unavailable(answer, context);
        }
        is_told
    }
}

/// A body without the members that differ between requests or organizations.
fn comparable(body: &Value) -> Value {
    match body {
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| {
                ![
                    "_id",
                    "contact_id",
                    "createdAt",
                    "organizationId",
                    "requestId",
                    "unsubscribed_at",
                    "updatedAt",
                ]
                .contains(&name.as_str())
            })
            .map(|(name, value)| (name.clone(), comparable(value)))
            .collect(),
        Value::Array(values) => values.iter().map(comparable).collect(),
        value => value.clone(),
    }
}

/// Runs the cases of a test at the same time, since they mostly wait.
async fn at_once<F>(writes: impl IntoIterator<Item = Write>, case: impl Fn(Write) -> F)
where
    F: Future<Output = ()> + 'static,
{
    let (here, mut running) = (LocalSet::new(), JoinSet::new());
    for future in writes.into_iter().map(case) {
        running.spawn_local_on(future, &here);
    }
    here.run_until(running.join_all()).await;
}

/// The faults by which a caller loses an answer immediately.
const LOSSES: [Fault; 3] = [
    Fault::Reset,
    Fault::Error(500, "InternalServerError"),
    Fault::NotJson(502),
];

/// The faults by which a caller loses an answer after the database has done the call.
const LOSSES_AFTER_DOING: [Fault; 3] = [
    Fault::AfterDoing(&LOSSES[0]),
    Fault::AfterDoing(&LOSSES[1]),
    Fault::AfterDoing(&LOSSES[2]),
];
