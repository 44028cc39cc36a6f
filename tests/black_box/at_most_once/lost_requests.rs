//! The database never gets a first attempt, or its answer gets lost, and nobody else changes the contact. The request takes
//! effect once, and its answer is the one without the fault.

use black_box_tests::proxy::{Fault, PATIENT, WRITE};
use shared::store::ClientTimeouts;

use super::{
    DIFFERENT_WRITES, Expected, LOSSES, LOSSES_AFTER_DOING, RESTLESS, Scene, Write, at_once,
    changes, comparable,
};

test_each_write!(
    a_write_that_the_database_never_gets_is_made_once,
    is_made_once_where_the_request_is_lost
);
test_each_write!(
    a_write_whose_answer_gets_lost_is_made_once,
    is_made_once_where_the_answer_is_lost
);

async fn is_made_once_where_the_request_is_lost(write: Write) {
    is_made_once(write, PATIENT, &LOSSES).await;
}

async fn is_made_once_where_the_answer_is_lost(write: Write) {
    is_made_once(write, PATIENT, &LOSSES_AFTER_DOING).await;
}

#[tokio::test]
async fn a_write_that_gets_no_answer_is_made_once() {
    at_once(DIFFERENT_WRITES, |write| {
        is_made_once(
            write,
            RESTLESS,
            &[Fault::Hang, Fault::AfterDoing(&Fault::Hang)],
        )
    })
    .await;
}

async fn is_made_once(write: Write, timeouts: ClientTimeouts, faults: &'static [Fault]) {
    let expected = Expected::of_first(write).await;
    for fault in faults {
        let context = format!("{write:?} {fault:?}");
        let scene = Scene::start(write, timeouts).await;
        let before = changes(&scene.items().await);
        scene.proxy.fail(WRITE, [*fault]);
        let answer = scene.send().await;
        expected.assert_heard(&answer, &context);
        assert_eq!(comparable(&answer.body), expected.body, "{context}");
        assert_eq!(changes(&scene.items().await), before + 1, "{context}");
    }
}

#[tokio::test]
async fn a_write_that_meets_a_conflict_after_its_answer_got_lost_is_made_once() {
    at_once(DIFFERENT_WRITES, |write| async move {
        let expected = Expected::of_first(write).await;
        for loss in [LOSSES[0], LOSSES_AFTER_DOING[0]] {
            let context = format!("{write:?} {loss:?}");
            let scene = Scene::start(write, PATIENT).await;
            let before = changes(&scene.items().await);
            scene.proxy.fail(WRITE, [loss, Fault::Conflict]);
            let answer = scene.send().await;
            expected.assert_heard(&answer, &context);
            assert_eq!(changes(&scene.items().await), before + 1, "{context}");
        }
    })
    .await;
}
