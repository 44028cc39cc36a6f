//! A first attempt that reaches the database late: after the function has answered, and after others have changed the
//! contact.

use std::sync::{Arc, Mutex};

use black_box_tests::assert_same_items;
use black_box_tests::proxy::{Fault, PATIENT, WRITE};
use shared::store::ClientTimeouts;

use super::{
    ChangesByOthers, DIFFERENT_WRITES, Expected, LOSSES, LOSSES_AFTER_DOING, RESTLESS, Scene,
    Write, at_once, changes,
};

/// The numbers of changes by others before the attempt is delivered. After an odd number, the attempt would change the
/// contact again if the database executed it.
const COUNTS: [usize; 6] = [1, 7, 8, 9, 20, 21];

test_each_write!(
    an_attempt_that_comes_late_changes_nothing_that_others_were_told,
    changes_nothing_after_the_answer
);
test_each_write!(
    an_attempt_that_comes_later_than_changes_by_others_takes_effect_at_most_once,
    takes_effect_at_most_once_after_changes
);
test_each_write!(
    an_attempt_that_comes_late_after_one_whose_answer_got_lost_changes_nothing,
    changes_nothing_after_a_lost_answer
);

test_each_write!(
    an_attempt_that_comes_before_the_second_takes_effect_and_the_second_does_not,
    takes_effect_before_the_second
);
test_each_write!(
    an_attempt_that_comes_after_the_second_takes_no_effect,
    takes_no_effect_after_the_second
);

test_each_write!(
    an_attempt_that_comes_late_changes_no_other_version_than_its_caller_named,
    changes_no_other_version
);

/// Others change the contact before the function hears that its first attempt failed, and the caller names the version
/// before those changes.
async fn changes_no_other_version(write: Write) {
    if write.creates() {
        return;
    }
    for count in [1, 2, 8, 9] {
        let context = format!("{write:?}, {count} changes");
        let scene = Scene::start(write, PATIENT).await;
        scene.others(false, count).await;
        let status = scene.send_if_match().await.status;
        // If others removed the value, the request answers 404 before it compares the version.
        assert!([404, 412].contains(&status), "{context}: {status}");

        let scene = Scene::start(write, PATIENT).await;
        let late = scene.proxy.hold_back(WRITE, LOSSES[count % LOSSES.len()]);
        let others = scene.others_after_write(false, count);
        let answer = scene.send_if_match().await;
        let others = others.made();
        if answer.status == 503 {
            write.assert_unavailable(&answer, &context);
        } else {
            assert_eq!(answer.status, status, "{context}: {:?}", answer.body);
        }
        late.deliver().await;
        assert_same_items(&scene.items().await, &others.items, &context);
    }
}

async fn changes_nothing_after_the_answer(write: Write) {
    let expected = Expected::of_first(write).await;
    for count in COUNTS {
        let seen = LOSSES[count % LOSSES.len()];
        assert_no_late_effect(write, &expected, PATIENT, seen, count).await;
    }
}

#[tokio::test]
async fn an_attempt_that_comes_late_after_a_timeout_changes_nothing_that_others_were_told() {
    at_once(DIFFERENT_WRITES, |write| async move {
        let expected = Expected::of_first(write).await;
        for count in [1, 9] {
            assert_no_late_effect(write, &expected, RESTLESS, Fault::Hang, count).await;
        }
    })
    .await;
}

async fn assert_no_late_effect(
    write: Write,
    expected: &Expected,
    timeouts: ClientTimeouts,
    seen: Fault,
    count: usize,
) {
    let context = format!("{write:?} {seen:?}, {count} changes");
    let scene = Scene::start(write, timeouts).await;
    let before = changes(&scene.items().await);
    let late = scene.proxy.hold_back(WRITE, seen);
    let answer = scene.send().await;
    assert!(late.is_sent(), "{context}");
    let is_told = expected.assert_heard_or_unavailable(write, &answer, &context);
    let effect = changes(&scene.items().await) - before;
    assert!(effect <= 1, "{context}: {effect} changes");
    if is_told {
        assert_eq!(effect, 1, "{context}");
    }
    let others = scene.others(effect == 1, count).await;
    late.deliver().await;
    assert_at_most_once(&scene, &others, effect, &context).await;
}

/// Asserts that a request with an effect has no second one, and that a request without an effect gets at most one.
async fn assert_at_most_once(scene: &Scene, others: &ChangesByOthers, effect: u64, context: &str) {
    let items = scene.items().await;
    if effect == 1 {
        assert_same_items(
            &items,
            &others.items,
            &format!("{context}: a second effect"),
        );
    } else {
        assert!(changes(&items) <= others.after + 1, "{context}");
    }
}

