//! The database fails temporarily: the function retries, and answers 503 if the retries fail too.

use std::time::Duration;

use black_box_tests::proxy::{Fault, PATIENT};
use black_box_tests::{Api, Database};
use tokio::net::TcpSocket;
use url::Url;

use super::{
    Ask, CALLS, IMPATIENT, RESTLESS, Scene, VERIFIED_AT, WRITES, assert_503_while, assert_overcome,
    assert_unavailable, at_once, levels, seed, service,
};

#[tokio::test]
async fn a_call_that_the_table_throttles_is_tried_again() {
    assert_overcome(PATIENT, &[Fault::THROTTLED]).await;
}

#[tokio::test]
async fn a_call_that_the_control_plane_throttles_is_tried_again() {
    assert_overcome(PATIENT, &[Fault::Error(400, "ThrottlingException")]).await;
}

#[tokio::test]
async fn a_call_over_the_accounts_limit_is_tried_again() {
    assert_overcome(PATIENT, &[Fault::Error(400, "RequestLimitExceeded")]).await;
}

#[tokio::test]
async fn an_internal_error_of_the_database_is_tried_again() {
    assert_overcome(PATIENT, &[Fault::Error(500, "InternalServerError")]).await;
}

#[tokio::test]
async fn a_database_that_is_unavailable_is_tried_again() {
    assert_overcome(PATIENT, &[Fault::Error(503, "ServiceUnavailable")]).await;
}

#[tokio::test]
async fn a_call_that_gets_a_load_balancers_error_page_is_tried_again() {
    assert_overcome(PATIENT, &[Fault::NotJson(502)]).await;
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_opened_again() {
    assert_overcome(PATIENT, &[Fault::Reset]).await;
}

#[tokio::test]
async fn a_call_that_hangs_is_given_up_and_tried_again() {
    assert_overcome(RESTLESS, &[Fault::Hang]).await;
}

#[tokio::test]
async fn faults_of_different_kinds_in_a_row_are_overcome() {
    assert_overcome(PATIENT, &[Fault::Reset, Fault::THROTTLED]).await;
}

#[tokio::test]
async fn a_slow_answer_leads_to_no_second_call() {
    at_once(CALLS, |(ask, operation)| async move {
        let scene = Scene::start(PATIENT).await;
        scene
            .proxy
            .fail(operation, [Fault::Delay(Duration::from_millis(20))]);
        let answer = ask.send(&scene.api, Some(VERIFIED_AT)).await;
        assert_eq!(answer.status, ask.status_without_faults(), "{ask:?}");
        assert_eq!(scene.proxy.count(operation), 1, "{ask:?} {operation}");
    })
    .await;
}

#[tokio::test]
async fn throttling_of_the_table_without_end_is_503() {
    assert_503_while(PATIENT, Fault::THROTTLED).await;
}

#[tokio::test]
async fn throttling_by_the_control_plane_without_end_is_503() {
    assert_503_while(PATIENT, Fault::Error(400, "ThrottlingException")).await;
}

#[tokio::test]
async fn calls_over_the_accounts_limit_without_end_are_503() {
    assert_503_while(PATIENT, Fault::Error(400, "RequestLimitExceeded")).await;
}

#[tokio::test]
async fn internal_errors_of_the_database_without_end_are_503() {
    assert_503_while(PATIENT, Fault::Error(500, "InternalServerError")).await;
}

#[tokio::test]
async fn a_database_that_stays_unavailable_is_503() {
    assert_503_while(PATIENT, Fault::Error(503, "ServiceUnavailable")).await;
}

#[tokio::test]
async fn error_pages_of_a_load_balancer_without_end_are_503() {
    assert_503_while(PATIENT, Fault::NotJson(502)).await;
}

#[tokio::test]
async fn a_successful_answer_of_the_database_that_is_not_json_is_503() {
    assert_503_while(PATIENT, Fault::NotJson(200)).await;
}

#[tokio::test]
async fn connections_that_break_off_without_end_are_503() {
    assert_503_while(PATIENT, Fault::Reset).await;
}

#[tokio::test]
async fn calls_that_hang_without_end_are_503() {
    assert_503_while(IMPATIENT, Fault::Hang).await;
}

#[tokio::test]
async fn a_database_that_refuses_connections_is_503() {
    // The socket is bound and never listens: connections are refused, and no other process can get the port meanwhile.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = Url::parse(&format!("http://{}", socket.local_addr().unwrap())).unwrap();
    let database = Database::start().await;
    let store = database.store_through(&url, PATIENT).await;
    let api = Api::with_service(database, service(store)).await;
    seed(&api).await;
    for ask in [
        Ask::PhoneNumber,
        Ask::Email,
        Ask::EmailAsSuperAdmin,
        Ask::Contact,
        Ask::NoContact,
    ] {
        let answer = ask.send(&api, Some(VERIFIED_AT)).await;
        assert_unavailable(ask, &answer, &format!("{ask:?}"));
    }
}

#[tokio::test]
async fn a_clear_that_the_database_does_not_do_is_503_and_clears_nothing() {
    at_once(WRITES, |(ask, operation)| async move {
        let scene = Scene::start(PATIENT).await;
        ask.send(&scene.api, Some(VERIFIED_AT)).await;
        scene.proxy.always(operation, Fault::THROTTLED);
        let answer = ask.send(&scene.api, None).await;
        assert_unavailable(ask, &answer, &format!("{ask:?}"));
        let untouched = (2, levels(ask, Some(VERIFIED_AT)));
        assert_eq!(scene.stored(ask).await, untouched, "{ask:?}");
    })
    .await;
}

#[tokio::test]
async fn a_super_administrators_change_that_the_database_does_not_do_is_503() {
    let scene = Scene::start(PATIENT).await;
    scene.proxy.always("UpdateItem", Fault::THROTTLED);
    let ask = Ask::EmailAsSuperAdmin;
    let answer = ask.send(&scene.api, Some(VERIFIED_AT)).await;
    assert_unavailable(ask, &answer, "");
}

#[tokio::test]
async fn once_the_database_is_back_the_same_request_succeeds() {
    at_once(CALLS, |(ask, operation)| async move {
        let scene = Scene::start(PATIENT).await;
        scene.proxy.always(operation, Fault::Reset);
        ask.send(&scene.api, Some(VERIFIED_AT)).await;
        scene.proxy.heal();
        let answer = ask.send(&scene.api, Some(VERIFIED_AT)).await;
        assert_eq!(answer.status, ask.status_without_faults(), "{ask:?}");
    })
    .await;
}
