//! Upserts and imports report what another system believes, often nightly and often outdated. They undo nothing (contract
//! section 12).

use black_box_tests::Api;
use serde_json::{Value, json};

use super::{
    PRIMARY, SECOND, status, subscribe, unsubscribe, upsert, verify_contact, verify_method,
};

const OLD: &str = "2024-01-01T00:00:00.000Z";
const NOT_YET: &str = "2099-01-01T00:00:00.000Z";

async fn start() -> Api {
    let api = Api::start().await;
    api.seed(json!([{
        "id": "c_1", "emails": [{ "value": PRIMARY }, { "value": SECOND }],
        "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }],
    }]))
    .await;
    api
}

/// Upserts the primary address as a nightly job does, and returns the body of the answer.
async fn nightly(api: &Api, mut more: Value) -> Value {
    more["email"] = json!(PRIMARY);
    upsert(api, more).await.body
}

/// Imports a record of the primary address as a nightly job does.
async fn nightly_import(api: &Api, mut more: Value) {
    for (member, value) in [
        ("email", PRIMARY),
        ("audience", "newsletter"),
        ("client", "website"),
    ] {
        more[member] = json!(value);
    }
    let store = api.database.store().await;
    let line = format!("{more}\n");
    let (counts, rejects) = crate::import::import_into(&store, &api.organization, &line).await;
    assert_eq!((counts.rejected, rejects.as_str()), (0, ""));
}

#[tokio::test]
async fn a_status_only_moves_forward() {
    for (first, told, then) in [
        ("pending", "subscribed", "subscribed"),
        ("pending", "unsubscribed", "unsubscribed"),
        ("subscribed", "pending", "subscribed"),
        ("subscribed", "unsubscribed", "unsubscribed"),
        ("unsubscribed", "pending", "unsubscribed"),
        ("unsubscribed", "subscribed", "unsubscribed"),
    ] {
        let api = Api::start().await;
        api.seed(json!([])).await;
        nightly(&api, json!({ "status": first })).await;
        let answer = nightly(&api, json!({ "status": told })).await;
        assert_eq!(answer["client"]["status"], then, "{first} {told}");
        let outcome = if first == then {
            "unchanged"
        } else {
            "updated"
        };
        assert_eq!(answer["outcome"], outcome, "{first} {told}");
        let blocked = answer["marketing"]["blocked_by"].as_array().unwrap();
        assert_eq!(
            blocked.contains(&json!("not_subscribed")),
            then != "subscribed"
        );
    }
}

#[tokio::test]
async fn only_a_subscribe_restarts_an_ended_subscription() {
    let api = start().await;
    unsubscribe(&api, json!({ "email": PRIMARY, "scope": "client" })).await;
    let answer = nightly(&api, json!({ "status": "subscribed" })).await;
    assert_eq!(
        (&answer["outcome"], &answer["client"]["status"]),
        (&json!("unchanged"), &json!("unsubscribed"))
    );
    nightly_import(&api, json!({ "status": "subscribed" })).await;
    assert_eq!(
        status(&api, PRIMARY).await["client"]["status"],
        "unsubscribed"
    );
    let answer = subscribe(&api, json!({ "email": PRIMARY })).await;
    assert_eq!(answer.body["client"]["status"], "subscribed");
}

#[tokio::test]
async fn upserts_and_imports_never_lift_an_unsubscription_or_a_complaint() {
    for fact in ["global_unsubscribed", "complained"] {
        let api = start().await;
        nightly(&api, json!({ "suppression": { fact: true } })).await;
        let answer = nightly(&api, json!({ "suppression": { fact: false } })).await;
        assert_eq!(
            (&answer["outcome"], &answer[fact]),
            (&json!("unchanged"), &json!(true))
        );
        nightly_import(&api, json!({ "suppression": { fact: false } })).await;
        for scope in ["client", "audience"] {
            let answer = subscribe(&api, json!({ "email": PRIMARY, "scope": scope })).await;
            assert_eq!(answer.body[fact], true, "{scope}");
        }
        let answer = subscribe(&api, json!({ "email": PRIMARY, "scope": "global" })).await;
        assert_eq!(answer.body[fact], false);
    }
}

