//! The effect of an erasure, whenever the stream's records arrive and wherever the erasure is interrupted.

use std::time::Duration;

use black_box_tests::proxy::{ANY, Fault, PATIENT, Proxy};
use black_box_tests::stream::{record_all, recorder, records};
use black_box_tests::{Api, Database, service_for_crowds};
use serde_json::{Value, json};
use shared::http::Route;

use super::super::{EMAIL, OTHER, PHONE, erase, start};
use super::{FORMER, person, personal, stored_history, upsert};

#[tokio::test]
async fn no_personal_data_stay_in_the_table_and_the_answer_counts_the_erased_items() {
    let api = start().await;
    person(&api).await;
    record_all(&api.database).await;
    let entries = stored_history(&api).await.len();
    assert!(!personal(&api).await.is_empty());
    let answer = erase(&api, "c_1").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.body,
        json!({ "message": "Contact erased", "data": { "methods": 3, "subscriptions": 2, "historyEntries": entries } })
    );
    assert_eq!(personal(&api).await, Vec::<String>::new());
    // The history stays, as dated facts.
    let history = stored_history(&api).await;
    assert_eq!(history.len(), entries);
    for entry in &history {
        assert!(entry.contains_key("at") && entry.contains_key("event"));
        for member in ["value", "requestId"] {
            assert!(!entry.contains_key(member), "{entry:?}");
        }
        let actor = entry.get("actor").map(|actor| actor.as_s().unwrap());
        assert!(
            actor.is_none_or(|actor| actor == "client:website"),
            "{entry:?}"
        );
    }
}

#[tokio::test]
async fn records_that_come_after_the_erasure_bring_nothing_back() {
    let api = start().await;
    person(&api).await;
    // The function has seen no record yet.
    assert_eq!(erase(&api, "c_1").await.status, 200);
    assert_eq!(personal(&api).await, Vec::<String>::new());
    for _ in 0..2 {
        let kept = record_all(&api.database).await;
        assert_eq!(personal(&api).await, Vec::<String>::new());
        let events = format!("{:?}", kept.events());
        for word in [EMAIL, OTHER, FORMER, PHONE, "Janet"] {
            assert!(!events.contains(word), "{word}: {events}");
        }
        assert!(events.contains("contact.erased"));
    }
    assert!(!stored_history(&api).await.is_empty());
}

#[tokio::test]
async fn the_history_is_the_same_whether_records_come_before_or_after() {
    let (before, after) = (start().await, start().await);
    let mut found = Vec::new();
    for api in [&before, &after] {
        person(api).await;
        if std::ptr::eq(api, &raw const before) {
            record_all(&api.database).await;
        }
        assert_eq!(erase(api, "c_1").await.status, 200);
        record_all(&api.database).await;
        let mut entries = stored_history(api).await;
        for entry in &mut entries {
            for member in ["pk", "sk", "at", "after", "before"] {
                entry.remove(member);
            }
        }
        found.push(format!("{entries:#?}"));
    }
    assert_eq!(found[0], found[1]);
}

#[tokio::test]
async fn an_entry_that_is_written_between_the_steps_of_an_erasure_is_rewritten() {
    let api = start().await;
    person(&api).await;
    let proxy = Proxy::start(&api.database.url).await;
    let store = api.database.store_through(&proxy.url, PATIENT).await;
    let (function, kept) = recorder(store);
    let late = records(&api.database).await;
    // The whole erasure runs after the function has written its entries, and before it looks for the contact.
    let direct = api.without_proxy().await;
    let (done, mut was_erased) = tokio::sync::oneshot::channel();
    proxy.before("BatchGetItem", 1, async move {
        assert_eq!(erase(&direct, "c_1").await.status, 200);
        done.send(()).unwrap();
    });
    let response = function.record(json!({ "Records": late })).await;
    assert_eq!(response.batch_item_failures, []);
    was_erased.try_recv().unwrap();
    assert_eq!(personal(&api).await, Vec::<String>::new());
    assert!(!format!("{:?}", kept.events()).contains("jane@"));
}

