//! The stored table, and the invariants between its items after any kill.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::common::http;
use crate::model::{Held, State, level};

/// An item, without the types of its attributes.
pub(crate) type Item = Map<String, Value>;

/// All items of the table by partition key and sort key.
pub(crate) struct Table(pub(crate) BTreeMap<(String, String), Item>);

/// The partition key of a contact without its id.
pub(crate) const CONTACT: &str = "ORG#org_x#CONTACT#";

impl Table {
    /// Reads all items from a database.
    pub(crate) async fn read(url: &str) -> Self {
        let (mut items, mut start) = (BTreeMap::new(), Value::Null);
        loop {
            let mut request = json!({ "TableName": "contacts", "ConsistentRead": true });
            if !start.is_null() {
                request["ExclusiveStartKey"] = start;
            }
            let mut page = scan(url, &request).await;
            for item in page["Items"].as_array().unwrap() {
                let item: Item = item.as_object().unwrap().iter().map(plain).collect();
                let key = |name: &str| item[name].as_str().unwrap().to_owned();
                items.insert((key("pk"), key("sk")), item);
            }
            start = page["LastEvaluatedKey"].take();
            if start.is_null() {
                return Self(items);
            }
        }
    }

    /// All items except the entries of histories.
    pub(crate) fn without_history(&self) -> BTreeMap<(String, String), Item> {
        let mut items = self.0.clone();
        items.retain(|(_, sort), _| !sort.starts_with("HISTORY#"));
        items
    }

    /// The items of contacts that exist or were erased, by id.
    pub(crate) fn contacts(&self) -> BTreeMap<&str, &Item> {
        let contacts = self.0.iter().filter(|((_, sort), _)| sort == "CONTACT");
        contacts
            .map(|((partition, _), item)| (partition.strip_prefix(CONTACT).unwrap(), item))
            .collect()
    }

    /// The number of contacts and of addresses without an owner. A report counts both as created.
    pub(crate) fn created(&self) -> u64 {
        let addresses = self.0.iter().filter(|((_, sort), _)| sort == "ADDRESS");
        let unowned = addresses.filter(|(_, item)| !item.contains_key("ownerId"));
        (self.contacts().len() + unowned.count()) as u64
    }

    /// The items of a contact whose sort keys begin with this prefix, in their order.
    pub(crate) fn of_contact(&self, id: &str, prefix: &str) -> impl Iterator<Item = (&str, &Item)> {
        let partition = format!("{CONTACT}{id}");
        let first = (partition.clone(), prefix.to_owned());
        let items = self.0.range(first..);
        items
            .take_while(move |((found, _), _)| *found == partition)
            .map(|((_, sort), item)| (sort.as_str(), item))
            .filter(move |(sort, _)| sort.starts_with(prefix))
    }

    /// The part of a contact that the checks compare.
    pub(crate) fn state(&self, id: &str) -> State {
        let contact = self.contacts()[id];
        let mut state = State {
            version: number(&contact["version"]),
            is_erased: contact.contains_key("erasedAt"),
            ..State::default()
        };
        if state.is_erased {
            return state;
        }
        state.first_name = text(contact, "firstName");
        let mut of_id = BTreeMap::new();
        for methods in ["phones", "emails"] {
            for (method, entry) in contact[methods].as_object().unwrap() {
                let entry = entry.as_object().unwrap();
                state.methods.insert(method.clone(), held(entry));
                of_id.insert(text(entry, "id"), method.clone());
            }
        }
        for (sort, item) in self.of_contact(id, "SUBSCRIPTION#") {
            let client = sort.rsplit('#').next().unwrap();
            let status = (text(item, "status"), text(item, "unsubscribeReason"));
            state.statuses.insert(client.to_owned(), status);
            let verifications = item.get("verifications").and_then(Value::as_object);
            for (method, entry) in verifications.into_iter().flatten() {
                // An address that was removed and added again has another id, so its old verifications do not count.
                let held = held(entry.as_object().unwrap());
                if let Some(email) = of_id.get(method)
                    && held != Held::default()
                {
                    state.levels.insert(level(client, email), held);
                }
            }
        }
        state
    }

