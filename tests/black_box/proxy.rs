//! The proxy in front of the database, on which the tests of faults rely.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Get, Put, TransactGetItem, TransactWriteItem,
};
use black_box_tests::proxy::{ANY, Fault, PATIENT, Proxy, WRITE};
use black_box_tests::{Database, fresh_organization};
use contacts::client;
use shared::store::ClientTimeouts;

/// The timeouts of a client that sees every fault, because it does not retry.
const ONE_ATTEMPT: ClientTimeouts = ClientTimeouts {
    attempts: 1,
    ..PATIENT
};

/// A database behind a proxy, and a partition key that no other test has.
struct Scene {
    database: Database,
    proxy: Proxy,
    client: Client,
    partition: String,
}

impl Scene {
    async fn start() -> Self {
        let database = Database::start().await;
        let proxy = Proxy::start(&database.url).await;
        let client = client::client(&proxy.url, ONE_ATTEMPT).await;
        Self {
            database,
            proxy,
            client,
            partition: format!("ORG#{}", fresh_organization()),
        }
    }

    fn key(&self, sort: &str) -> [(String, AttributeValue); 2] {
        [("pk", self.partition.as_str()), ("sk", sort)]
            .map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())))
    }

    /// Adds one to the count of the item.
    async fn count_up(&self) -> Result<(), Option<String>> {
        let update = self.client.update_item().table_name(&self.database.table);
        let update = update
            .set_key(Some(self.key("0").into()))
            .update_expression("ADD #count :one")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
        let sent = update.send().await.map(drop);
        sent.map_err(|error| error.code().map(str::to_owned))
    }

    /// The count of the item, read without the proxy.
    async fn counted(&self) -> u32 {
        counted(&self.database, self.key("0").into()).await
    }
}

async fn counted(
    database: &Database,
    key: std::collections::HashMap<String, AttributeValue>,
) -> u32 {
    let get = database.client().await.get_item();
    let get = get.table_name(&database.table).set_key(Some(key));
    let item = get.consistent_read(true).send().await.unwrap().item;
    item.map_or(0, |item| item["count"].as_n().unwrap().parse().unwrap())
}

fn codes(reasons: &[CancellationReason]) -> Vec<&str> {
    let codes = reasons.iter().map(|reason| reason.code().unwrap());
    codes.collect()
}

#[tokio::test]
async fn a_request_that_is_held_back_is_done_when_it_is_delivered() {
    let scene = Scene::start().await;
    let late = scene.proxy.hold_back(WRITE, Fault::Reset);
    assert!(!late.is_sent());
    assert_eq!(scene.count_up().await, Err(None));
    assert!(late.is_sent());
    assert_eq!(scene.counted().await, 0);
    assert_eq!(scene.count_up().await, Ok(()));
    assert_eq!(late.deliver().await.status, 200);
    assert_eq!(scene.counted().await, 2);
}

#[tokio::test]
async fn work_after_a_call_sees_what_the_call_did_and_ends_before_the_answer() {
    let scene = Scene::start().await;
    for fault in [None, Some(Fault::AfterDoing(&Fault::Reset))] {
        let before = scene.counted().await;
        scene.proxy.fail(ANY, fault);
        let seen = Arc::new(Mutex::new(None));
        let (then, database) = (Arc::clone(&seen), scene.database.again());
        let key = scene.key("0").into();
        scene.proxy.after(ANY, 1, async move {
            let counted = counted(&database, key).await;
            *then.lock().unwrap() = Some(counted);
        });
        assert_eq!(scene.count_up().await.is_ok(), fault.is_none());
        assert_eq!(seen.lock().unwrap().take(), Some(before + 1));
    }
}

#[tokio::test]
async fn one_call_in_a_given_number_is_refused_with_the_conflict_of_its_operation() {
    let scene = Scene::start().await;
    let conflict = Err(Some("TransactionConflictException".to_owned()));
    let mut answers = Vec::new();
    for _ in 0..180 {
        // The proxy refuses the same calls in both halves.
        if answers.len() % 90 == 0 {
            scene.proxy.refuse_with_conflicts(3);
        }
        let answer = scene.count_up().await;
        assert!(answer.is_ok() || answer == conflict, "{answer:?}");
        answers.push(answer);
    }
    assert_eq!(answers[..90], answers[90..]);
    let accepted = answers.iter().filter(|answer| answer.is_ok()).count();
    assert!((90..150).contains(&accepted), "{accepted}");
    assert_eq!(scene.counted().await, u32::try_from(accepted).unwrap());

    scene.proxy.refuse_with_conflicts(1);
    let get = |sort| {
        let get = Get::builder().table_name(&scene.database.table);
        let get = get.set_key(Some(scene.key(sort).into())).build().unwrap();
        TransactGetItem::builder().get(get).build()
    };
    let read = scene.client.transact_get_items();
    let read = read.set_transact_items(Some(vec![get("0"), get("1"), get("2")]));
    let refused = read.send().await.unwrap_err().into_service_error();
    let TransactGetItemsError::TransactionCanceledException(refused) = refused else {
        panic!("{refused:?}");
    };
    let reasons = codes(refused.cancellation_reasons());
    assert_eq!(reasons, ["TransactionConflict", "None", "None"]);

    let put = |sort| {
        let put = Put::builder().table_name(&scene.database.table);
        let put = put.set_item(Some(scene.key(sort).into())).build().unwrap();
        TransactWriteItem::builder().put(put).build()
    };
    let write = scene.client.transact_write_items();
    let write = write.set_transact_items(Some(vec![put("1"), put("2")]));
    let refused = write.send().await.unwrap_err().into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(refused) = refused else {
        panic!("{refused:?}");
    };
    let reasons = codes(refused.cancellation_reasons());
    assert_eq!(reasons, ["TransactionConflict", "None"]);

    scene.proxy.heal();
    assert_eq!(scene.count_up().await, Ok(()));
}

#[tokio::test]
async fn no_attempt_meets_conflicts_forever_however_many_calls_it_has() {
    let scene = Scene::start().await;
    scene.proxy.refuse_with_conflicts(3);
    for calls in 1..=8 {
        let mut attempts = 0;
        'attempt: loop {
            attempts += 1;
            assert!(attempts <= 200, "{calls} calls");
            for _ in 0..calls {
                if scene.count_up().await.is_err() {
                    continue 'attempt;
                }
            }
            break;
        }
    }
}
