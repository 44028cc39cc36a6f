//! The function on the stream: redelivery, failures, records that cannot be read, events.

use std::sync::Arc;

use black_box_tests::proxy::{Fault, PATIENT, Proxy};
use black_box_tests::stream::{Kept, record_all, recorder, records, sequence_number};
use black_box_tests::{Api, service_for_crowds};
use record_history::Recorder;
use serde_json::{Value, json};

use super::{EMAIL, PHONE, history, path, start, start_with_contact};

async fn verify(api: &Api, day: u8) {
    let body = json!({ "phoneNumber": PHONE, "verifiedAt": format!("2024-05-0{day}T00:00:00Z") });
    assert_eq!(api.verify_phone_number("c_1", body).await.status, 200);
}

async fn function(api: &Api) -> (Recorder, Arc<Kept>) {
    recorder(api.database.store().await)
}

fn batch(records: &[Value]) -> Value {
    json!({ "Records": records })
}

#[tokio::test]
async fn a_record_that_arrives_again_writes_nothing_twice_and_its_event_has_the_same_id() {
    let api = start_with_contact().await;
    verify(&api, 2).await;
    let first = record_all(&api.database).await;
    let once = history(&api, "").await;
    let again = record_all(&api.database).await;
    assert_eq!(history(&api, "").await, once);
    assert_eq!(first.events(), again.events());
}

/// An API whose contact has an address that an application has verified, and the function, which reaches the database by the proxy.
async fn start_with_verified_address() -> (Api, Proxy, Recorder) {
    let api = start_with_contact().await;
    let body = json!({
        "audience": "newsletter", "client": "website", "verified": true, "verified_at": "2024-05-02T00:00:00Z", "email": EMAIL,
    });
    assert_eq!(api.verify_contact("c_1", body).await.status, 200);
    let proxy = Proxy::start(&api.database.url).await;
    let (function, _) = recorder(api.database.store_through(&proxy.url, PATIENT).await);
    (api, proxy, function)
}

#[tokio::test]
async fn the_address_of_a_verification_is_read_when_its_transaction_is_over() {
    let (api, proxy, function) = start_with_verified_address().await;
    // The transaction that wrote the subscription and the address is still making its items visible.
    let conflict = Fault::Cancelled(&["TransactionConflict"]);
    proxy.fail("TransactGetItems", [conflict]);
    let response = function.record(batch(&records(&api.database).await)).await;
    assert_eq!(response.batch_item_failures, []);
    assert_eq!(proxy.count("TransactGetItems"), 2);
    let found = history(&api, "").await;
    let entries = found["entries"].as_array().unwrap();
    let of_client = entries.iter().find(|entry| entry["level"] == "client");
    assert_eq!(of_client.unwrap()["value"], EMAIL);
}

#[tokio::test]
async fn a_read_that_is_refused_is_not_repeated() {
    let (api, proxy, function) = start_with_verified_address().await;
    let refused = Fault::Error(400, "AccessDeniedException");
    proxy.fail("TransactGetItems", [refused]);
    let response = function.record(batch(&records(&api.database).await)).await;
    assert_eq!(response.batch_item_failures.len(), 1);
    assert_eq!(proxy.count("TransactGetItems"), 1);
}

