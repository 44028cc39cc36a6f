//! Facts that block mail stay with an address that leaves its contact, and then block that address alone.

use black_box_tests::proxy::{ANY, PATIENT};
use black_box_tests::{Answer, Api};
use serde_json::{Value, json};

use super::{NEW, PRIMARY, SECOND, add, body, remove, status, subscribe, unsubscribe, upsert};
use crate::history::erase;
use crate::import::import_into;

/// How an address that left `c_1` is added again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// An upsert makes a new contact.
    Upsert,
    /// A subscribe makes a new contact.
    Subscribe,
    /// The CRM adds it to another contact.
    AnotherContact,
    /// The CRM adds it to the same contact.
    SameContact,
    /// An import makes a new contact.
    Import,
}

const WAYS: [Way; 5] = [
    Way::Upsert,
    Way::Subscribe,
    Way::AnotherContact,
    Way::SameContact,
    Way::Import,
];

impl Way {
    /// Adds the address, and onboards its contact for `website` unless it already is onboarded.
    async fn take(self, api: &Api, address: &str) {
        match self {
            Self::Upsert => {}
            Self::Subscribe => {
                subscribe(api, json!({ "email": address })).await;
            }
            Self::AnotherContact => assert_eq!(add(api, "c_2", address, false).await, 200),
            Self::SameContact => assert_eq!(add(api, "c_1", address, false).await, 200),
            Self::Import => {
                let record = json!({
                    "id": "c_imported", "emails": [{ "value": address }],
                    "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }],
                });
                import(api, &record).await;
            }
        }
        upsert(api, json!({ "email": address, "status": "subscribed" })).await;
    }
}

/// Imports a record into the organization of the test.
async fn import(api: &Api, record: &Value) {
    let store = api.database.store().await;
    let line = format!("{record}\n");
    let (counts, rejects) = import_into(&store, &api.organization, &line).await;
    assert_eq!((counts.rejected, rejects.as_str()), (0, ""));
}

/// `c_1` with two addresses, subscribed and verified, and `c_2` with none.
async fn start() -> Api {
    let api = Api::start().await;
    seed(&api).await;
    api
}

async fn seed(api: &Api) {
    let verified_at = "2024-01-01T00:00:00Z";
    api.seed(json!([
        {
            "id": "c_1",
            "emails": [
                { "value": PRIMARY, "isPrimary": true, "verifiedAt": verified_at },
                { "value": SECOND, "verifiedAt": verified_at },
            ],
            "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }],
        },
        { "id": "c_2" },
    ]))
    .await;
}

/// The blocks of marketing to an address, except `not_verified`.
async fn blocks(api: &Api, address: &str) -> Vec<String> {
    let seen = status(api, address).await;
    let blocked_by = seen["marketing"]["blocked_by"].as_array().unwrap().iter();
    blocked_by
        .map(|block| block.as_str().unwrap().to_owned())
        .filter(|block| block != "not_verified")
        .collect()
}

