//! Which entry of a contact a value names (contract section 4).

use serde_json::{Value, json};

use super::{Crm, EMAIL, PHONE, assert_invalid, assert_refused, email, outcome, plain_contact};
use super::{verify_email, verify_phone};

/// The entries that a verification of `value` verifies.
async fn verified<'a>(kind: &str, entries: &[&'a str], value: &str) -> Vec<&'a str> {
    let list = if kind == "phone" {
        "phoneNumber"
    } else {
        "emails"
    };
    let seeds: Vec<_> = entries
        .iter()
        .map(|entry| json!({ "value": entry }))
        .collect();
    let crm = Crm::with_contact(json!({ list: seeds })).await;
    let body = json!({ "type": kind, "value": value, "verifiedAt": "2026-05-20T15:04:01.135Z" });
    let answer = crm.verify_contact_method(body).await;
    assert_eq!(outcome(&answer), "recorded", "{value}");
    let shown = answer.body["data"]["contact"][list].as_array().unwrap();
    assert_eq!(shown.len(), entries.len());
    let is_verified = |entry: &Value| entry.get("verifiedAt").is_some();
    let pairs = entries.iter().zip(shown);
    pairs
        .filter(|(_, shown)| is_verified(shown))
        .map(|(entry, _)| *entry)
        .collect()
}

#[tokio::test]
async fn a_number_is_found_however_it_is_written() {
    let crm = Crm::with_plain_contact().await;
    crm.verify_contact_method(verify_phone(&json!({}))).await;
    for value in [
        "+1 (416) 555-0100",
        " tel:+1-416-555-0100 ",
        "+1.416.555/0100",
        "+1\u{a0}416\u{2011}555\u{2013}0100",
        "+１４１６５５５０１００",
        "+١٤١٦٥٥٥٠١٠٠",
        "416-555-0100",
        "1 416 555 0100",
        "011 1 416 555 0100",
    ] {
        let answer = crm
            .verify_contact_method(verify_phone(&json!({ "value": value })))
            .await;
        assert_eq!(outcome(&answer), "kept", "{value:?}");
        let body = json!({ "phoneNumber": value, "verifiedAt": "2026-05-20T15:04:01.135Z" });
        let answer = crm.verify_phone_number(body).await;
        assert_eq!(outcome(&answer), "kept", "{value:?} on endpoint 1");
    }
}

#[tokio::test]
async fn a_trunk_zero_in_parentheses_is_dropped_and_no_other() {
    let entries = ["+442079460958", "+4402079460958"];
    assert_eq!(
        verified("phone", &entries, "+44 (0)20 7946 0958").await,
        ["+442079460958"]
    );
    assert_eq!(
        verified("phone", &entries, "+44 020 7946 0958").await,
        ["+4402079460958"]
    );
}

#[tokio::test]
async fn a_number_that_nobody_can_have_is_not_found() {
    let crm = Crm::with_plain_contact().await;
    let answer = crm
        .verify_contact_method(verify_phone(&json!({ "value": "+99912345678" })))
        .await;
    assert_refused(&answer, 404, "Phone number not found on contact");
}

#[tokio::test]
async fn a_number_of_another_contact_is_not_found() {
    let crm = Crm::with_plain_contact().await;
    crm.seed(
        "c_2",
        json!({ "phoneNumber": [{ "value": "+14165550199" }] }),
    )
    .await;
    let answer = crm
        .verify_contact_method(verify_phone(&json!({ "value": "+14165550199" })))
        .await;
    assert_refused(&answer, 404, "Phone number not found on contact");
}

#[tokio::test]
async fn a_number_among_the_secondary_ones_is_not_found() {
    let crm = Crm::with_contact(json!({ "secondaryPhoneNumber": [PHONE] })).await;
    let answer = crm.verify_contact_method(verify_phone(&json!({}))).await;
    assert_refused(&answer, 404, "Phone number not found on contact");
}

async fn refuse_phone(value: Value) {
    let crm = Crm::with_plain_contact().await;
    let answer = crm
        .verify_contact_method(verify_phone(&json!({ "value": value })))
        .await;
    assert_invalid(&answer, &["value"]);
    let answer = crm
        .verify_phone_number(json!({ "phoneNumber": value }))
        .await;
    assert_invalid(&answer, &["phoneNumber"]);
}

#[tokio::test]
async fn an_extension_is_refused_and_not_dropped() {
    refuse_phone(json!("+1 416 555 0100 x5")).await;
}

#[tokio::test]
async fn a_national_number_of_another_region_is_refused() {
    refuse_phone(json!("020 7946 0958")).await;
}

#[tokio::test]
async fn a_number_of_16_digits_is_refused() {
    refuse_phone(json!("+1234567890123456")).await;
}

#[tokio::test]
async fn a_number_with_letters_is_refused() {
    refuse_phone(json!("1-800-FLOWERS")).await;
}

#[tokio::test]
async fn a_number_that_is_a_json_number_is_refused() {
    refuse_phone(json!(14_165_550_100_u64)).await;
}

