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

use std::sync::{Arc, Mutex};
use std::time::Duration;

use black_box_tests::proxy::{Fault, PATIENT, Proxy, WRITE};
use black_box_tests::{Answer, Api, Database, Item, service_for_crowds};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use shared::Service;
use shared::store::{ClientTimeouts, Store};
use tokio::task::{JoinSet, LocalSet};

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

/// A request that writes, and that is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Write {
    RecordPhoneNumber,
    ClearPhoneNumber,
    RecordEmail,
    ClearEmail,
    RecordContact,
    ClearContact,
    UpsertNew,
    UpsertName,
    UpsertStatus,
    UpsertVerified,
    SubscribeNew,
    Subscribe,
    Unsubscribe,
    UnsubscribeGlobally,
    AddPhone,
    AddEmail,
    RemovePhone,
    RemoveEmail,
}

/// A request of each way to write.
const DIFFERENT_WRITES: [Write; 9] = [
    Write::RecordPhoneNumber,
    Write::ClearEmail,
    Write::RecordContact,
    Write::UpsertNew,
    Write::UpsertName,
    Write::UpsertStatus,
    Write::Unsubscribe,
    Write::AddPhone,
    Write::RemoveEmail,
];

impl Write {
    /// The contact as it is before the request.
    fn contact(self) -> Value {
        let time = |write: &[Self]| write.contains(&self).then_some(VERIFIED_AT);
        let mut contact = json!({
            "id": "c_1", "firstName": "Jane",
            "phoneNumber": [
                { "value": PHONE, "isPrimary": true, "verifiedAt": time(&[Self::ClearPhoneNumber]) },
            ],
            "emails": [{ "value": EMAIL, "isPrimary": true, "verifiedAt": time(&[Self::ClearEmail]) }],
            "verifiedAt": time(&[Self::ClearContact]),
            "subscriptions": [{
                "audience": "newsletter", "client": "website",
                "status": match self {
                    Self::UpsertStatus => "pending",
                    Self::Subscribe => "unsubscribed",
                    _ => "subscribed",
                },
                "verifiedAt": time(&[Self::ClearContact]),
            }],
        });
        let mut also = |kind: &str, value: &str| {
            let methods = contact[kind].as_array_mut().unwrap();
            methods.push(json!({ "value": value, "isPrimary": false }));
        };
        match self {
            Self::RemovePhone => also("phoneNumber", SECOND_PHONE),
            Self::RemoveEmail => also("emails", SECOND_EMAIL),
            _ => {}
        }
        contact
    }

    fn request(self, api: &Api) -> RequestBuilder {
        let recorded = Some(VERIFIED_AT);
        match self {
            Self::RecordPhoneNumber => verify_phone_number(api, recorded),
            Self::ClearPhoneNumber => verify_phone_number(api, None),
            Self::RecordEmail => verify_email(api, recorded),
            Self::ClearEmail => verify_email(api, None),
            Self::RecordContact => verify_contact(api, recorded),
            Self::ClearContact => verify_contact(api, None),
            Self::UpsertNew => upsert(
                api,
                &json!({ "email": NEW_EMAIL, "firstName": "Ann", "status": "subscribed" }),
            ),
            Self::UpsertName => upsert(api, &json!({ "firstName": "Ann" })),
            Self::UpsertStatus => upsert(api, &json!({ "status": "subscribed" })),
            Self::UpsertVerified => upsert(
                api,
                &json!({ "verified": true, "verified_at": VERIFIED_AT }),
            ),
            Self::SubscribeNew => subscription(api, "subscribe", &json!({ "email": NEW_EMAIL })),
            Self::Subscribe => subscription(api, "subscribe", &json!({})),
            Self::Unsubscribe => subscription(api, "unsubscribe", &json!({ "scope": "client" })),
            Self::UnsubscribeGlobally => {
                subscription(api, "unsubscribe", &json!({ "scope": "global" }))
            }
            Self::AddPhone => add(api, "c_1", "phone", SECOND_PHONE),
            Self::AddEmail => add(api, "c_1", "email", SECOND_EMAIL),
            Self::RemovePhone => remove(api, "c_1", "phone", SECOND_PHONE),
            Self::RemoveEmail => remove(api, "c_1", "email", SECOND_EMAIL),
        }
    }

