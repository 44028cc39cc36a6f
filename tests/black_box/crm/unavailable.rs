//! The answers when the database fails (contract section 6). The module `faults` tests which fault leads to 500 and which to
//! 503.

use std::net::Ipv4Addr;
use std::time::Duration;

use black_box_tests::{Api, Database, development_settings};
use serde_json::json;
use shared::Service;
use shared::store::{ClientTimeouts, Store};
use tokio::net::TcpListener;
use url::Url;

use super::{Crm, assert_refused, verify_phone};

async fn with_store(database: Database, store: Store) -> Crm {
    let service = Service::new(development_settings(), store);
    Crm::over(Api::with_service(database, service).await)
}

#[tokio::test]
async fn a_refusal_by_the_database_is_500_without_details() {
    let database = Database::start().await;
    let store = Store::new(database.client().await, "no-such-table".to_owned());
    let crm = with_store(database, store).await;
    let answer = crm.verify_contact_method(verify_phone(&json!({}))).await;
    assert_refused(&answer, 500, "Internal server error");
    assert_eq!(answer.header("retry-after"), None);
}

#[tokio::test]
async fn a_database_that_hangs_up_is_503_with_retry_after() {
    let hanging_up = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", hanging_up.local_addr().unwrap());
    // The task ends with the test's runtime.
    tokio::spawn(async move { while hanging_up.accept().await.is_ok() {} });
    let database = Database::start().await;
    let timeouts = ClientTimeouts {
        attempts: 1,
        operation: Duration::from_secs(5),
        ..ClientTimeouts::default()
    };
    let store = database
        .store_through(&Url::parse(&url).unwrap(), timeouts)
        .await;
    let crm = with_store(database, store).await;
    let answer = crm
        .verify_phone_number(json!({ "phoneNumber": super::PHONE }))
        .await;
    assert_refused(&answer, 503, "Service temporarily unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
}
