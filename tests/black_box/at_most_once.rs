//! A request takes effect at most once, whatever gets lost, and its caller hears what its own write did (contract section 2).
//!
//! Each test is made for every write of every endpoint. The others who change the contact are callers of the same API
//! that reach the database without the proxy. All items of the table are compared, so that nothing is written unseen.

/// Makes a test of each write. The check is a function beside the call that takes the write.
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

/// Gives an answer up that does not come, and tries often enough.
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

/// When the tested request verifies, and when the contact was verified that it clears.
const VERIFIED_AT: &str = "2026-05-20T15:04:01.135Z";
/// When others verify.
const VERIFIED_BY_OTHERS_AT: &str = "2026-01-01T00:00:00.000Z";

/// An API whose database is behind a proxy, with the contact that a request is about.
struct Scene {
    write: Write,
    api: Api,
    proxy: Proxy,
    /// The API of the others.
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

    /// Sends the request for the version at which the contact was seeded. A contact that is to be created has none.
    async fn send_if_match(&self) -> Answer {
        let request = self.write.request(&self.api);
        let request = if self.write.creates() {
            request
        } else {
            request.header("if-match", "\"1\"")
        };
        self.api.send(request).await
    }

    /// All that is stored.
    async fn items(&self) -> Vec<Item> {
        self.direct.database.items(&self.direct.organization).await
    }

    /// Lets others undo and redo the request after the database has done the next write, or has missed it, and before
    /// the caller hears of it.
    fn others_after_write(&self, is_done: bool, count: usize) -> AwaitedChanges {
        let (write, direct) = (self.write, Arc::clone(&self.direct));
        self.after_write(async move { ChangesByOthers::make(write, &direct, is_done, count).await })
    }

    /// The same with changes of every kind.
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

/// What a request is answered without a fault.
struct Expected {
    status: u16,
    outcome: String,
    body: Value,
    /// How many changes of contacts the request makes: one, or none.
    changes: u64,
}

impl Expected {
    /// Sends the request without a fault, to a contact that others have changed so often before.
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

    /// The same for a contact that others have not changed: the request changes it.
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

    /// The caller hears what its own write did, whatever came after it.
    fn assert_heard(&self, answer: &Answer, context: &str) {
        assert_eq!(
            (answer.status, outcome(answer)),
            (self.status, self.outcome.as_str()),
            "{context}: {:?}",
            answer.body
        );
    }

    /// The caller hears what its own write did, or that nobody can tell. Returns whether it could be told.
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

/// A body without what differs from request to request and from organization to organization.
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

/// Runs the cases of a test at the same time: mostly they wait.
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

/// The ways in which a caller loses an answer at once.
const LOSSES: [Fault; 3] = [
    Fault::Reset,
    Fault::Error(500, "InternalServerError"),
    Fault::NotJson(502),
];

/// The same after the database has done the call.
const LOSSES_AFTER_DOING: [Fault; 3] = [
    Fault::AfterDoing(&LOSSES[0]),
    Fault::AfterDoing(&LOSSES[1]),
    Fault::AfterDoing(&LOSSES[2]),
];