    /// The request of others that undoes what this one did to the contact of that id.
    fn undo(self, api: &Api, id: &str) -> RequestBuilder {
        match self {
            Self::RecordPhoneNumber => verify_phone_number(api, None),
            Self::ClearPhoneNumber => verify_phone_number(api, Some(VERIFIED_BY_OTHERS_AT)),
            Self::RecordEmail => verify_email(api, None),
            Self::ClearEmail => verify_email(api, Some(VERIFIED_BY_OTHERS_AT)),
            Self::RecordContact | Self::UpsertVerified => verify_contact(api, None),
            Self::ClearContact => verify_contact(api, Some(VERIFIED_BY_OTHERS_AT)),
            Self::UpsertNew | Self::SubscribeNew => remove(api, id, "email", NEW_EMAIL),
            Self::UpsertName => upsert(api, &json!({ "firstName": "Jane" })),
            Self::UpsertStatus | Self::Subscribe => {
                subscription(api, "unsubscribe", &json!({ "scope": "client" }))
            }
            Self::Unsubscribe => subscription(api, "subscribe", &json!({})),
            Self::UnsubscribeGlobally => {
                subscription(api, "subscribe", &json!({ "scope": "global" }))
            }
            Self::AddPhone => remove(api, id, "phone", SECOND_PHONE),
            Self::AddEmail => remove(api, id, "email", SECOND_EMAIL),
            Self::RemovePhone => add(api, id, "phone", SECOND_PHONE),
            Self::RemoveEmail => add(api, id, "email", SECOND_EMAIL),
        }
    }

    /// The request of others that does what this one does, where that has not been done or was undone.
    fn redo(self, api: &Api, id: &str) -> RequestBuilder {
        let recorded = Some(VERIFIED_BY_OTHERS_AT);
        match self {
            Self::RecordPhoneNumber => verify_phone_number(api, recorded),
            Self::ClearPhoneNumber => verify_phone_number(api, None),
            Self::RecordEmail => verify_email(api, recorded),
            Self::ClearEmail => verify_email(api, None),
            Self::RecordContact | Self::UpsertVerified => verify_contact(api, recorded),
            Self::ClearContact => verify_contact(api, None),
            Self::UpsertNew | Self::SubscribeNew => add(api, id, "email", NEW_EMAIL),
            Self::UpsertName => upsert(api, &json!({ "firstName": "Ann" })),
            Self::UpsertStatus | Self::Subscribe => subscription(api, "subscribe", &json!({})),
            Self::Unsubscribe => subscription(api, "unsubscribe", &json!({ "scope": "client" })),
            Self::UnsubscribeGlobally => {
                subscription(api, "unsubscribe", &json!({ "scope": "global" }))
            }
            Self::AddPhone => add(api, id, "phone", SECOND_PHONE),
            Self::AddEmail => add(api, id, "email", SECOND_EMAIL),
            Self::RemovePhone => remove(api, id, "phone", SECOND_PHONE),
            Self::RemoveEmail => remove(api, id, "email", SECOND_EMAIL),
        }
    }

