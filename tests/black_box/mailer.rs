//! Endpoint 3 (contract section 7).

use black_box_tests::{Answer, Api, Database, development_settings, service_at, token};
use contacts::development::Identity;
use serde_json::{Value, json};
use shared::Service;

const PATH: &str = "/api/contacts/c_1/verification";

/// An API with the contact `c_1`, onboarded by `website` in the audience `newsletter`.
async fn start() -> Api {
    let api = Api::start().await;
    api.seed(json!([contact()])).await;
    api
}

fn contact() -> Value {
    json!({
        "id": "c_1",
        "emails": [{ "value": "Jane.Doe@Example.com", "isPrimary": true }],
        "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }],
    })
}

/// A complete body, with other values for some members. A member that is `null` counts as absent.
#[expect(clippy::needless_pass_by_value, reason = "callers write it in place")]
fn body(changes: Value) -> Value {
    let mut body = json!({
        "verified": true, "verified_at": "2024-09-01T10:00:00Z", "audience": "newsletter", "client": "website",
    });
    for (member, value) in changes.as_object().unwrap() {
        body[member] = value.clone();
    }
    body
}

fn fields(answer: &Answer) -> &Value {
    assert_eq!(answer.body["error"]["code"], "validation_error");
    assert_eq!(answer.body["error"].get("message"), None);
    assert_eq!(
        answer.body["requestId"].as_str(),
        answer.header("x-request-id")
    );
    &answer.body["error"]["fields"]
}

#[tokio::test]
async fn a_first_verification_answers_as_the_contract_shows() {
    let api = start().await;
    let answer = api.verify_contact("c_1", body(json!({}))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("etag"), Some("\"2\""));
    assert_eq!(
        answer.body,
        json!({
            "contact_id": "c_1", "email": "jane.doe@example.com", "exists": true, "outcome": "recorded",
            "verified": true, "verified_at": "2024-09-01T10:00:00.000Z",
            "email_validation": { "status": "unknown", "reason": "", "validated_at": null },
            "global_unsubscribed": false, "hard_bounced": false, "complained": false,
            "audience": {
                "slug": "newsletter", "subscribed": false, "status": null, "verified": false, "verified_at": null,
                "unsubscribed_at": null, "unsubscribe_reason": "",
            },
            "client": {
                "slug": "website", "subscribed": true, "status": "subscribed", "verified": true,
                "verified_at": "2024-09-01T10:00:00.000Z", "unsubscribed_at": null, "unsubscribe_reason": "",
            },
            "can_send_marketing": true, "can_send_transactional": true,
            "marketing": { "verified_by": ["contact", "client"], "blocked_by": [] },
            "tags": [],
        })
    );
}

#[tokio::test]
async fn the_answer_shows_all_that_is_known_of_the_contact() {
    let api = Api::start().await;
    api.seed(json!([{
        "id": "c_1",
        "emails": [{ "value": "a@example.com" }, { "value": "b@example.com", "isPrimary": true }],
        "emailValidation": { "status": "risky", "reason": "role", "validatedAt": "2024-02-01T00:00:00Z" },
        "globallyUnsubscribedAt": "2024-03-01T00:00:00Z",
        "complainedAt": "2024-03-02T00:00:00Z",
        "subscriptions": [
            { "audience": "newsletter", "client": "website", "status": "pending" },
            {
                "audience": "newsletter", "status": "unsubscribed", "verifiedAt": "2024-01-05T00:00:00Z",
                "unsubscribedAt": "2024-04-01T00:00:00Z", "unsubscribeReason": "too many",
            },
            { "audience": "other", "client": "website", "status": "subscribed" },
        ],
        "tags": { "newsletter": ["lead", "vip"], "other": ["x"] },
    }]))
    .await;
    let answer = api.verify_contact("c_1", body(json!({}))).await;
    assert_eq!(answer.body["email"], "b@example.com");
    assert_eq!(
        answer.body["email_validation"],
        json!({ "status": "risky", "reason": "role", "validated_at": "2024-02-01T00:00:00.000Z" })
    );
    assert_eq!(answer.body["global_unsubscribed"], true);
    assert_eq!(answer.body["complained"], true);
    assert_eq!(answer.body["hard_bounced"], false);
    assert_eq!(
        answer.body["audience"],
        json!({
            "slug": "newsletter", "subscribed": false, "status": "unsubscribed", "verified": true,
            "verified_at": "2024-01-05T00:00:00.000Z", "unsubscribed_at": "2024-04-01T00:00:00.000Z",
            "unsubscribe_reason": "too many",
        })
    );
    assert_eq!(answer.body["client"]["status"], "pending");
    assert_eq!(answer.body["client"]["subscribed"], false);
    assert_eq!(
        answer.body["marketing"],
        json!({
            "verified_by": ["contact", "audience", "client"],
            "blocked_by": ["not_subscribed", "audience_unsubscribed", "globally_unsubscribed", "complained", "undeliverable"],
        })
    );
    assert_eq!(answer.body["can_send_marketing"], false);
    assert_eq!(answer.body["can_send_transactional"], false);
    assert_eq!(answer.body["tags"], json!(["lead", "vip"]));
}

