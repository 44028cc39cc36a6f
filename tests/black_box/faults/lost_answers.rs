//! An answer gets lost after the database has made the change. The change happens once, and its caller hears of it.

use black_box_tests::proxy::{Fault, PATIENT};

use super::{Ask, EARLIER, RESTLESS, Scene, VERIFIED_AT, WRITES, at_once, levels, version};

/// The faults that lose an answer. The last one also delivers the call twice.
const LOSSES: [Fault; 3] = [
    Fault::AfterDoing(&Fault::Reset),
    Fault::AfterDoing(&Fault::Error(500, "InternalServerError")),
    Fault::AfterDoing(&Fault::AfterDoing(&Fault::NotJson(502))),
];

#[tokio::test]
async fn a_verification_whose_answer_gets_lost_is_recorded_once() {
    at_once(WRITES, |(ask, operation)| async move {
        for loss in LOSSES {
            let context = format!("{ask:?} {loss:?}");
            let scene = Scene::start(PATIENT).await;
            scene.proxy.fail(operation, [loss]);
            let answer = ask.send(&scene.api, Some(VERIFIED_AT)).await;
            assert_eq!(answer.status, 200, "{context}: {:?}", answer.body);
            assert_eq!(ask.outcome(&answer), "recorded", "{context}");
            assert_eq!(version(&answer), 2, "{context}");
            let recorded = levels(ask, Some(VERIFIED_AT));
            assert_eq!(ask.verified_at(&answer), recorded, "{context}");
            assert_eq!(scene.stored(ask).await, (2, recorded), "{context}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_clear_whose_answer_gets_lost_is_cleared_once() {
    at_once(WRITES, |(ask, operation)| async move {
        for loss in LOSSES {
            let context = format!("{ask:?} {loss:?}");
            let scene = Scene::start(PATIENT).await;
            ask.send(&scene.api, Some(VERIFIED_AT)).await;
            scene.proxy.fail(operation, [loss]);
            let answer = ask.send(&scene.api, None).await;
            assert_eq!(answer.status, 200, "{context}: {:?}", answer.body);
            assert_eq!(ask.outcome(&answer), "cleared", "{context}");
            assert_eq!(version(&answer), 3, "{context}");
            assert_eq!(ask.verified_at(&answer), levels(ask, None), "{context}");
            assert_eq!(scene.stored(ask).await, (3, levels(ask, None)), "{context}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_verification_whose_answer_never_comes_is_recorded_once() {
    at_once(WRITES, |(ask, operation)| async move {
        let scene = Scene::start(RESTLESS).await;
        scene
            .proxy
            .fail(operation, [Fault::AfterDoing(&Fault::Hang)]);
        let answer = ask.send(&scene.api, Some(VERIFIED_AT)).await;
        assert_eq!(ask.outcome(&answer), "recorded", "{ask:?}");
        let recorded = (2, levels(ask, Some(VERIFIED_AT)));
        assert_eq!(scene.stored(ask).await, recorded, "{ask:?}");
    })
    .await;
}

#[tokio::test]
async fn a_verification_whose_answers_get_lost_twice_is_recorded_once() {
    at_once(WRITES, |(ask, operation)| async move {
        let scene = Scene::start(PATIENT).await;
        let loss = Fault::AfterDoing(&Fault::Reset);
        scene.proxy.fail(operation, [loss, loss]);
        let answer = ask.send(&scene.api, Some(VERIFIED_AT)).await;
        assert_eq!(ask.outcome(&answer), "recorded", "{ask:?}");
        let recorded = (2, levels(ask, Some(VERIFIED_AT)));
        assert_eq!(scene.stored(ask).await, recorded, "{ask:?}");
    })
    .await;
}

#[tokio::test]
async fn a_callers_own_change_does_not_fail_its_own_precondition() {
    at_once(WRITES, |(ask, operation)| async move {
        let scene = Scene::start(PATIENT).await;
        let loss = Fault::AfterDoing(&Fault::Reset);
        scene.proxy.fail(operation, [loss]);
        let verified = ask.send_if_match(&scene.api, Some(VERIFIED_AT), 1).await;
        assert_eq!(verified.status, 200, "{ask:?}: {:?}", verified.body);
        assert_eq!(ask.outcome(&verified), "recorded", "{ask:?}");
        scene.proxy.fail(operation, [loss]);
        let cleared = ask.send_if_match(&scene.api, None, 2).await;
        assert_eq!(cleared.status, 200, "{ask:?}: {:?}", cleared.body);
        assert_eq!(ask.outcome(&cleared), "cleared", "{ask:?}");
        assert_eq!(version(&cleared), 3, "{ask:?}");
    })
    .await;
}

#[tokio::test]
async fn a_verification_all_of_whose_answers_get_lost_is_recorded_once_and_its_caller_hears_so() {
    at_once(WRITES, |(ask, operation)| async move {
        let scene = Scene::start(PATIENT).await;
        scene
            .proxy
            .always(operation, Fault::AfterDoing(&Fault::Reset));
        let lost = ask.send(&scene.api, Some(VERIFIED_AT)).await;
        assert_eq!(ask.outcome(&lost), "recorded", "{ask:?}");
        assert_eq!(scene.proxy.count(operation), 1, "{ask:?}");
        scene.proxy.heal();
        let again = ask.send(&scene.api, Some(VERIFIED_AT)).await;
        assert_eq!(ask.outcome(&again), "kept", "{ask:?}");
        assert_eq!(version(&again), 2, "{ask:?}");
        let recorded = levels(ask, Some(VERIFIED_AT));
        assert_eq!(ask.verified_at(&again), recorded, "{ask:?}");
    })
    .await;
}

#[tokio::test]
async fn a_verification_whose_answer_gets_lost_and_whose_retry_meets_a_conflict_is_recorded_once() {
    at_once(WRITES, |(ask, operation)| async move {
        let scene = Scene::start(PATIENT).await;
        let faults = [Fault::AfterDoing(&Fault::Reset), Fault::Conflict];
        scene.proxy.fail(operation, faults);
        let answer = ask.send_if_match(&scene.api, Some(VERIFIED_AT), 1).await;
        assert_eq!(answer.status, 200, "{ask:?}: {:?}", answer.body);
        assert_eq!(ask.outcome(&answer), "recorded", "{ask:?}");
        let recorded = (2, levels(ask, Some(VERIFIED_AT)));
        assert_eq!(scene.stored(ask).await, recorded, "{ask:?}");
    })
    .await;
}

#[tokio::test]
async fn a_clear_whose_answer_gets_lost_and_whose_retry_meets_a_conflict_is_cleared_once() {
    at_once(WRITES, |(ask, operation)| async move {
        let scene = Scene::start(PATIENT).await;
        ask.send(&scene.api, Some(VERIFIED_AT)).await;
        let faults = [Fault::AfterDoing(&Fault::Reset), Fault::Conflict];
        scene.proxy.fail(operation, faults);
        let answer = ask.send_if_match(&scene.api, None, 2).await;
        assert_eq!(answer.status, 200, "{ask:?}: {:?}", answer.body);
        assert_eq!(ask.outcome(&answer), "cleared", "{ask:?}");
        assert_eq!(version(&answer), 3, "{ask:?}");
    })
    .await;
}

#[tokio::test]
async fn a_change_by_another_caller_after_a_lost_answer_does_not_change_what_the_first_hears() {
    for ask in [Ask::PhoneNumber, Ask::Email] {
        let scene = Scene::start(PATIENT).await;
        let loss = Fault::AfterDoing(&Fault::Reset);
        scene.proxy.fail("UpdateItem", [loss]);
        scene.rival("GetItem", 1, ask, Some(EARLIER));
        let answer = ask.send(&scene.api, Some(VERIFIED_AT)).await;
        assert_eq!(ask.outcome(&answer), "recorded", "{ask:?}");
        assert_eq!(ask.verified_at(&answer), levels(ask, Some(EARLIER)));
        assert_eq!(version(&answer), 3, "{ask:?}");
    }
}
