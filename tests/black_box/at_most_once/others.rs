//! Other callers who change the contact. The answers tell them that they did.

use std::sync::{Arc, Mutex};

use black_box_tests::{Api, Item};
use reqwest::RequestBuilder;
use serde_json::json;

use super::writes::{add, outcome, remove, subscription, upsert};
use super::{NEW_EMAIL, VERIFIED_BY_OTHERS_AT, Write};

/// The number of changes and creations of contacts: the sum of their versions.
pub(super) fn changes(items: &[Item]) -> u64 {
    items
        .iter()
        // Subscriptions and addresses have a version as well.
        .filter(|item| item["sk"].as_s().is_ok_and(|key| key == "CONTACT"))
        .filter_map(|item| item.get("version")?.as_n().ok()?.parse::<u64>().ok())
        .sum()
}

/// The changes by others. Each of their answers reported a change.
pub(super) struct ChangesByOthers {
    /// The result of [`changes`] before them.
    pub(super) before: u64,
    /// The result of [`changes`] after them.
    pub(super) after: u64,
    /// All stored items after them.
    pub(super) items: Vec<Item>,
}

impl ChangesByOthers {
    /// Makes `count` changes that undo and redo the request in turn. `is_done` tells whether the request already took effect.
    pub(super) async fn make(write: Write, api: &Api, is_done: bool, count: usize) -> Self {
        let before = changes(&api.database.items(&api.organization).await);
        let mut id = write.id(api).await;
        for n in 0..count {
            let is_undone = (n % 2 == 0) == is_done;
            let request = match &id {
                Some(id) if is_undone => write.undo(api, id),
                Some(id) => write.redo(api, id),
                None => upsert(api, &json!({ "email": NEW_EMAIL, "status": "subscribed" })),
            };
            make_change(api, request, &format!("{write:?}, change {n} by others")).await;
            if id.is_none() {
                id = write.id(api).await;
            }
        }
        Self::made(api, before, count).await
    }

    /// Makes `count` changes of every kind. They do not touch the effect of the request.
    pub(super) async fn make_of_every_kind(write: Write, api: &Api, count: usize) -> Self {
        let before = changes(&api.database.items(&api.organization).await);
        let id = write.id(api).await.unwrap();
        for n in 0..count {
            let request = change_of_every_kind(api, &id, write.address(), n);
            make_change(api, request, &format!("{write:?}, change {n} by others")).await;
        }
        Self::made(api, before, count).await
    }

    pub(super) async fn made(api: &Api, before: u64, count: usize) -> Self {
        let items = api.database.items(&api.organization).await;
        let after = changes(&items);
        let made = u64::try_from(count).unwrap();
        assert_eq!(after, before + made, "one version for each change");
        Self {
            before,
            after,
            items,
        }
    }
}

/// Sends a request of others, and asserts that its answer reports a change.
pub(super) async fn make_change(api: &Api, request: RequestBuilder, context: &str) {
    let answer = api.send(request).await;
    let context = format!("{context}: {:?}", answer.body);
    assert!([200, 201].contains(&answer.status), "{context}");
    let is_changed = ["recorded", "cleared", "created", "updated"].contains(&outcome(&answer));
    assert!(is_changed, "{context}");
}

/// The `n`th of a series of changes. Each uses another way to write.
pub(super) fn change_of_every_kind(api: &Api, id: &str, address: &str, n: usize) -> RequestBuilder {
    const OTHER_PHONE: &str = "+14165550107";
    const OTHER_EMAIL: &str = "others@example.com";
    let verify = |verified_at: Option<&str>| {
        let request = api.request(&format!("/api/contacts/{id}/verify-contact-methods"));
        let body = json!({ "type": "phone", "value": OTHER_PHONE, "verifiedAt": verified_at });
        request.bearer_auth(api.user_token()).json(&body)
    };
    match n % 9 {
        0 => add(api, id, "phone", OTHER_PHONE),
        1 => verify(Some(VERIFIED_BY_OTHERS_AT)),
        2 => upsert(
            api,
            &json!({ "email": address, "lastName": format!("Doe {n}") }),
        ),
        3 => verify(None),
        4 => add(api, id, "email", OTHER_EMAIL),
        5 => remove(api, id, "phone", OTHER_PHONE),
        6 => remove(api, id, "email", OTHER_EMAIL),
        7 => subscription(
            api,
            "unsubscribe",
            &json!({ "email": address, "scope": "audience" }),
        ),
        _ => subscription(
            api,
            "subscribe",
            &json!({ "email": address, "scope": "audience" }),
        ),
    }
}

/// Changes by others that happen while a request is under way.
#[derive(Default)]
pub(super) struct AwaitedChanges(pub(super) Arc<Mutex<Option<ChangesByOthers>>>);

impl AwaitedChanges {
    /// Returns the changes. Panics if the others made none.
    pub(super) fn made(self) -> ChangesByOthers {
        let made = self.0.lock().unwrap().take();
        made.unwrap()
    }
}