#[tokio::test]
async fn each_level_is_decided_by_itself() {
    let api = Api::start().await;
    api.seed(json!([{
        "id": "c_1", "verifiedAt": "2024-01-01T00:00:00Z", "emails": [{ "value": "jane@example.com" }],
        "subscriptions": [{ "audience": "newsletter", "client": "website", "verifiedAt": "2024-12-01T00:00:00Z" }],
    }]))
    .await;
    let answer = api.verify_contact("c_1", body(json!({}))).await;
    assert_eq!(answer.body["outcome"], "recorded");
    assert_eq!(answer.body["verified_at"], "2024-01-01T00:00:00.000Z");
    assert_eq!(
        answer.body["client"]["verified_at"],
        "2024-09-01T10:00:00.000Z"
    );
    assert_eq!(answer.header("etag"), Some("\"2\""));
}

#[tokio::test]
async fn a_client_does_not_inherit_another_clients_date() {
    let api = Api::start().await;
    api.seed(json!([{
        "id": "c_1",
        "emails": [{ "value": "jane@example.com" }],
        "subscriptions": [
            { "audience": "newsletter", "client": "website" },
            { "audience": "newsletter", "client": "app" },
            { "audience": "newsletter", "status": "subscribed", "verifiedAt": "2023-01-01T00:00:00Z" },
        ],
    }]))
    .await;
    api.verify_contact("c_1", body(json!({}))).await;
    let later = body(json!({ "client": "app", "verified_at": "2024-10-01T00:00:00Z" }));
    let answer = api.patch(PATH, &api.application_token("app"), later).await;
    assert_eq!(answer.body["outcome"], "recorded");
    assert_eq!(answer.body["verified_at"], "2024-09-01T10:00:00.000Z");
    assert_eq!(
        answer.body["client"]["verified_at"],
        "2024-10-01T00:00:00.000Z"
    );
}

