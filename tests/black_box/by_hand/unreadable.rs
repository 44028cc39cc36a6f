//! Items that this build cannot read. The answer reveals nothing; the log names the attribute without its value.

use aws_sdk_dynamodb::types::AttributeValue;
use black_box_tests::{Answer, Api, Item, log};
use serde_json::{Value, json};

use super::{CONTACT, EMAIL, PHONE, SUBSCRIPTION, set, start, text};
use crate::import::{import_into, lines};

/// A value that no attribute of a contact has.
const VALUE: &str = "unreadable-4711";

/// Asserts that the request fails, and that the log names each of these parts of the attribute's path.
async fn assert_named(
    sort: &str,
    path: &[&str],
    value: AttributeValue,
    parts: &[&str],
    ask: impl AsyncFn(&Api) -> Answer,
) {
    let (api, _proxy) = start("subscribed").await;
    set(&api, sort, path, value).await;
    let answer = ask(&api).await;
    assert_eq!(answer.status, 500, "{path:?}: {:?}", answer.body);
    let body = answer.body.to_string();
    assert!(body.contains("Internal server error"), "{body}");
    let lines = log::lines(answer.header("x-request-id").unwrap());
    let failure = lines.iter().find(|line| line["level"] == "ERROR").unwrap();
    assert_eq!(failure["message"], "request failed");
    let cause = failure["error"].as_str().unwrap();
    for part in parts {
        assert!(cause.contains(part), "{path:?}: {cause}");
        assert!(!body.contains(part), "{path:?}: {body}");
    }
    for line in &lines {
        let line = line.to_string();
        for personal in [VALUE, PHONE, EMAIL, "4165550109", "old@example.com"] {
            assert!(!line.contains(personal), "{path:?}: {line}");
        }
    }
}

async fn get(api: &Api) -> Answer {
    api.get("/api/contacts/c_1", &api.user_token()).await
}

#[tokio::test]
async fn the_time_of_a_phone_number_is_named_without_the_number() {
    let path = ["phones", PHONE, "verifiedAt"];
    assert_named(CONTACT, &path, text(VALUE), &["phones", "verifiedAt"], get).await;
}

#[tokio::test]
async fn the_time_of_an_address_is_named_without_the_address() {
    let path = ["emails", EMAIL, "verifiedAt"];
    assert_named(CONTACT, &path, text(VALUE), &["emails", "verifiedAt"], get).await;
}

#[tokio::test]
async fn an_attribute_of_another_type_is_named() {
    assert_named(CONTACT, &["version"], text(VALUE), &["version"], get).await;
    let path = ["phones", PHONE, "isPrimary"];
    assert_named(CONTACT, &path, text(VALUE), &["phones", "isPrimary"], get).await;
}

#[tokio::test]
async fn an_entry_that_is_no_map_is_named() {
    let path = ["emails", EMAIL];
    assert_named(CONTACT, &path, text(VALUE), &["emails"], get).await;
}

#[tokio::test]
async fn endpoint_1_names_the_attribute_that_it_cannot_read() {
    let path = ["emails", EMAIL, "verifiedAt"];
    let parts = ["emails", "verifiedAt"];
    assert_named(CONTACT, &path, text(VALUE), &parts, async |api| {
        // The number is unverified, so the clear writes nothing.
        let body = json!({ "phoneNumber": PHONE, "verifiedAt": null });
        api.verify_phone_number("c_1", body).await
    })
    .await;
}

#[tokio::test]
async fn endpoint_1_names_the_attribute_that_its_update_cannot_change() {
    for path in [&["version"][..], &["phones", PHONE]] {
        assert_named(CONTACT, path, text(VALUE), &path[..1], async |api| {
            let body = json!({ "phoneNumber": PHONE, "verifiedAt": "2024-01-01T00:00:00Z" });
            api.verify_phone_number("c_1", body).await
        })
        .await;
    }
}

#[tokio::test]
async fn endpoint_3_names_the_attribute_of_a_subscription_that_it_cannot_read() {
    let parts = ["subscription", "status"];
    assert_named(
        SUBSCRIPTION,
        &["status"],
        text(VALUE),
        &parts,
        async |api| {
            let body = json!({ "audience": "newsletter", "client": "website", "verified": true });
            api.verify_contact("c_1", body).await
        },
    )
    .await;
}

#[tokio::test]
async fn an_upsert_names_the_attribute_that_it_cannot_read() {
    let path = ["createdAt"];
    assert_named(CONTACT, &path, text(VALUE), &path, async |api| {
        let body = json!({ "email": EMAIL, "audience": "newsletter", "client": "website" });
        api.upsert(body).await
    })
    .await;
}

#[tokio::test]
async fn an_import_rejects_a_record_that_depends_on_what_it_cannot_read_and_goes_on() {
    let (api, _proxy) = start("unsubscribed").await;
    set(&api, SUBSCRIPTION, &["status"], text(VALUE)).await;
    let remove = "/api/contacts/c_1/contact-methods/remove";
    let body = json!({ "type": "email", "value": EMAIL });
    let removed = api.post(remove, &api.user_token(), body).await;
    assert_eq!(removed.status, 200, "{:?}", removed.body);
    // The former owner of the address may have ended the subscription, so the import reads it.
    let subscription = json!({ "audience": "newsletter", "client": "website" });
    assert_second_is_rejected(
        &api,
        json!({ "id": "c_2", "email": EMAIL, "subscriptions": [subscription] }),
    )
    .await;
}

#[tokio::test]
async fn an_import_rejects_a_record_with_an_address_that_it_cannot_read_and_goes_on() {
    let (api, _proxy) = start("subscribed").await;
    let mut items = api.database.items(&api.organization).await.into_iter();
    let is_wanted = |item: &Item| item["sk"] == text("ADDRESS") && item["value"] == text(EMAIL);
    let mut address = items.find(is_wanted).unwrap();
    address.insert("ownerId".to_owned(), AttributeValue::Bool(true));
    let put = api.database.client().await.put_item();
    let put = put.table_name(&api.database.table).set_item(Some(address));
    put.send().await.unwrap();
    assert_second_is_rejected(&api, json!({ "id": "c_2", "email": EMAIL })).await;
}

/// Imports this record as the second line of three, and asserts that it is rejected and the third is not.
async fn assert_second_is_rejected(api: &Api, record: Value) {
    let file = [
        json!({ "organization": api.organization }),
        record,
        json!({ "id": "c_3", "email": "other@example.com" }),
    ];
    let store = api.database.store().await;
    let (counts, rejects) = import_into(&store, &api.organization, &lines(file)).await;
    assert_eq!((counts.created, counts.rejected), (1, 1));
    assert!(
        rejects.contains("2,record,is about a contact that cannot be read"),
        "{rejects}"
    );
}
