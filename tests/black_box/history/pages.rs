//! `GET /api/contacts/{id}/verification-history`: pages, filters, cursors and refusals.

use black_box_tests::stream::record_all;
use black_box_tests::{Api, fresh_organization, token};
use contacts::development::Identity;
use serde_json::{Value, json};

use super::{EMAIL, PHONE, path, start_with_contact};

/// `c_1` after seven verifications of its number and one of its address, each earlier than the one before.
async fn start() -> Api {
    let api = start_with_contact().await;
    for day in (1..=7).rev() {
        let body =
            json!({ "phoneNumber": PHONE, "verifiedAt": format!("2024-05-0{day}T00:00:00Z") });
        api.verify_phone_number("c_1", body).await;
    }
    let body = json!({ "type": "email", "value": EMAIL, "verifiedAt": "2024-05-01T00:00:00Z" });
    api.verify_contact_method("c_1", body).await;
    record_all(&api.database).await;
    api
}

async fn get(api: &Api, query: &str) -> Value {
    let answer = api.get(&path(query), &api.user_token()).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    answer.body
}

/// The entries of all pages of a query, and the number of entries of each page.
async fn all(api: &Api, query: &str) -> (Vec<Value>, Vec<usize>) {
    let (mut entries, mut sizes) = (Vec::new(), Vec::new());
    let mut cursor = String::new();
    loop {
        let page = get(api, &format!("{query}{cursor}")).await;
        let found = page["entries"].as_array().unwrap();
        sizes.push(found.len());
        entries.extend(found.clone());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (entries, sizes),
        }
    }
}

#[tokio::test]
async fn pages_together_are_the_whole_history_newest_first() {
    let api = start().await;
    let (whole, sizes) = all(&api, "").await;
    // Two entries are of the seed's subscriptions.
    assert_eq!(sizes, [10]);
    let days = whole[1..8]
        .iter()
        .map(|entry| &entry["after"]["verifiedAt"]);
    let days: Vec<_> = days
        .map(|at| at.as_str().unwrap()[8..10].to_owned())
        .collect();
    assert_eq!(days, ["01", "02", "03", "04", "05", "06", "07"]);
    for (limit, expected) in [
        (1, vec![1; 10]),
        (3, vec![3, 3, 3, 1]),
        (5, vec![5, 5]),
        (10, vec![10]),
        (100, vec![10]),
    ] {
        let (entries, sizes) = all(&api, &format!("limit={limit}")).await;
        assert_eq!((entries, sizes), (whole.clone(), expected), "{limit}");
    }
}

#[tokio::test]
async fn a_filter_shows_one_method_in_any_form_of_it() {
    let api = start().await;
    for query in [
        "type=phone&value=%2B14165550100",
        "type=phone&value=+14165550100",
        "type=phone&value=(416)%20555-0100&limit=2",
        "type=phone&value=(416)+555-0100",
    ] {
        let (entries, _) = all(&api, query).await;
        assert_eq!(entries.len(), 7, "{query}");
        assert!(entries.iter().all(|entry| entry["value"] == PHONE));
    }
    let (entries, sizes) = all(&api, "type=email&value=JANE@example.com&limit=3").await;
    assert_eq!(entries.len(), 1);
    // A page may be short or empty before the last one.
    assert_eq!(sizes, [1, 0, 0]);
    // A number that the contact never had matches no entry, and is no fault.
    let (entries, _) = all(&api, "type=phone&value=%2B14165550123").await;
    assert_eq!(entries, Vec::<Value>::new());
}

#[tokio::test]
async fn blank_parameters_count_as_absent() {
    let api = start().await;
    let whole = get(&api, "").await;
    assert_eq!(get(&api, "type=&value=&limit=&cursor=").await, whole);
}