#[tokio::test]
async fn an_event_that_is_not_accepted_is_sent_again_with_all_later_ones() {
    let api = start_with_contact().await;
    for day in [3, 2, 1] {
        verify(&api, day).await;
    }
    let (function, kept) = function(&api).await;
    let records = records(&api.database).await;
    *kept.failures.lock().unwrap() = 1;
    let response = function.record(batch(&records)).await;
    let failed = &response.batch_item_failures[0].item_identifier;
    let place = records
        .iter()
        .position(|record| sequence_number(record) == failed);
    let delivered = kept.events().len();
    let response = function.record(batch(&records[place.unwrap()..])).await;
    assert_eq!(response.batch_item_failures, []);
    let events = kept.events();
    // The events are of the seed's two subscriptions and of three verifications.
    assert_eq!((delivered, events.len()), (0, 5));
    let ids: std::collections::BTreeSet<_> =
        events.iter().map(|event| event["id"].to_string()).collect();
    assert_eq!(ids.len(), 5);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_reported_and_those_after_it_are_recorded() {
    let api = start_with_contact().await;
    verify(&api, 2).await;
    let (function, kept) = function(&api).await;
    let good = records(&api.database).await;
    let last = good.len() - 1;
    let broken = |change: &dyn Fn(&mut Value)| {
        let mut record = good[last].clone();
        change(&mut record);
        record
    };
    let unreadable = [
        broken(&|record| {
            record["dynamodb"]["NewImage"]["phones"] = json!({ "S": "jane@example.com" });
        }),
        broken(&|record| record["dynamodb"]["NewImage"] = json!(5)),
        broken(&|record| record["dynamodb"]["NewImage"]["version"] = json!({ "S": "many" })),
        // An item that somebody has put under a key of their own.
        broken(&|record| record["dynamodb"]["NewImage"]["pk"] = json!({ "S": "mine" })),
        broken(&|record| record["dynamodb"]["SequenceNumber"] = json!("x")),
        broken(&|record| record["dynamodb"]["ApproximateCreationDateTime"] = json!(1e18)),
        broken(&|record| record["dynamodb"] = json!(null)),
        json!("record"),
    ];
    let all = [&good[..last], &unreadable, &good[last..]].concat();
    let response = function.record(batch(&all)).await;
    assert_eq!(response.batch_item_failures, []);
    let reports = kept.reports.lock().unwrap().clone();
    assert_eq!(reports.len(), unreadable.len());
    assert_eq!(
        reports[0].sequence_number.as_deref(),
        Some(sequence_number(&good[last]))
    );
    assert_eq!(reports[0].sort_key.as_deref(), Some("CONTACT"));
    assert!(reports[0].reason.contains("phones"), "{reports:?}");
    // A report has no personal data.
    assert!(!format!("{reports:?}").contains("jane@"), "{reports:?}");
    let page = api.get(&path("limit=1"), &api.user_token()).await;
    assert_eq!(page.body["entries"][0]["value"], PHONE);
}

#[tokio::test]
async fn a_batch_without_records_is_no_fault() {
    let api = start().await;
    let (function, kept) = function(&api).await;
    for empty in [json!({}), json!({ "Records": [] }), json!([]), json!(null)] {
        assert_eq!(function.record(empty).await.batch_item_failures, []);
    }
    assert_eq!(kept.events(), Vec::<Value>::new());
}

#[tokio::test]
async fn items_that_do_not_belong_to_a_contact_are_skipped() {
    let api = start_with_contact().await;
    verify(&api, 2).await;
    record_all(&api.database).await;
    let before = history(&api, "").await;
    let (function, kept) = function(&api).await;
    let of = |sk: &str| {
        json!({ "eventName": "INSERT", "dynamodb": {
            "ApproximateCreationDateTime": 1_700_000_000.0, "SequenceNumber": "1",
            "Keys": { "pk": { "S": format!("ORG#{}", api.organization) }, "sk": { "S": sk } },
            "NewImage": { "pk": { "S": format!("ORG#{}", api.organization) }, "sk": { "S": sk } },
        } })
    };
    let others = ["AUDIENCE#a", "CLIENT#a", "HISTORY#1", "SOMETHING"].map(of);
    assert_eq!(
        function.record(batch(&others)).await.batch_item_failures,
        []
    );
    assert_eq!(kept.reports.lock().unwrap().len(), 0);
    assert_eq!(history(&api, "").await, before);
}

#[tokio::test]
async fn events_of_every_type_are_valid_under_their_schema() {
    let api = start_with_contact().await;
    verify(&api, 2).await;
    let body = json!({
        "email": EMAIL, "audience": "newsletter", "client": "website", "verified": true, "status": "subscribed",
        "suppression": { "hard_bounced": true }, "email_validation": { "status": "risky" },
    });
    assert_eq!(api.upsert(body).await.status, 200);
    let body = json!({ "type": "phone", "value": PHONE });
    api.verify_contact_method("c_1", body).await;
    let kept = record_all(&api.database).await;
    assert_eq!(super::erase(&api, "c_1").await.status, 200);
    let erased = record_all(&api.database).await.events().pop().unwrap();
    assert_eq!(erased["type"], "contact.erased");

    let events = kept.events();
    let page = {
        // The events before the erasure have all other types.
        let types: std::collections::BTreeSet<_> = events
            .iter()
            .map(|event| event["type"].as_str().unwrap())
            .collect();
        assert_eq!(
            types.into_iter().collect::<Vec<_>>(),
            [
                "contact.subscription.changed",
                "contact.suppression.changed",
                "contact.verification.cleared",
                "contact.verification.recorded",
            ]
        );
        events
    };
    let schema = include_str!("../../../docs/events.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for event in page.iter().chain([&erased]) {
        let faults: Vec<_> = validator
            .iter_errors(event)
            .map(|fault| fault.to_string())
            .collect();
        assert!(faults.is_empty(), "{event:#}\n{faults:?}");
        assert_eq!(
            (&event["specversion"], &event["subject"], &event["source"]),
            (
                &json!("1.0"),
                &json!("c_1"),
                &json!(format!("/organizations/{}/contacts/c_1", api.organization))
            )
        );
        // The schema allows no other type.
        let mut other = event.clone();
        other["type"] = json!("contact.other");
        assert!(!validator.is_valid(&other));
        let mut more = event.clone();
        more["data"]["firstName"] = json!("Jane");
        assert!(!validator.is_valid(&more));
    }
}

#[tokio::test]
async fn events_are_those_of_the_history_with_or_without_the_address() {
    let api = start_with_contact().await;
    verify(&api, 2).await;
    let with = record_all(&api.database).await.events();
    let (mut function, kept) = function(&api).await;
    function.events_with_addresses = false;
    function.record(batch(&records(&api.database).await)).await;
    let without = kept.events();
    assert!(
        without
            .iter()
            .all(|event| event["data"]["value"] == Value::Null)
    );
    let entries = history(&api, "").await["entries"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(with.len(), entries.len());
    for (event, bare) in with.iter().zip(&without) {
        let entry = entries
            .iter()
            .find(|entry| entry["id"] == event["id"])
            .unwrap();
        assert_eq!(event["time"], entry["at"]);
        assert_eq!(
            event["type"],
            format!("contact.{}", entry["event"].as_str().unwrap())
        );
        for member in [
            "level",
            "audience",
            "client",
            "type",
            "value",
            "before",
            "after",
            "actor",
            "route",
            "requestId",
        ] {
            assert_eq!(event["data"][member], entry[member], "{member}");
        }
        let mut same = event.clone();
        same["data"]["value"] = Value::Null;
        assert_eq!(&same, bare);
    }
}

#[tokio::test]
async fn the_history_of_another_organization_is_not_touched() {
    let api = start_with_contact().await;
    let mut other = Api::with_service(
        api.database.again(),
        service_for_crowds(api.database.store().await),
    )
    .await;
    other.organization = black_box_tests::fresh_organization();
    other
        .seed(json!([{ "id": "c_1", "phoneNumber": [{ "value": PHONE }] }]))
        .await;
    verify(&api, 2).await;
    record_all(&api.database).await;
    let own = api.get(&path(""), &api.user_token()).await.body;
    let theirs = other.get(&path(""), &other.user_token()).await.body;
    assert_eq!(own["entries"].as_array().unwrap().len(), 3);
    assert_eq!(theirs["entries"], json!([]));
}
