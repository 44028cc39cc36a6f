//! How a history begins: two organizations whose contacts have the same ids, numbers and addresses.

use std::sync::OnceLock;

use contacts::seed::Seed;
use serde_json::{Value, json};
use shared::domain::PhoneRegion;
use shared::store::Store;

use crate::database::{Database, TABLE};
use crate::ledger::Item;
use crate::network::Network;
use crate::random::Random;
use crate::requests::{ADDRESSES, PHONES, STABLE_ADDRESS, STABLE_PHONE};
use crate::trace::Trace;
use crate::weather::Weather;

/// When a history begins, in milliseconds since 1970: 2100-01-01. It is later than the true time, at which the seed is loaded.
pub const BEGAN_AT_MS: i64 = 4_102_444_800_000;

/// The organizations.
pub const ORGANIZATIONS: [&str; 2] = ["alpha", "beta"];

/// The clients of an organization.
pub const CLIENTS: [&str; 2] = ["website", "app"];

/// The audiences of an organization.
pub const AUDIENCES: [&str; 2] = ["newsletter", "other"];

/// The contact that only the second organization has.
pub const LONE_CONTACT: &str = "c_lone";

/// The items at the beginning.
pub fn items() -> &'static [Item] {
    static ITEMS: OnceLock<Vec<Item>> = OnceLock::new();
    ITEMS.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        runtime.unwrap().block_on(load())
    })
}

async fn load() -> Vec<Item> {
    let (random, trace) = (Random::of(0), Trace::new(false));
    let database = Database::new(&[], &random, &trace, Weather::CALM);
    let network = Network {
        database: database.clone(),
        random,
        trace,
        fault: None,
    };
    let seed = Seed::parse(&seed().to_string(), PhoneRegion::CANADA).unwrap();
    seed.load(&Store::new(network.client(), TABLE.to_owned()))
        .await
        .unwrap();
    database.items()
}

fn seed() -> Value {
    let organizations = ORGANIZATIONS.map(|organization| {
        let mut contacts = contacts();
        if organization == ORGANIZATIONS[1] {
            contacts.push(json!({ "id": LONE_CONTACT, "phoneNumber": [{ "value": PHONES[1] }] }));
        }
        json!({ "id": organization, "audiences": AUDIENCES, "clients": CLIENTS, "contacts": contacts })
    });
    json!({ "organizations": organizations })
}

fn contacts() -> Vec<Value> {
    let subscription = |audience: &str, client: &str, status: &str| json!({ "audience": audience, "client": client, "status": status });
    vec![
        json!({
            "id": "c_1", "phoneNumber": [{ "value": STABLE_PHONE }], "emails": [{ "value": STABLE_ADDRESS }],
            "subscriptions": [
                subscription("newsletter", "website", "subscribed"), subscription("newsletter", "app", "subscribed"),
                { "audience": "newsletter", "status": "subscribed" },
            ],
        }),
        json!({
            "id": "c_2", "emails": [{ "value": ADDRESSES[0] }, { "value": ADDRESSES[1], "hardBouncedAt": "2020-01-01T00:00:00Z" }],
            "subscriptions": [subscription("newsletter", "website", "subscribed"), subscription("other", "app", "unsubscribed")],
        }),
        json!({
            "id": "c_3", "phoneNumber": [{ "value": PHONES[1] }], "emails": [{ "value": ADDRESSES[2] }],
            "subscriptions": [subscription("newsletter", "website", "subscribed")],
        }),
    ]
}
