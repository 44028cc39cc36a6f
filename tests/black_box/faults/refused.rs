//! A wrong deployment leads to 500 at once, and nothing more.

use black_box_tests::proxy::{Fault, PATIENT};

use super::{Ask, CALLS, Scene, VERIFIED_AT, assert_internal_error, at_once};

async fn assert_500_at_once(error: Fault) {
    assert_500_after(error, |_, _| 1).await;
}

/// Asserts that the answer is 500, and that the function makes each call exactly as often as `calls` returns.
async fn assert_500_after(error: Fault, calls: fn(Ask, &str) -> usize) {
    at_once(CALLS, |(ask, operation)| async move {
        let context = format!("{ask:?} {operation}");
        let scene = Scene::start(PATIENT).await;
        scene.proxy.always(operation, error);
        let answer = ask.send(&scene.api, Some(VERIFIED_AT)).await;
        assert_internal_error(ask, &answer, &context);
        assert!(answer.header("retry-after").is_none(), "{context}");
        let count = scene.proxy.count(operation);
        assert_eq!(count, calls(ask, operation), "{context}: to no avail");
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
    // The item may be at fault instead of the request. Endpoints 1 and 2 read the item to find out, and then try once more.
    assert_500_after(
        Fault::Error(400, "ValidationException"),
        |ask, operation| {
            let is_single_update = !matches!(ask, Ask::Contact) && operation == "UpdateItem";
            1 + usize::from(is_single_update)
        },
    )
    .await;
}

#[tokio::test]
async fn a_transaction_that_the_database_cannot_read_is_500_and_nothing_more() {
    let scene = Scene::start(PATIENT).await;
    // A temporary reason beside the permanent one changes nothing.
    let fault = Fault::Cancelled(&["ValidationError", "TransactionConflict"]);
    scene.proxy.always("TransactWriteItems", fault);
    let answer = Ask::Contact.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_internal_error(Ask::Contact, &answer, "");
    assert_eq!(scene.proxy.count("TransactWriteItems"), 1, "to no avail");
}
