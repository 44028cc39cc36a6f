//! The effect of a record on stored contacts, and the records that an import rejects.

use black_box_tests::{Api, Database};
use contacts::arguments::Format;
use contacts::import::{Counts, End};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use shared::domain::OrganizationId;
use shared::store::Store;

use super::{created, exported, import, imported, lines, organization};

struct Table {
    /// The database lives as long as the store.
    _database: Database,
    store: Store,
}

impl Table {
    async fn start() -> Self {
        let database = Database::start_own_table().await;
        Self {
            store: database.store().await,
            _database: database,
        }
    }

    /// Imports these records.
    async fn import(&self, records: impl IntoIterator<Item = Value>) -> (Counts, String) {
        let file = lines([organization()].into_iter().chain(records));
        imported(&self.store, &file).await
    }

    /// All contacts of an export.
    async fn contacts(&self) -> Vec<Value> {
        let organization = OrganizationId::parse("org_a").unwrap();
        let export = exported(&self.store, &organization, Format::Jsonl).await;
        export
            .lines()
            .skip(1)
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The only contact.
    async fn contact(&self) -> Value {
        let mut contacts = self.contacts().await;
        assert_eq!(contacts.len(), 1);
        contacts.pop().unwrap()
    }
}

fn verified(at: &str, by: &str) -> Value {
    let verification = json!({ "verifiedAt": at, "verifiedBy": by });
    let with = |mut members: Value| {
        let members = members.as_object_mut().unwrap();
        members.extend(verification.as_object().unwrap().clone());
        Value::Object(members.clone())
    };
    with(json!({
        "id": "c_1",
        "emails": [with(json!({ "value": "a@b.ca", "isPrimary": true }))],
        "phoneNumber": [with(json!({ "value": "+14165550100", "isPrimary": true }))],
        "subscriptions": [with(json!({ "audience": "newsletter", "client": "website", "status": "subscribed" }))],
        "createdAt": at,
        "updatedAt": "2026-01-01T00:00:00.000Z",
    }))
}

/// Every level stores the earliest verification, whatever the order and repetition of the records, in one file or several.
#[test]
fn the_earliest_verification_stays_whatever_the_order_of_the_records() {
    let mut runner = TestRunner::new(Config::with_cases(12));
    let orders = (prop::collection::vec(1..9_u32, 1..8), any::<bool>());
    runner
        .run(&orders, |(years, one_file)| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let contact = runtime.block_on(async {
                let table = Table::start().await;
                let records = years
                    .iter()
                    .map(|year| verified(&time(*year), &format!("user_{year}")));
                if one_file {
                    table.import(records).await;
                } else {
                    for record in records {
                        table.import([record]).await;
                    }
                }
                table.contact().await
            });
            let earliest = years.iter().min().unwrap();
            let levels = [
                &contact,
                &contact["phoneNumber"][0],
                &contact["subscriptions"][0],
            ];
            for level in levels {
                prop_assert_eq!(&level["verifiedAt"], &json!(time(*earliest)));
                prop_assert_eq!(&level["verifiedBy"], &json!(format!("user_{earliest}")));
            }
            prop_assert_eq!(&contact["createdAt"], &json!(time(*earliest)));
            Ok(())
        })
        .unwrap();
}

fn time(year: u32) -> String {
    format!("202{year}-01-01T00:00:00.000Z")
}

#[tokio::test]
async fn records_with_a_common_id_or_address_are_applied_in_the_order_of_the_file() {
    let table = Table::start().await;
    // The last record names both addresses. Without that, nothing would order it after the record that names the other one.
    let count = 91;
    let records = (0..count).map(|n| {
        // The records name the contact by its id and both addresses, by one address, or by the other.
        let mut record = match n % 3 {
            0 => json!({ "id": "c_1", "emails": [{ "value": "a@b.ca" }, { "value": "c@b.ca" }] }),
            1 => json!({ "email": "A@b.ca" }),
            _ => json!({ "emails": [{ "value": "c@B.ca" }] }),
        };
        record["firstName"] = json!(format!("name {n}"));
        record
    });
    let (counts, rejects) = table.import(records).await;
    assert_eq!(rejects, "");
    assert_eq!((counts.created, counts.updated), (1, count - 1));
    let contact = table.contact().await;
    assert_eq!(contact["id"], "c_1");
    assert_eq!(contact["firstName"], format!("name {}", count - 1));
}

