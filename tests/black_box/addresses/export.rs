//! An export has everything about addresses, and an import into an empty table brings all of it back.

use black_box_tests::Api;
use contacts::arguments::Format;
use serde_json::{Value, json};

use super::{
    NEW, PRIMARY, SECOND, add, remove, status, subscribe, unsubscribe, upsert, verify_contact,
    verify_method,
};
use crate::import::{Scene, exported, import};

const T1: &str = "2024-01-01T00:00:00.000Z";
const LEFT: &str = "left@example.com";

/// An API whose data have every state of an address, made by the endpoints.
async fn start(scene: &Scene) -> Api {
    let service = black_box_tests::service_for_crowds(scene.from.store().await);
    let mut api = Api::with_service(scene.from.again(), service).await;
    api.organization = scene.organization.clone();
    scene
        .seed(json!([
            {
                "id": "c_1", "emails": [{ "value": PRIMARY }, { "value": SECOND }, { "value": LEFT }],
                "phoneNumber": [{ "value": "+14165550100", "verifiedAt": T1 }],
                "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }],
            },
            { "id": "c_2" },
        ]))
        .await;
    verify_method(&api, "c_1", PRIMARY, Some(T1)).await;
    verify_method(&api, "c_1", PRIMARY, None).await;
    verify_contact(
        &api,
        json!({ "verified": true, "verified_at": T1, "email": SECOND }),
    )
    .await;
    verify_contact(
        &api,
        json!({ "verified": true, "verified_at": T1, "email": LEFT }),
    )
    .await;
    verify_contact(&api, json!({ "verified": false, "email": LEFT })).await;
    let phone = json!({ "phoneNumber": "+14165550100" });
    api.verify_phone_number("c_1", phone).await;
    for address in [SECOND, LEFT] {
        let facts = json!({
            "email": address, "suppression": { "hard_bounced": true, "complained": true },
            "email_validation": { "status": "risky", "reason": "role" },
        });
        upsert(&api, facts).await;
    }
    unsubscribe(
        &api,
        json!({ "email": LEFT, "scope": "audience", "reason": "bored" }),
    )
    .await;
    unsubscribe(&api, json!({ "email": LEFT, "scope": "global" })).await;
    // One address moves to a contact that the client has not onboarded yet; the other stays without an owner.
    for address in [SECOND, LEFT] {
        assert_eq!(remove(&api, "c_1", address).await, 200);
    }
    assert_eq!(add(&api, "c_2", SECOND, false).await, 200);
    assert_eq!(add(&api, "c_2", NEW, true).await, 200);
    // The client onboards the contact by a secondary address, and by a primary one.
    let more = json!({ "email": SECOND, "verified": true, "verified_at": T1 });
    upsert(&api, more).await;
    subscribe(
        &api,
        json!({ "email": NEW, "audience": "other", "scope": "audience" }),
    )
    .await;
    api
}

#[tokio::test]
async fn everything_about_addresses_comes_back_byte_for_byte() {
    for format in [Format::Jsonl, Format::Csv] {
        let scene = Scene::start().await;
        start(&scene).await;
        let (from, to) = (scene.from.store().await, scene.to.store().await);
        let first = exported(&from, &scene.organization, format).await;
        for (created, unchanged) in [(3, 0), (0, 3)] {
            let (summary, rejects) = import(&to, &first, |options| options.file.format = format)
                .await
                .unwrap();
            assert_eq!(rejects, "");
            let counts = summary.counts;
            assert_eq!((counts.created, counts.unchanged), (created, unchanged));
            assert_eq!(exported(&to, &scene.organization, format).await, first);
        }
    }
}

#[tokio::test]
async fn an_export_shows_every_level_every_fact_and_addresses_without_an_owner() {
    let scene = Scene::start().await;
    start(&scene).await;
    let from = scene.from.store().await;
    let export = exported(&from, &scene.organization, Format::Jsonl).await;
    let records: Vec<Value> = export
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let find = |member: &str, value: &str| {
        let mut records = records.iter();
        records.find(|record| record[member] == value).unwrap()
    };
    let members = |record: &Value, names: &[&str]| -> Vec<bool> {
        names
            .iter()
            .map(|name| record.get(name).is_some())
            .collect()
    };
    let first = find("id", "c_1");
    assert_eq!(
        first["emails"],
        json!([{ "value": PRIMARY, "isPrimary": true }])
    );
    assert_eq!(
        members(
            first,
            &[
                "clearedAt",
                "verifiedAt",
                "complainedAt",
                "globallyUnsubscribedAt"
            ]
        ),
        [true, false, true, true]
    );
    assert!(first["phoneNumber"][0].get("clearedAt").is_some());

    let second = find("id", "c_2");
    let email = &second["emails"][0];
    assert_eq!(
        (&email["value"], &email["verifiedAt"]),
        (&json!(SECOND), &json!(T1))
    );
    assert_eq!(email["formerOwners"], json!(["c_1"]));
    assert_eq!(
        members(
            email,
            &[
                "hardBouncedAt",
                "emailValidation",
                "complainedAt",
                "globallyUnsubscribedAt"
            ]
        ),
        [true, true, true, true]
    );
    let of_website = &second["subscriptions"][1];
    assert_eq!(
        (&of_website["email"], &of_website["status"]),
        (&json!(SECOND), &json!("unsubscribed"))
    );
    assert_eq!(
        of_website["verifications"],
        json!([{ "email": SECOND, "verifiedAt": T1, "verifiedBy": "client:website" }])
    );

    let left = find("address", LEFT);
    assert_eq!(left["formerOwners"], json!(["c_1"]));
    assert_eq!(left["emailValidation"]["status"], "risky");
    assert_eq!(
        members(
            left,
            &[
                "hardBouncedAt",
                "complainedAt",
                "globallyUnsubscribedAt",
                "verifiedAt"
            ]
        ),
        [true, true, true, false]
    );
}

