//! Throttling, lost answers, races and refusals: no record is lost or doubled, and a permanent fault ends the import.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use black_box_tests::proxy::{Call, Fault, PATIENT, Proxy};
use black_box_tests::{Api, Database};
use contacts::arguments::Format;
use contacts::import::{Counts, End};
use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::domain::{ContactId, OrganizationId, Timestamp};
use shared::store::{RetryBudget, Store};

use super::{
    created, exported, import, import_into, imported, lines, organization, retry_budget, unchanged,
};
use crate::by_hand::{CONTACT, set};
use crate::history::erase;

/// Enough records for several transactions.
const RECORDS: u64 = 60;

fn file() -> String {
    let contacts = (0..RECORDS).map(|n| {
        json!({
            "id": format!("c_{n}"), "emails": [{ "value": format!("{n}@b.ca"), "isPrimary": true }],
            "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }],
            "createdAt": "2024-01-01T00:00:00.000Z",
        })
    });
    lines([organization()].into_iter().chain(contacts))
}

fn org_a() -> OrganizationId {
    OrganizationId::parse("org_a").unwrap()
}

struct Behind {
    database: Database,
    proxy: Proxy,
    store: Store,
}

async fn behind_proxy() -> Behind {
    let database = Database::start_own_table().await;
    let proxy = Proxy::start(&database.url).await;
    let store = database.store_through(&proxy.url, PATIENT).await;
    Behind {
        database,
        proxy,
        store,
    }
}

async fn exported_from(database: &Database) -> String {
    exported(&database.store().await, &org_a(), Format::Jsonl).await
}

/// The export after an import without faults.
async fn undisturbed() -> String {
    let database = Database::start_own_table().await;
    let (counts, _) = imported(&database.store().await, &file()).await;
    assert_eq!(counts, created(RECORDS));
    exported_from(&database).await
}

#[tokio::test]
async fn temporary_faults_lose_and_double_no_record() {
    let expected = undisturbed().await;
    let server_error = Fault::Error(500, "InternalServerError");
    let cases = [
        ("BatchGetItem", Fault::THROTTLED),
        ("BatchGetItem", Fault::UnprocessedKeys),
        ("BatchGetItem", Fault::Reset),
        (
            "TransactWriteItems",
            Fault::Error(400, "ThrottlingException"),
        ),
        (
            "TransactWriteItems",
            Fault::Cancelled(&["ThrottlingError", "None"]),
        ),
        (
            "TransactWriteItems",
            Fault::Cancelled(&["None", "TransactionConflict"]),
        ),
        (
            "TransactWriteItems",
            Fault::Cancelled(&["ConditionalCheckFailed", "None"]),
        ),
        ("TransactWriteItems", Fault::NotJson(503)),
        ("TransactWriteItems", server_error),
        ("TransactWriteItems", Fault::AfterDoing(&Fault::Reset)),
        (
            "TransactWriteItems",
            Fault::AfterDoing(&Fault::Error(500, "InternalServerError")),
        ),
        ("Query", Fault::THROTTLED),
    ];
    // The cases run at the same time, because they mostly wait.
    let cases = cases.map(async |(operation, fault)| {
        let scene = behind_proxy().await;
        // The SDK itself retries less often than this.
        scene.proxy.fail(operation, [fault; 9]);
        let (counts, rejects) = imported(&scene.store, &file()).await;
        let context = format!("{operation} {fault:?}");
        assert_eq!(
            (counts, rejects.as_str()),
            (created(RECORDS), ""),
            "{context}"
        );
        assert_eq!(exported_from(&scene.database).await, expected, "{context}");
    });
    join_all(cases).await;
}