#[tokio::test]
async fn omitted_members_of_a_record_keep_their_values_and_present_ones_take_effect() {
    let table = Table::start().await;
    let before = json!({
        "id": "c_1", "firstName": "Jane", "lastName": "Doe", "status": "Lead",
        "emails": [{ "value": "a@b.ca", "isPrimary": true }],
        "phoneNumber": [{ "value": "+14165550100", "isPrimary": true, "verifiedAt": "2024-01-01T00:00:00.000Z" }],
        "hardBouncedAt": "2024-01-01T00:00:00.000Z",
        "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "unsubscribed", "unsubscribedAt": "2025-01-01T00:00:00.000Z" }],
        "tags": { "newsletter": ["lead"] }, "createdAt": "2024-01-01T00:00:00.000Z", "updatedAt": "2024-01-01T00:00:00.000Z",
    });
    table.import([before.clone()]).await;
    let (counts, _) = table
        .import([json!({
            "id": "c_1", "firstName": "Janet", "phoneNumber": "(416) 555-0100",
            "emails": [{ "value": "c@b.ca" }],
            "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" },
                              { "audience": "other", "status": "pending" }],
            "tags": { "other": ["x"] },
        })])
        .await;
    assert_eq!(counts.updated, 1);
    let mut after = table.contact().await;
    assert_ne!(after["updatedAt"], before["updatedAt"]);
    after["updatedAt"] = before["updatedAt"].clone();
    let mut expected = before;
    expected["firstName"] = json!("Janet");
    expected["emails"] = json!([{ "value": "a@b.ca", "isPrimary": true }, { "value": "c@b.ca", "isPrimary": false }]);
    expected["subscriptions"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "audience": "other", "status": "pending", "email": "c@b.ca" }));
    expected["tags"]["other"] = json!(["x"]);
    assert_eq!(after, expected);
}

#[tokio::test]
async fn a_record_in_the_dialect_of_an_application_is_imported_for_its_client() {
    let table = Table::start().await;
    let record = json!({
        "email": "Jane@b.ca", "audience": "newsletter", "client": "website", "status": "subscribed",
        "verified": true, "verified_at": "2024-07-01T10:00", "tags": ["lead"], "firstName": " Jane ",
        "email_validation": { "status": "valid" }, "phoneNumber": "416-555-0100",
        "suppression": { "hard_bounced": false, "complained": true },
    });
    let file = lines([organization(), record]);
    for counts in [created(1), super::unchanged(1)] {
        let (summary, rejects) = import(&table.store, &file, |options| {
            options.time_zone = "America/Toronto".parse().unwrap();
        })
        .await
        .unwrap();
        assert_eq!((summary.counts, rejects.as_str()), (counts, ""));
    }
    let mut contact = table.contact().await;
    let members = contact.as_object_mut().unwrap();
    assert!(
        members
            .remove("id")
            .unwrap()
            .as_str()
            .unwrap()
            .starts_with("c_")
    );
    for time in ["createdAt", "updatedAt", "complainedAt"] {
        assert!(members.remove(time).is_some(), "{time}");
    }
    assert_eq!(
        contact,
        json!({
            "firstName": "Jane",
            "phoneNumber": [{ "value": "+14165550100", "isPrimary": true }],
            "emails": [{ "value": "Jane@b.ca", "isPrimary": true }],
            "verifiedAt": "2024-07-01T14:00:00.000Z", "verifiedBy": "client:website",
            "emailValidation": { "status": "valid" },
            "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed",
                                "verifiedAt": "2024-07-01T14:00:00.000Z", "verifiedBy": "client:website" }],
            "tags": { "newsletter": ["lead"] },
        })
    );
    // An import never lifts a suppression.
    let record = json!({ "email": "jane@b.ca", "audience": "newsletter", "client": "app",
                         "suppression": { "complained": false, "global_unsubscribed": false } });
    table.import([record]).await;
    assert!(table.contact().await["complainedAt"].is_string());
}