#[tokio::test]
async fn a_verification_that_was_cleared_since_is_not_brought_back() {
    let api = start().await;
    let old = json!({ "verified": true, "verified_at": OLD });
    let answer = nightly(&api, old.clone()).await;
    assert_eq!(
        (&answer["outcome"], &answer["verification_outcome"]),
        (&json!("updated"), &json!("recorded"))
    );
    verify_contact(&api, json!({ "verified": false })).await;
    let answer = nightly(&api, old.clone()).await;
    assert_eq!(
        (&answer["outcome"], &answer["verification_outcome"]),
        (&json!("unchanged"), &json!("cleared"))
    );
    assert_eq!(answer["marketing"]["verified_by"], json!([]));
    nightly_import(&api, old).await;
    assert_eq!(
        status(&api, PRIMARY).await["marketing"]["verified_by"],
        json!([])
    );

    let later = json!({ "verified": true, "verified_at": NOT_YET });
    let answer = nightly(&api, later).await;
    assert_eq!(answer["verification_outcome"], "recorded");
    assert_eq!(
        answer["marketing"]["verified_by"],
        json!(["contact", "client"])
    );
}

#[tokio::test]
async fn a_verification_without_a_time_is_of_now_and_so_later_than_the_clear() {
    let api = start().await;
    nightly(&api, json!({ "verified": true, "verified_at": OLD })).await;
    verify_contact(&api, json!({ "verified": false })).await;
    let answer = nightly(&api, json!({ "verified": true })).await;
    assert_eq!(answer["verification_outcome"], "recorded");
}

#[tokio::test]
async fn a_clear_counts_at_its_level() {
    let api = start().await;
    let old = json!({ "verified": true, "verified_at": OLD });
    nightly(&api, old.clone()).await;
    verify_method(&api, "c_1", PRIMARY, None).await;
    let answer = nightly(&api, old).await;
    assert_eq!(answer["verification_outcome"], "cleared");
    assert_eq!(answer["marketing"]["verified_by"], json!(["client"]));
}

#[tokio::test]
async fn a_clear_of_both_levels_counts_at_a_level_that_had_no_verification() {
    let api = start().await;
    verify_method(&api, "c_1", PRIMARY, Some(OLD)).await;
    let cleared = verify_contact(&api, json!({ "verified": false })).await;
    assert_eq!(cleared.body["outcome"], "cleared");
    let answer = nightly(&api, json!({ "verified": true, "verified_at": OLD })).await;
    assert_eq!(answer["verification_outcome"], "cleared");
    assert_eq!(answer["marketing"]["verified_by"], json!([]));
}

#[tokio::test]
async fn a_clear_counts_for_its_address() {
    let api = start().await;
    verify_method(&api, "c_1", PRIMARY, Some(OLD)).await;
    verify_method(&api, "c_1", PRIMARY, None).await;
    let other = upsert(
        &api,
        json!({ "email": SECOND, "verified": true, "verified_at": OLD }),
    )
    .await;
    assert_eq!(other.body["verification_outcome"], "recorded");
}

#[tokio::test]
async fn the_endpoints_that_verify_record_whatever_they_are_told() {
    let api = start().await;
    verify_contact(&api, json!({ "verified": true, "verified_at": OLD })).await;
    verify_contact(&api, json!({ "verified": false })).await;
    let again = verify_method(&api, "c_1", PRIMARY, Some(OLD)).await;
    assert_eq!(again.body["data"]["outcome"], "recorded");
    let again = verify_contact(&api, json!({ "verified": true, "verified_at": OLD })).await;
    assert_eq!(again.body["outcome"], "recorded");
    let kept = nightly(&api, json!({ "verified": true, "verified_at": OLD })).await;
    assert_eq!(kept["verification_outcome"], "kept");
    assert_eq!(kept["outcome"], "unchanged");
}

#[tokio::test]
async fn an_upsert_says_what_happened_to_the_contact_and_to_the_verification() {
    let api = Api::start().await;
    api.seed(json!([])).await;
    let verified = json!({ "verified": true, "verified_at": OLD });
    for (more, outcome, verification_outcome) in [
        (
            json!({ "verified": true, "verified_at": NOT_YET }),
            "created",
            json!("recorded"),
        ),
        (verified.clone(), "updated", json!("recorded")),
        (verified.clone(), "unchanged", json!("kept")),
        (
            json!({ "verified": true, "verified_at": OLD, "firstName": "Ann" }),
            "updated",
            json!("kept"),
        ),
        (json!({ "firstName": "Ann" }), "unchanged", Value::Null),
        (
            json!({ "verified": false, "lastName": "Doe" }),
            "updated",
            Value::Null,
        ),
    ] {
        let answer = nightly(&api, more.clone()).await;
        assert_eq!(answer["outcome"], outcome, "{more}");
        assert_eq!(
            answer["verification_outcome"], verification_outcome,
            "{more}"
        );
    }
}
