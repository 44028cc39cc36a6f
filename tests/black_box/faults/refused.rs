//! A deployment that is wrong: 500 at once, and nothing more.

use black_box_tests::proxy::{Fault, PATIENT};

use super::{Ask, CALLS, Scene, VERIFIED_AT, assert_internal_error, at_once};

async fn assert_500_at_once(error: Fault) {
    at_once(CALLS, |(ask, operation)| async move {
        let context = format!("{ask:?} {operation}");
        let scene = Scene::start(PATIENT).await;
        scene.proxy.always(operation, error);
        let answer = ask.send(&scene.api, Some(VERIFIED_AT)).await;
        assert_internal_error(ask, &answer, &context);
        assert!(answer.header("retry-after").is_none(), "{context}");
        assert_eq!(scene.proxy.count(operation), 1, "{context}: to no avail");
    })
    .await;
}

#[tokio::test]
async fn a_missing_permission_is_500_and_nothing_more() {
    assert_500_at_once(Fault::Error(400, "AccessDeniedException")).await;
}

#[tokio::test]
async fn a_missing_table_is_500_and_nothing_more() {
    assert_500_at_once(Fault::Error(400, "ResourceNotFoundException")).await;
}

#[tokio::test]
async fn a_request_that_the_database_cannot_read_is_500_and_nothing_more() {
    assert_500_at_once(Fault::Error(400, "ValidationException")).await;
}

#[tokio::test]
async fn a_transaction_that_the_database_cannot_read_is_500_and_nothing_more() {
    let scene = Scene::start(PATIENT).await;
    // A passing reason beside it does not make it pass.
    let fault = Fault::Cancelled(&["ValidationError", "TransactionConflict"]);
    scene.proxy.always("TransactWriteItems", fault);
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_internal_error(Ask::Contact, &answer, "");
    assert_eq!(scene.proxy.count("TransactWriteItems"), 1, "to no avail");
}