/// The facts that block mail: the name of each in `blocked_by`, and the members of an upsert that record it.
fn facts() -> [(&'static str, Value); 4] {
    [
        (
            "hard_bounced",
            json!({ "suppression": { "hard_bounced": true } }),
        ),
        (
            "undeliverable",
            json!({ "email_validation": { "status": "no_mx" } }),
        ),
        (
            "complained",
            json!({ "suppression": { "complained": true } }),
        ),
        (
            "globally_unsubscribed",
            json!({ "suppression": { "global_unsubscribed": true } }),
        ),
    ]
}

async fn report(api: &Api, address: &str, fact: &Value) -> Answer {
    let mut more = fact.clone();
    more["email"] = json!(address);
    upsert(api, more).await
}

#[tokio::test]
async fn a_bounce_and_a_finding_hold_for_their_address_and_a_complaint_for_all_of_the_person() {
    for (name, fact) in facts() {
        let api = start().await;
        report(&api, SECOND, &fact).await;
        let is_persons = ["complained", "globally_unsubscribed"].contains(&name);
        assert_eq!(blocks(&api, SECOND).await, [name]);
        let of_primary: &[&str] = if is_persons { &[name] } else { &[] };
        assert_eq!(blocks(&api, PRIMARY).await, of_primary, "{name}");
        let seen = status(&api, PRIMARY).await;
        let can_send = !["hard_bounced", "complained"].contains(&name) || !is_persons;
        assert_eq!(seen["can_send_transactional"], can_send, "{name}");
        // The same holds for an address that is added later.
        assert_eq!(add(&api, "c_1", NEW, true).await, 200);
        assert_eq!(blocks(&api, NEW).await, of_primary, "{name}");
    }
}

#[tokio::test]
async fn each_fact_comes_back_with_its_address_however_it_is_added_again() {
    for way in WAYS {
        for (name, fact) in facts() {
            let api = start().await;
            report(&api, SECOND, &fact).await;
            let before = status(&api, SECOND).await;
            assert_eq!(remove(&api, "c_1", SECOND).await, 200);
            way.take(&api, SECOND).await;
            assert_eq!(blocks(&api, SECOND).await, [name], "{way:?}");
            let after = status(&api, SECOND).await;
            assert_eq!(after["email_validation"], before["email_validation"]);
            assert_eq!(
                after["can_send_transactional"],
                before["can_send_transactional"]
            );
            assert_eq!(after["marketing"]["verified_by"], json!([]));
        }
    }
}

#[tokio::test]
async fn all_facts_outlive_several_contacts() {
    let api = start().await;
    for (_, fact) in facts() {
        report(&api, SECOND, &fact).await;
    }
    let all = [
        "globally_unsubscribed",
        "hard_bounced",
        "complained",
        "undeliverable",
    ];
    assert_eq!(remove(&api, "c_1", SECOND).await, 200);
    assert_eq!(add(&api, "c_2", SECOND, false).await, 200);
    assert_eq!(remove(&api, "c_2", SECOND).await, 200);
    let made = upsert(&api, json!({ "email": SECOND, "status": "subscribed" })).await;
    assert_eq!(made.status, 201);
    assert_eq!(blocks(&api, SECOND).await, all);
    let id = made.body["contact_id"].as_str().unwrap();
    assert_eq!(remove(&api, id, SECOND).await, 200);
    assert_eq!(add(&api, "c_1", SECOND, false).await, 200);
    assert_eq!(blocks(&api, SECOND).await, all);
}

#[tokio::test]
async fn on_another_contact_a_complaint_holds_for_the_address_that_brought_it() {
    for (name, fact) in facts() {
        let api = start().await;
        report(&api, SECOND, &fact).await;
        assert_eq!(remove(&api, "c_1", SECOND).await, 200);
        assert_eq!(add(&api, "c_2", SECOND, false).await, 200);
        assert_eq!(add(&api, "c_2", NEW, true).await, 200);
        upsert(&api, json!({ "email": NEW, "status": "subscribed" })).await;
        assert_eq!(blocks(&api, SECOND).await, [name]);
        assert_eq!(blocks(&api, NEW).await, [""; 0], "{name}");
    }
}

#[tokio::test]
async fn a_corrected_address_does_not_inherit_the_bounce_of_the_misspelt_one() {
    let api = start().await;
    for (_, fact) in &facts()[..2] {
        report(&api, SECOND, fact).await;
    }
    assert_eq!(remove(&api, "c_1", SECOND).await, 200);
    assert_eq!(add(&api, "c_1", "seconds@example.com", false).await, 200);
    assert_eq!(blocks(&api, "seconds@example.com").await, [""; 0]);
}

#[tokio::test]
async fn only_a_bounce_is_lifted_by_an_upsert_and_the_rest_by_a_subscribe_with_scope_global() {
    let api = start().await;
    for (_, fact) in facts() {
        report(&api, SECOND, &fact).await;
    }
    // On the new contact, the facts of the person hold for this address alone.
    assert_eq!(remove(&api, "c_1", SECOND).await, 200);
    Way::Upsert.take(&api, SECOND).await;
    for address in [SECOND, PRIMARY] {
        let no =
            json!({ "global_unsubscribed": false, "complained": false, "hard_bounced": false });
        report(&api, address, &json!({ "suppression": no })).await;
        for scope in ["client", "audience"] {
            subscribe(&api, json!({ "email": address, "scope": scope })).await;
        }
    }
    assert_eq!(
        blocks(&api, SECOND).await,
        ["globally_unsubscribed", "complained", "undeliverable"]
    );
    assert_eq!(
        blocks(&api, PRIMARY).await,
        ["globally_unsubscribed", "complained"]
    );
    subscribe(&api, json!({ "email": SECOND, "scope": "global" })).await;
    assert_eq!(blocks(&api, SECOND).await, ["undeliverable"]);
    assert_eq!(
        blocks(&api, PRIMARY).await,
        ["globally_unsubscribed", "complained"]
    );
    subscribe(&api, json!({ "email": PRIMARY, "scope": "global" })).await;
    assert_eq!(blocks(&api, PRIMARY).await, [""; 0]);
}

#[tokio::test]
async fn a_global_subscribe_lifts_a_persons_fact_for_all_addresses_even_one_that_was_away() {
    for (name, fact) in &facts()[2..] {
        let api = start().await;
        report(&api, SECOND, fact).await;
        assert_eq!(remove(&api, "c_1", SECOND).await, 200);
        assert_eq!(add(&api, "c_1", SECOND, false).await, 200);
        subscribe(&api, json!({ "email": PRIMARY, "scope": "global" })).await;
        assert_eq!(blocks(&api, PRIMARY).await, [""; 0], "{name}");
        assert_eq!(blocks(&api, SECOND).await, [""; 0], "{name}");
    }
}

#[tokio::test]
async fn a_fact_that_was_lifted_while_the_address_was_away_comes_back_until_a_subscribe_by_it() {
    let api = start().await;
    report(
        &api,
        SECOND,
        &json!({ "suppression": { "complained": true } }),
    )
    .await;
    assert_eq!(remove(&api, "c_1", SECOND).await, 200);
    subscribe(&api, json!({ "email": PRIMARY, "scope": "global" })).await;
    assert_eq!(add(&api, "c_1", SECOND, false).await, 200);
    assert_eq!(blocks(&api, SECOND).await, ["complained"]);
    assert_eq!(blocks(&api, PRIMARY).await, [""; 0]);
    subscribe(&api, json!({ "email": SECOND, "scope": "global" })).await;
    assert_eq!(blocks(&api, SECOND).await, [""; 0]);
}

/// The status of the client's and of the audience's subscription.
async fn subscriptions(api: &Api, address: &str) -> (Value, Value) {
    let seen = status(api, address).await;
    (
        seen["client"]["status"].clone(),
        seen["audience"]["status"].clone(),
    )
}

#[tokio::test]
async fn an_ended_subscription_comes_back_with_the_address() {
    for way in [
        Way::Upsert,
        Way::AnotherContact,
        Way::SameContact,
        Way::Import,
    ] {
        let api = start().await;
        let ended = json!({ "email": SECOND, "scope": "client", "reason": "too many" });
        let before = unsubscribe(&api, ended).await;
        assert_eq!(remove(&api, "c_1", SECOND).await, 200);
        way.take(&api, SECOND).await;
        let seen = status(&api, SECOND).await;
        assert_eq!(seen["client"]["status"], "unsubscribed", "{way:?}");
        for member in ["unsubscribed_at", "unsubscribe_reason"] {
            let expected = &before.body["client"][member];
            assert_eq!(seen["client"][member], *expected, "{way:?} {member}");
        }
        assert_eq!(blocks(&api, SECOND).await, ["not_subscribed"], "{way:?}");
    }
}

/// The erasure of a former owner deletes its subscriptions; from then on, the address records their end. The test erases after
/// each call of a request that creates the subscription on another contact.
async fn assert_ends_survive_an_erasure_after_each_call(way: Way) {
    for nth in 1.. {
        let (api, proxy) = Api::through_proxy(PATIENT).await;
        seed(&api).await;
        let ended = unsubscribe(&api, json!({ "email": SECOND, "scope": "client" })).await;
        assert_eq!(remove(&api, "c_1", SECOND).await, 200);
        assert_eq!(add(&api, "c_2", SECOND, false).await, 200);
        let (told, mut tell) = tokio::sync::oneshot::channel();
        let direct = api.without_proxy().await;
        proxy.after(ANY, nth, async move {
            let _ = told.send(erase(&direct, "c_1").await.status);
        });
        let request = body(json!({ "email": SECOND, "status": "subscribed" }));
        match way {
            Way::Import => {
                let store = api.database.store_through(&proxy.url, PATIENT).await;
                let file = format!("{request}\n");
                let (counts, rejects) = import_into(&store, &api.organization, &file).await;
                assert_eq!((counts.updated, rejects.as_str()), (1, ""), "{nth}");
            }
            _ => drop(upsert(&api, request).await),
        }
        let Ok(erased) = tell.try_recv() else {
            assert!(nth > 4, "only {nth} calls");
            break;
        };
        assert_eq!(erased, 200, "{nth}");
        let seen = status(&api, SECOND).await;
        assert_eq!(seen["client"]["status"], "unsubscribed", "{nth}");
        let since = &ended.body["client"]["unsubscribed_at"];
        assert_eq!(seen["client"]["unsubscribed_at"], *since, "{nth}");
    }
}

#[tokio::test]
async fn an_ended_subscription_comes_back_also_while_its_contact_is_being_erased() {
    assert_ends_survive_an_erasure_after_each_call(Way::Upsert).await;
}

#[tokio::test]
async fn an_ended_subscription_comes_back_by_an_import_also_while_its_contact_is_being_erased() {
    assert_ends_survive_an_erasure_after_each_call(Way::Import).await;
}

#[tokio::test]
async fn an_end_at_audience_level_holds_for_a_subscription_that_is_imported() {
    let api = start().await;
    unsubscribe(&api, json!({ "email": SECOND, "scope": "audience" })).await;
    assert_eq!(remove(&api, "c_1", SECOND).await, 200);
    Way::Import.take(&api, SECOND).await;
    let (of_client, _) = subscriptions(&api, SECOND).await;
    assert_eq!(of_client, "unsubscribed");
}

#[tokio::test]
async fn an_ended_subscription_at_audience_level_comes_back_with_the_address() {
    for way in [Way::Upsert, Way::AnotherContact] {
        let api = start().await;
        unsubscribe(&api, json!({ "email": SECOND, "scope": "audience" })).await;
        assert_eq!(remove(&api, "c_1", SECOND).await, 200);
        way.take(&api, SECOND).await;
        let ended = json!("unsubscribed");
        assert_eq!(
            subscriptions(&api, SECOND).await,
            (ended.clone(), ended.clone())
        );
        // The rule is that of the former contact: this restarts the client's subscription, and the audience's needs its own subscribe.
        subscribe(&api, json!({ "email": SECOND, "scope": "client" })).await;
        assert_eq!(
            blocks(&api, SECOND).await,
            ["audience_unsubscribed"],
            "{way:?}"
        );
        subscribe(&api, json!({ "email": SECOND, "scope": "audience" })).await;
        assert_eq!(blocks(&api, SECOND).await, [""; 0], "{way:?}");
    }
}

#[tokio::test]
async fn a_person_who_subscribes_again_is_subscribed_as_on_the_contact_that_the_address_left() {
    let api = start().await;
    unsubscribe(&api, json!({ "email": SECOND, "scope": "client" })).await;
    assert_eq!(remove(&api, "c_1", SECOND).await, 200);
    let made = subscribe(&api, json!({ "email": SECOND })).await;
    assert_eq!(
        (made.status, &made.body["outcome"]),
        (201, &json!("created"))
    );
    assert_eq!(made.body["client"]["status"], "subscribed");
    assert_eq!(made.body["client"]["unsubscribed_at"], json!(null));
}

#[tokio::test]
async fn an_ended_subscription_counts_for_its_audience_and_client_alone() {
    let api = start().await;
    unsubscribe(&api, json!({ "email": SECOND, "scope": "client" })).await;
    assert_eq!(remove(&api, "c_1", SECOND).await, 200);
    let app = body(json!({ "email": SECOND, "client": "app", "status": "subscribed" }));
    let made = api
        .post("/api/contacts", &api.application_token("app"), app)
        .await;
    assert_eq!(made.body["client"]["status"], "subscribed");
    let other = json!({ "email": SECOND, "audience": "other", "status": "subscribed" });
    assert_eq!(
        upsert(&api, other).await.body["client"]["status"],
        "subscribed"
    );
    let same = json!({ "email": SECOND, "status": "subscribed" });
    assert_eq!(
        upsert(&api, same).await.body["client"]["status"],
        "unsubscribed"
    );
}

#[tokio::test]
async fn an_ended_subscription_survives_contacts_that_have_none() {
    let api = start().await;
    unsubscribe(&api, json!({ "email": SECOND, "scope": "client" })).await;
    assert_eq!(remove(&api, "c_1", SECOND).await, 200);
    for _ in 0..10 {
        assert_eq!(add(&api, "c_2", SECOND, false).await, 200);
        assert_eq!(remove(&api, "c_2", SECOND).await, 200);
    }
    let again = json!({ "email": SECOND, "status": "subscribed" });
    assert_eq!(
        upsert(&api, again).await.body["client"]["status"],
        "unsubscribed"
    );
}
