//! The content of the table after the first load of a seed, and after the second.

use aws_sdk_dynamodb::types::AttributeValue;
use black_box_tests::proxy::{PATIENT, Proxy};
use black_box_tests::{Api, Item, assert_same_items};
use contacts::seed::Seed;
use serde_json::{Value, json};
use shared::domain::PhoneRegion;

use crate::history::erase;

/// The owner of an address of the test's organization.
async fn owner(api: &Api, address: &str) -> Option<String> {
    let items = api.database.items(&api.organization).await;
    let is_address = |item: &&Item| text(item, "sk") == "ADDRESS" && text(item, "value") == address;
    let item = items.iter().find(is_address)?;
    item.contains_key("ownerId").then(|| text(item, "ownerId"))
}

fn text(item: &Item, name: &str) -> String {
    item[name].as_s().unwrap().clone()
}

async fn remove(api: &Api, contact: &str, address: &str) {
    let path = format!("/api/contacts/{contact}/contact-methods/remove");
    let body = json!({ "type": "email", "value": address });
    let answer = api.post(&path, &api.user_token(), body).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
}

#[tokio::test]
async fn a_seed_that_is_loaded_again_changes_nothing_that_was_changed_since() {
    let api = Api::start().await;
    let seed = json!([{
        "id": "c_1", "firstName": "Jane",
        "phoneNumber": [{ "value": "+14165550100" }],
        "emails": [{ "value": "jane@b.ca" }, { "value": "old@b.ca" }],
        "verifiedAt": "2024-01-01T00:00:00Z",
        "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }],
    }]);
    api.seed(seed.clone()).await;
    remove(&api, "c_1", "old@b.ca").await;
    let body = json!({ "phoneNumber": "+14165550100", "verifiedAt": "2025-01-01T00:00:00Z" });
    let verified = api.verify_phone_number("c_1", body).await;
    assert_eq!(verified.body["data"]["outcome"], "recorded");
    let before = api.database.items(&api.organization).await;
    api.seed(seed).await;
    let after = api.database.items(&api.organization).await;
    assert_same_items(&after, &before, "the seed changes nothing");
    assert_eq!(owner(&api, "old@b.ca").await, None);
}

#[tokio::test]
async fn the_first_contact_of_a_seed_with_an_address_owns_it_and_no_other_gets_it_later() {
    let api = Api::start().await;
    let contact = |id: &str| json!({ "id": id, "emails": [{ "value": "Jane@b.ca" }] });
    let two = json!([contact("c_2"), contact("c_1")]);
    api.seed(two.clone()).await;
    assert_eq!(owner(&api, "jane@b.ca").await.as_deref(), Some("c_2"));

    // A later contact gets the address of another without owning it.
    api.seed(json!([contact("c_3")])).await;
    assert_eq!(owner(&api, "jane@b.ca").await.as_deref(), Some("c_2"));
    let got = api.get("/api/contacts/c_3", &api.user_token()).await;
    assert_eq!(
        got.body["emails"][0]["value"], "Jane@b.ca",
        "{:?}",
        got.body
    );

    remove(&api, "c_2", "jane@b.ca").await;
    api.seed(two).await;
    assert_eq!(owner(&api, "jane@b.ca").await, None);
}

#[tokio::test]
async fn a_contact_that_does_not_own_an_address_in_the_file_leaves_it_to_its_owner() {
    let owner_of = json!({ "id": "c_1", "emails": [{ "value": "jane@b.ca" }] });
    let other = json!({ "id": "c_2", "emails": [{ "value": "jane@b.ca", "isOwner": false }] });
    for contacts in [[&owner_of, &other], [&other, &owner_of]] {
        let api = Api::start().await;
        api.seed(json!(contacts)).await;
        assert_eq!(owner(&api, "jane@b.ca").await.as_deref(), Some("c_1"));
    }
}

/// Loads 64 contacts, which the load writes together. Returns the number of items in each transaction.
async fn transactions_of(contact: impl Fn(usize) -> Value) -> Vec<usize> {
    let api = Api::start().await;
    let proxy = Proxy::start(&api.database.url).await;
    let store = api.database.store_through(&proxy.url, PATIENT).await;
    let contacts: Vec<_> = (0..64).map(contact).collect();
    let seed = json!({ "organizations": [{ "id": api.organization, "contacts": contacts }] });
    let seed = Seed::parse(&seed.to_string(), PhoneRegion::CANADA).unwrap();
    assert_eq!(seed.load(&store).await.unwrap().created, 64);
    let calls = proxy.calls();
    let transactions = calls
        .iter()
        .filter(|call| call.operation == "TransactWriteItems");
    let items = transactions.map(|call| call.request["TransactItems"].as_array().unwrap().len());
    let mut items: Vec<_> = items.collect();
    items.sort_unstable();
    items
}

