//! Attributes that this build does not know, from a later build or from somebody else. No change of other attributes loses them.

use aws_sdk_dynamodb::types::AttributeValue;
use black_box_tests::Api;
use serde_json::{Value, json};

use super::{CONTACT, EMAIL, PHONE, SUBSCRIPTION, item, set, start, text};

const UNKNOWN: &str = "attributeOfLaterBuild";

/// Every place of the contact that can hold an attribute, as sort key and path.
const PLACES: [(&str, &[&str]); 4] = [
    (CONTACT, &[UNKNOWN]),
    (CONTACT, &["phones", PHONE, UNKNOWN]),
    (CONTACT, &["emails", EMAIL, UNKNOWN]),
    (SUBSCRIPTION, &[UNKNOWN]),
];

/// The value at a path.
fn at<'a>(value: &'a AttributeValue, path: &[&str]) -> Option<&'a AttributeValue> {
    match path {
        [] => Some(value),
        [name, rest @ ..] => at(value.as_m().ok()?.get(*name)?, rest),
    }
}

/// Asserts that the change of a contact with unknown attributes in every place has an effect, and loses none of them.
async fn assert_kept(context: &str, change: impl AsyncFn(&Api) -> black_box_tests::Answer) {
    let (api, _proxy) = start("pending").await;
    for (sort, path) in PLACES {
        set(&api, sort, path, text("kept")).await;
    }
    let answer = change(&api).await;
    assert_eq!(answer.status, 200, "{context}: {:?}", answer.body);
    assert_ne!(answer.header("etag"), Some("\"1\""), "{context}");
    for (sort, path) in PLACES {
        let item = AttributeValue::M(item(&api, sort).await);
        assert_eq!(
            at(&item, path),
            Some(&text("kept")),
            "{context}: {sort} {path:?}"
        );
    }
}

async fn assert_kept_by_upsert(members: Value) {
    assert_kept(&members.to_string(), async |api| {
        let mut body = json!({ "email": EMAIL, "audience": "newsletter", "client": "website" });
        for (name, value) in members.as_object().unwrap() {
            body[name] = value.clone();
        }
        api.upsert(body).await
    })
    .await;
}

async fn assert_kept_by_method(action: &str, body: Value) {
    assert_kept(&format!("{action} {body}"), async |api| {
        let path = format!("/api/contacts/c_1/{action}");
        api.post(&path, &api.user_token(), body.clone()).await
    })
    .await;
}

#[tokio::test]
async fn an_upsert_of_a_name_keeps_what_it_does_not_know() {
    assert_kept_by_upsert(json!({ "firstName": "Ann" })).await;
}

#[tokio::test]
async fn an_upsert_of_a_status_keeps_what_it_does_not_know() {
    assert_kept_by_upsert(json!({ "status": "subscribed" })).await;
}

#[tokio::test]
async fn an_upsert_of_a_verification_keeps_what_it_does_not_know() {
    let members = json!({ "verified": true, "verified_at": "2024-01-01T00:00:00Z" });
    assert_kept_by_upsert(members).await;
}

#[tokio::test]
async fn an_upsert_of_findings_and_suppressions_keeps_what_it_does_not_know() {
    assert_kept_by_upsert(json!({
        "email_validation": { "status": "valid", "reason": "smtp" },
        "suppression": { "global_unsubscribed": true, "hard_bounced": true, "complained": true },
        "tags": ["lead"],
    }))
    .await;
}

#[tokio::test]
async fn an_upsert_of_many_phone_numbers_keeps_what_it_does_not_know() {
    let numbers = (10..20).map(|n| json!({ "value": format!("+141655501{n}") }));
    assert_kept_by_upsert(json!({ "phoneNumber": numbers.collect::<Vec<_>>() })).await;
}

#[tokio::test]
async fn an_upsert_of_another_primary_phone_number_keeps_what_it_does_not_know() {
    let number = json!([{ "value": "+14165550119", "isPrimary": true }]);
    assert_kept_by_upsert(json!({ "phoneNumber": number })).await;
}

#[tokio::test]
async fn endpoint_1_keeps_what_it_does_not_know() {
    assert_kept("endpoint 1", async |api| {
        let body = json!({ "phoneNumber": PHONE, "verifiedAt": "2024-01-01T00:00:00Z" });
        api.verify_phone_number("c_1", body).await
    })
    .await;
}

#[tokio::test]
async fn endpoint_2_keeps_what_it_does_not_know() {
    assert_kept("endpoint 2", async |api| {
        let body = json!({ "type": "email", "value": EMAIL, "verifiedAt": "2024-01-01T00:00:00Z" });
        api.verify_contact_method("c_1", body).await
    })
    .await;
}

#[tokio::test]
async fn endpoint_3_keeps_what_it_does_not_know() {
    assert_kept("endpoint 3", async |api| {
        let body = json!({ "audience": "newsletter", "client": "website", "verified": true });
        api.verify_contact("c_1", body).await
    })
    .await;
}

#[tokio::test]
async fn a_clear_on_endpoint_3_keeps_what_it_does_not_know() {
    assert_kept("clear on endpoint 3", async |api| {
        let mut body = json!({ "audience": "newsletter", "client": "website", "verified": true });
        let recorded = api.verify_contact("c_1", body.clone()).await;
        assert_eq!(recorded.body["outcome"], "recorded");
        body["verified"] = json!(false);
        api.verify_contact("c_1", body).await
    })
    .await;
}

#[tokio::test]
async fn a_new_primary_method_keeps_unknown_attributes_of_the_other_methods() {
    for (kind, value) in [("phone", "+14165550119"), ("email", "new@example.com")] {
        let method = json!({ "type": kind, "value": value, "isPrimary": true });
        assert_kept_by_method("contact-methods", method).await;
    }
}

#[tokio::test]
async fn a_removal_of_a_method_keeps_unknown_attributes_of_the_other_methods() {
    for (kind, value) in [("phone", "+14165550109"), ("email", "old@example.com")] {
        let method = json!({ "type": kind, "value": value });
        assert_kept_by_method("contact-methods/remove", method).await;
    }
}

#[tokio::test]
async fn subscribing_and_unsubscribing_keep_what_they_do_not_know() {
    for (action, scope) in [
        ("subscribe", "audience"),
        ("unsubscribe", "client"),
        ("unsubscribe", "global"),
    ] {
        assert_kept(&format!("{action} {scope}"), async |api| {
            let body = json!({
                "email": EMAIL, "audience": "newsletter", "client": "website", "scope": scope,
            });
            let path = format!("/api/subscriptions/{action}");
            api.post(&path, &api.application_token("website"), body)
                .await
        })
        .await;
    }
}
