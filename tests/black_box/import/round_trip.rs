//! An export that is imported into an empty table is exported again byte for byte.

use std::hash::Hasher;

use contacts::arguments::Format;
use serde_json::{Value, json};

use super::{Scene, created, exported, import, imported, lines, organization, unchanged};

/// A contact with every member.
fn with_everything() -> Value {
    json!({
        "id": "c_everything", "firstName": "Zoë \"Z\", \u{1F600}", "lastName": "line\r\nbreak",
        "phoneNumber": [
            { "value": "+14165550101", "isPrimary": false, "verifiedAt": "2024-03-01T00:00:00.001Z" },
            { "value": "+442079460018", "isPrimary": true, "verifiedAt": "2024-02-01T00:00:00Z",
              "verifiedBy": "user_1", "verificationSource": "admin-manual" },
            { "value": "+14165550100", "isPrimary": false },
        ],
        "emails": [
            { "value": "Zoe@Exämple.com", "isPrimary": false, "verifiedAt": "2024-01-01T00:00:00Z", "verifiedBy": "client:website" },
            { "value": "a.zoe@example.com", "isPrimary": true },
        ],
        "secondaryPhoneNumber": ["ext; 12", "[x]"],
        "status": "New Lead", "pipelineId": "p", "pipelineStage": "s", "userId": "u", "createdBy": "v",
        "assignees": ["b", "a;c", ""],
        "verifiedAt": "2023-01-01T00:00:00Z", "verifiedBy": "user_2", "verificationSource": "import",
        "emailValidation": { "status": "risky", "reason": "role", "validatedAt": "2024-01-01T00:00:00Z" },
        "globallyUnsubscribedAt": "2024-05-01T00:00:00Z", "globalUnsubscribeReason": "too many",
        "hardBouncedAt": "2024-06-01T00:00:00Z", "complainedAt": "2024-07-01T00:00:00Z",
        "subscriptions": [
            { "audience": "newsletter", "client": "website", "status": "subscribed", "verifiedAt": "2024-01-02T00:00:00Z",
              "verifiedBy": "client:website", "verificationSource": "form" },
            { "audience": "newsletter", "client": "app", "status": "unsubscribed", "unsubscribedAt": "2024-01-03T00:00:00Z",
              "unsubscribeReason": "bored" },
            { "audience": "newsletter", "status": "pending" },
        ],
        "tags": { "newsletter": ["lead", "a;b"], "other": ["x"] },
        "createdAt": "2020-01-01T00:00:00Z", "updatedAt": "2025-01-01T00:00:00Z",
    })
}

/// Contacts in states that no endpoint makes, but a seed file can.
fn odd() -> Vec<Value> {
    vec![
        json!({ "id": "c_nothing" }),
        json!({ "id": "c_no_primary", "emails": [{ "value": "np@b.ca", "isPrimary": false }],
                "phoneNumber": [{ "value": "+14165550100", "isPrimary": false }, { "value": "+14165550101", "isPrimary": false }] }),
        json!({ "id": "c_ended_some_time", "subscriptions": [
            { "audience": "newsletter", "client": "website", "status": "unsubscribed" },
            { "audience": "other", "status": "unsubscribed", "unsubscribeReason": "why" },
            { "audience": "other", "client": "app", "status": "pending", "unsubscribedAt": "2024-01-03T00:00:00Z" },
            { "audience": "other", "client": "website", "status": "subscribed", "unsubscribeReason": "once" },
        ] }),
        json!({ "id": "c_verified_by_nobody", "verifiedAt": "2024-01-01T00:00:00Z", "verificationSource": "x",
                "emails": [{ "value": "vn@b.ca", "verifiedAt": "2024-01-01T00:00:00Z" }] }),
        json!({ "id": "c_reason_without_time", "globalUnsubscribeReason": "no time" }),
        json!({ "id": "c_blank", "firstName": "", "lastName": " ", "status": "\"quoted", "userId": "\u{feff}", "pipelineId": "a\u{0}b",
                "globallyUnsubscribedAt": "2024-05-01T00:00:00Z" }),
        json!({ "id": "c_found_without_time", "emails": [{ "value": "fwt@b.ca" }], "emailValidation": { "status": "valid" } }),
        json!({ "id": "c_reason_only", "emails": [{ "value": "ro@b.ca" }], "emailValidation": { "reason": "timeout" } }),
        json!({ "id": "c_no_tags", "tags": { "newsletter": [] } }),
        json!({ "id": "c_owner", "emails": [{ "value": "shared@b.ca" }] }),
        json!({ "id": "c_other", "emails": [{ "value": "Shared@b.ca" }, { "value": "own@b.ca" }] }),
        json!({ "id": "c_first", "emails": [{ "value": "shared2@b.ca" }] }),
        json!({ "id": "c_also", "emails": [{ "value": "shared2@b.ca", "verifiedAt": "2024-01-01T00:00:00Z" }] }),
        json!({ "id": "-_-", "createdAt": "2030-01-01T00:00:00Z", "updatedAt": "2029-01-01T00:00:00Z" }),
    ]
}

