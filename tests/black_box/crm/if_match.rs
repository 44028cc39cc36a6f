//! Versions, entity tags and `If-Match` (contract section 9).

use black_box_tests::Answer;
use serde_json::json;

use super::{Crm, assert_invalid, assert_refused, outcome, verify_phone};

/// Verifies the number of `c_1` with these `If-Match` headers.
async fn verify_if(crm: &Crm, if_match: &[&str]) -> Answer {
    let request = crm.method_request().json(&verify_phone(&json!({})));
    let request = if_match
        .iter()
        .fold(request, |request, line| request.header("if-match", *line));
    crm.send(request).await
}

async fn clear_if(crm: &Crm, if_match: &str) -> Answer {
    let body = verify_phone(&json!({ "verifiedAt": null }));
    crm.send(
        crm.method_request()
            .header("if-match", if_match)
            .json(&body),
    )
    .await
}

#[tokio::test]
async fn each_change_raises_the_version_by_one() {
    let crm = Crm::with_plain_contact().await;
    let body = verify_phone(&json!({}));
    let clear = verify_phone(&json!({ "verifiedAt": null }));
    for (body, tag) in [
        (&body, "\"2\""),
        (&body, "\"2\""),
        (&clear, "\"3\""),
        (&clear, "\"3\""),
    ] {
        let answer = crm.verify_contact_method(body.clone()).await;
        assert_eq!(answer.header("etag"), Some(tag));
    }
}

#[tokio::test]
async fn a_write_to_the_version_that_the_caller_knows_is_done() {
    let crm = Crm::with_plain_contact().await;
    let answer = verify_if(&crm, &["\"1\""]).await;
    assert_eq!(outcome(&answer), "recorded");
    let answer = clear_if(&crm, answer.header("etag").unwrap()).await;
    assert_eq!(outcome(&answer), "cleared");
}

#[tokio::test]
async fn one_version_of_a_list_is_enough() {
    let crm = Crm::with_plain_contact().await;
    assert_eq!(
        outcome(&verify_if(&crm, &["\"7\", \"1\""]).await),
        "recorded"
    );
}

#[tokio::test]
async fn several_headers_are_one_list() {
    let crm = Crm::with_plain_contact().await;
    assert_eq!(
        outcome(&verify_if(&crm, &["\"7\"", "\"1\""]).await),
        "recorded"
    );
}

#[tokio::test]
async fn an_asterisk_matches_any_contact() {
    let crm = Crm::with_plain_contact().await;
    assert_eq!(outcome(&verify_if(&crm, &["*"]).await), "recorded");
    assert_eq!(outcome(&clear_if(&crm, "*").await), "cleared");
}

#[tokio::test]
async fn an_asterisk_does_not_match_a_contact_that_is_not_there() {
    let crm = Crm::start().await;
    assert_refused(&verify_if(&crm, &["*"]).await, 404, "Contact not found");
}

#[tokio::test]
async fn another_version_is_refused_with_the_current_one() {
    let crm = Crm::with_plain_contact().await;
    crm.verify_contact_method(verify_phone(&json!({}))).await;
    let answer = clear_if(&crm, "\"1\"").await;
    assert_refused(&answer, 412, "Contact has changed");
    assert_eq!(answer.header("etag"), Some("\"2\""));
}

#[tokio::test]
async fn a_write_that_is_refused_for_its_version_has_no_effect() {
    let crm = Crm::with_plain_contact().await;
    assert_eq!(verify_if(&crm, &["\"7\""]).await.status, 412);
    let answer = clear_if(&crm, "\"1\"").await;
    assert_eq!(outcome(&answer), "unchanged");
}

#[tokio::test]
async fn another_version_is_refused_even_where_nothing_would_be_written() {
    let crm = Crm::with_plain_contact().await;
    assert_refused(&clear_if(&crm, "\"7\"").await, 412, "Contact has changed");
    crm.verify_contact_method(verify_phone(&json!({}))).await;
    assert_refused(
        &verify_if(&crm, &["\"1\""]).await,
        412,
        "Contact has changed",
    );
}

#[tokio::test]
async fn a_tag_that_no_version_has_matches_nothing() {
    let crm = Crm::with_plain_contact().await;
    for tag in [
        "\"abc\"",
        "\"01\"",
        "\"\"",
        "\"0\"",
        "\"18446744073709551616\"",
    ] {
        assert_refused(&verify_if(&crm, &[tag]).await, 412, "Contact has changed");
    }
}

#[tokio::test]
async fn the_largest_number_that_a_tag_can_hold_matches_nothing() {
    let crm = Crm::with_plain_contact().await;
    assert_refused(
        &verify_if(&crm, &["\"18446744073709551615\""]).await,
        412,
        "Contact has changed",
    );
}

#[tokio::test]
async fn a_weak_tag_is_refused() {
    let crm = Crm::with_plain_contact().await;
    assert_invalid(&verify_if(&crm, &["W/\"1\""]).await, &["If-Match"]);
}

#[tokio::test]
async fn a_tag_without_quotes_is_refused() {
    let crm = Crm::with_plain_contact().await;
    assert_invalid(&verify_if(&crm, &["1"]).await, &["If-Match"]);
}

#[tokio::test]
async fn an_asterisk_in_a_list_is_refused() {
    let crm = Crm::with_plain_contact().await;
    assert_invalid(&verify_if(&crm, &["*, \"1\""]).await, &["If-Match"]);
}

#[tokio::test]
async fn one_weak_tag_spoils_a_list() {
    let crm = Crm::with_plain_contact().await;
    assert_invalid(&verify_if(&crm, &["\"1\"", "W/\"1\""]).await, &["If-Match"]);
}

#[tokio::test]
async fn an_empty_list_is_refused() {
    let crm = Crm::with_plain_contact().await;
    assert_invalid(&verify_if(&crm, &[""]).await, &["If-Match"]);
}
