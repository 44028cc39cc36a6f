//! Phone numbers and e-mail addresses as people type and paste them (contract section 4).

use black_box_tests::{Answer, Api, Database, development_settings};
use serde_json::{Value, json};
use shared::Service;
use shared::settings::Settings;
use url::form_urlencoded;

const TIME: &str = "2026-05-20T15:04:01.135Z";

/// An API that reads national numbers as those of this region.
async fn api_of(region: &str) -> Api {
    let database = Database::start().await;
    let settings = Settings {
        default_phone_region: region.parse().unwrap(),
        ..development_settings()
    };
    let service = Service::new(settings, database.store().await);
    Api::with_service(database, service).await
}

/// Seeds the contact `c_1` with these phone numbers.
async fn seed_numbers(api: &Api, numbers: &[&str]) {
    let entries: Vec<_> = numbers
        .iter()
        .map(|number| json!({ "value": number }))
        .collect();
    api.seed(json!([{ "id": "c_1", "phoneNumber": entries }]))
        .await;
}

async fn verify(api: &Api, number: &str) -> Answer {
    let body = json!({ "phoneNumber": number, "verifiedAt": TIME });
    api.verify_phone_number("c_1", body).await
}

async fn add(api: &Api, kind: &str, value: &str) -> Answer {
    let path = "/api/contacts/c_1/contact-methods";
    let body = json!({ "type": kind, "value": value });
    api.post(path, &api.user_token(), body).await
}

async fn remove(api: &Api, kind: &str, value: &str) -> Answer {
    let path = "/api/contacts/c_1/contact-methods/remove";
    let body = json!({ "type": kind, "value": value });
    api.post(path, &api.user_token(), body).await
}

/// The message of a refusal. Panics if the message repeats the value.
fn refusal(answer: &Answer, value: &str) -> String {
    assert_eq!(answer.status, 400, "{value:?}: {:?}", answer.body);
    let message = answer.body["error"].as_str().unwrap();
    assert!(!message.contains(value), "{message}");
    message.to_owned()
}

#[tokio::test]
async fn a_number_is_found_however_it_is_written() {
    for (region, number, texts) in [
        (
            "CA",
            "+14165550100",
            &[
                "\u{202a}+1 (416) 555-0100\u{202c}",
                "\u{feff}4165550100",
                "tel:+1-416-555-0100",
                "1.416.555.0100",
                "+1416\u{200b}5550100",
                "011 1 416 555 0100",
            ][..],
        ),
        (
            "JP",
            "+81312345678",
            &[
                "（03）1234-5678",
                "03ー1234ー5678",
                "０３－１２３４－５６７８",
                "＋８１　３　１２３４　５６７８",
                "＋８１（０）３－１２３４－５６７８",
            ],
        ),
        (
            "IT",
            "+390612345678",
            &[
                "+39 (0)6 1234 5678",
                "06 1234 5678",
                "+39 06 1234 5678",
                "0039 06 1234 5678",
                "00 39 (0)6 1234 5678",
            ],
        ),
    ] {
        let api = api_of(region).await;
        seed_numbers(&api, &[number]).await;
        for (place, text) in texts.iter().enumerate() {
            let answer = verify(&api, text).await;
            assert_eq!(answer.status, 200, "{text:?}: {:?}", answer.body);
            let outcome = if place == 0 { "recorded" } else { "kept" };
            assert_eq!(answer.body["data"]["outcome"], outcome, "{text:?}");
            let added = add(&api, "phone", text).await;
            assert_eq!(added.body["data"]["outcome"], "unchanged", "{text:?}");
        }
    }
}

#[tokio::test]
async fn a_number_of_a_new_area_code_is_verified_and_removed_but_not_added_in_national_form() {
    let api = api_of("CA").await;
    seed_numbers(&api, &["+16243051111"]).await;
    let message = refusal(&add(&api, "phone", "624-305-1111").await, "624-305-1111");
    assert!(
        message.contains("not a number of the region CA"),
        "{message}"
    );
    for text in ["624-305-1111", "(624) 305 1111", "16243051111"] {
        assert_eq!(verify(&api, text).await.status, 200, "{text}");
    }
    // Endpoint 2 finds the number too.
    let body = json!({ "type": " phone ", "value": "624.305.1111", "verifiedAt": TIME });
    let answer = api.verify_contact_method("c_1", body).await;
    assert_eq!(answer.body["data"]["outcome"], "kept", "{:?}", answer.body);
    assert_eq!(verify(&api, "624-305-1112").await.status, 404);
    assert_eq!(remove(&api, "phone", "624 305 1111").await.status, 200);
}