#[tokio::test]
async fn an_imported_address_holds_mail_back_as_the_exported_one() {
    let scene = Scene::start().await;
    let api = start(&scene).await;
    let export = exported(
        &scene.from.store().await,
        &scene.organization,
        Format::Jsonl,
    )
    .await;
    let service = black_box_tests::service_for_crowds(scene.to.store().await);
    let mut imported = Api::with_service(scene.to.again(), service).await;
    imported.organization = api.organization.clone();
    import(&scene.to.store().await, &export, |_| ())
        .await
        .unwrap();
    for address in [LEFT, SECOND] {
        let mut seen = Vec::new();
        for api in [&api, &imported] {
            upsert(api, json!({ "email": address, "status": "subscribed" })).await;
            let mut status = status(api, address).await;
            // Each new contact gets its own id.
            status["contact_id"] = Value::Null;
            seen.push(status);
        }
        assert_eq!(seen[0], seen[1]);
        assert_eq!(seen[0]["client"]["status"], "unsubscribed");
        assert_eq!(seen[0]["hard_bounced"], true);
    }
}

#[tokio::test]
async fn an_address_record_of_a_file_blocks_mail_to_the_owner_of_the_address() {
    let scene = Scene::start().await;
    let to = scene.to.store().await;
    let organization = crate::import::organization();
    let owner = json!({ "id": "c_9", "emails": [{ "value": LEFT }] });
    let address = json!({ "address": LEFT, "hardBouncedAt": T1, "complainedAt": T1 });
    let file = crate::import::lines([organization, owner, address]);
    import(&to, &file, |_| ()).await.unwrap();
    let export = exported(&to, &scene.organization, Format::Jsonl).await;
    let contact: Value = serde_json::from_str(export.lines().nth(1).unwrap()).unwrap();
    assert_eq!(contact["hardBouncedAt"], T1);
    assert_eq!(contact["emails"][0]["complainedAt"], T1);
    assert_eq!(contact.get("complainedAt"), None);
    assert_eq!(export.lines().count(), 2);
}

#[tokio::test]
async fn a_subscription_that_began_again_is_not_ended_by_an_import_that_was_interrupted() {
    let scene = Scene::start().await;
    let api = start(&scene).await;
    assert_eq!(add(&api, "c_2", LEFT, false).await, 200);
    subscribe(&api, json!({ "email": LEFT, "scope": "global" })).await;
    let (from, to) = (scene.from.store().await, scene.to.store().await);
    let whole = exported(&from, &scene.organization, Format::Jsonl).await;
    let interrupted = whole.lines().map(|line| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        if record["id"] == "c_2" {
            record.as_object_mut().unwrap().remove("subscriptions");
        }
        record.to_string() + "\n"
    });
    let interrupted: String = interrupted.collect();
    for file in [&interrupted, &whole] {
        let (_, rejects) = import(&to, file, |_| ()).await.unwrap();
        assert_eq!(rejects, "");
    }
    let again = exported(&to, &scene.organization, Format::Jsonl).await;
    let subscriptions = |export: &str| -> Vec<Value> {
        let records = export.lines().map(serde_json::from_str::<Value>);
        records
            .map(|record| record.unwrap()["subscriptions"].take())
            .collect()
    };
    assert_eq!(subscriptions(&again), subscriptions(&whole));
}

#[tokio::test]
async fn an_address_that_its_contact_does_not_own_stays_without_an_owner() {
    let scene = Scene::start().await;
    let contact = json!({ "id": "c_1", "emails": [{ "value": LEFT, "isOwner": false }] });
    scene.seed(json!([contact])).await;
    let (from, to) = (scene.from.store().await, scene.to.store().await);
    let export = exported(&from, &scene.organization, Format::Jsonl).await;
    assert!(export.contains("\"isOwner\":false"), "{export}");
    import(&to, &export, |_| ()).await.unwrap();
    assert_eq!(
        exported(&to, &scene.organization, Format::Jsonl).await,
        export
    );
}