#[tokio::test]
async fn an_email_address_as_a_phone_number_is_refused() {
    refuse_phone(json!(EMAIL)).await;
}

#[tokio::test]
async fn case_does_not_tell_addresses_apart() {
    let entries = ["Alex@Example.COM"];
    assert_eq!(
        verified("email", &entries, "aLEX@eXAMPLE.com").await,
        entries
    );
}

#[tokio::test]
async fn blanks_around_an_address_do_not_matter() {
    assert_eq!(
        verified("email", &[EMAIL], " alex@example.com\n").await,
        [EMAIL]
    );
}

#[tokio::test]
async fn composed_and_decomposed_letters_are_one_address() {
    let entries = ["jos\u{e9}@example.com"];
    assert_eq!(
        verified("email", &entries, "JOSE\u{301}@example.com").await,
        entries
    );
}

#[tokio::test]
async fn a_domain_in_unicode_and_its_ascii_form_are_one_address() {
    let entries = ["a@Bücher.example"];
    assert_eq!(
        verified("email", &entries, "a@xn--bcher-kva.example").await,
        entries
    );
    let entries = ["a@xn--bcher-kva.example"];
    assert_eq!(
        verified("email", &entries, "a@bücher.example").await,
        entries
    );
}

#[tokio::test]
async fn a_sharp_s_and_two_letters_are_two_addresses() {
    let entries = ["straße@example.com", "strasse@example.com"];
    assert_eq!(
        verified("email", &entries, "STRASSE@example.com").await,
        ["strasse@example.com"]
    );
}

#[tokio::test]
async fn a_tag_and_a_dot_make_another_address() {
    let entries = [
        "alexmorgan@example.com",
        "alex.morgan@example.com",
        "alex.morgan+crm@example.com",
    ];
    for entry in entries {
        assert_eq!(verified("email", &entries, entry).await, [entry]);
    }
}

#[tokio::test]
async fn an_address_is_shown_as_it_was_added() {
    let crm = Crm::with_contact(json!({ "emails": [{ "value": "Alex@Example.COM" }] })).await;
    let answer = crm.verify_contact_method(verify_email(&json!({}))).await;
    assert_eq!(email(&answer)["value"], "Alex@Example.COM");
    assert_eq!(answer.body["data"]["contact"]["email"], "Alex@Example.COM");
}

#[tokio::test]
async fn an_address_that_the_contact_does_not_have_is_not_found() {
    let crm = Crm::with_plain_contact().await;
    let answer = crm
        .verify_contact_method(verify_email(&json!({ "value": "alex.morgan@example.com" })))
        .await;
    assert_refused(&answer, 404, "Email not found on contact");
}

async fn refuse_email(value: Value) {
    let crm = Crm::with_plain_contact().await;
    let answer = crm
        .verify_contact_method(verify_email(&json!({ "value": value })))
        .await;
    assert_invalid(&answer, &["value"]);
}

#[tokio::test]
async fn an_address_with_two_at_signs_is_refused() {
    refuse_email(json!("alex@example@example.com")).await;
}

#[tokio::test]
async fn an_address_without_a_local_part_is_refused() {
    refuse_email(json!("@example.com")).await;
}

#[tokio::test]
async fn an_address_of_321_characters_is_refused() {
    refuse_email(json!(format!("{}@example.com", "a".repeat(321 - 12)))).await;
}

#[tokio::test]
async fn a_phone_number_as_an_email_address_is_refused() {
    refuse_email(json!(PHONE)).await;
}

#[tokio::test]
async fn a_contact_without_methods_has_none_to_find() {
    let crm = Crm::with_contact(json!({})).await;
    let answer = crm.verify_contact_method(verify_phone(&json!({}))).await;
    assert_refused(&answer, 404, "Phone number not found on contact");
    let answer = crm.verify_contact_method(verify_email(&json!({}))).await;
    assert_refused(&answer, 404, "Email not found on contact");
}

#[tokio::test]
async fn an_unknown_contact_is_not_found() {
    let crm = Crm::start().await;
    let answer = crm.verify_contact_method(verify_phone(&json!({}))).await;
    assert_refused(&answer, 404, "Contact not found");
    let answer = crm
        .verify_phone_number(json!({ "phoneNumber": PHONE }))
        .await;
    assert_refused(&answer, 404, "Contact not found");
}

#[tokio::test]
async fn an_invalid_id_is_answered_like_a_missing_contact() {
    let crm = Crm::start().await;
    crm.seed(&"a".repeat(64), plain_contact()).await;
    let token = crm.api.user_token();
    let too_long = "a".repeat(65);
    for id in [
        "c.1",
        "c%201",
        "c%23CONTACT",
        "c%2F1",
        "%C3%A9",
        "%00",
        "%20",
        too_long.as_str(),
    ] {
        let request = crm.request(id, "verify-contact-methods", &token);
        let answer = crm.send(request.json(&verify_phone(&json!({})))).await;
        assert_refused(&answer, 404, "Contact not found");
    }
}
