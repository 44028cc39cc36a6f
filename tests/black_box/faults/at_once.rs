//! Endpoint 3's read and transaction, which are on their way at the same time: in whichever order they are done, whoever
//! comes in between, and whatever becomes of either, the answer is of one state and nothing is done twice.

use black_box_tests::proxy::{Fault, PATIENT};

use super::{Ask, EARLIER, LATER, Scene, VERIFIED_AT, assert_unavailable, levels, version};

const READ: &str = "BatchGetItem";
const WRITE: &str = "TransactWriteItems";

#[tokio::test]
async fn a_first_verification_is_answered_after_one_round_trip() {
    let scene = Scene::start(PATIENT).await;
    scene.proxy.together(READ, WRITE);
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
    assert_eq!(version(&answer), 2);
    assert_eq!((scene.proxy.count(READ), scene.proxy.count(WRITE)), (1, 1));
}

#[tokio::test]
async fn the_answer_is_the_same_whichever_of_the_two_is_done_first() {
    let mut answers = Vec::new();
    for (first, then) in [(READ, WRITE), (WRITE, READ)] {
        let scene = Scene::start(PATIENT).await;
        scene.proxy.before(then, 1, scene.proxy.ended(first, 1));
        let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
        assert_eq!(version(&answer), 2);
        assert_eq!(scene.proxy.calls().len(), 2);
        answers.push(answer.body);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn a_change_after_the_read_and_before_the_transaction_counts_in_the_version() {
    let scene = Scene::start(PATIENT).await;
    scene.proxy.before(WRITE, 1, scene.proxy.ended(READ, 1));
    scene.rival(WRITE, 1, Ask::PhoneNumber, Some(EARLIER));
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
    assert_eq!(version(&answer), 3);
    let recorded = levels(Ask::Contact, Some(VERIFIED_AT));
    assert_eq!(scene.stored(Ask::Contact).await, (3, recorded));
}

#[tokio::test]
async fn a_change_after_the_transaction_and_before_the_read_is_shown() {
    let scene = Scene::start(PATIENT).await;
    scene.proxy.before(READ, 1, scene.proxy.ended(WRITE, 1));
    scene.rival(READ, 1, Ask::Contact, Some(EARLIER));
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
    assert_eq!(version(&answer), 3);
    let earlier = levels(Ask::Contact, Some(EARLIER));
    assert_eq!(Ask::Contact.verified_at(&answer), earlier);
}

#[tokio::test]
async fn a_clear_after_the_transaction_and_before_the_read_is_not_undone() {
    let scene = Scene::start(PATIENT).await;
    scene.proxy.before(READ, 1, scene.proxy.ended(WRITE, 1));
    scene.rival(READ, 1, Ask::Contact, None);
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
    assert_eq!(version(&answer), 3);
    let cleared = levels(Ask::Contact, None);
    assert_eq!(Ask::Contact.verified_at(&answer), cleared);
    assert_eq!(scene.stored(Ask::Contact).await, (3, cleared));
}

#[tokio::test]
async fn a_read_from_before_the_version_that_is_expected_is_made_again() {
    // Entity tags can be foreseen: a caller may name one that another request of its own has yet to make.
    let scene = Scene::start(PATIENT).await;
    scene.proxy.before(WRITE, 1, scene.proxy.ended(READ, 1));
    scene.rival(WRITE, 1, Ask::PhoneNumber, Some(EARLIER));
    let answer = Ask::Contact
        .send_if_match(&scene.api, Some(VERIFIED_AT), 2)
        .await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
    assert_eq!(version(&answer), 3);
    let recorded = levels(Ask::Contact, Some(VERIFIED_AT));
    assert_eq!(Ask::Contact.verified_at(&answer), recorded);
    assert_eq!((scene.proxy.count(READ), scene.proxy.count(WRITE)), (2, 1));
}

#[tokio::test]
async fn a_transaction_of_which_nobody_knows_is_no_reason_for_412() {
    // It was done, its answers got lost, and somebody else changed what it left.
    let scene = Scene::start(PATIENT).await;
    scene.proxy.always(WRITE, Fault::AfterDoing(&Fault::Reset));
    scene.proxy.before(READ, 1, scene.proxy.ended(WRITE, 1));
    scene.rival(READ, 1, Ask::Contact, Some(EARLIER));
    let answer = Ask::Contact
        .send_if_match(&scene.api, Some(VERIFIED_AT), 1)
        .await;
    assert_unavailable(Ask::Contact, &answer, "");
}

#[tokio::test]
async fn a_read_that_fails_beside_the_transaction_is_made_again_and_the_transaction_is_not() {
    let scene = Scene::start(PATIENT).await;
    scene.proxy.fail(READ, [Fault::UnprocessedKeys]);
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
    assert_eq!(version(&answer), 2);
    assert_eq!((scene.proxy.count(READ), scene.proxy.count(WRITE)), (2, 1));
}

#[tokio::test]
async fn a_clear_before_the_read_is_made_again_is_not_undone() {
    let scene = Scene::start(PATIENT).await;
    scene.proxy.fail(READ, [Fault::UnprocessedKeys]);
    scene.rival(READ, 2, Ask::Contact, None);
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
    let cleared = levels(Ask::Contact, None);
    assert_eq!(Ask::Contact.verified_at(&answer), cleared);
    assert_eq!(scene.stored(Ask::Contact).await, (3, cleared));
}

#[tokio::test]
async fn a_transaction_without_an_answer_beside_a_failed_read_is_not_made_again() {
    // It was done, or not, and then perhaps undone.
    let scene = Scene::start(PATIENT).await;
    scene.proxy.always(WRITE, Fault::AfterDoing(&Fault::Reset));
    scene.proxy.before(READ, 1, scene.proxy.begun(WRITE, 1));
    scene.proxy.fail(READ, [Fault::UnprocessedKeys]);
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_unavailable(Ask::Contact, &answer, "");
    assert_eq!(scene.proxy.count(READ), 1);
    scene.proxy.heal();
    let recorded = levels(Ask::Contact, Some(VERIFIED_AT));
    assert_eq!(scene.stored(Ask::Contact).await, (2, recorded));
}

#[tokio::test]
async fn a_repeat_is_kept_whatever_the_database_says_of_its_transaction() {
    for fault in [
        Fault::Conflict,
        Fault::THROTTLED,
        Fault::Error(500, "InternalServerError"),
        Fault::Error(400, "AccessDeniedException"),
    ] {
        let scene = Scene::start(PATIENT).await;
        Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
        scene.proxy.always(WRITE, fault);
        let answer = Ask::Contact.send(&scene.api, Some(LATER)).await;
        assert_eq!(Ask::Contact.outcome(&answer), "kept", "{fault:?}");
        let kept = levels(Ask::Contact, Some(VERIFIED_AT));
        assert_eq!(Ask::Contact.verified_at(&answer), kept, "{fault:?}");
        assert_eq!(version(&answer), 2, "{fault:?}");
    }
}
