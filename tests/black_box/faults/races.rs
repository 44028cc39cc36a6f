//! Others change the contact between the read and the transaction of endpoint 3.

use black_box_tests::proxy::{Fault, PATIENT};

use super::{Ask, EARLIER, LATER, Scene, VERIFIED_AT, assert_unavailable, levels, version};

#[tokio::test]
async fn an_earlier_verification_that_gets_in_between_is_kept() {
    let scene = Scene::start(PATIENT).await;
    scene.rival("TransactWriteItems", 1, Ask::Contact, Some(EARLIER));
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "kept");
    let kept = levels(Ask::Contact, Some(EARLIER));
    assert_eq!(Ask::Contact.verified_at(&answer), kept);
    assert_eq!(scene.stored(Ask::Contact).await, (2, kept));
}

#[tokio::test]
async fn a_later_verification_that_gets_in_between_is_replaced() {
    let scene = Scene::start(PATIENT).await;
    scene.rival("TransactWriteItems", 1, Ask::Contact, Some(LATER));
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
    let recorded = levels(Ask::Contact, Some(VERIFIED_AT));
    assert_eq!(Ask::Contact.verified_at(&answer), recorded);
    assert_eq!(scene.stored(Ask::Contact).await, (3, recorded));
}

#[tokio::test]
async fn a_verification_for_another_client_that_gets_in_between_is_kept_on_the_contact_only() {
    let scene = Scene::start(PATIENT).await;
    scene.rival("TransactWriteItems", 1, Ask::ContactForApp, Some(EARLIER));
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
    let each = vec![Some(EARLIER.to_owned()), Some(VERIFIED_AT.to_owned())];
    assert_eq!(Ask::Contact.verified_at(&answer), each);
    assert_eq!(scene.stored(Ask::Contact).await, (3, each));
}

#[tokio::test]
async fn a_clear_that_gets_in_between_clears_the_stored_and_not_the_next_verification() {
    let scene = Scene::start(PATIENT).await;
    Ask::Contact.send(&scene.api, Some(LATER)).await;
    scene.rival("TransactWriteItems", 1, Ask::Contact, None);
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
    let recorded = levels(Ask::Contact, Some(VERIFIED_AT));
    assert_eq!(scene.stored(Ask::Contact).await, (4, recorded));
}

#[tokio::test]
async fn a_clear_that_gets_in_between_does_not_leave_one_level_verified() {
    let scene = Scene::start(PATIENT).await;
    // The request keeps the contact's level and records the client's, so its transaction writes only one of them.
    Ask::ContactForApp.send(&scene.api, Some(EARLIER)).await;
    scene.rival("TransactWriteItems", 1, Ask::Contact, None);
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
    let recorded = levels(Ask::Contact, Some(VERIFIED_AT));
    assert_eq!(Ask::Contact.verified_at(&answer), recorded);
    assert_eq!(scene.stored(Ask::Contact).await, (4, recorded));
}

#[tokio::test]
async fn a_verification_that_gets_in_between_a_clear_is_cleared() {
    let scene = Scene::start(PATIENT).await;
    Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    scene.rival("TransactWriteItems", 1, Ask::Contact, Some(EARLIER));
    let answer = Ask::Contact.send(&scene.api, None).await;
    assert_eq!(Ask::Contact.outcome(&answer), "cleared");
    let cleared = levels(Ask::Contact, None);
    assert_eq!(Ask::Contact.verified_at(&answer), cleared);
    assert_eq!(scene.stored(Ask::Contact).await, (4, cleared));
}

#[tokio::test]
async fn a_clear_that_gets_in_between_a_clear_leaves_nothing_to_clear() {
    let scene = Scene::start(PATIENT).await;
    Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    scene.rival("TransactWriteItems", 1, Ask::Contact, None);
    let answer = Ask::Contact.send(&scene.api, None).await;
    assert_eq!(Ask::Contact.outcome(&answer), "unchanged");
    let cleared = levels(Ask::Contact, None);
    assert_eq!(scene.stored(Ask::Contact).await, (3, cleared));
}

#[tokio::test]
async fn a_change_to_a_phone_number_that_gets_in_between_is_not_lost() {
    let scene = Scene::start(PATIENT).await;
    scene.rival("TransactWriteItems", 1, Ask::PhoneNumber, Some(EARLIER));
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
    assert_eq!(version(&answer), 3);
    let recorded = levels(Ask::PhoneNumber, Some(EARLIER));
    assert_eq!(scene.stored(Ask::PhoneNumber).await, (3, recorded));
}

#[tokio::test]
async fn a_change_that_gets_in_between_fails_the_precondition() {
    let scene = Scene::start(PATIENT).await;
    scene.rival("TransactWriteItems", 1, Ask::PhoneNumber, Some(EARLIER));
    let ask = Ask::Contact;
    let answer = ask.send_if_match(&scene.api, Some(VERIFIED_AT), 1).await;
    assert_eq!(answer.status, 412, "{:?}", answer.body);
    assert_eq!(version(&answer), 2);
    assert_eq!(scene.stored(ask).await, (2, levels(ask, None)));
}

#[tokio::test]
async fn a_request_that_loses_a_few_races_in_a_row_succeeds() {
    let scene = Scene::start(PATIENT).await;
    for (nth, at) in (1..).zip([LATER, VERIFIED_AT, EARLIER]) {
        scene.rival("TransactWriteItems", nth, Ask::PhoneNumber, Some(at));
    }
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
    assert_eq!(scene.proxy.count("TransactWriteItems"), 4);
    let recorded = levels(Ask::Contact, Some(VERIFIED_AT));
    assert_eq!(scene.stored(Ask::Contact).await, (5, recorded));
}

#[tokio::test]
async fn a_request_that_loses_every_race_is_503_and_changes_neither_level() {
    let scene = Scene::start(PATIENT).await;
    // There are more rivals than attempts. Each reports an earlier time than the one before, so each changes the contact.
    for nth in 1..=30 {
        let at = format!("2026-01-01T00:00:{:02}Z", 30 - nth);
        scene.rival("TransactWriteItems", nth, Ask::PhoneNumber, Some(&at));
    }
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_unavailable(Ask::Contact, &answer, "");
    let (_, times) = scene.stored(Ask::Contact).await;
    assert_eq!(times, levels(Ask::Contact, None));
}

#[tokio::test]
async fn an_earlier_verification_after_a_lost_answer_is_not_undone_by_the_retry() {
    let scene = Scene::start(PATIENT).await;
    let loss = Fault::AfterDoing(&Fault::Reset);
    scene.proxy.fail("TransactWriteItems", [loss]);
    scene.rival("TransactGetItems", 2, Ask::Contact, Some(EARLIER));
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
    let earliest = levels(Ask::Contact, Some(EARLIER));
    assert_eq!(scene.stored(Ask::Contact).await, (3, earliest));
}

#[tokio::test]
async fn a_clear_after_a_lost_answer_is_not_undone_by_the_retry() {
    let scene = Scene::start(PATIENT).await;
    let loss = Fault::AfterDoing(&Fault::Reset);
    scene.proxy.fail("TransactWriteItems", [loss]);
    scene.rival("TransactGetItems", 2, Ask::Contact, None);
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
    let cleared = levels(Ask::Contact, None);
    assert_eq!(scene.stored(Ask::Contact).await, (3, cleared));
}
