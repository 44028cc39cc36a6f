use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use super::*;

/// A substitute for EventBridge and SQS. It gives these answers in order, and keeps the requests.
#[derive(Debug, Clone, Default)]
struct Aws {
    answers: Arc<Mutex<VecDeque<(u16, Value)>>>,
    requests: Arc<Mutex<Vec<Value>>>,
}

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap();
        let body = serde_json::from_slice(body).unwrap();
        self.requests.lock().unwrap().push(body);
        let (status, answer) = self.answers.lock().unwrap().pop_front().unwrap();
        let status = status.try_into().unwrap();
        let answer = HttpResponse::new(status, SdkBody::from(answer.to_string()));
        HttpConnectorFuture::ready(Ok(answer))
    }
}

impl Aws {
    fn answering(answers: impl IntoIterator<Item = (u16, Value)>) -> Self {
        Self {
            answers: Arc::new(Mutex::new(answers.into_iter().collect())),
            requests: Arc::default(),
        }
    }

    fn outlets(&self) -> AwsOutlets {
        let aws = self.clone();
        let http = http_client_fn(move |_, _| SharedHttpConnector::new(aws.clone()));
        let credentials = Credentials::new("local", "local", None, None, "test");
        let region = Region::new("local");
        let version = BehaviorVersion::v2026_01_12();
        let eventbridge = aws_sdk_eventbridge::Config::builder()
            .behavior_version(version)
            .region(region.clone())
            .credentials_provider(credentials.clone())
            .http_client(http.clone());
        let sqs = aws_sdk_sqs::Config::builder()
            .behavior_version(version)
            .region(region)
            .credentials_provider(credentials)
            .http_client(http);
        AwsOutlets {
            eventbridge: aws_sdk_eventbridge::Client::from_conf(eventbridge.build()),
            event_bus_name: "bus".to_owned(),
            sqs: aws_sdk_sqs::Client::from_conf(sqs.build()),
            queue_url: "https://sqs.local/queue".to_owned(),
        }
    }

    fn requests(&self) -> Vec<Value> {
        self.requests.lock().unwrap().clone()
    }

    /// The ids of the events of each call.
    fn sent(&self) -> Vec<Vec<String>> {
        let ids = |request: &Value| {
            let entries = request["Entries"].as_array().unwrap().iter();
            let events = entries.map(|entry| entry["Detail"].as_str().unwrap());
            let events = events.map(|event| serde_json::from_str::<Value>(event).unwrap());
            events
                .map(|event| event["id"].as_str().unwrap().to_owned())
                .collect()
        };
        self.requests().iter().map(ids).collect()
    }
}

/// The bus's answer to a call. `taken` tells whether the bus took each event.
fn took(taken: &[bool]) -> (u16, Value) {
    let entries = taken.iter().map(|is_taken| {
        if *is_taken {
            json!({ "EventId": "1" })
        } else {
            json!({ "ErrorCode": "InternalFailure", "ErrorMessage": "later" })
        }
    });
    let failed = taken.iter().filter(|is_taken| !**is_taken).count();
    let entries: Vec<_> = entries.collect();
    (
        200,
        json!({ "FailedEntryCount": failed, "Entries": entries }),
    )
}

fn refusal(code: &str) -> (u16, Value) {
    (400, json!({ "__type": code, "message": "no" }))
}

fn events(count: usize) -> Vec<Event> {
    (0..count).map(|n| Event::with_id(&n.to_string())).collect()
}

#[tokio::test(start_paused = true)]
async fn an_event_goes_to_the_bus_whole() {
    let aws = Aws::answering([took(&[true])]);
    let events = events(1);
    assert_eq!(aws.outlets().deliver(&events).await, [true]);
    let [request] = aws.requests().try_into().unwrap();
    let detail = serde_json::to_string(&events[0]).unwrap();
    let entry = json!({
        "EventBusName": "bus", "Source": "contact-verification", "DetailType": "contact.erased",
        "Time": 1_779_289_442.135, "Detail": detail,
    });
    assert_eq!(request, json!({ "Entries": [entry] }));
}

#[tokio::test(start_paused = true)]
async fn events_go_in_their_order_ten_in_a_call() {
    let aws = Aws::answering([took(&[true; 10]), took(&[true; 10]), took(&[true; 3])]);
    let delivered = aws.outlets().deliver(&events(23)).await;
    assert_eq!(delivered, [true; 23]);
    let sent = aws.sent();
    assert_eq!(sent.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 3]);
    let expected: Vec<_> = (0..23).map(|n| n.to_string()).collect();
    assert_eq!(sent.concat(), expected);
}

#[tokio::test(start_paused = true)]
async fn only_the_events_that_the_bus_did_not_take_are_sent_again() {
    let aws = Aws::answering([
        took(&[true, false, true, false]),
        took(&[false, true]),
        took(&[true]),
    ]);
    let delivered = aws.outlets().deliver(&events(4)).await;
    assert_eq!(delivered, [true; 4]);
    assert_eq!(
        aws.sent(),
        [vec!["0", "1", "2", "3"], vec!["1", "3"], vec!["1"]]
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_that_the_bus_never_takes_is_given_up_and_no_further_call_is_made() {
    let mut first = [true; 10];
    first[7] = false;
    let answers = std::iter::once(took(&first)).chain(std::iter::repeat_n(took(&[false]), 6));
    let aws = Aws::answering(answers);
    let delivered = aws.outlets().deliver(&events(12)).await;
    assert_eq!(delivered, first);
    assert_eq!(aws.requests().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_delivers_nothing_more() {
    let aws = Aws::answering([took(&[true; 10]), refusal("ResourceNotFoundException")]);
    let delivered = aws.outlets().deliver(&events(25)).await;
    let expected: Vec<_> = (0..20).map(|n| n < 10).collect();
    assert_eq!(delivered, expected);
    assert_eq!(aws.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_read_is_reported_by_its_position() {
    let record = UnreadableRecord {
        stream_arn: Some("arn".to_owned()),
        event_id: Some("event".to_owned()),
        sequence_number: Some("7".to_owned()),
        partition_key: Some("ORG#org_a#CONTACT#c_1".to_owned()),
        sort_key: None,
        reason: "it has no key".to_owned(),
    };
    let aws = Aws::answering([(200, json!({ "MessageId": "1" }))]);
    // The answer has no digest of the message, so the SDK does not compare it.
    aws.outlets().report(&record).await.unwrap();
    let [request] = aws.requests().try_into().unwrap();
    assert_eq!(request["QueueUrl"], "https://sqs.local/queue");
    let message: Value = serde_json::from_str(request["MessageBody"].as_str().unwrap()).unwrap();
    let expected = json!({
        "streamArn": "arn", "eventId": "event", "sequenceNumber": "7", "partitionKey": "ORG#org_a#CONTACT#c_1",
        "sortKey": null, "reason": "it has no key",
    });
    assert_eq!(message, expected);

    let aws = Aws::answering([refusal("com.amazonaws.sqs#QueueDoesNotExist")]);
    assert!(aws.outlets().report(&record).await.is_err());
}
