//! The one rule (contract section 2): the earliest verification is never lost, whatever the order, repetition or
//! concurrency of requests.

use std::sync::Arc;

use black_box_tests::{Answer, Api};
use contacts::seed::Seed;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use shared::domain::PhoneRegion;
use tokio::task::JoinSet;

const CALLERS: u32 = 64;

/// A request of a sequence: a verification at a number of seconds, or a clear.
#[derive(Debug, Clone, Copy)]
enum Step {
    Verify(u32),
    Clear,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // There are few different times, so equal ones are common, and there are some clears.
    let step = prop_oneof![6 => (0_u32..8).prop_map(Step::Verify), 1 => Just(Step::Clear)];
    // The steps are repeated and reordered, like retries and reports that overtake one another.
    prop::collection::vec(step, 1..12)
        .prop_flat_map(|steps| {
            (
                Just(steps.clone()),
                prop::sample::subsequence(steps.clone(), 0..=steps.len()),
            )
        })
        .prop_map(|(steps, repeated)| [steps, repeated].concat())
        .prop_shuffle()
}

/// The stored time after a step, and the outcome in the answer.
fn model(stored: Option<u32>, step: Step) -> (Option<u32>, &'static str) {
    match (stored, step) {
        (None, Step::Verify(at)) => (Some(at), "recorded"),
        (Some(stored), Step::Verify(at)) if at < stored => (Some(at), "recorded"),
        (stored, Step::Verify(_)) => (stored, "kept"),
        (Some(_), Step::Clear) => (None, "cleared"),
        (None, Step::Clear) => (None, "unchanged"),
    }
}

fn time(seconds: u32) -> String {
    format!("2024-01-01T00:{:02}:{:02}.000Z", seconds / 60, seconds % 60)
}

/// Runs sequences against one API, each on a contact of its own.
fn for_any_sequence(check: &impl AsyncFn(&Api, &str, &[Step])) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let api = runtime.block_on(Api::start());
    let mut runner = TestRunner::new(Config {
        cases: 32,
        failure_persistence: None,
        ..Config::default()
    });
    let sequences = (steps(), "[a-z0-9]{16}");
    runner
        .run(&sequences, |(steps, id)| {
            runtime.block_on(async {
                api.seed(json!([{
                    "id": id,
                    "phoneNumber": [{ "value": "+14165550100" }, { "value": "+14165550101" }],
                    "emails": [{ "value": format!("{id}@example.com") }],
                    "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }],
                }]))
                .await;
                check(&api, &id, &steps).await;
            });
            Ok(())
        })
        .unwrap();
}

#[test]
fn any_sequence_on_a_phone_number_ends_in_the_minimum_since_the_last_clear() {
    for_any_sequence(&async |api, id, steps| {
        let mut stored = None;
        let mut version = 1;
        for step in steps {
            let verified_at = match step {
                Step::Verify(at) => json!(time(*at)),
                Step::Clear => Value::Null,
            };
            let body = json!({ "phoneNumber": "+14165550100", "verifiedAt": verified_at });
            let answer = api.verify_phone_number(id, body).await;
            let (then, outcome) = model(stored, *step);
            stored = then;
            version += u32::from(matches!(outcome, "recorded" | "cleared"));
            assert_eq!(answer.body["data"]["outcome"], outcome, "{steps:?}");
            let entries = &answer.body["data"]["contact"]["phoneNumber"];
            assert_eq!(
                entries[0].get("verifiedAt").cloned(),
                stored.map(|at| json!(time(at))),
                "{steps:?}"
            );
            assert_eq!(
                entries[1].get("verifiedAt"),
                None,
                "a neighbour is not touched"
            );
            assert_eq!(
                answer.header("etag"),
                Some(format!("\"{version}\"").as_str()),
                "{steps:?}"
            );
        }
    });
}

