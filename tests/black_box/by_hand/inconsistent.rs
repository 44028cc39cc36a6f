//! The item of an address names a contact that does not have the address. No retry can repair that, so the request fails
//! at once.

use black_box_tests::log;
use black_box_tests::proxy::{PATIENT, Proxy};
use black_box_tests::{Answer, Api, Item, assert_same_items};
use serde_json::json;

use super::{CONTACT, EMAIL, item, key, start, text};
use crate::import::{import_into, lines};

const LOST: &str = "old@example.com";

/// Takes the address off the contact, and leaves the address's item as it is.
async fn take_off_by_hand(api: &Api) {
    let items = api.database.items(&api.organization).await;
    let is_owned = |item: &&Item| item.get("ownerId") == Some(&text("c_1"));
    let owned = items.iter().filter(is_owned);
    assert_eq!(owned.count(), 2, "both addresses have an owner");
    let update = api.database.client().await.update_item();
    update
        .table_name(&api.database.table)
        .set_key(Some(key(api, CONTACT)))
        .update_expression("REMOVE #emails.#address")
        .expression_attribute_names("#emails", "emails")
        .expression_attribute_names("#address", LOST)
        .send()
        .await
        .unwrap();
}

/// Deletes the item of the contact, and leaves those of its addresses as they are.
async fn delete_contact(api: &Api) {
    let delete = api.database.client().await.delete_item();
    let delete = delete.table_name(&api.database.table);
    let delete = delete.set_key(Some(key(api, CONTACT)));
    delete.send().await.unwrap();
}

async fn assert_answered_at_once(ask: impl AsyncFn(&Api) -> Answer) {
    let (api, proxy) = start("subscribed").await;
    take_off_by_hand(&api).await;
    let before = api.database.items(&api.organization).await;
    let answer = ask(&api).await;
    assert_eq!(answer.status, 500, "{:?}", answer.body);
    let id = &answer.body["requestId"];
    let error = json!({ "code": "internal_error", "message": "Internal server error" });
    assert_eq!(answer.body, json!({ "error": error, "requestId": id }));
    let operations = proxy.operations();
    assert!(operations.len() <= 6, "{operations:?}");
    assert_same_items(
        &api.database.items(&api.organization).await,
        &before,
        "nothing is written",
    );

    let lines = log::lines(answer.header("x-request-id").unwrap());
    let [failure, request] = &lines[..] else {
        panic!("not two lines: {lines:?}");
    };
    assert_eq!(
        (&failure["level"], &failure["message"]),
        (&json!("ERROR"), &json!("request failed"))
    );
    let cause = failure["error"].as_str().unwrap();
    assert!(cause.contains("address"), "{cause}");
    assert_eq!(request["outcome"], "internal_error");
    for line in lines {
        let line = line.to_string();
        assert!(!line.contains(LOST) && !line.contains(EMAIL), "{line}");
    }
}

#[tokio::test]
async fn an_upsert_of_an_address_whose_owner_does_not_have_it_fails_at_once_and_the_log_says_why() {
    assert_answered_at_once(async |api| {
        let body = json!({ "email": LOST, "audience": "newsletter", "client": "website", "firstName": "Ann" });
        api.upsert(body).await
    })
    .await;
}

#[tokio::test]
async fn a_change_of_subscription_for_an_address_whose_owner_does_not_have_it_fails_at_once() {
    for action in ["subscribe", "unsubscribe"] {
        assert_answered_at_once(async |api| {
            let body = json!({
                "email": LOST, "audience": "newsletter", "client": "website", "scope": "global",
            });
            let path = format!("/api/subscriptions/{action}");
            api.post(&path, &api.application_token("website"), body)
                .await
        })
        .await;
    }
}

#[tokio::test]
async fn an_address_whose_owner_does_not_exist_fails_at_once_and_the_log_says_why() {
    let (api, proxy) = Api::through_proxy(PATIENT).await;
    api.seed(json!([{ "id": "c_1", "emails": [{ "value": LOST, "isPrimary": true }] }]))
        .await;
    delete_contact(&api).await;
    let body = json!({ "email": LOST, "audience": "newsletter", "client": "website" });
    let answer = api.upsert(body).await;
    assert_eq!(answer.status, 500, "{:?}", answer.body);
    assert!(proxy.calls().len() <= 6, "{:?}", proxy.operations());
    let lines = log::lines(answer.header("x-request-id").unwrap());
    let cause = lines[0]["error"].as_str().unwrap();
    assert!(
        cause.contains("owner") || cause.contains("address"),
        "{cause}"
    );
    assert!(!cause.contains(LOST), "{cause}");
}

/// Imports a record about `EMAIL` and one about another address. Returns the numbers of unchanged, created and rejected
/// records, and the list of rejects.
async fn imported(api: &Api, proxy: &Proxy) -> ([u64; 3], String) {
    let file = lines([
        json!({ "organization": api.organization }),
        json!({ "email": EMAIL }),
        json!({ "id": "c_2", "email": "other@example.com" }),
    ]);
    let store = api.database.store_through(&proxy.url, PATIENT).await;
    let (counts, rejects) = import_into(&store, &api.organization, &file).await;
    let counts = [counts.unchanged, counts.created, counts.rejected];
    (counts, rejects)
}

#[tokio::test]
async fn an_import_rejects_a_record_about_an_address_whose_owner_does_not_exist() {
    let (api, proxy) = start("subscribed").await;
    delete_contact(&api).await;
    let (counts, rejects) = imported(&api, &proxy).await;
    assert_eq!(counts, [0, 1, 1]);
    assert!(rejects.contains("whose owner does not exist"), "{rejects}");
}

#[tokio::test]
async fn an_import_that_sees_a_transaction_in_part_finds_the_owner_of_the_address() {
    let (api, proxy) = start("subscribed").await;
    let contact = item(&api, CONTACT).await;
    delete_contact(&api).await;
    let put = api.database.client().await.put_item();
    let put = put.table_name(&api.database.table);
    let put = put.set_item(Some(contact));
    proxy.before("TransactGetItems", 1, async move {
        put.send().await.unwrap();
    });
    assert_eq!(imported(&api, &proxy).await, ([1, 1, 0], String::new()));
}
