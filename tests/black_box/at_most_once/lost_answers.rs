//! The database does a write, and its answer gets lost. Others change the contact before the function can look at it.

use std::sync::Arc;

use black_box_tests::proxy::{Fault, PATIENT, WRITE};
use black_box_tests::{Answer, Api, assert_same_items};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use shared::store::ClientTimeouts;

use super::others::ChangesByOthers;
use super::writes::{upsert, verify_contact, verify_email, verify_phone_number};
use super::{
    DIFFERENT_WRITES, EMAIL, Expected, LOSSES_AFTER_DOING, RESTLESS, SECOND_EMAIL, Scene,
    VERIFIED_BY_OTHERS_AT, Write, at_once, changes, outcome,
};
use crate::history::erase;

test_each_write!(
    what_a_write_did_is_told_after_up_to_seven_changes_by_others,
    is_told_after_seven_changes
);
test_each_write!(
    what_a_write_did_is_told_after_changes_of_every_kind_by_others,
    is_told_after_changes_of_every_kind
);
test_each_write!(
    a_write_is_not_made_again_after_more_than_seven_changes_by_others,
    is_not_made_again_after_more_changes
);

test_each_write!(
    a_write_is_not_made_again_after_its_contact_was_erased,
    is_not_made_again_after_an_erasure
);

test_each_write!(
    a_write_whose_only_answer_gets_lost_is_not_made_again,
    is_not_made_again_without_retries
);

test_each_write!(
    a_write_whose_answer_gets_lost_does_not_fail_its_own_precondition,
    does_not_fail_its_own_precondition
);

async fn does_not_fail_its_own_precondition(write: Write) {
    let expected = Expected::of_first(write).await;
    for count in [0, 1, 7] {
        let context = format!("{write:?}, {count} changes");
        let scene = Scene::start(write, PATIENT).await;
        scene.proxy.fail(WRITE, [LOSSES_AFTER_DOING[0]]);
        let others = scene.others_after_write(true, count);
        let answer = scene.send_if_match().await;
        expected.assert_heard(&answer, &context);
        assert_same_items(&scene.items().await, &others.made().items, &context);
    }
}

/// The client does not retry, so the function handles every failure of the first attempt.
const WITHOUT_RETRIES: ClientTimeouts = ClientTimeouts {
    attempts: 1,
    ..PATIENT
};

async fn is_not_made_again_without_retries(write: Write) {
    let expected = Expected::of_first(write).await;
    for count in [0, 1, 2, 7, 8] {
        let loss = LOSSES_AFTER_DOING[count % LOSSES_AFTER_DOING.len()];
        let answer = answer_after(write, WITHOUT_RETRIES, loss, count).await;
        let context = format!("{write:?} {loss:?}, {count} changes");
        expected.assert_heard_or_unavailable(write, &answer, &context);
    }
}

async fn is_told_after_seven_changes(write: Write) {
    let expected = Expected::of_first(write).await;
    for count in 1..=7 {
        let loss = LOSSES_AFTER_DOING[count % LOSSES_AFTER_DOING.len()];
        let answer = answer_after(write, PATIENT, loss, count).await;
        expected.assert_heard(&answer, &format!("{write:?} {loss:?}, {count} changes"));
    }
}

async fn is_told_after_changes_of_every_kind(write: Write) {
    let expected = Expected::of_first(write).await;
    for count in [2, 3, 5, 7, 9] {
        let context = format!("{write:?}, {count} changes");
        let scene = Scene::start(write, PATIENT).await;
        let loss = LOSSES_AFTER_DOING[count % LOSSES_AFTER_DOING.len()];
        scene.proxy.fail(WRITE, [loss]);
        let others = scene.others_of_every_kind_after_write(count);
        let answer = scene.send().await;
        if count <= 7 {
            expected.assert_heard(&answer, &context);
        } else {
            expected.assert_heard_or_unavailable(write, &answer, &context);
        }
        assert_same_items(&scene.items().await, &others.made().items, &context);
    }
}

async fn is_not_made_again_after_more_changes(write: Write) {
    let expected = Expected::of_first(write).await;
    for count in [8, 9, 20, 21] {
        let loss = LOSSES_AFTER_DOING[count % LOSSES_AFTER_DOING.len()];
        let answer = answer_after(write, PATIENT, loss, count).await;
        let context = format!("{write:?} {loss:?}, {count} changes");
        expected.assert_heard_or_unavailable(write, &answer, &context);
    }
}

/// Above all, the upsert of an erased contact's address does not create a new contact. A later request does.
async fn is_not_made_again_after_an_erasure(write: Write) {
    let expected = Expected::of_first(write).await;
    for count in [0, 1, 6, 7, 9] {
        let loss = LOSSES_AFTER_DOING[count % LOSSES_AFTER_DOING.len()];
        let context = format!("{write:?} {loss:?}, {count} changes");
        let scene = Scene::start(write, PATIENT).await;
        scene.proxy.fail(WRITE, [loss]);
        let (told, tell) = tokio::sync::oneshot::channel();
        let direct = Arc::clone(&scene.direct);
        scene.proxy.after(WRITE, 1, async move {
            let id = write.id(&direct).await.unwrap();
            ChangesByOthers::make_of_every_kind(write, &direct, count).await;
            assert_eq!(erase(&direct, &id).await.status, 200);
            let _ = told.send(direct.database.items(&direct.organization).await);
        });
        let answer = scene.send().await;
        let items = tell.await.unwrap();
        if write.is_single_update() {
            // The answer would show the contact, which no longer exists.
            assert_eq!(answer.status, 404, "{context}: {:?}", answer.body);
        } else if count < 7 {
            expected.assert_heard(&answer, &context);
        } else {
            expected.assert_heard_or_unavailable(write, &answer, &context);
        }
        assert_same_items(&scene.items().await, &items, &context);
    }
}