#[tokio::test]
async fn every_fault_of_the_query_is_named() {
    let api = start().await;
    for (query, faults) in [
        ("type=phone", "value must be a phone number"),
        (
            "value=jane@example.com",
            "type must be \"phone\" or \"email\"",
        ),
        ("type=fax&value=1", "type must be \"phone\" or \"email\""),
        ("limit=0", "limit must be a number from 1 to 100"),
        ("limit=101", "limit must be a number from 1 to 100"),
        ("limit=-1", "limit must be a number from 1 to 100"),
        ("limit=1.5", "limit must be a number from 1 to 100"),
        ("limit=99999999999", "limit must be a number from 1 to 100"),
        (
            "cursor=abc",
            "cursor must be the nextCursor of a page of the same contact, type and value",
        ),
    ] {
        let answer = api.get(&path(query), &api.user_token()).await;
        assert_eq!(answer.status, 400, "{query}");
        let text = answer.body["error"].as_str().unwrap();
        assert!(text.starts_with("Invalid payload: "), "{query}: {text}");
        assert!(text.contains(faults), "{query}: {text}");
    }
    let answer = api.get(&path("type=fax&limit=0"), &api.user_token()).await;
    let text = answer.body["error"].as_str().unwrap();
    for member in ["type", "value", "limit"] {
        assert!(text.contains(member), "{text}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_contact_or_query_is_refused_and_so_is_a_changed_one() {
    let api = start().await;
    api.seed(json!([{ "id": "c_2", "phoneNumber": [{ "value": PHONE }] }]))
        .await;
    let phone = "type=phone&value=%2B14165550100&limit=2";
    let of = async |query: &str| {
        let page = get(&api, query).await;
        page["nextCursor"].as_str().unwrap().to_owned()
    };
    let (of_all, of_phone) = (of("limit=2").await, of(phone).await);
    let of_another = format!("/api/contacts/c_2/verification-history?limit=2&cursor={of_all}");
    let other = api.get(&of_another, &api.user_token()).await;
    assert_eq!(other.status, 400);
    let last = of_all.len() - 1;
    let changed = format!(
        "{}{}",
        &of_all[..last],
        if of_all.ends_with('A') { 'B' } else { 'A' }
    );
    for query in [
        format!("cursor={of_phone}"),
        format!("{phone}&cursor={of_all}"),
        format!("type=email&value=jane@example.com&cursor={of_phone}"),
        format!("cursor={changed}"),
        format!("cursor={}", &of_all[..last]),
        format!("cursor={of_all}A"),
    ] {
        let answer = api.get(&path(&query), &api.user_token()).await;
        assert_eq!(answer.status, 400, "{query}");
    }
    // A cursor stays valid with another limit.
    get(&api, &format!("limit=1&cursor={of_all}")).await;
}

#[tokio::test]
async fn a_missing_or_foreign_contact_is_not_found_whatever_the_cursor() {
    let api = start().await;
    let stranger = token(&Identity {
        organization: Some(fresh_organization()),
        ..api.identity()
    });
    for (path, token) in [
        (path(""), stranger.clone()),
        (path("cursor=abc"), stranger),
        (
            "/api/contacts/c_9/verification-history".to_owned(),
            api.user_token(),
        ),
        (
            "/api/contacts/c%20x/verification-history".to_owned(),
            api.user_token(),
        ),
    ] {
        let answer = api.get(&path, &token).await;
        assert_eq!(
            (answer.status, &answer.body["error"]),
            (404, &json!("Contact not found")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_super_administrator_reads_the_history_in_any_organization() {
    let api = start().await;
    let own = get(&api, "limit=3").await;
    for organization in [None, Some(fresh_organization())] {
        let token = token(&Identity {
            organization,
            role: Some("SUPERADMIN".to_owned()),
            ..api.identity()
        });
        let answer = api.get(&path("limit=3"), &token).await;
        assert_eq!((answer.status, &answer.body), (200, &own));
        let next = own["nextCursor"].as_str().unwrap();
        let next = api
            .get(&path(&format!("limit=3&cursor={next}")), &token)
            .await;
        assert_eq!(next.status, 200);
    }
}

#[tokio::test]
async fn an_application_reads_the_history_too_and_no_answer_has_an_entity_tag() {
    let api = start().await;
    let answer = api.get(&path(""), &api.application_token("website")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("etag"), None);
    assert_eq!(answer.body["contactId"], "c_1");
}
