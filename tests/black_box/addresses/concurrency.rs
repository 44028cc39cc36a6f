//! Many callers remove an address and give it to other contacts. No caller ever sees it without the facts that block mail.

use std::sync::Arc;

use black_box_tests::proxy::PATIENT;
use black_box_tests::{Answer, Api, Database, service_for_crowds};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{SECOND, body};

const CALLERS: usize = 64;
const CONTACTS: usize = 8;

fn id(number: usize) -> String {
    format!("c_{number}")
}

/// Contacts that take the address from each other. The first one has it, with every fact that blocks mail.
async fn seed(api: &Api) {
    let others = (1..CONTACTS).map(|number| json!({ "id": id(number) }));
    let first = json!({
        "id": id(0),
        "emails": [{
            "value": SECOND, "hardBouncedAt": "2024-01-01T00:00:00Z",
            "emailValidation": { "status": "no_mx", "reason": "gone" },
        }],
        "globallyUnsubscribedAt": "2024-01-01T00:00:00Z",
        "complainedAt": "2024-01-01T00:00:00Z",
        "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "unsubscribed" }],
    });
    api.seed(std::iter::once(first).chain(others).collect())
        .await;
}

/// Asserts that the answer shows every fact of the address, if it shows a contact.
fn assert_nothing_is_lost(answer: &Answer) {
    let seen = &answer.body;
    if seen["exists"] == true {
        assert_eq!(
            seen["marketing"]["blocked_by"],
            json!([
                "not_verified",
                "not_subscribed",
                "globally_unsubscribed",
                "hard_bounced",
                "complained",
                "undeliverable"
            ]),
            "{seen}"
        );
        assert_eq!(seen["can_send_transactional"], false);
        assert_eq!(seen["email_validation"]["reason"], "gone");
    }
}

/// Removes the address from a contact, adds it to another, and looks at it after each.
async fn call(api: Arc<Api>, caller: usize) {
    let path = format!("/api/contacts/status?email={SECOND}&audience=newsletter&client=website");
    let application = api.application_token("website");
    let method = json!({ "type": "email", "value": SECOND });
    for round in 0..4 {
        let from = id((caller + round) % CONTACTS);
        let to = id((caller * 3 + round + 1) % CONTACTS);
        let removed = format!("/api/contacts/{from}/contact-methods/remove");
        let removed = api.post(&removed, &api.user_token(), method.clone()).await;
        assert!([200, 404].contains(&removed.status), "{:?}", removed.body);
        let added = format!("/api/contacts/{to}/contact-methods");
        let added = api.post(&added, &api.user_token(), method.clone()).await;
        assert!([200, 400].contains(&added.status), "{:?}", added.body);
        if caller.is_multiple_of(4) {
            let told = body(json!({ "email": SECOND, "status": "subscribed" }));
            let upserted = api.post("/api/contacts", &application, told).await;
            assert!(upserted.status < 300, "{:?}", upserted.body);
            assert_nothing_is_lost(&upserted);
        }
        let seen = api.get(&path, &application).await;
        assert_eq!(seen.status, 200, "{:?}", seen.body);
        assert_nothing_is_lost(&seen);
    }
}

async fn assert_nothing_is_ever_lost(api: Arc<Api>) {
    let callers = (0..CALLERS).map(|caller| call(Arc::clone(&api), caller));
    callers.collect::<JoinSet<_>>().join_all().await;
    // The upsert finds the last owner of the address, or creates one.
    let direct = api.without_proxy().await;
    let told = body(json!({ "email": SECOND, "status": "subscribed" }));
    let answer = direct.upsert(told).await;
    assert!(answer.status < 300, "{:?}", answer.body);
    assert_eq!(answer.body["exists"], true);
    assert_nothing_is_lost(&answer);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_caller_sees_an_address_without_its_blocks_while_64_callers_pass_it_around() {
    let api = Api::start().await;
    seed(&api).await;
    assert_nothing_is_ever_lost(Arc::new(api)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_caller_sees_an_address_without_its_blocks_though_one_call_in_three_is_refused() {
    let database = Database::start().await;
    let (api, proxy) = Api::over_through_proxy(database, PATIENT, service_for_crowds).await;
    seed(&api).await;
    proxy.refuse_with_conflicts(3);
    assert_nothing_is_ever_lost(Arc::new(api)).await;
    let is_refused = |code: &Value| {
        let code = code.as_str().unwrap_or_default();
        code.ends_with("#TransactionCanceledException")
    };
    let calls = proxy.calls().into_iter();
    let refused = calls
        .filter_map(|call| call.answer)
        .filter(|answer| is_refused(&answer.body["__type"]));
    assert!(refused.count() > 0);
}
