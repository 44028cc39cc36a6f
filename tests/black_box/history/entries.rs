//! One entry for each event of a contact, whatever causes the event.

use aws_sdk_dynamodb::types::AttributeValue;
use black_box_tests::Api;
use serde_json::{Value, json};
use shared::http::Route;

use super::{EMAIL, OTHER, PHONE, history, newest, plain, start, start_with_contact};

/// Changes an item of `c_1` by hand: sets the text at a path, or removes it.
async fn edit(api: &Api, sort: &str, path: &[&str], value: Option<&str>) {
    let client = api.database.client().await;
    let names: Vec<_> = (0..path.len()).map(|n| format!("#n{n}")).collect();
    let place = names.join(".");
    let update = client.update_item().table_name(&api.database.table);
    let partition = format!("ORG#{}#CONTACT#c_1", api.organization);
    let mut update = update
        .key("pk", AttributeValue::S(partition))
        .key("sk", AttributeValue::S(sort.to_owned()));
    for (placeholder, name) in names.into_iter().zip(path) {
        update = update.expression_attribute_names(placeholder, *name);
    }
    let update = match value {
        Some(value) => update
            .update_expression(format!("SET {place} = :value"))
            .expression_attribute_values(":value", AttributeValue::S(value.to_owned())),
        None => update.update_expression(format!("REMOVE {place}")),
    };
    update.send().await.unwrap();
}

/// An entry about a verification at the contact's level.
fn at_contact(event: &str, kind: &str, value: &str, before: &Value, after: &Value) -> Value {
    json!({
        "event": event, "level": "contact", "audience": null, "client": null, "type": kind, "value": value,
        "before": before, "after": after,
    })
}

/// The entry with its actor and route.
fn by(mut entry: Value, actor: &str, route: &str) -> Value {
    entry["actor"] = json!(actor);
    entry["route"] = json!(route);
    entry
}

#[tokio::test]
async fn a_verification_is_recorded_then_moved_earlier_then_cleared() {
    let api = start_with_contact().await;
    let route = Route::VerifyContactMethod.key();
    let verify = |at: Value| json!({ "type": "phone", "value": "(416) 555-0100", "verifiedAt": at, "verificationSource": "call" });
    let state = |at: &str| json!({ "verifiedAt": at, "verifiedBy": "user_1", "verificationSource": "call" });
    for at in ["2024-05-02T00:00:00Z", "2024-05-01T00:00:00Z"] {
        let answer = api.verify_contact_method("c_1", verify(json!(at))).await;
        assert_eq!(answer.body["data"]["outcome"], "recorded");
    }
    // A later verification is not recorded, and leaves no entry.
    api.verify_contact_method("c_1", verify(json!("2025-01-01T00:00:00Z")))
        .await;
    api.verify_contact_method("c_1", json!({ "type": "phone", "value": PHONE }))
        .await;
    let (late, early) = (
        state("2024-05-02T00:00:00.000Z"),
        state("2024-05-01T00:00:00.000Z"),
    );
    let entry = |event: &str, before: &Value, after: &Value| {
        let entry = at_contact(event, "phone", PHONE, before, after);
        by(entry, "user_1", route)
    };
    let found: [Value; 3] = newest(&api).await;
    assert_eq!(
        found.map(plain),
        [
            entry("verification.cleared", &early, &Value::Null),
            entry("verification.recorded", &late, &early),
            entry("verification.recorded", &Value::Null, &late),
        ]
    );
}

#[tokio::test]
async fn an_entry_has_the_request_and_its_time() {
    let api = start_with_contact().await;
    let body = json!({ "phoneNumber": PHONE, "verifiedAt": "2024-05-02T00:00:00Z" });
    let answer = api.verify_phone_number("c_1", body).await;
    let [entry] = newest(&api).await;
    assert_eq!(entry["requestId"], answer.header("x-request-id").unwrap());
    assert_eq!(entry["at"], answer.body["data"]["contact"]["updatedAt"]);
    assert_eq!(entry["route"], Route::VerifyPhoneNumber.key());
    // The entry is the same at every read.
    let [again] = newest(&api).await;
    assert_eq!(again, entry);
}

#[tokio::test]
async fn endpoint_3_changes_both_levels_and_its_entries_name_the_address() {
    let api = start_with_contact().await;
    for verified in [true, false] {
        let body = json!({
            "verified": verified, "audience": "newsletter", "client": "website", "email": OTHER,
            "verified_at": "2024-09-01T10:00:00Z",
        });
        assert_eq!(api.verify_contact("c_1", body).await.status, 200);
    }
    let state = json!({ "verifiedAt": "2024-09-01T10:00:00.000Z", "verifiedBy": "client:website" });
    let entries = |event: &str, before: Value, after: Value| {
        let route = Route::VerifyContact.key();
        let contact = at_contact(event, "email", OTHER, &before, &after);
        let mut client = contact.clone();
        client["level"] = json!("client");
        client["audience"] = json!("newsletter");
        client["client"] = json!("website");
        [client, contact].map(|entry| by(entry, "client:website", route))
    };
    let found: [Value; 4] = newest(&api).await;
    let recorded = entries("verification.recorded", Value::Null, state.clone());
    let cleared = entries("verification.cleared", state, Value::Null);
    assert_eq!(found.map(plain).to_vec(), [cleared, recorded].concat());
}