#[tokio::test]
async fn updates_whose_answers_get_lost_are_made_and_counted_once() {
    let scene = behind_proxy().await;
    imported(&scene.store, &file()).await;
    let records = (0..20).map(|n| json!({ "id": format!("c_{n}"), "firstName": "Jane" }));
    let records = lines([organization()].into_iter().chain(records));
    scene.proxy.forget();
    scene
        .proxy
        .fail("UpdateItem", [Fault::AfterDoing(&Fault::NotJson(502)); 6]);
    let (counts, rejects) = imported(&scene.store, &records).await;
    assert_eq!(
        (counts.updated, counts.total(), rejects.as_str()),
        (20, 20, "")
    );
    // The import writes only new contacts together.
    assert_eq!(scene.proxy.count("TransactWriteItems"), 0);
    let (counts, _) = imported(&scene.store, &records).await;
    assert_eq!(counts, unchanged(20));
}

/// Imports a record. The answer to its write gets lost, and `meanwhile` happens before the import looks for the write. Returns
/// the counts.
async fn write_whose_answer_gets_lost(
    api: &Api,
    record: Value,
    operation: &'static str,
    meanwhile: impl Future<Output = ()> + Send + 'static,
) -> Counts {
    let proxy = Proxy::start(&api.database.url).await;
    let store = api.database.store_through(&proxy.url, PATIENT).await;
    proxy.fail(operation, [Fault::AfterDoing(&Fault::NotJson(502))]);
    proxy.after(operation, 1, meanwhile);
    let (counts, rejects) = import_into(&store, &api.organization, &lines([record])).await;
    assert_eq!((counts.total(), rejects.as_str()), (1, ""));
    counts
}