/// Others change the contact before the function hears that its first attempt failed. The request takes effect at most once.
async fn takes_effect_at_most_once_after_changes(write: Write) {
    let counts = [1, 2, 7, 8, 21].into_iter();
    // The earliest global unsubscription is kept, and this request is earlier than those of the others.
    let moves_the_others = |count| write == Write::UnsubscribeGlobally && count % 2 == 1;
    for count in counts.filter(|count| !moves_the_others(*count)) {
        let seen = LOSSES[count % LOSSES.len()];
        let context = format!("{write:?} {seen:?}, {count} changes");
        // The first attempt is not done, so the second one applies to the contact as others left it.
        let expected = Expected::of(write, count).await;
        let scene = Scene::start(write, PATIENT).await;
        let late = scene.proxy.hold_back(WRITE, seen);
        let others = scene.others_after_write(false, count);
        let answer = scene.send().await;
        let others = others.made();
        let is_told = expected.assert_heard_or_unavailable(write, &answer, &context);
        let items = scene.items().await;
        let effect = changes(&items) - others.after;
        if is_told {
            assert_eq!(effect, expected.changes, "{context}");
        }
        if effect == 0 {
            assert_same_items(&items, &others.items, &context);
        }
        late.deliver().await;
        let delivered = scene.items().await;
        if is_told || effect == 1 {
            let context = format!("{context}: an effect after the answer");
            assert_same_items(&delivered, &items, &context);
        } else {
            assert!(changes(&delivered) <= others.after + 1, "{context}");
        }
    }
}

/// The first attempt comes late, and the answer to the second gets lost.
async fn changes_nothing_after_a_lost_answer(write: Write) {
    let expected = Expected::of_first(write).await;
    for count in [1, 9] {
        let context = format!("{write:?}, {count} changes");
        let scene = Scene::start(write, PATIENT).await;
        let before = changes(&scene.items().await);
        let late = scene.proxy.hold_back(WRITE, LOSSES[0]);
        scene.proxy.fail(WRITE, [LOSSES_AFTER_DOING[0]]);
        let answer = scene.send().await;
        let is_told = expected.assert_heard_or_unavailable(write, &answer, &context);
        let effect = changes(&scene.items().await) - before;
        assert!(effect <= 1, "{context}: {effect} changes");
        if is_told {
            assert_eq!(effect, 1, "{context}");
        }
        let others = scene.others(effect == 1, count).await;
        late.deliver().await;
        late.deliver().await;
        assert_at_most_once(&scene, &others, effect, &context).await;
    }
}

/// The first attempt arrives when the function has decided on the second. Others may undo it before the second arrives.
async fn takes_effect_before_the_second(write: Write) {
    let expected = Expected::of_first(write).await;
    for count in [0, 1, 2, 9] {
        let context = format!("{write:?}, {count} changes");
        let scene = Scene::start(write, PATIENT).await;
        let before = changes(&scene.items().await);
        let late = scene.proxy.hold_back(WRITE, LOSSES[count % LOSSES.len()]);
        let others = Arc::new(Mutex::new(None));
        let (made, direct) = (Arc::clone(&others), Arc::clone(&scene.direct));
        scene.proxy.before(WRITE, 2, async move {
            late.deliver().await;
            let changes = ChangesByOthers::make(write, &direct, true, count).await;
            *made.lock().unwrap() = Some(changes);
        });
        let answer = scene.send().await;
        let is_told = expected.assert_heard_or_unavailable(write, &answer, &context);
        let others = others.lock().unwrap().take();
        assert_one_effect_before_others(&scene, others.as_ref(), before, is_told, &context).await;
    }
}

/// The first attempt arrives after the second is done, and before the function hears of it.
async fn takes_no_effect_after_the_second(write: Write) {
    let expected = Expected::of_first(write).await;
    for count in [0, 1, 2, 9] {
        let context = format!("{write:?}, {count} changes");
        let scene = Scene::start(write, PATIENT).await;
        let before = changes(&scene.items().await);
        let late = scene.proxy.hold_back(WRITE, LOSSES[count % LOSSES.len()]);
        let others = Arc::new(Mutex::new(None));
        let (made, direct) = (Arc::clone(&others), Arc::clone(&scene.direct));
        scene
            .proxy
            .after(WRITE, write.second_attempt(), async move {
                let changes = ChangesByOthers::make(write, &direct, true, count).await;
                late.deliver().await;
                *made.lock().unwrap() = Some(changes);
            });
        let answer = scene.send().await;
        let is_told = expected.assert_heard_or_unavailable(write, &answer, &context);
        let others = others.lock().unwrap().take();
        assert_one_effect_before_others(&scene, others.as_ref(), before, is_told, &context).await;
    }
}

/// Asserts that exactly one attempt was done before the others came, and that their changes stay. If `others` is `None`, there
/// was no second attempt, and nothing changed.
async fn assert_one_effect_before_others(
    scene: &Scene,
    others: Option<&ChangesByOthers>,
    before: u64,
    is_told: bool,
    context: &str,
) {
    let items = scene.items().await;
    if let Some(others) = others {
        assert_eq!(others.before, before + 1, "{context}: one attempt is done");
        assert_same_items(&items, &others.items, context);
    } else {
        assert!(!is_told, "{context}: there was no second");
        assert_eq!(changes(&items), before, "{context}");
    }
}