#[tokio::test]
async fn a_removed_address_loses_its_verification_at_each_level_that_held_one() {
    let api = start_with_contact().await;
    let verify =
        |client: &str| json!({ "verified": true, "audience": "newsletter", "client": client });
    api.verify_contact("c_1", verify("website")).await;
    let path = Route::RemoveContactMethod.path_of("c_1");
    let body = json!({ "type": "email", "value": EMAIL });
    let answer = api.post(&path, &api.user_token(), body.clone()).await;
    assert_eq!(answer.status, 200);
    let [client, contact] = newest(&api).await;
    for (entry, level) in [(&client, "client"), (&contact, "contact")] {
        assert_eq!(entry["event"], "verification.cleared", "{entry}");
        assert_eq!(
            (&entry["level"], &entry["value"]),
            (&json!(level), &json!(EMAIL))
        );
        assert_eq!(
            (&entry["actor"], &entry["after"]),
            (&json!("user_1"), &Value::Null)
        );
    }
    // The address is unverified when it is added again, so its removal clears nothing.
    let add = Route::AddContactMethod.path_of("c_1");
    api.post(&add, &api.user_token(), body.clone()).await;
    api.post(&path, &api.user_token(), body).await;
    let [still] = newest(&api).await;
    assert_eq!(still, client);
}

#[tokio::test]
async fn an_entry_about_a_subscription_has_its_status_and_the_reason() {
    let api = start_with_contact().await;
    let subject = json!({ "email": EMAIL, "audience": "newsletter", "client": "website", "scope": "audience", "reason": "too many" });
    let token = api.application_token("website");
    let unsubscribed = api.post(Route::Unsubscribe.path(), &token, subject).await;
    assert_eq!(unsubscribed.status, 200, "{unsubscribed:?}");
    let [entry] = newest(&api).await;
    assert_eq!(
        plain(entry),
        json!({
            "event": "subscription.changed", "level": null, "audience": "newsletter", "client": null, "type": null, "value": null,
            "before": { "status": "subscribed" }, "after": { "status": "unsubscribed", "reason": "too many" },
            "actor": "client:website", "route": Route::Unsubscribe.key(),
        })
    );
}