#[tokio::test]
async fn an_address_is_still_blocked_when_it_comes_back() {
    let api = start().await;
    person(&api).await;
    assert_eq!(erase(&api, "c_1").await.status, 200);
    for (email, also) in [(EMAIL, None), (OTHER, Some("hard_bounced")), (FORMER, None)] {
        let contact = upsert(&api, "app", email).await;
        assert_eq!(contact["outcome"], "created", "{contact}");
        assert_ne!(contact["contact_id"], "c_1");
        assert_eq!(contact["can_send_marketing"], false);
        let blocked_by = contact["marketing"]["blocked_by"].to_string();
        // The contact had ended a subscription, and complained.
        for block in ["globally_unsubscribed", "complained"]
            .into_iter()
            .chain(also)
        {
            assert!(blocked_by.contains(block), "{email}: {blocked_by}");
        }
        assert_eq!(contact["email_validation"]["reason"], "");
    }
}

#[tokio::test]
async fn an_address_that_another_contact_has_keeps_the_end_of_a_subscription() {
    let api = start().await;
    person(&api).await;
    // Another contact has the address that left the first one.
    let theirs = upsert(&api, "app", FORMER).await;
    assert_eq!(erase(&api, "c_1").await.status, 200);
    let token = api.application_token("app");
    let query = format!(
        "{}?email={FORMER}&audience=newsletter&client=app",
        Route::ContactStatus.path()
    );
    let status = api.get(&query, &token).await;
    assert_eq!(status.body["contact_id"], theirs["contact_id"]);
    assert_eq!(status.body["client"]["status"], theirs["client"]["status"]);
    // The erased contact had ended this subscription, so the other contact's subscription begins as ended.
    let contact = upsert(&api, "website", FORMER).await;
    assert_eq!(contact["contact_id"], theirs["contact_id"]);
    assert_eq!(contact["client"]["status"], "unsubscribed");
}

