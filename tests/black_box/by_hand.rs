//! Items that somebody changed by hand, without the API. They have unknown attributes, unreadable values, or changes without a
//! new version of the contact.

mod in_between;
mod inconsistent;
mod recent_requests;
mod unknown_attributes;
mod unreadable;

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use black_box_tests::proxy::{PATIENT, Proxy};
use black_box_tests::{Api, Item};
use serde_json::json;

const PHONE: &str = "+14165550100";
const EMAIL: &str = "jane@example.com";

pub(crate) const CONTACT: &str = "CONTACT";
const SUBSCRIPTION: &str = "SUBSCRIPTION#newsletter#website";

/// An API over a database behind a proxy, with the contact `c_1`. Its subscription of `website` has this status.
async fn start(status: &str) -> (Api, Proxy) {
    let (api, proxy) = Api::through_proxy(PATIENT).await;
    api.seed(json!([{
        "id": "c_1",
        "phoneNumber": [
            { "value": PHONE, "isPrimary": true },
            { "value": "+14165550109", "isPrimary": false, "verifiedAt": "2024-01-01T00:00:00Z" },
        ],
        "emails": [
            { "value": EMAIL, "isPrimary": true },
            { "value": "old@example.com", "isPrimary": false },
        ],
        "subscriptions": [
            { "audience": "newsletter", "client": "website", "status": status },
            { "audience": "newsletter", "status": "subscribed" },
        ],
    }]))
    .await;
    (api, proxy)
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// The key of the item of `c_1` with this sort key.
fn key(api: &Api, sort: &str) -> Item {
    let partition = format!("ORG#{}#CONTACT#c_1", api.organization);
    HashMap::from([
        ("pk".to_owned(), text(&partition)),
        ("sk".to_owned(), text(sort)),
    ])
}

/// The item of `c_1` with this sort key.
async fn item(api: &Api, sort: &str) -> Item {
    let get = api.database.client().await.get_item();
    let get = get.table_name(&api.database.table).consistent_read(true);
    let found = get.set_key(Some(key(api, sort))).send().await.unwrap();
    found.item.unwrap()
}

/// Sets the value at a path of the item of `c_1` with this sort key, and nothing else.
pub(crate) async fn set(api: &Api, sort: &str, path: &[&str], value: AttributeValue) {
    let names = (0..path.len()).map(|n| format!("#n{n}"));
    let names: Vec<_> = names.collect();
    let update = api.database.client().await.update_item();
    let update = update
        .table_name(&api.database.table)
        .set_key(Some(key(api, sort)))
        .condition_expression("attribute_exists(#pk)")
        .expression_attribute_names("#pk", "pk")
        .update_expression(format!("SET {} = :value", names.join(".")))
        .expression_attribute_values(":value", value);
    let update = names.iter().zip(path).fold(update, |update, (name, part)| {
        update.expression_attribute_names(name, *part)
    });
    update.send().await.unwrap();
}

/// Ends the subscription by hand before the database does the next write.
fn end_subscription_before_the_write(api: &Arc<Api>, proxy: &Proxy) {
    let api = Arc::clone(api);
    proxy.before(black_box_tests::proxy::WRITE, 1, async move {
        end_subscription(&api).await;
    });
}

async fn end_subscription(api: &Api) {
    set(api, SUBSCRIPTION, &["status"], text("unsubscribed")).await;
}
