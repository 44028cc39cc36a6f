//! Conflicts with others who use the same items, and transactions that are throttled in part.

use black_box_tests::proxy::{Fault, PATIENT};

use super::{Ask, EARLIER, Scene, VERIFIED_AT, WRITES, assert_unavailable, at_once, levels};

#[tokio::test]
async fn a_conflict_with_a_transaction_is_tried_again() {
    at_once(WRITES, |(ask, operation)| async move {
        let scene = Scene::start(PATIENT).await;
        scene.proxy.fail(operation, [Fault::Conflict; 3]);
        let answer = ask.send(&scene.api, Some(VERIFIED_AT)).await;
        assert_eq!(ask.outcome(&answer), "recorded", "{ask:?}");
        assert_eq!(scene.proxy.count(operation), 4, "{ask:?}");
        let recorded = (2, levels(ask, Some(VERIFIED_AT)));
        assert_eq!(scene.stored(ask).await, recorded, "{ask:?}");
    })
    .await;
}

#[tokio::test]
async fn a_conflict_with_a_transaction_without_end_is_503() {
    at_once(WRITES, |(ask, operation)| async move {
        let scene = Scene::start(PATIENT).await;
        scene.proxy.always(operation, Fault::Conflict);
        let answer = ask.send(&scene.api, Some(VERIFIED_AT)).await;
        assert_unavailable(ask, &answer, &format!("{ask:?}"));
        assert_eq!(scene.stored(ask).await, (1, levels(ask, None)), "{ask:?}");
    })
    .await;
}

#[tokio::test]
async fn after_a_conflict_an_earlier_verification_by_the_winner_is_kept() {
    at_once(WRITES, |(ask, operation)| async move {
        let scene = Scene::start(PATIENT).await;
        scene.proxy.fail(operation, [Fault::Conflict]);
        scene.rival(operation, 1, ask, Some(EARLIER));
        let answer = ask.send(&scene.api, Some(VERIFIED_AT)).await;
        assert_eq!(ask.outcome(&answer), "kept", "{ask:?}");
        let kept = levels(ask, Some(EARLIER));
        assert_eq!(ask.verified_at(&answer), kept, "{ask:?}");
        assert_eq!(scene.stored(ask).await, (2, kept), "{ask:?}");
    })
    .await;
}

#[tokio::test]
async fn a_transaction_still_under_way_is_tried_again() {
    // This is DynamoDB's answer to a retry of a transaction that it has not finished.
    let scene = Scene::start(PATIENT).await;
    let fault = Fault::Error(400, "TransactionInProgressException");
    scene.proxy.fail("TransactWriteItems", [fault]);
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
}

async fn assert_cancellation_is_tried_again(reasons: &'static [&'static str]) {
    let scene = Scene::start(PATIENT).await;
    let fault = Fault::Cancelled(reasons);
    scene.proxy.fail("TransactWriteItems", [fault, fault]);
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
    assert_eq!(scene.proxy.count("TransactWriteItems"), 3);
    // The function reads again before each attempt, since the items may have changed.
    assert_eq!(scene.proxy.count("TransactGetItems"), 3);
}

#[tokio::test]
async fn a_transaction_that_is_throttled_is_tried_again() {
    assert_cancellation_is_tried_again(&["ThrottlingError", "None"]).await;
}

#[tokio::test]
async fn a_transaction_that_lacks_capacity_is_tried_again() {
    assert_cancellation_is_tried_again(&["None", "ProvisionedThroughputExceeded"]).await;
}

#[tokio::test]
async fn a_transaction_refused_for_two_passing_reasons_is_tried_again() {
    assert_cancellation_is_tried_again(&["ConditionalCheckFailed", "TransactionConflict"]).await;
}

#[tokio::test]
async fn a_transaction_that_is_throttled_without_end_is_503_and_changes_neither_level() {
    let scene = Scene::start(PATIENT).await;
    let fault = Fault::Cancelled(&["ThrottlingError", "None"]);
    scene.proxy.always("TransactWriteItems", fault);
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_unavailable(Ask::Contact, &answer, "");
    let untouched = (1, vec![None, None]);
    assert_eq!(scene.stored(Ask::Contact).await, untouched);
}

/// DynamoDB's answer to a read of several items while a write to one of them is in flight.
const READ_CONFLICT: Fault = Fault::Cancelled(&["TransactionConflict", "None", "None"]);

#[tokio::test]
async fn a_read_that_a_write_in_flight_refuses_is_repeated() {
    let scene = Scene::start(PATIENT).await;
    scene.proxy.fail("TransactGetItems", [READ_CONFLICT; 2]);
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
    assert_eq!(scene.proxy.count("TransactGetItems"), 3);
}

#[tokio::test]
async fn a_read_that_is_throttled_in_part_is_repeated() {
    let scene = Scene::start(PATIENT).await;
    let fault = Fault::Cancelled(&["None", "ThrottlingError", "None"]);
    scene.proxy.fail("TransactGetItems", [fault; 2]);
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_eq!(Ask::Contact.outcome(&answer), "recorded");
    assert_eq!(scene.proxy.count("TransactGetItems"), 3);
}

#[tokio::test]
async fn a_read_that_is_refused_without_end_is_503_and_no_missing_contact() {
    let scene = Scene::start(PATIENT).await;
    scene.proxy.always("TransactGetItems", READ_CONFLICT);
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_unavailable(Ask::Contact, &answer, "");
    assert_eq!(scene.proxy.count("GetItem"), 0);
    assert_eq!(scene.proxy.count("TransactWriteItems"), 0);
}