#[test]
fn any_sequence_on_a_contact_ends_in_the_minimum_since_the_last_clear_at_both_levels() {
    for_any_sequence(&async |api, id, steps| {
        let mut stored = None;
        for step in steps {
            let mut body =
                json!({ "audience": "newsletter", "client": "website", "verified": false });
            if let Step::Verify(at) = step {
                body["verified"] = json!(true);
                body["verified_at"] = json!(time(*at));
            }
            let answer = api.verify_contact(id, body).await;
            let (then, outcome) = model(stored, *step);
            stored = then;
            let expected = stored.map_or(Value::Null, |at| json!(time(at)));
            assert_eq!(answer.body["outcome"], outcome, "{steps:?}");
            assert_eq!(answer.body["verified_at"], expected, "{steps:?}");
            assert_eq!(answer.body["client"]["verified_at"], expected, "{steps:?}");
            assert_eq!(answer.body["verified"], json!(stored.is_some()));
        }
    });
}

/// The answers to the calls of all callers, who call at the same time.
async fn all_at_once<F>(api: &Arc<Api>, call: impl Fn(Arc<Api>, u32) -> F) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    (0..CALLERS)
        .map(|caller| call(Arc::clone(api), caller))
        .collect::<JoinSet<_>>()
        .join_all()
        .await
}

fn count(answers: &[Answer], outcome: &str) -> usize {
    let outcome_of = |answer: &Answer| match &answer.body["data"] {
        Value::Null => answer.body["outcome"].clone(),
        data => data["outcome"].clone(),
    };
    answers
        .iter()
        .filter(|answer| outcome_of(answer) == outcome)
        .count()
}