#[tokio::test]
async fn an_ambiguous_number_is_refused_with_the_reason() {
    let api = api_of("DE").await;
    seed_numbers(&api, &["+4917012345678", "+494917012345678"]).await;
    for (text, why) in [
        ("4917012345678", "write it with +"),
        ("49 170 12345678", "write it with +"),
        ("1701234567.0", "spreadsheet"),
        ("+491701234567.00", "spreadsheet"),
        ("4.91701E+12", "spreadsheet"),
        ("+49 170 1234567 ext. 8", "an extension"),
        ("0170 123456O", "a letter"),
        ("+49 170", "too short"),
        ("+49170123456789012", "more than 15 digits"),
        ("+0491701234567", "no calling code begins with 0"),
        ("0170\t1234567", "a tab"),
        ("030 1234567~68", "a range"),
        ("+49+170 1234567", "does not come first"),
        ("\u{200b}", "it is blank"),
    ] {
        for answer in [
            verify(&api, text).await,
            add(&api, "phone", text).await,
            remove(&api, "phone", text).await,
        ] {
            let message = refusal(&answer, text);
            assert!(message.contains(why), "{text:?}: {message}");
        }
    }
    let contact = api.get("/api/contacts/c_1", &api.user_token()).await;
    let numbers = contact.body["phoneNumber"].as_array().unwrap();
    assert!(numbers.iter().all(|number| number["verifiedAt"].is_null()));
}

#[tokio::test]
async fn a_value_that_is_not_a_string_has_another_error_than_a_missing_one() {
    let api = Api::start().await;
    api.seed(json!([{ "id": "c_1" }])).await;
    for (kind, value, why) in [
        ("phone", json!(14_165_550_100_u64), "it is not a string"),
        ("phone", json!(["+14165550100"]), "it is not a string"),
        ("phone", Value::Null, "it is missing"),
        ("email", json!({ "value": "a@b.ca" }), "it is not a string"),
        ("email", json!(true), "it is not a string"),
        ("email", Value::Null, "it is missing"),
    ] {
        let path = "/api/contacts/c_1/contact-methods";
        let body = json!({ "type": kind, "value": value });
        let answer = api.post(path, &api.user_token(), body).await;
        let message = answer.body["error"].as_str().unwrap();
        assert!(message.ends_with(why), "{kind} {value}: {message}");
    }
}

#[tokio::test]
async fn an_invisible_address_counts_as_missing_if_an_application_sends_it() {
    let api = Api::start().await;
    for email in ["", " ", "\u{200b}", "\u{3164}", " \u{feff}"] {
        let body = json!({ "email": email, "audience": "newsletter", "client": "website" });
        let answer = api.upsert(body).await;
        assert_eq!(
            answer.body["error"]["fields"]["email"], "required",
            "{email:?}"
        );
    }
}

#[tokio::test]
async fn an_address_with_invisible_characters_around_it_is_the_same_mailbox() {
    let api = Api::start().await;
    api.seed(json!([{ "id": "c_1", "emails": [{ "value": "zed@example.com" }] }]))
        .await;
    let application = api.application_token("website");
    let unsubscribe = json!({
        "email": "zed@example.com", "audience": "newsletter", "client": "website", "scope": "global",
    });
    let subscribe =
        json!({ "email": "zed@example.com", "audience": "newsletter", "client": "website" });
    api.post("/api/subscriptions/subscribe", &application, subscribe)
        .await;
    let ended = api
        .post("/api/subscriptions/unsubscribe", &application, unsubscribe)
        .await;
    assert_eq!(ended.status, 200, "{:?}", ended.body);
    for text in [
        "\u{feff}zed@example.com",
        "zed@example.com\u{200b}",
        "\u{202a}Zed@Example.com\u{202c}",
        "\u{a0}zed@example.com\u{3164}",
        "\u{2066}zed@example.com\u{2069}",
        "\"zed\"@example.com",
    ] {
        let body = json!({
            "email": text, "audience": "newsletter", "client": "website", "verified": true, "status": "subscribed",
        });
        let answer = api.upsert(body).await;
        assert_eq!(answer.status, 200, "{text:?}: {:?}", answer.body);
        assert_eq!(answer.body["contact_id"], "c_1", "{text:?}");
        assert_eq!(answer.body["can_send_marketing"], false, "{text:?}");
        let email: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let path = format!("/api/contacts/status?email={email}&audience=newsletter&client=website");
        let status = api.get(&path, &application).await;
        assert_eq!(status.body["contact_id"], "c_1", "{text:?}");
        assert_eq!(status.body["email"], "zed@example.com");
    }
}

