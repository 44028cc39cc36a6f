//! Many callers at once: one contact for an address, one primary of each kind, the earliest verification.

use std::collections::BTreeSet;
use std::sync::Arc;

use black_box_tests::{Answer, Api};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{body, contact, id, start, status_of};

/// The number of callers.
const CALLERS: usize = 24;

/// The answers to requests that are sent at the same time.
async fn at_once<F>(api: &Arc<Api>, ask: impl Fn(Arc<Api>, usize) -> F) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let mut asked = JoinSet::new();
    for n in 0..CALLERS {
        asked.spawn(ask(Arc::clone(api), n));
    }
    let answers = asked.join_all().await;
    for answer in &answers {
        assert!([200, 201].contains(&answer.status), "{:?}", answer.body);
    }
    answers
}

fn verified_at(n: usize) -> String {
    // The times of the callers are in no order.
    format!("2024-01-{:02}T00:00:00.000Z", (n * 7) % CALLERS + 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_address_has_one_contact_after_concurrent_loads_of_a_seed_and_upserts() {
    const CONTACTS: usize = 120;
    let address = |n: usize| format!("{n}@example.com");
    let api = Arc::new(start().await);
    let contacts: Vec<_> = (0..CONTACTS)
        .map(|n| json!({ "id": format!("c_{n}"), "emails": [{ "value": address(n), "isPrimary": true }] }))
        .collect();
    let contacts = Value::Array(contacts);
    let loads = async {
        let load = || api.seed(contacts.clone());
        tokio::join!(load(), load(), load());
    };
    let upserts = at_once(&api, |api, n| async move {
        // Some of the addresses load among the first, and some among the last.
        let n = if n % 2 == 0 { n } else { CONTACTS - n };
        api.upsert(body(json!({ "email": address(n) }))).await
    });
    let ((), upserted) = tokio::join!(loads, upserts);
    let owners: BTreeSet<_> = upserted.iter().map(id).collect();
    assert_eq!(owners.len(), CALLERS);
    for n in 0..CONTACTS {
        let id_of_seed = format!("c_{n}");
        assert_eq!(
            contact(&api, &id_of_seed).await["emails"][0]["value"],
            address(n)
        );
        let answer = api.upsert(body(json!({ "email": address(n) }))).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert!(id(&answer) == id_of_seed || owners.contains(&id(&answer)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn upserts_of_one_address_make_one_contact_and_keep_the_earliest_verification() {
    let api = Arc::new(start().await);
    let answers = at_once(&api, |api, n| async move {
        let number = format!("+1416555{:04}", 100 + n);
        let said =
            json!({ "verified": true, "verified_at": verified_at(n), "phoneNumber": number });
        api.upsert(body(said)).await
    })
    .await;
    let ids: BTreeSet<_> = answers.iter().map(id).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 201).count(),
        1
    );
    let status = status_of(&api, super::ADDRESS, "website").await;
    assert_eq!(
        status.body["client"]["verified_at"],
        "2024-01-01T00:00:00.000Z"
    );
    let seen = contact(&api, ids.first().unwrap()).await;
    let phones = seen["phoneNumber"].as_array().unwrap();
    assert_eq!(phones.len(), CALLERS);
    assert_eq!(primaries(phones), 1);
}

fn primaries(entries: &[Value]) -> usize {
    entries
        .iter()
        .filter(|entry| entry["isPrimary"] == true)
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn upserts_and_endpoint_3_do_not_lose_each_others_verifications() {
    let api = Arc::new(start().await);
    let made = id(&api.upsert(body(json!({}))).await);
    at_once(&api, |api, n| {
        let made = made.clone();
        async move {
            let said = json!({ "verified": true, "verified_at": verified_at(n) });
            if n % 2 == 0 {
                api.upsert(body(said)).await
            } else {
                api.verify_contact(&made, body(said)).await
            }
        }
    })
    .await;
    let status = status_of(&api, super::ADDRESS, "website").await;
    assert_eq!(
        status.body["client"]["verified_at"],
        "2024-01-01T00:00:00.000Z"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_contact_gets_an_address_that_many_contacts_want() {
    let api = Arc::new(start().await);
    let contacts: Vec<_> = (0..CALLERS)
        .map(|n| json!({ "id": format!("c_{n}") }))
        .collect();
    api.seed(json!(contacts)).await;
    let mut asked = JoinSet::new();
    for n in 0..CALLERS {
        let api = Arc::clone(&api);
        asked.spawn(async move {
            let path = format!("/api/contacts/c_{n}/contact-methods");
            let method = json!({ "type": "email", "value": "one@example.com" });
            api.post(&path, &api.user_token(), method).await.status
        });
    }
    let statuses = asked.join_all().await;
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 400).count(),
        CALLERS - 1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_number_is_primary_after_many_are_added_as_primary() {
    let api = Arc::new(start().await);
    api.seed(json!([{ "id": "c_1" }])).await;
    at_once(&api, |api, n| async move {
        let path = "/api/contacts/c_1/contact-methods";
        let number = format!("+1416555{:04}", 100 + n);
        let method = json!({ "type": "phone", "value": number, "isPrimary": true });
        api.post(path, &api.user_token(), method).await
    })
    .await;
    let seen = contact(&api, "c_1").await;
    let phones = seen["phoneNumber"].as_array().unwrap();
    assert_eq!((phones.len(), primaries(phones)), (CALLERS, 1));
}