#[tokio::test]
async fn no_address_is_taken_from_its_owner_and_no_record_is_guessed_at() {
    let table = Table::start().await;
    let emails = |addresses: &[&str]| {
        let entries = addresses.iter().map(|address| json!({ "value": address }));
        entries.collect::<Vec<_>>()
    };
    table
        .import([
            json!({ "id": "c_1", "emails": emails(&["a@b.ca"]) }),
            json!({ "id": "c_2", "emails": emails(&["c@b.ca"]) }),
        ])
        .await;
    let before = table.contacts().await;
    let (counts, rejects) = table
        .import([
            // The first record is about an existing contact, and the second about a new one.
            json!({ "id": "c_1", "emails": emails(&["a@b.ca", "C@b.ca"]) }),
            json!({ "id": "c_3", "phoneNumber": "+14165550100", "emails": emails(&["d@b.ca", "a@b.ca"]) }),
            json!({ "emails": emails(&["a@b.ca", "c@b.ca"]) }),
            json!({ "firstName": "Nobody" }),
            json!({ "id": "c_4", "email": "a@b.ca" }),
            json!({ "emails": [{ "value": "e@b.ca", "isOwner": false }] }),
            json!({ "id": "c_5", "subscriptions": [{ "audience": "newsletter" }, { "audience": "unknown" }] }),
            json!({ "id": "c_6", "firstName": "x".repeat(410_000) }),
        ])
        .await;
    assert_eq!(counts.rejected, 8);
    let faults: Vec<_> = rejects
        .lines()
        .skip(1)
        .map(|line| line.splitn(3, ',').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        faults,
        [
            "2 emails[1].value",
            "3 emails[1].value",
            "4 emails",
            "5 id",
            "6 email",
            "7 id",
            "8 subscriptions[1].audience",
            "9 record",
        ],
        "{rejects}"
    );
    assert_eq!(table.contacts().await, before);
}

#[tokio::test]
async fn the_fault_of_a_record_is_named_without_its_values() {
    let table = Table::start().await;
    let text = [
        r#"{"organization":"org_a","audiences":["newsletter"]}"#,
        r#"{"id":"c_1","fristName":"secret"}"#,
        r#"{"id":"c_1","emails":[{"value":"secret@b.ca"},{"value":"Secret@B.ca"}]}"#,
        r#"{"id":"c_1","emails":[{"value":"secret"}]}"#,
        r#"{"id":"c_1","emails":[{"value":"secret@b.ca","isprimary":true}]}"#,
        r#"{"id":"c_1","phoneNumber":[{"value":"+1 secret"}]}"#,
        r#"{"id":"c_1","phoneNumber":[{"isPrimary":true}]}"#,
        r#"{"id":"secret secret"}"#,
        r#"{"id":"c_1","verifiedAt":"2024-01-01secret"}"#,
        r#"{"id":"c_1","verifiedBy":"secret"}"#,
        r#"{"id":"c_1","firstName":["secret"]}"#,
        r#"{"id":"c_1","subscriptions":[{"audience":"newsletter","status":"secret"}]}"#,
        r#"{"id":"c_1","emails":["secret"]}"#,
        r#"{"id":"c_1","tags":["secret"]}"#,
        r#"{"email":"secret","audience":"newsletter","client":"website"}"#,
        r#"{"audience":"newsletter","client":"website"}"#,
        r#"{"email":"a@b.ca","audience":"newsletter"}"#,
        r#"{"email":"a@b.ca","audience":"newsletter","client":"website","unsubscribed_at":"2024-01-01T00:00:00Z"}"#,
        r#"{"email":"a@b.ca","audience":"newsletter","client":"website","verified":true,"verified_at":"secret"}"#,
        r#"{"email":"a@b.ca","audience":"newsletter","client":"website","suppression":{"hard_bounced":"secret"}}"#,
        r#"{"email":"a@b.ca","audience":"newsletter","client":"website","id":"secret"}"#,
        "secret",
        r#"["secret"]"#,
        "",
        r#"{"id":"c_good"}"#,
    ];
    let (counts, rejects) = imported(&table.store, &text.join("\r\n")).await;
    assert_eq!((counts.created, counts.rejected), (1, 22));
    assert!(!rejects.contains("secret"), "{rejects}");
    let faults: Vec<_> = rejects
        .lines()
        .map(|line| line.splitn(3, ',').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        faults,
        [
            "line field",
            "2 fristName",
            "3 emails[1].value",
            "4 emails[0].value",
            "5 emails[0].isprimary",
            "6 phoneNumber[0].value",
            "7 phoneNumber[0].value",
            "8 id",
            "9 verifiedAt",
            "10 verifiedAt",
            "11 firstName",
            "12 subscriptions[0].status",
            "13 emails[0]",
            "14 tags",
            "15 email",
            "16 email",
            "17 client",
            "18 status",
            "19 verified_at",
            "20 suppression.hard_bounced",
            "21 id",
            "22 record",
            "23 record",
        ],
        "{rejects}"
    );
}