#[tokio::test]
async fn an_export_that_is_imported_is_exported_again_as_it_was() {
    for format in [Format::Jsonl, Format::Csv] {
        let scene = Scene::start().await;
        let mut contacts = odd();
        contacts.push(with_everything());
        let count = contacts.len() as u64;
        scene.seed(Value::Array(contacts)).await;
        let (from, to) = (scene.from.store().await, scene.to.store().await);
        let first = exported(&from, &scene.organization, format).await;
        assert_eq!(
            exported(&from, &scene.organization, format).await,
            first,
            "an export is always in the same order"
        );

        for counts in [created(count), unchanged(count)] {
            let (summary, rejects) = import(&to, &first, |options| options.file.format = format)
                .await
                .unwrap();
            assert_eq!((summary.counts, rejects.as_str()), (counts, ""));
            assert_eq!(exported(&to, &scene.organization, format).await, first);
        }
        // The other format has the same data.
        let other = match format {
            Format::Jsonl => Format::Csv,
            Format::Csv => Format::Jsonl,
        };
        assert_eq!(
            exported(&to, &scene.organization, other).await,
            exported(&from, &scene.organization, other).await
        );
    }
}

#[tokio::test]
async fn an_address_has_the_same_owner_afterwards() {
    let scene = Scene::start().await;
    scene.seed(Value::Array(odd())).await;
    let (from, to) = (scene.from.store().await, scene.to.store().await);
    let export = exported(&from, &scene.organization, Format::Jsonl).await;
    imported(&to, &export).await;
    // A record without an id is about the owner of its address.
    for (address, owner) in [("shared@b.ca", "c_owner"), ("shared2@b.ca", "c_first")] {
        let record = json!({ "email": address, "firstName": "The owner" });
        let file = lines([organization(), record]);
        let (counts, rejects) = imported(&to, &file).await;
        assert_eq!((counts.updated, rejects.as_str()), (1, ""));
        let export = exported(&to, &scene.organization, Format::Jsonl).await;
        let named = export.lines().find(|line| line.contains(owner)).unwrap();
        assert!(named.contains("The owner"), "{named}");
    }
}

#[tokio::test]
async fn a_contact_with_more_subscriptions_and_addresses_than_a_transaction_takes_comes_back_whole()
{
    let scene = Scene::start().await;
    let subscriptions: Vec<_> = (0..350)
        .map(|n| json!({ "audience": "newsletter", "client": format!("client-{n}"), "status": "subscribed" }))
        .collect();
    let emails: Vec<_> = (0..99)
        .map(|n| json!({ "value": format!("{n}@b.ca"), "isPrimary": n == 77 }))
        .collect();
    let contacts = [
        json!({ "id": "c_subscribed", "subscriptions": subscriptions, "createdAt": "2020-01-01T00:00:00Z" }),
        json!({ "id": "c_reached", "subscriptions": subscriptions, "emails": emails, "createdAt": "2020-01-01T00:00:00Z" }),
    ];
    let to = scene.to.store().await;
    let file = lines([organization()].into_iter().chain(contacts));
    let (counts, rejects) = imported(&to, &file).await;
    assert_eq!((counts, rejects.as_str()), (created(2), ""));
    let (counts, _) = imported(&to, &file).await;
    assert_eq!(counts, unchanged(2));

    let export = exported(&to, &scene.organization, Format::Jsonl).await;
    let line = |id: &str| {
        let line = export.lines().find(|line| line.contains(id)).unwrap();
        serde_json::from_str::<Value>(line).unwrap()
    };
    let contact = line("c_subscribed");
    assert_eq!(contact["subscriptions"].as_array().unwrap().len(), 350);
    assert_eq!(contact["updatedAt"], "2020-01-01T00:00:00.000Z");
    let contact = line("c_reached");
    assert_eq!(contact["subscriptions"].as_array().unwrap().len(), 350);
    assert_eq!(contact["updatedAt"], "2020-01-01T00:00:00.000Z");
    for (n, email) in contact["emails"].as_array().unwrap().iter().enumerate() {
        assert_eq!(
            *email,
            json!({ "value": format!("{n}@b.ca"), "isPrimary": n == 77 })
        );
    }
}

/// FNV-1a, the hash that spreads contacts over the parts of the index.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[tokio::test]
async fn a_part_of_the_index_with_several_pages_is_exported_whole() {
    let scene = Scene::start().await;
    let is_in_first_part = |id: &String| {
        let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
        hasher.write(id.as_bytes());
        hasher.finish().is_multiple_of(16)
    };
    let mut ids: Vec<_> = (0..)
        .map(|n| format!("c_{n}"))
        .filter(is_in_first_part)
        .take(1050)
        .collect();
    let contacts = ids.iter().map(|id| json!({ "id": id }));
    let file = lines([organization()].into_iter().chain(contacts));
    let to = scene.to.store().await;
    let (counts, _) = imported(&to, &file).await;
    assert_eq!(counts, created(1050));
    let export = exported(&to, &scene.organization, Format::Jsonl).await;
    let found: Vec<_> = export
        .lines()
        .skip(1)
        .map(|line| {
            let contact: Value = serde_json::from_str(line).unwrap();
            contact["id"].as_str().unwrap().to_owned()
        })
        .collect();
    ids.sort();
    assert_eq!(found, ids);
}