/// Different times in no order: 37 and 64 have no common divisor.
fn shuffled(caller: u32) -> u32 {
    (caller * 37) % CALLERS
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_earliest_time_of_64_callers_on_one_entry_stays() {
    let api = Arc::new(Api::start().await);
    api.seed(json!([{ "id": "c_1", "emails": [{ "value": "jane@example.com" }] }]))
        .await;
    let answers = all_at_once(&api, |api: Arc<Api>, caller| async move {
        let body = json!({ "type": "email", "value": "jane@example.com", "verifiedAt": time(shuffled(caller)) });
        api.verify_contact_method("c_1", body).await
    })
    .await;

    assert!(answers.iter().all(|answer| answer.status == 200));
    let recorded = count(&answers, "recorded");
    assert_eq!(recorded + count(&answers, "kept"), answers.len());
    let last = api
        .verify_contact_method(
            "c_1",
            json!({ "type": "email", "value": "jane@example.com", "verifiedAt": time(600) }),
        )
        .await;
    assert_eq!(
        last.body["data"]["contact"]["emails"][0]["verifiedAt"],
        time(0)
    );
    assert_eq!(
        last.header("etag"),
        Some(format!("\"{}\"", recorded + 1).as_str()),
        "one version for each change"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_caller_of_64_on_neighbouring_entries_loses_its_write() {
    let api = Arc::new(Api::start().await);
    let number = |caller: u32| format!("+1416555{caller:04}");
    let numbers: Vec<_> = (0..CALLERS)
        .map(|caller| json!({ "value": number(caller) }))
        .collect();
    api.seed(json!([{ "id": "c_1", "phoneNumber": numbers }]))
        .await;
    let answers = all_at_once(&api, move |api: Arc<Api>, caller| async move {
        let body = json!({ "phoneNumber": number(caller), "verifiedAt": time(caller) });
        api.verify_phone_number("c_1", body).await
    })
    .await;

    assert_eq!(count(&answers, "recorded"), answers.len());
    let last = api
        .verify_phone_number(
            "c_1",
            json!({ "phoneNumber": number(0), "verifiedAt": time(600) }),
        )
        .await;
    let entries = last.body["data"]["contact"]["phoneNumber"]
        .as_array()
        .unwrap()
        .clone();
    let stored: Vec<_> = entries
        .iter()
        .map(|entry| entry["verifiedAt"].clone())
        .collect();
    assert_eq!(
        stored,
        (0..CALLERS)
            .map(|caller| json!(time(caller)))
            .collect::<Vec<_>>()
    );
    assert_eq!(last.header("etag"), Some("\"65\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_earliest_time_of_64_callers_on_one_contact_stays_at_both_levels() {
    let api = Arc::new(Api::start().await);
    api.seed(json!([{
        "id": "c_1", "emails": [{ "value": "jane@example.com" }],
        "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }],
    }]))
    .await;
    let body = |at: u32| json!({ "audience": "newsletter", "client": "website", "verified": true, "verified_at": time(at) });
    let answers = all_at_once(&api, move |api: Arc<Api>, caller| async move {
        api.verify_contact("c_1", body(shuffled(caller))).await
    })
    .await;

    for answer in &answers {
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert_eq!(
            answer.body["verified_at"], answer.body["client"]["verified_at"],
            "never half of it"
        );
    }
    let last = api.verify_contact("c_1", body(600)).await;
    assert_eq!(last.body["outcome"], "kept");
    assert_eq!(last.body["verified_at"], time(0));
    assert_eq!(last.body["client"]["verified_at"], time(0));
    let versions = count(&answers, "recorded") + 1;
    assert_eq!(
        last.header("etag"),
        Some(format!("\"{versions}\"").as_str()),
        "one version for each change"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_of_all_three_endpoints_on_one_contact_do_not_lose_one_anothers_writes() {
    let api = Arc::new(Api::start().await);
    api.seed(json!([{
        "id": "c_1",
        "phoneNumber": [{ "value": "+14165550100" }],
        "emails": [{ "value": "jane@example.com" }],
        "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }],
    }]))
    .await;
    let answers = all_at_once(&api, |api: Arc<Api>, caller| async move {
        let at = time(shuffled(caller));
        match caller % 3 {
            0 => api.verify_phone_number("c_1", json!({ "phoneNumber": "+14165550100", "verifiedAt": at })).await,
            1 => {
                let body = json!({ "type": "email", "value": "jane@example.com", "verifiedAt": at });
                api.verify_contact_method("c_1", body).await
            }
            _ => {
                let body =
                    json!({ "audience": "newsletter", "client": "website", "verified": true, "verified_at": at });
                api.verify_contact("c_1", body).await
            }
        }
    })
    .await;

    for answer in &answers {
        assert_eq!(answer.status, 200, "{:?}", answer.body);
    }
    let earliest = |endpoints: &[u32]| {
        let callers = (0..CALLERS).filter(|caller| endpoints.contains(&(caller % 3)));
        time(callers.map(shuffled).min().unwrap())
    };
    let phone = api
        .verify_phone_number(
            "c_1",
            json!({ "phoneNumber": "+14165550100", "verifiedAt": time(600) }),
        )
        .await;
    let contact = &phone.body["data"]["contact"];
    assert_eq!(contact["phoneNumber"][0]["verifiedAt"], earliest(&[0]));
    // Endpoints 2 and 3 verify the same address.
    assert_eq!(contact["emails"][0]["verifiedAt"], earliest(&[1, 2]));
    let body = json!({ "audience": "newsletter", "client": "website", "verified": true, "verified_at": time(600) });
    let seen = api.verify_contact("c_1", body).await;
    assert_eq!(seen.body["verified_at"], earliest(&[1, 2]));
    assert_eq!(seen.body["client"]["verified_at"], earliest(&[2]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_64_clients_on_one_contact_gets_its_turn() {
    const CLIENTS: u32 = 64;
    let api = Arc::new(Api::start().await);
    let client = |n: u32| format!("client-{n}");
    let clients: Vec<_> = (0..CLIENTS).map(client).collect();
    let subscriptions: Vec<_> = clients
        .iter()
        .map(|client| json!({ "audience": "newsletter", "client": client }))
        .collect();
    let seed = json!({ "organizations": [{
        "id": api.organization, "audiences": ["newsletter"], "clients": clients,
        "contacts": [{
            "id": "c_1", "emails": [{ "value": "jane@example.com" }], "subscriptions": subscriptions,
        }],
    }] });
    let seed = Seed::parse(&seed.to_string(), PhoneRegion::CANADA).unwrap();
    seed.load(&api.database.store().await).await.unwrap();

    // Every client has something to write, so each round of the contention has one winner and many losers.
    let answers = (0..CLIENTS)
        .map(|n| {
            let api = Arc::clone(&api);
            async move {
                let body = json!({ "audience": "newsletter", "client": client(n), "verified": true, "verified_at": time(n) });
                api.patch("/api/contacts/c_1/verification", &api.application_token(&client(n)), body).await
            }
        })
        .collect::<JoinSet<_>>()
        .join_all()
        .await;
    for answer in &answers {
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert_eq!(answer.body["outcome"], "recorded");
    }
}
