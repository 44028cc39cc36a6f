//! The time of a verification (contract section 4).

use serde_json::{Value, json};

use super::{Crm, PHONE, assert_invalid, outcome, phone, verify_phone};

/// The stored time of a verification with this time.
async fn stored(time: &str) -> String {
    let crm = Crm::with_plain_contact().await;
    let answer = crm
        .verify_contact_method(verify_phone(&json!({ "verifiedAt": time })))
        .await;
    assert_eq!(outcome(&answer), "recorded", "{time}");
    phone(&answer)["verifiedAt"].as_str().unwrap().to_owned()
}

async fn refuse(time: Value) {
    let crm = Crm::with_plain_contact().await;
    let answer = crm
        .verify_contact_method(verify_phone(&json!({ "verifiedAt": time })))
        .await;
    assert_invalid(&answer, &["verifiedAt"]);
    let answer = crm
        .verify_phone_number(json!({ "phoneNumber": PHONE, "verifiedAt": time }))
        .await;
    assert_invalid(&answer, &["verifiedAt"]);
}

#[tokio::test]
async fn a_time_is_shown_with_three_digits_of_a_second() {
    assert_eq!(
        stored("2026-05-20T15:04:01Z").await,
        "2026-05-20T15:04:01.000Z"
    );
    assert_eq!(
        stored("2026-05-20T15:04:01.5Z").await,
        "2026-05-20T15:04:01.500Z"
    );
}

#[tokio::test]
async fn a_finer_time_is_cut_and_not_rounded() {
    assert_eq!(
        stored("2026-05-20T15:04:01.135999999Z").await,
        "2026-05-20T15:04:01.135Z"
    );
    assert_eq!(
        stored("2026-12-31T23:59:59.9999Z").await,
        "2026-12-31T23:59:59.999Z"
    );
}

#[tokio::test]
async fn a_time_that_differs_in_what_is_cut_is_equal() {
    let crm = Crm::with_plain_contact().await;
    crm.verify_contact_method(verify_phone(
        &json!({ "verifiedAt": "2026-05-20T15:04:01.1359Z" }),
    ))
    .await;
    let answer = crm
        .verify_contact_method(verify_phone(
            &json!({ "verifiedAt": "2026-05-20T15:04:01.1351Z" }),
        ))
        .await;
    assert_eq!(outcome(&answer), "kept");
}

#[tokio::test]
async fn a_time_with_an_offset_is_shown_in_utc() {
    assert_eq!(
        stored("2026-05-20T17:34:01+02:30").await,
        "2026-05-20T15:04:01.000Z"
    );
    assert_eq!(
        stored("2026-05-20T23:04:01-04:00").await,
        "2026-05-21T03:04:01.000Z"
    );
}

#[tokio::test]
async fn times_are_compared_as_instants_and_not_as_texts() {
    let crm = Crm::with_verified_phone(json!({ "verifiedAt": "2026-05-20T15:00:00Z" })).await;
    let earlier = json!({ "verifiedAt": "2026-05-20T18:59:59+04:00" });
    assert_eq!(
        outcome(&crm.verify_contact_method(verify_phone(&earlier)).await),
        "recorded"
    );
    let later = json!({ "verifiedAt": "2026-05-20T11:00:00-04:00" });
    assert_eq!(
        outcome(&crm.verify_contact_method(verify_phone(&later)).await),
        "kept"
    );
}

#[tokio::test]
async fn the_letters_of_a_time_may_be_lower_case() {
    assert_eq!(
        stored("2026-05-20t15:04:01.135z").await,
        "2026-05-20T15:04:01.135Z"
    );
}

#[tokio::test]
async fn a_time_in_the_future_is_accepted() {
    assert_eq!(
        stored("9999-12-31T23:59:59.999Z").await,
        "9999-12-31T23:59:59.999Z"
    );
}

#[tokio::test]
async fn the_first_instant_of_1970_is_accepted() {
    assert_eq!(
        stored("1970-01-01T00:00:00Z").await,
        "1970-01-01T00:00:00.000Z"
    );
}

#[tokio::test]
async fn an_instant_before_1970_is_refused() {
    refuse(json!("1970-01-01T00:00:00+00:01")).await;
}

#[tokio::test]
async fn an_instant_after_9999_is_refused() {
    refuse(json!("9999-12-31T23:59:59-00:01")).await;
}

#[tokio::test]
async fn a_time_without_an_offset_is_refused() {
    refuse(json!("2026-05-20T15:04:01")).await;
}

#[tokio::test]
async fn an_offset_without_a_colon_is_refused() {
    refuse(json!("2026-05-20T15:04:01+0000")).await;
}

#[tokio::test]
async fn a_time_without_seconds_is_refused() {
    refuse(json!("2026-05-20T15:04Z")).await;
}

#[tokio::test]
async fn a_date_alone_is_refused() {
    refuse(json!("2026-05-20")).await;
}

#[tokio::test]
async fn a_day_that_does_not_exist_is_refused() {
    refuse(json!("2026-02-30T15:04:01Z")).await;
}

#[tokio::test]
async fn a_leap_second_is_refused() {
    refuse(json!("2016-12-31T23:59:60Z")).await;
}

#[tokio::test]
async fn blanks_around_a_time_are_refused() {
    refuse(json!(" 2026-05-20T15:04:01Z ")).await;
}

// None of these values passes for the `null` that clears.
#[tokio::test]
async fn an_empty_time_is_refused() {
    refuse(json!("")).await;
}

#[tokio::test]
async fn a_time_that_is_false_is_refused() {
    refuse(json!(false)).await;
}

#[tokio::test]
async fn a_time_in_milliseconds_is_refused() {
    refuse(json!(1_779_289_441_135_u64)).await;
}