#[tokio::test]
async fn facts_that_block_mail_have_entries_for_the_person_or_for_the_address() {
    let api = start_with_contact().await;
    let body = json!({
        "email": EMAIL, "audience": "newsletter", "client": "website", "status": "subscribed",
        "suppression": { "hard_bounced": true, "complained": true, "global_unsubscribed": true, "global_unsubscribe_reason": "no more" },
        "email_validation": { "status": "no_mx", "reason": "no server", "validated_at": "2024-01-01T00:00:00Z" },
    });
    let answer = api.upsert(body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let found: [Value; 4] = newest(&api).await;
    let facts = found.map(|entry| {
        assert_eq!(entry["event"], "suppression.changed");
        assert_eq!(entry["before"], Value::Null);
        let mut after = entry["after"].clone();
        let since = after.as_object_mut().unwrap().remove("since").unwrap();
        let is_finding = after["kind"] == "validation";
        assert!(
            !is_finding || since == "2024-01-01T00:00:00.000Z",
            "{entry}"
        );
        (entry["value"].clone(), after)
    });
    let expected = [
        (
            json!(EMAIL),
            json!({ "kind": "validation", "status": "no_mx", "reason": "no server" }),
        ),
        (json!(EMAIL), json!({ "kind": "hard_bounced" })),
        (Value::Null, json!({ "kind": "complained" })),
    ];
    assert_eq!(facts[..3], expected);
    assert_eq!(facts[3].1["kind"], "globally_unsubscribed");
}

#[tokio::test]
async fn a_removal_does_not_lift_the_facts_that_block_mail_to_the_address() {
    let api = start_with_contact().await;
    let body = json!({
        "email": EMAIL, "audience": "newsletter", "client": "website", "suppression": { "hard_bounced": true },
    });
    api.upsert(body).await;
    let [bounce] = newest(&api).await;
    assert_eq!(bounce["after"]["kind"], "hard_bounced");
    let method = json!({ "type": "email", "value": EMAIL });
    let token = api.user_token();
    let remove = Route::RemoveContactMethod.path_of("c_1");
    api.post(&remove, &token, method.clone()).await;
    let [unchanged] = newest(&api).await;
    assert_eq!(unchanged, bounce);
    // The bounce comes back with the address.
    let add = Route::AddContactMethod.path_of("c_1");
    api.post(&add, &token, method).await;
    let [back] = newest(&api).await;
    assert_eq!(
        (&back["event"], &back["after"]),
        (&json!("suppression.changed"), &bounce["after"])
    );
}

#[tokio::test]
async fn entries_of_an_import_and_of_a_seed_name_them_as_their_route() {
    let api = start().await;
    api.seed(json!([{ "id": "c_1", "phoneNumber": [{ "value": PHONE, "verifiedAt": "2024-01-01T00:00:00Z" }] }]))
        .await;
    let line = json!({ "id": "c_1", "phoneNumber": [{ "value": PHONE, "verifiedAt": "2023-01-01T00:00:00Z", "verifiedBy": "old CRM" }] });
    let store = api.database.store().await;
    crate::import::import_into(&store, &api.organization, &format!("{line}\n")).await;
    let [import, seed] = newest(&api).await;
    assert_eq!(
        (&import["route"], &seed["route"]),
        (&json!("import"), &json!("seed"))
    );
    assert_eq!(
        import["after"],
        json!({ "verifiedAt": "2023-01-01T00:00:00.000Z", "verifiedBy": "old CRM" })
    );
    assert!(import["requestId"].is_string() && import["actor"].is_string());
    // The time is that of the import, not one of the file.
    assert!(import["at"].as_str().unwrap() > "2026", "{import}");
}

#[tokio::test]
async fn an_edit_by_hand_has_no_actor_route_or_request() {
    let api = start_with_contact().await;
    let path = ["emails", EMAIL, "verifiedAt"];
    edit(&api, "CONTACT", &path, Some("2024-01-01T00:00:00.000Z")).await;
    edit(&api, "CONTACT", &path, None).await;
    let sort = "SUBSCRIPTION#newsletter#website";
    edit(&api, sort, &["status"], Some("pending")).await;
    let path = ["emails", EMAIL, "hardBouncedAt"];
    edit(&api, "CONTACT", &path, Some("2024-02-01T00:00:00.000Z")).await;
    let found: [Value; 4] = newest(&api).await;
    for entry in &found {
        let whom = ["actor", "route", "requestId"].map(|name| &entry[name]);
        assert_eq!(whom, [&Value::Null; 3], "{entry}");
        // The time comes from the stream, in whole seconds.
        assert_eq!(&entry["at"].as_str().unwrap()[19..], ".000Z", "{entry}");
    }
    let events = found.map(|entry| entry["event"].clone());
    assert_eq!(
        events,
        [
            "suppression.changed",
            "subscription.changed",
            "verification.cleared",
            "verification.recorded",
        ]
    );
    // The entry of the next request has an actor again.
    let body = json!({ "phoneNumber": PHONE, "verifiedAt": "2024-05-02T00:00:00Z" });
    api.verify_phone_number("c_1", body).await;
    let [entry] = newest(&api).await;
    assert_eq!(entry["actor"], "user_1");
}

#[tokio::test]
async fn a_verification_of_a_subscription_without_the_hash_of_its_address_names_that_of_the_contact()
 {
    let api = start_with_contact().await;
    let body = json!({
        "verified": true, "audience": "newsletter", "client": "website", "email": OTHER,
        "verified_at": "2024-09-01T10:00:00Z",
    });
    assert_eq!(api.verify_contact("c_1", body).await.status, 200);
    let sort = "SUBSCRIPTION#newsletter#website";
    let id = verified_by_subscription(&api, sort).await;
    let entry = ["verifications", id.as_str()];
    let [hash, time] = ["address", "verifiedAt"].map(|name| [&entry[..], &[name]].concat());
    edit(&api, sort, &hash, None).await;
    edit(&api, sort, &time, Some("2024-08-01T10:00:00.000Z")).await;
    let [moved] = newest(&api).await;
    assert_eq!(moved["after"]["verifiedAt"], "2024-08-01T10:00:00.000Z");
    assert_eq!(
        (&moved["level"], &moved["value"]),
        (&json!("client"), &json!(OTHER))
    );
}

/// The id of the address whose verification a subscription of the only contact has.
async fn verified_by_subscription(api: &Api, sort: &str) -> String {
    let items = api.database.items(&api.organization).await;
    let mut items = items.iter();
    let subscription = items.find(|item| item["sk"].as_s().is_ok_and(|key| key == sort));
    let verifications = subscription.unwrap()["verifications"].as_m().unwrap();
    verifications.keys().next().unwrap().clone()
}

#[tokio::test]
async fn a_request_that_changes_nothing_and_other_changes_leave_no_entry() {
    let api = start_with_contact().await;
    let before = history(&api, "").await;
    let token = api.user_token();
    let add = Route::AddContactMethod.path_of("c_1");
    let body = json!({ "type": "phone", "value": "+14165550111" });
    assert_eq!(api.post(&add, &token, body).await.status, 200);
    let clear = json!({ "type": "phone", "value": PHONE });
    let answer = api.verify_contact_method("c_1", clear).await;
    assert_eq!(answer.body["data"]["outcome"], "unchanged");
    assert_eq!(history(&api, "").await, before);
}