#[tokio::test]
async fn a_handmade_file_with_plain_cells_is_imported() {
    let table = Table::start().await;
    let file = "\u{feff}id,firstName,phoneNumber,email,assignees,verifiedAt,tags,audience,client,verified\r\n\
                c_1,Jane,416 555 0100,jane@b.ca,u_1; u_2, 2024-01-01T00:00:00Z ,,,,\r\n\
                ,,,,,,,,,\r\n\
                ,John,,john@b.ca,,,lead;new,newsletter,website,true\r\n";
    let organization = OrganizationId::parse("org_a").unwrap();
    table.import([]).await;
    let (summary, rejects) = import(&table.store, file, |options| {
        options.file.format = Format::Csv;
        options.organization = Some(organization);
    })
    .await
    .unwrap();
    assert_eq!((summary.counts, rejects.as_str()), (created(2), ""));
    let contacts = table.contacts().await;
    let jane = contacts.iter().find(|found| found["id"] == "c_1").unwrap();
    assert_eq!(jane["phoneNumber"][0]["value"], "+14165550100");
    assert_eq!(
        jane["emails"],
        json!([{ "value": "jane@b.ca", "isPrimary": true }])
    );
    assert_eq!(jane["assignees"], json!(["u_1", "u_2"]));
    assert_eq!(jane["verifiedAt"], "2024-01-01T00:00:00.000Z");
    let john = contacts.iter().find(|found| found["id"] != "c_1").unwrap();
    assert_eq!(john["tags"], json!({ "newsletter": ["lead", "new"] }));
    assert_eq!(john["subscriptions"][0]["verifiedBy"], "client:website");
}

#[tokio::test]
async fn a_file_is_of_exactly_one_named_organization() {
    let table = Table::start().await;
    let contact = json!({ "id": "c_1" });
    let error = import(&table.store, &lines([contact.clone()]), |_| ())
        .await
        .unwrap_err();
    assert!(error.starts_with("no organization"), "{error}");

    let other = json!({ "organization": "org_b", "audiences": ["secret"] });
    let late = json!({ "id": "c_2" });
    let file = lines([organization(), contact, other, late]);
    let (summary, _) = import(&table.store, &file, |_| ()).await.unwrap();
    let End::Failed(error) = summary.end else {
        panic!("{:?}", summary.end);
    };
    assert!(
        error
            .to_string()
            .starts_with("line 3: names a second organization")
    );
    assert_eq!(summary.counts, created(1));
    assert_eq!(table.contact().await["id"], "c_1");
}

#[tokio::test]
async fn the_endpoints_answer_with_the_imported_data() {
    let api = Api::start().await;
    let records = [
        json!({ "organization": api.organization, "audiences": ["newsletter"], "clients": ["website"] }),
        json!({ "email": "jane@b.ca", "audience": "newsletter", "client": "website", "status": "subscribed",
                "verified": true, "verified_at": "2024-01-01T00:00:00Z" }),
    ];
    imported(&api.database.store().await, &lines(records)).await;
    let path = "/api/contacts/status?email=Jane@b.ca&audience=newsletter&client=website";
    let request = api.request_by("GET", path);
    let request = request.bearer_auth(api.application_token("website"));
    let answer = api.send(request).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["can_send_marketing"], true, "{}", answer.body);
    assert_eq!(
        answer.body["client"]["verified_at"],
        "2024-01-01T00:00:00.000Z"
    );
}