#[tokio::test]
async fn a_caller_hears_what_its_write_did_after_a_timeout_and_a_change_by_others() {
    at_once(DIFFERENT_WRITES, |write| async move {
        let expected = Expected::of_first(write).await;
        let loss = Fault::AfterDoing(&Fault::Hang);
        let answer = answer_after(write, RESTLESS, loss, 1).await;
        expected.assert_heard(&answer, &format!("{write:?}"));
    })
    .await;
}

/// The answer to a write whose first answer gets lost while others make `count` changes. Their changes stay, and nothing
/// else is written.
async fn answer_after(write: Write, timeouts: ClientTimeouts, loss: Fault, count: usize) -> Answer {
    let context = format!("{write:?} {loss:?}, {count} changes");
    let scene = Scene::start(write, timeouts).await;
    let before = changes(&scene.items().await);
    scene.proxy.fail(WRITE, [loss]);
    let others = scene.others_after_write(true, count);
    let answer = scene.send().await;
    let others = others.made();
    assert_eq!(others.before, before + 1, "{context}: it was done");
    assert_same_items(&scene.items().await, &others.items, &context);
    answer
}

/// The answer to a clear gets lost, and another caller then hears that its verification is recorded. The verification stays.
async fn assert_recording_by_another_stands(
    write: Write,
    verify: fn(&Api, Option<&str>) -> RequestBuilder,
    shown: fn(&Value) -> &Value,
) {
    for loss in LOSSES_AFTER_DOING {
        let scene = Scene::start(write, PATIENT).await;
        scene.proxy.fail(WRITE, [loss]);
        let (told, tell) = tokio::sync::oneshot::channel();
        let direct = Arc::clone(&scene.direct);
        scene.proxy.after(WRITE, 1, async move {
            let request = verify(&direct, Some(VERIFIED_BY_OTHERS_AT));
            let _ = told.send(direct.send(request).await);
        });
        let cleared = scene.send().await;
        let recorded = tell.await.unwrap();
        assert_eq!((recorded.status, outcome(&recorded)), (200, "recorded"));
        assert_eq!(shown(&recorded.body), VERIFIED_BY_OTHERS_AT);
        assert_eq!((cleared.status, outcome(&cleared)), (200, "cleared"));
        let again = verify(&scene.direct, Some(VERIFIED_BY_OTHERS_AT));
        let again = scene.direct.send(again).await;
        assert_eq!((again.status, outcome(&again)), (200, "kept"), "{loss:?}");
        assert_eq!(shown(&again.body), VERIFIED_BY_OTHERS_AT);
        assert_eq!(again.header("etag"), Some("\"3\""));
    }
}

#[tokio::test]
async fn a_clear_on_endpoint_1_does_not_clear_on_a_retry_what_another_caller_recorded() {
    assert_recording_by_another_stands(Write::ClearPhoneNumber, verify_phone_number, |body| {
        &body["data"]["contact"]["phoneNumber"][0]["verifiedAt"]
    })
    .await;
}

#[tokio::test]
async fn a_clear_on_endpoint_2_does_not_clear_on_a_retry_what_another_caller_recorded() {
    assert_recording_by_another_stands(Write::ClearEmail, verify_email, |body| {
        &body["data"]["contact"]["emails"][0]["verifiedAt"]
    })
    .await;
}

#[tokio::test]
async fn a_clear_on_endpoint_3_does_not_clear_on_a_retry_what_another_caller_recorded() {
    assert_recording_by_another_stands(Write::ClearContact, verify_contact, |body| {
        &body["client"]["verified_at"]
    })
    .await;
}

#[tokio::test]
async fn an_address_that_others_gave_to_another_contact_stays_there() {
    // The removal is done, its answer gets lost, and a new contact gets the address.
    let scene = Scene::start(Write::RemoveEmail, PATIENT).await;
    scene.proxy.fail(WRITE, [LOSSES_AFTER_DOING[0]]);
    let (told, tell) = tokio::sync::oneshot::channel();
    let direct = Arc::clone(&scene.direct);
    scene.proxy.after(WRITE, 1, async move {
        let request = upsert(&direct, &json!({ "email": SECOND_EMAIL }));
        let _ = told.send((
            direct.send(request).await,
            direct.database.items(&direct.organization).await,
        ));
    });
    let removed = scene.send().await;
    let (created, items) = tell.await.unwrap();
    assert_eq!((created.status, outcome(&created)), (201, "created"));
    assert_eq!((removed.status, outcome(&removed)), (200, "updated"));
    assert_eq!(removed.body["data"]["contact"]["email"], EMAIL);
    assert_same_items(&scene.items().await, &items, "the address has one owner");
}