    /// The address by which the request's contact is known.
    fn address(self) -> &'static str {
        if self.creates() { NEW_EMAIL } else { EMAIL }
    }

    /// The contact that the request is about, if it exists.
    async fn id(self, api: &Api) -> Option<String> {
        if !self.creates() {
            return Some("c_1".to_owned());
        }
        let path =
            format!("/api/contacts/status?email={NEW_EMAIL}&audience=newsletter&client=website");
        let answer = api.get(&path, &api.application_token("website")).await;
        answer.body["contact_id"].as_str().map(str::to_owned)
    }

    /// Whether the request makes the contact that it is about.
    fn creates(self) -> bool {
        matches!(self, Self::UpsertNew | Self::SubscribeNew)
    }

    /// Whether the endpoint answers in the CRM's dialect.
    fn is_of_crm(self) -> bool {
        matches!(
            self,
            Self::RecordPhoneNumber
                | Self::ClearPhoneNumber
                | Self::RecordEmail
                | Self::ClearEmail
                | Self::AddPhone
                | Self::AddEmail
                | Self::RemovePhone
                | Self::RemoveEmail
        )
    }

    /// 503 in the words of the endpoint, with `Retry-After`, and nothing more.
    fn assert_unavailable(self, answer: &Answer, context: &str) {
        let context = format!("{context}: {:?}", answer.body);
        assert_eq!(answer.status, 503, "{context}");
        assert!(answer.header("retry-after").is_some(), "{context}");
        let (text, id) = ("Service temporarily unavailable", &answer.body["requestId"]);
        let expected = if self.is_of_crm() {
            json!({ "error": text, "message": text, "requestId": id })
        } else {
            json!({ "error": { "code": "unavailable", "message": text }, "requestId": id })
        };
        assert!(id.is_string(), "{context}");
        assert_eq!(answer.body, expected, "{context}");
    }
}

fn verify_phone_number(api: &Api, verified_at: Option<&str>) -> RequestBuilder {
    let request = api.request("/api/contacts/c_1/phone-number/verify");
    let body = json!({ "phoneNumber": PHONE, "verifiedAt": verified_at });
    request.bearer_auth(api.user_token()).json(&body)
}

fn verify_email(api: &Api, verified_at: Option<&str>) -> RequestBuilder {
    let request = api.request("/api/contacts/c_1/verify-contact-methods");
    let body = json!({ "type": "email", "value": EMAIL, "verifiedAt": verified_at });
    request.bearer_auth(api.user_token()).json(&body)
}

fn verify_contact(api: &Api, verified_at: Option<&str>) -> RequestBuilder {
    let request = api.request("/api/contacts/c_1/verification");
    let body = json!({
        "audience": "newsletter", "client": "website", "verified": verified_at.is_some(), "verified_at": verified_at,
    });
    let token = api.application_token("website");
    request.bearer_auth(token).json(&body)
}

fn upsert(api: &Api, members: &Value) -> RequestBuilder {
    post_for_application(api, "/api/contacts", members)
}

fn subscription(api: &Api, action: &str, members: &Value) -> RequestBuilder {
    post_for_application(api, &format!("/api/subscriptions/{action}"), members)
}

fn post_for_application(api: &Api, path: &str, members: &Value) -> RequestBuilder {
    let mut body = json!({ "email": EMAIL, "audience": "newsletter", "client": "website" });
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    let request = api.request_by("POST", path);
    let token = api.application_token("website");
    request.bearer_auth(token).json(&body)
}

fn add(api: &Api, id: &str, kind: &str, value: &str) -> RequestBuilder {
    post_method(
        api,
        &format!("/api/contacts/{id}/contact-methods"),
        kind,
        value,
    )
}

fn remove(api: &Api, id: &str, kind: &str, value: &str) -> RequestBuilder {
    let path = format!("/api/contacts/{id}/contact-methods/remove");
    post_method(api, &path, kind, value)
}

fn post_method(api: &Api, path: &str, kind: &str, value: &str) -> RequestBuilder {
    let request = api.request_by("POST", path);
    let body = json!({ "type": kind, "value": value });
    request.bearer_auth(api.user_token()).json(&body)
}

/// What an answer says was done.
fn outcome(answer: &Answer) -> &str {
    let body = &answer.body;
    [
        &body["data"]["outcome"],
        &body["verification_outcome"],
        &body["outcome"],
    ]
    .into_iter()
    .find_map(Value::as_str)
    .unwrap_or_default()
}

/// How often contacts have been changed or made: the sum of their versions.
fn changes(items: &[Item]) -> u64 {
    items
        .iter()
        .filter(|item| item.contains_key("contactId"))
        .filter_map(|item| item.get("version")?.as_n().ok()?.parse::<u64>().ok())
        .sum()
}

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
        let database = Database::start_own_table().await;
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
        self.direct.database.items().await
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