#[tokio::test]
async fn an_address_with_odd_dots_is_accepted_and_kept_apart() {
    let api = Api::start().await;
    api.seed(json!([{ "id": "c_1" }])).await;
    let addresses = [
        "aaa..bb@example.ne.jp",
        "aaa.bb@example.ne.jp",
        "aaabb@example.ne.jp",
        "a..b.@example.ne.jp",
        ".ab@example.ne.jp",
    ];
    for address in addresses {
        assert_eq!(
            add(&api, "email", address).await.body["data"]["outcome"],
            "updated"
        );
        let body = json!({ "type": "email", "value": address, "verifiedAt": TIME });
        let answer = api.verify_contact_method("c_1", body).await;
        assert_eq!(answer.body["data"]["outcome"], "recorded", "{address}");
    }
    let contact = api.get("/api/contacts/c_1", &api.user_token()).await;
    let emails = contact.body["emails"].as_array().unwrap();
    let values: Vec<_> = emails.iter().map(|email| email["value"].as_str()).collect();
    assert_eq!(values, addresses.map(Some));
}

#[tokio::test]
async fn an_address_with_invisible_or_invalid_characters_is_refused_with_the_reason() {
    let api = Api::start().await;
    api.seed(json!([{ "id": "c_1" }])).await;
    for (text, why) in [
        ("ze\u{200b}d@example.com", "invisible"),
        ("zed@exam\u{ad}ple.com", "invisible"),
        ("zed @example.com", "invisible"),
        ("zed@example\u{2060}.com", "invisible"),
        ("zed@\u{e000}.example", "without a meaning"),
        ("ｚｅｄ@example.com", "full-width"),
        ("zed.example.com", "no @"),
        ("@example.com", "nothing comes before"),
        ("zed@", "domain is not valid"),
        ("zed,ann@example.com", "character before the @"),
        ("\"z ed\"@example.com", "invisible"),
    ] {
        for answer in [
            add(&api, "email", text).await,
            remove(&api, "email", text).await,
        ] {
            let message = refusal(&answer, text);
            assert!(message.contains(why), "{text:?}: {message}");
        }
        let body = json!({ "email": text, "audience": "newsletter", "client": "website" });
        let answer = api.upsert(body).await;
        assert_eq!(
            answer.body["error"]["fields"]["email"], "invalid",
            "{text:?}"
        );
    }
}

#[tokio::test]
async fn a_byte_order_mark_before_a_body_is_ignored() {
    let api = Api::start().await;
    seed_numbers(&api, &["+14165550100"]).await;
    let body = json!({ "phoneNumber": "+14165550100", "verifiedAt": TIME });
    for body in [format!("\u{feff}{body}"), format!("\u{feff}\n{body}")] {
        let request = api.request("/api/contacts/c_1/phone-number/verify");
        let request = request
            .bearer_auth(api.user_token())
            .header("content-type", "application/json")
            .body(body);
        let answer = api.send(request).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
    }
    let request = api.request("/api/contacts/c_1/phone-number/verify");
    let request = request.bearer_auth(api.user_token()).body("\u{feff}[]");
    let answer = api.send(request).await;
    assert_eq!(
        answer.body["error"],
        json!("Invalid payload: body must be a JSON object")
    );
    assert_eq!(answer.body["data"], Value::Null);
}