/// A transaction takes 100 items.
#[tokio::test]
async fn one_transaction_creates_as_many_contacts_as_it_takes() {
    let contact =
        |n| json!({ "id": format!("c_{n}"), "emails": [{ "value": format!("{n}@b.ca") }] });
    assert_eq!(transactions_of(contact).await, [28, 100]);
}

/// A transaction takes 4 MB. The load leaves a quarter of that free.
#[tokio::test]
async fn large_contacts_are_created_in_several_transactions() {
    let contact = |n| json!({ "id": format!("c_{n}"), "lastName": "a".repeat(62_000) });
    assert_eq!(transactions_of(contact).await, [14, 50]);
}

#[tokio::test]
async fn a_contact_with_more_than_a_transaction_takes_is_loaded_whole() {
    let api = Api::start().await;
    let emails = (0..120).map(|n| json!({ "value": format!("{n:03}@b.ca") }));
    let contact = json!({ "id": "c_1", "emails": emails.collect::<Vec<_>>(), "subscriptions": [
        { "audience": "newsletter", "client": "website", "status": "subscribed" },
        { "audience": "newsletter", "status": "pending" },
    ] });
    api.seed(json!([contact])).await;
    let items = api.database.items(&api.organization).await;
    let of = |prefix: &str| {
        let is_of =
            |item: &&Item| text(item, "sk").starts_with(prefix) || item.contains_key(prefix);
        items.iter().filter(is_of).count()
    };
    assert_eq!((of("SUBSCRIPTION#"), of("ownerId")), (2, 120));

    remove(&api, "c_1", "119@b.ca").await;
    let before = api.database.items(&api.organization).await;
    api.seed(json!([contact])).await;
    let after = api.database.items(&api.organization).await;
    assert_same_items(&after, &before, "the seed changes nothing");
}

#[tokio::test]
async fn an_existing_contact_gets_the_subscriptions_that_it_lacks() {
    let api = Api::start().await;
    let contact = |subscriptions: Value| {
        json!([{ "id": "c_1", "firstName": "Jane", "emails": [{ "value": "jane@b.ca" }],
                 "subscriptions": subscriptions }])
    };
    let website =
        |status: &str| json!({ "audience": "newsletter", "client": "website", "status": status });
    api.seed(contact(json!([website("unsubscribed")]))).await;
    let app = json!({ "audience": "newsletter", "client": "app", "status": "pending" });
    api.seed(contact(json!([website("subscribed"), app]))).await;
    let items = api.database.items(&api.organization).await;
    let subscriptions = items
        .iter()
        .filter(|item| text(item, "sk").starts_with("SUBSCRIPTION#"));
    let statuses: Vec<_> = subscriptions.map(|item| text(item, "status")).collect();
    assert_eq!(statuses, ["pending", "unsubscribed"]);
    let contact = items
        .iter()
        .find(|item| text(item, "sk") == "CONTACT")
        .unwrap();
    assert_eq!(contact["version"], AttributeValue::N("2".to_owned()));
}

#[tokio::test]
async fn items_that_cannot_be_read_stay_as_they_are() {
    let api = Api::start().await;
    let seed = json!([{ "id": "c_1", "emails": [{ "value": "jane@b.ca" }] }]);
    api.seed(seed.clone()).await;
    let mut items = api.database.items(&api.organization).await;
    items.retain(|item| item.contains_key("ownerId") || item.contains_key("contactId"));
    assert_eq!(items.len(), 2);
    for mut item in items {
        let broken = AttributeValue::Bool(true);
        for name in ["ownerId", "createdAt"] {
            item.entry(name.to_owned())
                .and_modify(|value| *value = broken.clone());
        }
        let put = api.database.client().await.put_item();
        let put = put.table_name(&api.database.table).set_item(Some(item));
        put.send().await.unwrap();
    }
    let before = api.database.items(&api.organization).await;
    api.seed(seed).await;
    let after = api.database.items(&api.organization).await;
    assert_same_items(&after, &before, "the seed changes nothing");

    // A new contact does not become the owner of an address whose owner cannot be read.
    api.seed(json!([{ "id": "c_2", "emails": [{ "value": "jane@b.ca" }] }]))
        .await;
    let mut after = api.database.items(&api.organization).await;
    after.retain(|item| !text(item, "pk").ends_with("#c_2"));
    assert_same_items(&after, &before, "the address stays as it is");
    let got = api.get("/api/contacts/c_2", &api.user_token()).await;
    assert_eq!(got.body["emails"][0]["value"], "jane@b.ca");
}

#[tokio::test]
async fn a_seed_does_not_bring_an_erased_contact_back() {
    let api = Api::start().await;
    let seed = json!([{ "id": "c_1", "emails": [{ "value": "jane@b.ca" }] }]);
    api.seed(seed.clone()).await;
    assert_eq!(erase(&api, "c_1").await.status, 200);
    let before = api.database.items(&api.organization).await;
    api.seed(seed).await;
    let after = api.database.items(&api.organization).await;
    assert_same_items(&after, &before, "the seed changes nothing");
}