#[tokio::test]
async fn a_clear_clears_the_contact_and_this_client_and_leaves_the_rest() {
    let api = Api::start().await;
    api.seed(json!([{
        "id": "c_1", "verifiedAt": "2024-01-01T00:00:00Z", "emails": [{ "value": "jane@example.com" }],
        "subscriptions": [
            { "audience": "newsletter", "client": "website", "verifiedAt": "2024-01-02T00:00:00Z" },
            { "audience": "newsletter", "client": "app", "verifiedAt": "2024-01-03T00:00:00Z" },
            { "audience": "newsletter", "status": "subscribed", "verifiedAt": "2024-01-04T00:00:00Z" },
        ],
    }]))
    .await;
    // A clear does not read the time, so an invalid one does not matter.
    let clear = json!({ "verified": false, "verified_at": "nonsense", "audience": "newsletter", "client": "website" });
    let answer = api.verify_contact("c_1", clear.clone()).await;
    assert_eq!(answer.body["outcome"], "cleared");
    assert_eq!(
        (&answer.body["verified"], &answer.body["verified_at"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(answer.body["client"]["verified_at"], Value::Null);
    assert_eq!(
        answer.body["audience"]["verified_at"],
        "2024-01-04T00:00:00.000Z"
    );

    let again = api.verify_contact("c_1", clear).await;
    assert_eq!(again.body["outcome"], "unchanged");
    assert_eq!(again.header("etag"), answer.header("etag"));

    let other = api
        .patch(
            PATH,
            &api.application_token("app"),
            body(json!({ "client": "app" })),
        )
        .await;
    assert_eq!(
        other.body["client"]["verified_at"],
        "2024-01-03T00:00:00.000Z"
    );
}

#[tokio::test]
async fn a_kept_verification_changes_nothing() {
    let api = start().await;
    let first = api.verify_contact("c_1", body(json!({}))).await;
    for later in [
        "2024-09-01T10:00:00Z",
        "2024-09-01T10:00:00.001Z",
        "2030-01-01T00:00:00Z",
    ] {
        let answer = api
            .verify_contact("c_1", body(json!({ "verified_at": later })))
            .await;
        assert_eq!(answer.body["outcome"], "kept");
        assert_eq!(answer.body["verified_at"], "2024-09-01T10:00:00.000Z");
        assert_eq!(answer.header("etag"), first.header("etag"));
    }
}

#[tokio::test]
async fn a_verification_without_a_time_is_of_now() {
    let database = Database::start().await;
    let service = service_at("2026-05-20T15:04:01.135Z", database.store().await);
    let api = Api::with_service(database, service).await;
    api.seed(json!([contact()])).await;
    let answer = api
        .verify_contact("c_1", body(json!({ "verified_at": null })))
        .await;
    assert_eq!(answer.body["verified_at"], "2026-05-20T15:04:01.135Z");
}

#[tokio::test]
async fn a_time_without_an_offset_is_read_in_the_time_zone() {
    let database = Database::start().await;
    let store = database.store().await;
    let service = Service {
        time_zone: "America/Toronto".parse().unwrap(),
        ..Service::new(development_settings(), store)
    };
    let api = Api::with_service(database, service).await;
    api.seed(json!([contact()])).await;
    let answer = api
        .verify_contact("c_1", body(json!({ "verified_at": "2024-03-10 02:30" })))
        .await;
    assert_eq!(answer.body["verified_at"], "2024-03-10T07:00:00.000Z");
}

#[tokio::test]
async fn the_client_is_recorded_as_the_one_who_verified() {
    let api = start().await;
    api.verify_contact("c_1", body(json!({}))).await;
    let item = api
        .database
        .client()
        .await
        .get_item()
        .table_name(&api.database.table)
        .key(
            "pk",
            attribute(&format!("ORG#{}#CONTACT#c_1", api.organization)),
        )
        .key("sk", attribute("SUBSCRIPTION#newsletter#website"))
        .send()
        .await
        .unwrap()
        .item
        .unwrap();
    let verifications = item["verifications"].as_m().unwrap();
    let [verification] = &verifications.values().collect::<Vec<_>>()[..] else {
        panic!("not one verification");
    };
    let verification = verification.as_m().unwrap();
    assert_eq!(verification["verifiedBy"], attribute("client:website"));
}

fn attribute(text: &str) -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned())
}

#[tokio::test]
async fn the_client_must_be_the_tokens() {
    let api = start().await;
    for client in [json!("app"), json!("Website"), json!("no slug at all")] {
        // Only this field is listed, whatever else is wrong.
        let answer = api
            .verify_contact("c_1", body(json!({ "client": client, "verified": "yes" })))
            .await;
        assert_eq!(answer.status, 403);
        assert_eq!(fields(&answer), &json!({ "client": "forbidden" }));
    }
}

#[tokio::test]
async fn a_token_without_a_client_is_forbidden_whatever_the_body() {
    let api = start().await;
    for request in [
        api.request(PATH).json(&body(json!({}))),
        api.request(PATH).body("not json"),
        api.request(PATH).json(&json!({})),
    ] {
        let answer = api.send(request.bearer_auth(api.user_token())).await;
        assert_eq!(answer.status, 403);
        assert_eq!(fields(&answer), &json!({ "client": "forbidden" }));
    }
}

#[tokio::test]
async fn a_super_administrator_without_an_organization_has_no_client_to_speak_for() {
    let api = start().await;
    let identity = Identity {
        organization: None,
        role: Some("SUPERADMIN".to_owned()),
        client: Some("website".to_owned().try_into().unwrap()),
        ..api.identity()
    };
    let answer = api.patch(PATH, &token(&identity), body(json!({}))).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn every_error_of_a_body_is_named_at_once() {
    let api = start().await;
    let nothing = api
        .send(
            api.request(PATH)
                .bearer_auth(api.application_token("website")),
        )
        .await;
    assert_eq!(nothing.status, 400);
    assert_eq!(
        fields(&nothing),
        &json!({ "verified": "required", "audience": "required", "client": "required" })
    );
    let all_wrong = json!({ "verified": true, "verified_at": "", "audience": " ", "client": 7 });
    let answer = api
        .send(
            api.request(PATH)
                .bearer_auth(api.application_token("website"))
                .header("if-match", "3")
                .json(&all_wrong),
        )
        .await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        fields(&answer),
        &json!({
            "verified_at": "must_be_iso_datetime", "audience": "required", "client": "required",
            "if_match": "must_be_entity_tags",
        })
    );
}

#[tokio::test]
async fn a_body_that_is_not_json_and_one_that_is_not_an_object_have_different_codes() {
    let api = start().await;
    for (text, code) in [
        ("{", "invalid_json"),
        (" ", "invalid_json"),
        ("{\"verified\":tru}", "invalid_json"),
        ("[]", "must_be_object"),
        ("null", "must_be_object"),
        ("\"x\"", "must_be_object"),
    ] {
        let answer = api
            .send(
                api.request(PATH)
                    .bearer_auth(api.application_token("website"))
                    .body(text),
            )
            .await;
        assert_eq!(answer.status, 400, "{text:?}");
        assert_eq!(fields(&answer), &json!({ "body": code }), "{text:?}");
    }
}

#[tokio::test]
async fn verified_is_a_boolean() {
    let api = start().await;
    for (value, code) in [
        (Value::Null, "required"),
        (json!("true"), "must_be_boolean"),
        (json!(1), "must_be_boolean"),
        (json!({}), "must_be_boolean"),
    ] {
        let answer = api
            .verify_contact("c_1", body(json!({ "verified": value })))
            .await;
        assert_eq!(answer.status, 400);
        assert_eq!(fields(&answer), &json!({ "verified": code }));
    }
}

#[tokio::test]
async fn verified_at_is_an_iso_date_and_time() {
    let api = start().await;
    for value in [
        json!(""),
        json!(1_725_184_800),
        json!(true),
        json!(["2024-09-01T10:00:00Z"]),
        json!("2024-09-01"),
        json!("2024-W36-1T10:00:00Z"),
        json!("2024-02-30T10:00:00Z"),
        json!("2024-09-01T10:00:60Z"),
        json!("1969-12-31T23:59:59Z"),
        json!("yesterday"),
    ] {
        let answer = api
            .verify_contact("c_1", body(json!({ "verified_at": value })))
            .await;
        assert_eq!(answer.status, 400);
        assert_eq!(
            fields(&answer),
            &json!({ "verified_at": "must_be_iso_datetime" })
        );
    }
}

#[tokio::test]
async fn audience_and_client_are_required_texts() {
    let api = start().await;
    for value in [
        Value::Null,
        json!(""),
        json!("  "),
        json!(7),
        json!(["newsletter"]),
    ] {
        let answer = api
            .verify_contact("c_1", body(json!({ "audience": value, "client": value })))
            .await;
        assert_eq!(answer.status, 400);
        assert_eq!(
            fields(&answer),
            &json!({ "audience": "required", "client": "required" })
        );
    }
}

#[tokio::test]
async fn slugs_are_trimmed() {
    let api = start().await;
    let answer = api
        .verify_contact(
            "c_1",
            body(json!({ "audience": " newsletter ", "client": "\twebsite\n" })),
        )
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn an_audience_that_does_not_exist_is_an_error_of_the_body() {
    let api = start().await;
    for audience in ["unknown", "Not A Slug", "newsletter#website"] {
        // The error of the audience comes before that of a missing contact or an invalid id.
        for contact in ["c_1", "nobody", "no%20body"] {
            let answer = api
                .verify_contact(contact, body(json!({ "audience": audience })))
                .await;
            assert_eq!(answer.status, 400, "{audience} {contact}");
            assert_eq!(fields(&answer), &json!({ "audience": "not_found" }));
        }
    }
}

#[tokio::test]
async fn a_text_that_can_be_no_audience_is_named_with_the_other_faults_of_a_request() {
    let api = start().await;
    let changes = json!({ "audience": "a b", "verified": "yes", "email": "nobody" });
    let answer = api.verify_contact("c_1", body(changes)).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        fields(&answer),
        &json!({ "audience": "not_found", "verified": "must_be_boolean", "email": "invalid" })
    );

    let token = api.application_token("website");
    for (path, member) in [
        ("/api/contacts", "status"),
        ("/api/subscriptions/subscribe", "scope"),
        ("/api/subscriptions/unsubscribe", "scope"),
    ] {
        let subscriber =
            json!({ "audience": "a b", "client": "website", "email": "nobody", member: "all" });
        let answer = api.post(path, &token, subscriber).await;
        assert_eq!(answer.status, 400, "{path}");
        assert_eq!(
            fields(&answer),
            &json!({ "audience": "not_found", "email": "invalid", member: "invalid" }),
            "{path}"
        );
    }

    // The function looks up an audience that could exist only if there is no other fault.
    let unknown = body(json!({ "audience": "unknown", "verified": "yes" }));
    let answer = api.verify_contact("c_1", unknown).await;
    assert_eq!(fields(&answer), &json!({ "verified": "must_be_boolean" }));
}

#[tokio::test]
async fn a_contact_that_the_client_has_not_onboarded_does_not_exist() {
    let api = start().await;
    let missing = [
        api.verify_contact("nobody", body(json!({}))).await,
        api.verify_contact("no%20body", body(json!({}))).await,
        // The client has not onboarded the contact in this audience.
        api.verify_contact("c_1", body(json!({ "audience": "other" })))
            .await,
        // This client has not onboarded the contact.
        api.patch(
            PATH,
            &api.application_token("app"),
            body(json!({ "client": "app" })),
        )
        .await,
    ];
    for answer in missing {
        assert_eq!(answer.status, 404);
        assert_eq!(fields(&answer), &json!({ "contact_id": "not_found" }));
        assert_eq!(answer.header("etag"), None);
    }
}

#[tokio::test]
async fn another_organizations_contact_does_not_exist() {
    let api = start().await;
    let other = Api::with_service(
        api.database.again(),
        Service::new(development_settings(), api.database.store().await),
    )
    .await;
    other.seed(json!([])).await;
    let answer = other.verify_contact("c_1", body(json!({}))).await;
    assert_eq!(answer.status, 404);
    assert_eq!(fields(&answer), &json!({ "contact_id": "not_found" }));
    let untouched = api
        .verify_contact("c_1", body(json!({ "verified": false })))
        .await;
    assert_eq!(untouched.body["outcome"], "unchanged");
}

#[tokio::test]
async fn a_write_to_another_version_is_refused_with_the_current_one() {
    let api = start().await;
    let with = |tags: &str| {
        api.send(
            api.request(PATH)
                .bearer_auth(api.application_token("website"))
                .header("if-match", tags)
                .json(&body(json!({}))),
        )
    };
    for tags in [
        "\"2\"",
        "\"7\", \"8\"",
        "\"abc\"",
        // The largest number that a version can have.
        "\"18446744073709551615\"",
    ] {
        let answer = with(tags).await;
        assert_eq!(answer.status, 412, "{tags}");
        assert_eq!(answer.body["error"]["code"], "precondition_failed");
        assert_eq!(answer.header("etag"), Some("\"1\""));
    }
    assert_eq!(with("\"7\", \"1\"").await.body["outcome"], "recorded");
    assert_eq!(with("*").await.body["outcome"], "kept");
    assert_eq!(
        with("\"1\"").await.status,
        412,
        "also where nothing would change"
    );
}

#[tokio::test]
async fn a_missing_contact_is_answered_before_a_wrong_version() {
    let api = start().await;
    let request = api
        .request("/api/contacts/nobody/verification")
        .bearer_auth(api.application_token("website"))
        .header("if-match", "\"9\"");
    assert_eq!(api.send(request.json(&body(json!({})))).await.status, 404);
}

#[tokio::test]
async fn a_body_over_16_kib_is_refused() {
    let api = start().await;
    let large = body(json!({ "padding": "x".repeat(16 * 1024) }));
    let answer = api.verify_contact("c_1", large).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.body["error"]["code"], "payload_too_large");
}

#[tokio::test]
async fn a_stated_type_other_than_json_is_refused() {
    let api = start().await;
    let request = api
        .request(PATH)
        .bearer_auth(api.application_token("website"));
    let answer = api
        .send(
            request
                .header("content-type", "text/plain")
                .body(body(json!({})).to_string()),
        )
        .await;
    assert_eq!(answer.status, 415);
    assert_eq!(answer.body["error"]["code"], "unsupported_media_type");
}