    /// Asserts the invariants between items.
    pub(crate) fn assert_whole(&self) {
        let contacts = self.contacts();
        for (id, contact) in &contacts {
            self.assert_contact_is_whole(id, contact);
        }
        for (email, id) in self.unclaimed() {
            // An import writes a contact before all of its addresses, if they are more than a transaction takes.
            let emails = contacts[id.as_str()]["emails"].as_object().unwrap();
            assert!(emails.len() > 99, "{id} does not own {email}");
        }
    }

    /// The addresses that contacts have without owning them, with these contacts. Asserts that contacts have the addresses that
    /// they own.
    pub(crate) fn unclaimed(&self) -> Vec<(String, String)> {
        let contacts = self.contacts();
        let mut had = BTreeSet::new();
        for (id, contact) in &contacts {
            let emails = contact.get("emails").and_then(Value::as_object);
            let emails = emails.into_iter().flatten();
            had.extend(emails.map(|(email, _)| (email.clone(), (*id).to_owned())));
        }
        let mut claimed = BTreeSet::new();
        for ((partition, sort), item) in &self.0 {
            let owner = text(item, "ownerId");
            if sort == "ADDRESS" && !owner.is_empty() {
                let version = number(&contacts[owner.as_str()]["version"]);
                assert!(number(&item["version"]) <= version, "{partition}");
                claimed.insert((text(item, "value"), owner));
            }
        }
        let lost: Vec<_> = claimed.difference(&had).collect();
        assert!(
            lost.is_empty(),
            "owned by a contact that lacks it: {lost:?}"
        );
        had.difference(&claimed).cloned().collect()
    }

    fn assert_contact_is_whole(&self, id: &str, contact: &Item) {
        let version = number(&contact["version"]);
        let subscriptions: Vec<_> = self.of_contact(id, "SUBSCRIPTION#").collect();
        for (sort, item) in &subscriptions {
            assert!(number(&item["version"]) <= version, "{id} {sort}");
        }
        let requests = contact["recentRequests"].as_array().unwrap();
        assert_eq!(requests.len(), 8, "{id}");
        let drawn = requests.iter().filter(|request| **request != "-");
        let distinct: BTreeSet<_> = drawn.clone().map(|request| request.as_str()).collect();
        assert_eq!(distinct.len(), drawn.count(), "{id}: {requests:?}");
        if contact.contains_key("erasedAt") {
            let is_unfinished = contact.contains_key("unfinished");
            assert!(is_unfinished || subscriptions.is_empty(), "{id}");
        } else {
            let count = contact.get("subscriptionCount").map_or(0, number);
            assert_eq!(count, subscriptions.len() as u64, "{id}");
        }
    }
}

async fn scan(url: &str, request: &Value) -> Value {
    let request = http()
        .post(url)
        .header("x-amz-target", "DynamoDB_20120810.Scan")
        .header("x-amz-date", "20200101T000000Z")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=local/20200101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
        )
        .header("content-type", "application/x-amz-json-1.0")
        .body(request.to_string());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

/// An attribute without its type.
fn plain((name, attribute): (&String, &Value)) -> (String, Value) {
    let (kind, value) = attribute.as_object().unwrap().iter().next().unwrap();
    let item = |(place, item): (usize, &Value)| plain((&place.to_string(), item)).1;
    let value = match kind.as_str() {
        "M" => Value::Object(value.as_object().unwrap().iter().map(plain).collect()),
        "L" => value
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
            .map(item)
            .collect(),
        _ => value.clone(),
    };
    (name.clone(), value)
}

pub(crate) fn number(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

/// The text of an attribute, or an empty text if the item does not have it.
pub(crate) fn text(item: &Item, name: &str) -> String {
    let text = item.get(name).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn held(entry: &Item) -> Held {
    let verification = entry.contains_key("verifiedAt").then(|| {
        let source = entry.get("verificationSource").and_then(Value::as_str);
        let by = text(entry, "verifiedBy");
        (text(entry, "verifiedAt"), by, source.map(str::to_owned))
    });
    Held {
        verification,
        is_cleared: entry.contains_key("clearedAt"),
    }
}