/// The ids of the organization's contacts, also of erased ones.
async fn contact_ids(api: &Api) -> Vec<String> {
    let items = Box::pin(api.database.items(&api.organization)).await;
    let contacts = items
        .iter()
        .filter(|item| item["sk"].as_s().is_ok_and(|key| key == "CONTACT"));
    contacts
        .map(|item| {
            item["pk"]
                .as_s()
                .unwrap()
                .rsplit('#')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect()
}

/// Adds the address to a contact, or removes it (`/remove`).
async fn change_address(api: &Api, path: &str) {
    let body = json!({ "type": "email", "value": "jane@example.com" });
    let path = format!("/api/contacts/{path}");
    let answer = api.post(&path, &api.user_token(), body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// The record has no id, and nobody owns its address after the erasure of its contact. The import creates no new contact.
#[tokio::test]
async fn an_update_whose_answer_gets_lost_is_not_made_again_after_its_contact_was_erased() {
    let api = Arc::new(Api::start().await);
    api.seed(json!([{ "id": "c_1", "emails": [{ "value": "jane@example.com" }] }]))
        .await;
    let erasing = Arc::clone(&api);
    let record = json!({ "firstName": "Jane", "emails": [{ "value": "jane@example.com" }] });
    let counts = write_whose_answer_gets_lost(&api, record, "UpdateItem", async move {
        assert_eq!(erase(&erasing, "c_1").await.status, 200);
    })
    .await;
    assert_eq!(counts.updated, 1);
    assert_eq!(contact_ids(&api).await, ["c_1"]);
}

/// The record has no id. The import does not change the contact that owns the address by then.
#[tokio::test]
async fn an_update_whose_answer_gets_lost_is_not_made_again_to_the_next_owner_of_the_address() {
    let api = Arc::new(Api::start().await);
    api.seed(
        json!([{ "id": "c_1", "emails": [{ "value": "jane@example.com" }] }, { "id": "c_2" }]),
    )
    .await;
    let others = Arc::clone(&api);
    let record = json!({ "firstName": "Jane", "emails": [{ "value": "jane@example.com" }] });
    let counts = write_whose_answer_gets_lost(&api, record, "UpdateItem", async move {
        change_address(&others, "c_1/contact-methods/remove").await;
        change_address(&others, "c_2/contact-methods").await;
    })
    .await;
    assert_eq!(counts.updated, 1);
    for (contact, name) in [("c_1", json!("Jane")), ("c_2", json!(null))] {
        let path = format!("/api/contacts/{contact}");
        let answer = api.get(&path, &api.user_token()).await;
        assert_eq!(answer.body["firstName"], name, "{contact}");
    }
}

/// Somebody undoes the update before the import looks for it.
#[tokio::test]
async fn an_update_whose_answer_gets_lost_is_not_made_again_after_it_was_undone() {
    let api = Arc::new(Api::start().await);
    api.seed(json!([{ "id": "c_1", "emails": [{ "value": "jane@example.com" }] }]))
        .await;
    let others = Arc::clone(&api);
    let record =
        json!({ "id": "c_1", "firstName": "Jane", "emails": [{ "value": "jane@example.com" }] });
    let counts = write_whose_answer_gets_lost(&api, record, "UpdateItem", async move {
        change_address(&others, "c_1/contact-methods/remove").await;
    })
    .await;
    assert_eq!(counts.updated, 1);
    let answer = api.get("/api/contacts/c_1", &api.user_token()).await;
    assert_eq!(
        (&answer.body["firstName"], &answer.body["emails"]),
        (&json!("Jane"), &json!([]))
    );
}

/// The import reads an address first, and then the contact that owns it.
#[tokio::test]
async fn an_address_that_its_contact_loses_meanwhile_is_added_again() {
    let api = Arc::new(Api::start().await);
    api.seed(json!([{ "id": "c_1", "emails": [{ "value": "jane@example.com" }] }]))
        .await;
    let proxy = Proxy::start(&api.database.url).await;
    let store = api.database.store_through(&proxy.url, PATIENT).await;
    let others = Arc::clone(&api);
    proxy.before("BatchGetItem", 2, async move {
        change_address(&others, "c_1/contact-methods/remove").await;
    });
    let record = json!({ "id": "c_1", "emails": [{ "value": "jane@example.com" }] });
    let (counts, rejects) = import_into(&store, &api.organization, &lines([record])).await;
    assert_eq!(
        (counts.updated, counts.total(), rejects.as_str()),
        (1, 1, "")
    );
    let answer = api.get("/api/contacts/c_1", &api.user_token()).await;
    assert_eq!(answer.body["emails"][0]["value"], "jane@example.com");
}

/// The record names its contact only by the address, which the contact loses meanwhile. The import creates no second contact.
#[tokio::test]
async fn a_creation_whose_answer_gets_lost_is_not_made_again_after_it_was_undone() {
    let api = Arc::new(Api::start().await);
    let others = Arc::clone(&api);
    let record = json!({ "firstName": "Jane", "emails": [{ "value": "jane@example.com" }] });
    let counts = write_whose_answer_gets_lost(&api, record, "TransactWriteItems", async move {
        let [id] = &contact_ids(&others).await[..] else {
            panic!("there is one contact");
        };
        change_address(&others, &format!("{id}/contact-methods/remove")).await;
    })
    .await;
    assert_eq!(counts.created, 1);
    let [id] = &contact_ids(&api).await[..] else {
        panic!("there is one contact");
    };
    let path = format!("/api/contacts/{id}");
    let answer = api.get(&path, &api.user_token()).await;
    assert_eq!(answer.body["emails"], json!([]));
}

#[tokio::test]
async fn an_export_waits_for_a_table_that_throttles() {
    let scene = behind_proxy().await;
    imported(&scene.store, &file()).await;
    let expected = exported_from(&scene.database).await;
    for (operation, fault) in [
        ("Query", Fault::THROTTLED),
        ("BatchGetItem", Fault::THROTTLED),
        ("BatchGetItem", Fault::UnprocessedKeys),
    ] {
        scene.proxy.fail(operation, [fault; 9]);
        let export = exported(&scene.store, &org_a(), Format::Jsonl).await;
        assert_eq!(export, expected, "{operation} {fault:?}");
    }
}

#[tokio::test]
async fn waits_for_a_table_that_throttles_are_counted() {
    let scene = behind_proxy().await;
    let retry_budget = retry_budget();
    let import = || {
        import(&scene.store, file(), |options| {
            options.retry_budget = retry_budget.clone();
        })
    };
    import().await.unwrap();
    // A table that answers in parts does not throttle.
    scene.proxy.fail("BatchGetItem", [Fault::UnprocessedKeys]);
    import().await.unwrap();
    assert_eq!(retry_budget.waits(), 0);
    scene.proxy.fail("BatchGetItem", [Fault::THROTTLED; 9]);
    import().await.unwrap();
    assert!(retry_budget.waits() > 1, "{}", retry_budget.waits());
}

/// `c_1` with an address and a subscription, and a store behind a proxy.
async fn subscribed_contact() -> (Arc<Api>, Proxy, Store) {
    let api = Arc::new(Api::start().await);
    let website = json!({ "audience": "newsletter", "client": "website", "status": "subscribed" });
    let emails = json!([{ "value": "jane@example.com" }]);
    api.seed(json!([{ "id": "c_1", "emails": emails, "subscriptions": [website] }]))
        .await;
    let proxy = Proxy::start(&api.database.url).await;
    let store = api.database.store_through(&proxy.url, PATIENT).await;
    (api, proxy, store)
}

#[tokio::test]
async fn a_contact_that_is_verified_during_its_export_is_verified_there_at_all_levels_or_none() {
    let (api, proxy, store) = subscribed_contact().await;
    let verifying = Arc::clone(&api);
    // At this point, the export has read the contact, and not yet its subscriptions.
    proxy.before("Query", 1, async move {
        let body = json!({ "verified": true, "audience": "newsletter", "client": "website" });
        let answer = verifying.verify_contact("c_1", body).await;
        assert_eq!(answer.status, 200);
    });
    let id = ContactId::parse("c_1").unwrap();
    let exported = store.exported(&api.organization, &id).await.unwrap();
    let contact = exported.unwrap().contact;
    let (_, subscription) = contact.subscriptions.first_key_value().unwrap();
    let email = &contact.contact.emails[0];
    assert!(email.verification.current.is_some());
    assert_eq!(email.verification, subscription.verification(email));
}

/// A contact with more subscriptions than one transaction reads or writes.
fn many_subscriptions(organization: &OrganizationId) -> String {
    let audiences: Vec<_> = (0..120).map(|n| format!("a{n:03}")).collect();
    let subscriptions = audiences.iter().map(
        |audience| json!({ "audience": audience, "client": "website", "status": "subscribed" }),
    );
    let contact = json!({
        "id": "c_1", "emails": [{ "value": "jane@example.com" }], "subscriptions": subscriptions.collect::<Vec<_>>(),
    });
    let organization =
        json!({ "organization": organization, "audiences": audiences, "clients": ["website"] });
    lines([organization, contact])
}

#[tokio::test]
async fn a_record_of_several_writes_is_written_whole_where_answers_get_lost() {
    let api = Api::start().await;
    let proxy = Proxy::start(&api.database.url).await;
    let store = api.database.store_through(&proxy.url, PATIENT).await;
    let file = many_subscriptions(&api.organization);
    let organization = file.lines().next().unwrap();
    import_into(&store, &api.organization, organization).await;
    proxy.fail(
        "TransactWriteItems",
        [Fault::AfterDoing(&Fault::NotJson(502))],
    );
    let (counts, rejects) = import_into(&store, &api.organization, &file).await;
    assert_eq!((counts, rejects.as_str()), (created(1), ""));
    let id = ContactId::parse("c_1").unwrap();
    let exported = store.exported(&api.organization, &id).await.unwrap();
    assert_eq!(exported.unwrap().contact.subscriptions.len(), 120);
}

#[tokio::test]
async fn a_contact_that_takes_several_reads_is_exported_as_it_was_at_one_time() {
    let api = Arc::new(Api::start().await);
    let file = many_subscriptions(&api.organization);
    import_into(&api.database.store().await, &api.organization, &file).await;
    let proxy = Proxy::start(&api.database.url).await;
    let store = api.database.store_through(&proxy.url, PATIENT).await;
    let verifying = Arc::clone(&api);
    // At this point, the export has read the contact and the first of its subscriptions.
    proxy.before("TransactGetItems", 2, async move {
        let body = json!({ "verified": true, "audience": "a119", "client": "website" });
        let answer = verifying.verify_contact("c_1", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    });
    let id = ContactId::parse("c_1").unwrap();
    let exported = store.exported(&api.organization, &id).await.unwrap();
    let contact = exported.unwrap().contact;
    let email = &contact.contact.emails[0];
    let (_, last) = contact.subscriptions.last_key_value().unwrap();
    assert_eq!(contact.subscriptions.len(), 120);
    assert!(email.verification.current.is_some());
    assert_eq!(email.verification, last.verification(email));
}

#[tokio::test]
async fn an_export_reads_a_contact_once_if_one_read_holds_all_of_it() {
    let (api, proxy, store) = subscribed_contact().await;
    let id = ContactId::parse("c_1").unwrap();
    let exported = async |reads: usize| {
        proxy.forget();
        let exported = store.exported(&api.organization, &id).await;
        assert_eq!(proxy.count("TransactGetItems"), reads);
        exported.map(|contact| contact.unwrap().contact.subscriptions.len())
    };
    // The contact changes before the export reads it together with its subscriptions.
    let verifying = Arc::clone(&api);
    proxy.before("TransactGetItems", 1, async move {
        let body = json!({ "verified": true, "audience": "newsletter", "client": "website" });
        let answer = verifying.verify_contact("c_1", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    });
    assert_eq!(exported(1).await.unwrap(), 1);
    // Somebody has set a wrong count of its subscriptions.
    let seven = AttributeValue::N("7".to_owned());
    set(&api, CONTACT, &["subscriptionCount"], seven).await;
    assert_eq!(exported(1).await.unwrap(), 1);
    // The export does not retry a refused read.
    proxy.fail(
        "TransactGetItems",
        [Fault::Error(400, "AccessDeniedException")],
    );
    assert!(exported(1).await.is_err());
}

#[tokio::test]
async fn a_change_that_had_to_wait_says_when_it_was_made() {
    let scene = behind_proxy().await;
    let record = |name: &str| lines([organization(), json!({ "id": "c_1", "firstName": name })]);
    imported(&scene.store, &record("Jane")).await;
    // The clock advances by a minute at each look.
    let looks = Arc::new(AtomicU64::new(0));
    let after = |looks: u64| {
        let time = format!("2026-05-20T{:02}:{:02}:00Z", looks / 60, looks % 60);
        Timestamp::parse_rfc3339(&time).unwrap()
    };
    let counted = Arc::clone(&looks);
    let clock = move || after(counted.fetch_add(1, Ordering::Relaxed) + 1);
    scene.proxy.fail("UpdateItem", [Fault::THROTTLED; 9]);
    let (summary, _) = import(&scene.store, &record("June"), |options| {
        options.clock = Arc::new(clock);
    })
    .await
    .unwrap();
    assert_eq!(summary.counts.updated, 1);
    let export = exported_from(&scene.database).await;
    let contact: Value = serde_json::from_str(export.lines().last().unwrap()).unwrap();
    assert_eq!(
        contact["updatedAt"],
        json!(after(looks.load(Ordering::Relaxed)))
    );
}

#[tokio::test]
async fn a_table_that_accepts_no_write_ends_the_import_after_its_retry_budget() {
    let scene = behind_proxy().await;
    let existing = lines([organization(), json!({ "id": "c_0" })]);
    imported(&scene.store, &existing).await;
    scene.proxy.always("UpdateItem", Fault::THROTTLED);
    scene.proxy.always("TransactWriteItems", Fault::THROTTLED);
    let update = json!({ "id": "c_0", "firstName": "Jane" });
    let several = file();
    for (file, records) in [(lines([organization(), update]), 1), (several, RECORDS)] {
        let retry_budget = RetryBudget::new(Duration::from_secs(2));
        let (summary, rejects) = import(&scene.store, &file, |options| {
            options.retry_budget = retry_budget.clone();
        })
        .await
        .unwrap();
        let End::Failed(error) = &summary.end else {
            panic!("{records}: {:?}", summary.end);
        };
        let error = format!("{error:#}");
        assert!(error.contains("is not available"), "{records}: {error}");
        assert_eq!((summary.counts.total(), rejects.as_str()), (0, ""));
        assert!(retry_budget.waits() > 1, "{records}");
    }
}

#[tokio::test]
async fn expired_credentials_end_the_import_at_once() {
    let scene = behind_proxy().await;
    imported(&scene.store, &lines([organization()])).await;
    let expired = Fault::Error(400, "ExpiredTokenException");
    scene.proxy.fail("TransactWriteItems", [expired; 3]);
    let (summary, _) = import(&scene.store, &file(), |options| {
        options.retry_budget = RetryBudget::new(Duration::from_hours(1));
    })
    .await
    .unwrap();
    assert!(matches!(summary.end, End::Failed(_)), "{:?}", summary.end);
}

#[tokio::test]
async fn a_missing_permission_ends_the_import_and_the_next_import_completes_it() {
    let scene = behind_proxy().await;
    let expected = undisturbed().await;
    imported(&scene.store, &lines([organization()])).await;
    let denied = Fault::Error(400, "AccessDeniedException");
    let proxy = &scene.proxy;
    proxy.fail("TransactWriteItems", [denied]);
    let (summary, _) = import(&scene.store, &file(), |_| ()).await.unwrap();
    assert!(matches!(summary.end, End::Failed(_)), "{:?}", summary.end);
    assert!(summary.counts.total() < RECORDS);

    let (counts, _) = imported(&scene.store, &file()).await;
    assert_eq!(counts.created + counts.unchanged, RECORDS);
    assert_eq!(counts.unchanged, summary.counts.created);
    assert_eq!(exported_from(&scene.database).await, expected);
}

#[tokio::test]
async fn a_contact_that_is_created_during_an_import_is_found() {
    let scene = behind_proxy().await;
    let record = |name: &str| {
        let contact = json!({ "email": "jane@b.ca", "firstName": name });
        lines([organization(), contact])
    };
    let (other, meanwhile) = (scene.database.store().await, record("Meanwhile"));
    // At this point, the import has read that there is no such contact.
    scene.proxy.before("TransactWriteItems", 2, async move {
        imported(&other, &meanwhile).await;
    });
    let (counts, _) = imported(&scene.store, &record("Jane")).await;
    assert_eq!((counts.created, counts.updated), (0, 1));
    let export = exported_from(&scene.database).await;
    assert_eq!(export.lines().count(), 2);
    assert!(export.contains("Jane"), "{export}");
}

#[tokio::test]
async fn two_imports_at_the_same_time_make_each_contact_once() {
    let database = Database::start_own_table().await;
    let (one, other) = (database.store().await, database.store().await);
    let contacts = (0..RECORDS)
        .map(|n| json!({ "email": format!("{n}@b.ca"), "phoneNumber": "+14165550100" }));
    let file = lines([organization()].into_iter().chain(contacts));
    let (one, other) = tokio::join!(imported(&one, &file), imported(&other, &file));
    assert_eq!(one.0.created + other.0.created, RECORDS);
    // If an engine loses an answer, the import rejects the records, and the file of rejects says to import them again.
    let rejected = one.0.rejected + other.0.rejected;
    assert_eq!(one.0.unchanged + other.0.unchanged + rejected, RECORDS);
    for line in one.1.lines().chain(other.1.lines()) {
        assert!(
            line.starts_with("line,") || line.contains("import it again"),
            "{line}"
        );
    }
    let again = imported(&database.store().await, &file).await;
    assert_eq!(again, (unchanged(RECORDS), String::new()));
    let export = exported_from(&database).await;
    let ids: BTreeSet<_> = export.lines().skip(1).collect();
    assert_eq!(ids.len() as u64, RECORDS);
}

#[tokio::test]
async fn an_import_among_requests_of_an_application_makes_each_contact_once() {
    let api = Api::start().await;
    api.seed(json!([])).await;
    let contacts = (0..40).map(|n| json!({ "email": format!("{n}@b.ca"), "lastName": "Doe" }));
    let first = json!({ "organization": api.organization });
    let file = lines([first].into_iter().chain(contacts));
    let token = api.application_token("website");
    let requests = async {
        for n in 0..40 {
            let request = api.request_by("POST", "/api/contacts").bearer_auth(&token);
            let body = json!({ "email": format!("{n}@b.ca"), "audience": "newsletter", "client": "website", "firstName": "Jane" });
            let answer = api.send(request.json(&body)).await;
            assert!(answer.status < 300, "{:?}", answer.body);
        }
    };
    let store = api.database.store().await;
    let ((counts, rejects), ()) = tokio::join!(imported(&store, &file), requests);
    assert_eq!((counts.total(), rejects.as_str()), (40, ""));
    let export = exported(&store, &api.organization, Format::Jsonl).await;
    assert_eq!(export.lines().count(), 41);
    for line in export.lines().skip(1) {
        let contact: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (&contact["firstName"], &contact["lastName"]),
            (&json!("Jane"), &json!("Doe"))
        );
    }
}

#[tokio::test]
async fn a_dry_run_reports_the_outcome_of_an_import_and_writes_nothing() {
    let scene = behind_proxy().await;
    let some: Vec<_> = file().lines().take(50).map(str::to_owned).collect();
    let some = some.join("\n");
    imported(&scene.store, &some).await;
    let before = exported_from(&scene.database).await;
    let file = file().replace("\"c_1\"", "\"c_1\",\"firstName\":\"Jane\"") + "{\"id\":\"c 1\"}\n";
    scene.proxy.forget();
    let (summary, rejects) = import(&scene.store, &file, |options| options.dry_run = true)
        .await
        .unwrap();
    let counts = summary.counts;
    assert_eq!(
        (
            counts.created,
            counts.updated,
            counts.unchanged,
            counts.rejected
        ),
        (RECORDS - 49, 1, 48, 1)
    );
    assert!(rejects.contains(",id,"), "{rejects}");
    let operations: BTreeSet<_> = scene.proxy.operations().into_iter().collect();
    let reads = ["BatchGetItem", "Query", "TransactGetItems"].map(str::to_owned);
    assert_eq!(operations, BTreeSet::from(reads));
    assert_eq!(exported_from(&scene.database).await, before);
}

/// All texts of a call that name an organization's partition.
fn partitions(call: &Call) -> Vec<String> {
    fn collect(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) if text.starts_with("ORG#") => found.push(text.clone()),
            Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
            Value::Object(members) => members.values().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(&call.request, &mut found);
    if let Some(answer) = &call.answer {
        collect(&answer.body, &mut found);
    }
    found
}

#[tokio::test]
async fn data_of_other_organizations_are_never_read_or_asked_for() {
    let scene = behind_proxy().await;
    // The ids of these organizations begin like that of the exported one.
    for other in ["org_b", "org_", "org_aa", "org_a1"] {
        let other = OrganizationId::parse(other).unwrap();
        let (summary, _) = import(&scene.store, &file(), |options| {
            options.organization = Some(other);
        })
        .await
        .unwrap();
        assert_eq!(summary.counts, created(RECORDS));
    }
    imported(&scene.store, &file()).await;
    scene.proxy.forget();
    let export = exported(&scene.store, &org_a(), Format::Jsonl).await;
    assert_eq!(export.lines().count() as u64, 1 + RECORDS);
    imported(&scene.store, &file()).await;
    for call in scene.proxy.calls() {
        assert_ne!(call.operation, "Scan");
        let partitions = partitions(&call);
        assert!(!partitions.is_empty(), "{call:?}");
        for partition in partitions {
            assert!(
                partition == "ORG#org_a" || partition.starts_with("ORG#org_a#"),
                "{partition}"
            );
        }
    }
    // One query of each part of the index, and one of each contact's subscriptions.
    let queries = scene.proxy.count("Query") as u64;
    assert_eq!(queries, 16 + RECORDS + 2 + 2);
}