#[tokio::test]
async fn a_contact_without_ended_subscriptions_leaves_its_addresses_free() {
    let api = start().await;
    api.seed(json!([{ "id": "c_1", "emails": [{ "value": EMAIL }],
        "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }] }]))
        .await;
    assert_eq!(erase(&api, "c_1").await.status, 200);
    let contact = upsert(&api, "website", EMAIL).await;
    assert_eq!(
        (&contact["outcome"], &contact["client"]["status"]),
        (&json!("created"), &json!("subscribed"))
    );
    assert_eq!(contact["marketing"]["blocked_by"], json!(["not_verified"]));
}

#[tokio::test]
async fn a_contact_with_many_addresses_subscriptions_and_entries_is_erased_completely() {
    let api = start().await;
    let emails: Vec<_> = (0..150)
        .map(|n| json!({ "value": format!("jane@{n}.example"), "verifiedAt": "2024-01-01T00:00:00Z" }))
        .collect();
    api.seed(json!([{ "id": "c_1", "emails": emails }])).await;
    let client = api.database.client().await;
    for n in 0..60 {
        let item = [
            ("pk", format!("ORG#{}#CONTACT#c_1", api.organization)),
            ("sk", format!("SUBSCRIPTION#newsletter#client-{n}")),
            ("status", "subscribed".to_owned()),
        ];
        let mut put = client.put_item().table_name(&api.database.table);
        for (name, value) in item {
            put = put.item(name, aws_sdk_dynamodb::types::AttributeValue::S(value));
        }
        put.send().await.unwrap();
    }
    record_all(&api.database).await;
    let answer = erase(&api, "c_1").await;
    assert_eq!(
        answer.body["data"],
        json!({ "methods": 150, "subscriptions": 60, "historyEntries": 210 })
    );
    assert_eq!(personal(&api).await, Vec::<String>::new());
    assert_eq!(
        upsert(&api, "app", "jane@149.example").await["outcome"],
        "created"
    );
}

/// An API whose calls of the database go through a proxy.
async fn behind_proxy(database: Database) -> (Api, Proxy) {
    Api::over_through_proxy(database, PATIENT, service_for_crowds).await
}

#[tokio::test]
async fn an_erasure_can_be_interrupted_at_each_call_and_repeated() {
    for applied in [false, true] {
        for call in 0.. {
            let (api, proxy) = behind_proxy(Database::start_with_stream().await).await;
            person(&api).await;
            record_all(&api.database).await;
            let entries = stored_history(&api).await.len();
            // From this call on, the database does not answer. If `applied`, it has done the first of these calls.
            let calls = proxy.calls().len();
            let answered = (0..call).map(|_| Fault::Delay(Duration::ZERO));
            let first = if applied {
                Fault::AfterDoing(&Fault::Reset)
            } else {
                Fault::Reset
            };
            let lost = std::iter::once(first).chain((0..100).map(|_| Fault::Reset));
            proxy.fail(ANY, answered.chain(lost));
            let interrupted = erase(&api, "c_1").await;
            let was_reached = proxy.calls().len() > calls + call;
            proxy.heal();
            if !was_reached {
                assert_eq!(interrupted.status, 200);
                break;
            }
            if interrupted.status != 200 {
                assert_eq!(interrupted.status, 503, "call {call}: {interrupted:?}");
                let repeated = erase(&api, "c_1").await;
                if repeated.status == 404 {
                    // Only the answer to the last call was lost.
                    assert!(
                        applied && proxy.operations().last().unwrap() == "GetItem",
                        "call {call}"
                    );
                } else {
                    assert_eq!(
                        repeated.body["data"],
                        json!({ "methods": 3, "subscriptions": 2, "historyEntries": entries }),
                        "call {call}: {repeated:?}"
                    );
                }
            }
            assert_eq!(personal(&api).await, Vec::<String>::new(), "call {call}");
            assert_eq!(erase(&api, "c_1").await.status, 404, "call {call}");
            let contact = upsert(&api, "app", OTHER).await;
            assert_eq!(contact["hard_bounced"], true, "call {call}");
        }
    }
}

#[tokio::test]
async fn a_partly_erased_contact_stays_hidden_and_a_repeated_erasure_ignores_if_match() {
    let (api, proxy) = behind_proxy(Database::start_with_stream().await).await;
    person(&api).await;
    record_all(&api.database).await;
    proxy.always("BatchWriteItem", Fault::Error(500, "InternalServerError"));
    let interrupted = erase(&api, "c_1").await;
    assert_eq!(interrupted.status, 503, "{interrupted:?}");
    proxy.heal();
    let token = api.user_token();
    let contact = api.get(&Route::GetContact.path_of("c_1"), &token).await;
    assert_eq!(contact.status, 404);
    let history = api.get(&Route::GetHistory.path_of("c_1"), &token).await;
    assert_eq!(history.status, 404);
    let path = Route::EraseContact.path_of("c_1");
    let request = api.request_by("DELETE", &path).header("if-match", "\"1\"");
    let repeated = api
        .send(request.bearer_auth(super::super::administrator(&api)))
        .await;
    assert_eq!(repeated.status, 200, "{repeated:?}");
    assert_eq!(personal(&api).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_write_that_arrives_after_the_erasure_is_not_applied() {
    let (api, proxy) = behind_proxy(Database::start_with_stream().await).await;
    person(&api).await;
    let direct = api.without_proxy().await;
    for operation in ["UpdateItem", "TransactWriteItems"] {
        let late = proxy.hold_back(operation, Fault::Reset);
        let answer = if operation == "UpdateItem" {
            let body = json!({ "phoneNumber": PHONE, "verifiedAt": "2020-01-01T00:00:00Z" });
            let answer = api.verify_phone_number("c_1", body);
            let (answer, erased) = tokio::join!(answer, async {
                while !late.is_sent() {
                    tokio::task::yield_now().await;
                }
                erase(&direct, "c_1").await
            });
            assert_eq!(erased.status, 200);
            answer
        } else {
            direct
                .seed(json!([{ "id": "c_2", "emails": [{ "value": "jane@second.example" }] }]))
                .await;
            let body = json!({ "type": "email", "value": "jane@third.example" });
            let (path, token) = (Route::AddContactMethod.path_of("c_2"), api.user_token());
            let answer = api.post(&path, &token, body);
            let (answer, erased) = tokio::join!(answer, async {
                while !late.is_sent() {
                    tokio::task::yield_now().await;
                }
                erase(&direct, "c_2").await
            });
            assert_eq!(erased.status, 200);
            answer
        };
        // The function has retried the write, before or after the erasure.
        assert!(matches!(answer.status, 200 | 404 | 503), "{answer:?}");
        late.deliver().await;
        assert_eq!(personal(&api).await, Vec::<String>::new(), "{operation}");
        proxy.heal();
    }
}

#[tokio::test]
async fn concurrent_erasures_among_other_requests_leave_no_personal_data() {
    for _ in 0..5 {
        let api = start().await;
        person(&api).await;
        let api = &api;
        let erasures = futures_util::future::join_all((0..4).map(|_| erase(api, "c_1")));
        let others = futures_util::future::join_all((0..4).map(|n| async move {
            let body = json!({ "phoneNumber": PHONE, "verifiedAt": format!("2023-01-0{}T00:00:00Z", 9 - n) });
            api.verify_phone_number("c_1", body).await
        }));
        let (erasures, others, _) = tokio::join!(erasures, others, record_all(&api.database));
        let statuses: Vec<_> = erasures.iter().map(|answer| answer.status).collect();
        assert!(statuses.contains(&200), "{statuses:?}");
        assert!(
            statuses.iter().all(|status| matches!(status, 200 | 404)),
            "{statuses:?}"
        );
        assert!(
            others
                .iter()
                .all(|answer| matches!(answer.status, 200 | 404))
        );
        record_all(&api.database).await;
        assert_eq!(personal(api).await, Vec::<String>::new());
        assert_eq!(upsert(api, "app", EMAIL).await["can_send_marketing"], false);
    }
}

#[tokio::test]
async fn an_export_leaves_the_contact_out_and_an_import_does_not_bring_it_back() {
    let api = start().await;
    person(&api).await;
    let store = api.database.store().await;
    let exported = crate::import::exported(
        &store,
        &api.organization,
        contacts::arguments::Format::Jsonl,
    )
    .await;
    assert!(exported.contains("c_1"));
    assert_eq!(erase(&api, "c_1").await.status, 200);
    let after = crate::import::exported(
        &store,
        &api.organization,
        contacts::arguments::Format::Jsonl,
    )
    .await;
    assert!(
        !after.contains("c_1") && !after.contains("jane@"),
        "{after}"
    );
    let line = json!({ "id": "c_1", "emails": [{ "value": EMAIL }] }).to_string();
    let (counts, rejects) =
        crate::import::import_into(&store, &api.organization, &format!("{line}\n")).await;
    assert_eq!(counts.rejected, 1);
    assert!(rejects.contains("erased"), "{rejects}");
    // A seed leaves the erased contact as it is, so that `serve` can start with the same seed again.
    api.seed(json!([{ "id": "c_1", "emails": [{ "value": EMAIL }] }]))
        .await;
    assert_eq!(personal(&api).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_erasure_has_one_event_without_personal_data() {
    let api = start().await;
    person(&api).await;
    record_all(&api.database).await;
    assert_eq!(erase(&api, "c_1").await.status, 200);
    let kept = record_all(&api.database).await;
    let events = kept.events();
    let erased: Vec<_> = events
        .iter()
        .filter(|event| event["type"] == "contact.erased")
        .collect();
    assert_eq!(erased.len(), 1);
    assert_eq!(
        (&erased[0]["subject"], &erased[0]["data"]["actor"]),
        (&json!("c_1"), &Value::Null)
    );
}
