//! Many callers of different endpoints change one contact, also while the database refuses a share of their calls.

use std::sync::Arc;

use black_box_tests::proxy::PATIENT;
use black_box_tests::{Answer, Api, Database, service_for_crowds};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{EMAIL, PHONE, SECOND_EMAIL, outcome};

const CALLERS: u32 = 64;

/// Times in no order, few of them equal: 37 and 64 have no common divisor.
fn time(caller: u32) -> String {
    format!("2024-01-01T00:00:{:02}.000Z", (caller * 37) % CALLERS % 60)
}

/// The earliest time that callers of these endpoints report.
fn earliest(endpoints: &[u32]) -> String {
    let callers = (0..CALLERS).filter(|caller| endpoints.contains(&(caller % 4)));
    callers.map(time).min().unwrap()
}

async fn verify(api: Arc<Api>, caller: u32) -> Answer {
    let at = time(caller);
    let contact = json!({
        "email": EMAIL, "audience": "newsletter", "client": "website", "verified": true, "verified_at": at,
    });
    match caller % 4 {
        0 => {
            let body = json!({ "phoneNumber": PHONE, "verifiedAt": at });
            api.verify_phone_number("c_1", body).await
        }
        1 => {
            let body = json!({ "type": "email", "value": SECOND_EMAIL, "verifiedAt": at });
            api.verify_contact_method("c_1", body).await
        }
        2 => api.verify_contact("c_1", contact).await,
        _ => api.upsert(contact).await,
    }
}

async fn seed(api: &Api) {
    api.seed(json!([{
        "id": "c_1",
        "phoneNumber": [{ "value": PHONE }],
        "emails": [{ "value": EMAIL, "isPrimary": true }, { "value": SECOND_EMAIL, "isPrimary": false }],
        "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }],
    }]))
    .await;
}

/// Sends all requests at the same time. All succeed, each level keeps its earliest time, and each change has a version.
async fn assert_the_earliest_stay(api: Arc<Api>) {
    let callers = (0..CALLERS).map(|caller| verify(Arc::clone(&api), caller));
    let answers = callers.collect::<JoinSet<_>>().join_all().await;
    for answer in &answers {
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        let outcome = outcome(answer);
        assert!(["recorded", "kept"].contains(&outcome), "{:?}", answer.body);
    }
    let recorded = answers
        .iter()
        .filter(|answer| outcome(answer) == "recorded");
    let version = format!("\"{}\"", recorded.count() + 1);
    let direct = api.without_proxy().await;
    let contact = direct.get("/api/contacts/c_1", &direct.user_token()).await;
    assert_eq!(contact.header("etag"), Some(version.as_str()));
    assert_eq!(contact.body["phoneNumber"][0]["verifiedAt"], earliest(&[0]));
    assert_eq!(contact.body["emails"][1]["verifiedAt"], earliest(&[1]));
    let path = format!("/api/contacts/status?email={EMAIL}&audience=newsletter&client=website");
    let status = direct
        .get(&path, &direct.application_token("website"))
        .await;
    assert_eq!(status.body["verified_at"], earliest(&[2, 3]));
    assert_eq!(status.body["client"]["verified_at"], earliest(&[2, 3]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_earliest_times_of_64_callers_of_four_endpoints_stay() {
    let api = Api::start().await;
    seed(&api).await;
    assert_the_earliest_stay(Arc::new(api)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_earliest_times_stay_though_the_database_refuses_one_call_in_three() {
    let database = Database::start().await;
    let (api, proxy) = Api::over_through_proxy(database, PATIENT, service_for_crowds).await;
    seed(&api).await;
    proxy.refuse_with_conflicts(3);
    assert_the_earliest_stay(Arc::new(api)).await;
    let is_refused = |code: &Value| {
        let code = code.as_str().unwrap_or_default();
        code.ends_with("#TransactionConflictException")
            || code.ends_with("#TransactionCanceledException")
    };
    let calls = proxy.calls().into_iter();
    let refused = calls
        .filter_map(|call| call.answer)
        .filter(|answer| is_refused(&answer.body["__type"]));
    assert!(refused.count() > 0);
}