/// What others did. Each of them was told that it made a change.
struct ChangesByOthers {
    /// How often contacts had been changed before.
    before: u64,
    /// How often contacts had been changed afterwards.
    after: u64,
    /// All that was stored afterwards.
    items: Vec<Item>,
}

impl ChangesByOthers {
    /// Makes so many changes, which undo and redo the request in turn. `is_done` says whether it has been done.
    async fn make(write: Write, api: &Api, is_done: bool, count: usize) -> Self {
        let before = changes(&api.database.items().await);
        let mut id = write.id(api).await;
        for n in 0..count {
            let is_undone = (n % 2 == 0) == is_done;
            let request = match &id {
                Some(id) if is_undone => write.undo(api, id),
                Some(id) => write.redo(api, id),
                None => upsert(api, &json!({ "email": NEW_EMAIL, "status": "subscribed" })),
            };
            make_change(api, request, &format!("{write:?}, change {n} by others")).await;
            if id.is_none() {
                id = write.id(api).await;
            }
        }
        Self::made(api, before, count).await
    }

    /// Makes so many changes of every kind, which leave alone what the request did.
    async fn make_of_every_kind(write: Write, api: &Api, count: usize) -> Self {
        let before = changes(&api.database.items().await);
        let id = write.id(api).await.unwrap();
        for n in 0..count {
            let request = change_of_every_kind(api, &id, write.address(), n);
            make_change(api, request, &format!("{write:?}, change {n} by others")).await;
        }
        Self::made(api, before, count).await
    }

    async fn made(api: &Api, before: u64, count: usize) -> Self {
        let items = api.database.items().await;
        let after = changes(&items);
        let made = u64::try_from(count).unwrap();
        assert_eq!(after, before + made, "one version for each change");
        Self {
            before,
            after,
            items,
        }
    }
}

/// Sends a request of others. They are told that it changed the contact.
async fn make_change(api: &Api, request: RequestBuilder, context: &str) {
    let answer = api.send(request).await;
    let context = format!("{context}: {:?}", answer.body);
    assert!([200, 201].contains(&answer.status), "{context}");
    let is_changed = ["recorded", "cleared", "created", "updated"].contains(&outcome(&answer));
    assert!(is_changed, "{context}");
}

/// The `n`th of a series of changes, each by another way to write.
fn change_of_every_kind(api: &Api, id: &str, address: &str, n: usize) -> RequestBuilder {
    const OTHER_PHONE: &str = "+14165550107";
    const OTHER_EMAIL: &str = "others@example.com";
    let verify = |verified_at: Option<&str>| {
        let request = api.request(&format!("/api/contacts/{id}/verify-contact-methods"));
        let body = json!({ "type": "phone", "value": OTHER_PHONE, "verifiedAt": verified_at });
        request.bearer_auth(api.user_token()).json(&body)
    };
    match n % 9 {
        0 => add(api, id, "phone", OTHER_PHONE),
        1 => verify(Some(VERIFIED_BY_OTHERS_AT)),
        2 => upsert(
            api,
            &json!({ "email": address, "lastName": format!("Doe {n}") }),
        ),
        3 => verify(None),
        4 => add(api, id, "email", OTHER_EMAIL),
        5 => remove(api, id, "phone", OTHER_PHONE),
        6 => remove(api, id, "email", OTHER_EMAIL),
        7 => subscription(
            api,
            "unsubscribe",
            &json!({ "email": address, "scope": "audience" }),
        ),
        _ => subscription(
            api,
            "subscribe",
            &json!({ "email": address, "scope": "audience" }),
        ),
    }
}

/// Changes by others that happen while a request is under way.
#[derive(Default)]
struct AwaitedChanges(Arc<Mutex<Option<ChangesByOthers>>>);

impl AwaitedChanges {
    /// What they were. They must have been made.
    fn made(self) -> ChangesByOthers {
        let made = self.0.lock().unwrap().take();
        made.unwrap()
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
