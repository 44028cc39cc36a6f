//! The handlers, from the sample events of `events/` through `lambda_http`'s own parsing, over the demo data.
//!
//! `events/generate.py` writes the events; what each is answered stands in one file per function.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use black_box_tests::events::{NOW, event, names};
use black_box_tests::{Database, service_at};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent, Service as _};
use serde_json::{Value, json};
use shared::Service;

/// Makes a test of each line: the events are handled one after another over the demo data, and the last is answered as
/// stated. Those before it make what it needs, and are done.
macro_rules! event_tests {
    ($($name:ident: [$($event:literal),+] => $expected:expr;)+) => {
        $(
            #[tokio::test]
            async fn $name() {
                let [preparing @ .., last] = [$($event),+];
                let function = super::Function::over_demo_data().await;
                for name in preparing {
                    let status = function.handle(name, &super::event(name)).await.status;
                    assert_eq!(status, 200, "{name}");
                }
                let event = super::event(last);
                $expected.check(&function.handle(last, &event).await, &event);
            }
        )+

        /// Every event that a test handles.
        pub(super) const HANDLED: &[&str] = &[$($($event),+),+];
    };
}

mod contacts;
mod crm_answers;
mod replays;
mod verify_contact;
mod verify_contact_method;
mod verify_phone_number;

#[test]
fn every_event_is_handled_by_a_test() {
    let handled = [
        verify_phone_number::HANDLED,
        verify_contact_method::HANDLED,
        verify_contact::HANDLED,
        contacts::HANDLED,
    ]
    .concat();
    let handled: BTreeSet<_> = handled.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(names(), handled);
}

#[test]
fn every_event_has_a_request_id_of_its_own() {
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for name in names() {
        let id = request_id(&event(&name)).to_owned();
        assert_eq!(ids.insert(id, name.clone()), None, "{name}");
    }
}

/// An event whose body is padded until it is one byte too large. It is no file: nobody would read it.
async fn check_too_large(name: &str, expected: &Expected) {
    let mut event = event(name);
    let body = event["body"].as_str().unwrap();
    event["body"] = json!(format!("{body}{}", " ".repeat(16 * 1024 + 1 - body.len())));
    let function = Function::over_demo_data().await;
    expected.check(&function.handle(name, &event).await, &event);
}

/// What an event is answered: the status, the whole body, and the headers that not every answer has.
struct Expected {
    status: u64,
    /// Without `requestId`, which is the event's own.
    body: Value,
    etag: Option<String>,
    challenge: Option<String>,
}

impl Expected {
    /// The answer that shows a contact, which is then at `version`.
    fn success(version: u32, body: Value) -> Self {
        Self {
            status: 200,
            body,
            etag: None,
            challenge: None,
        }
        .etag(version)
    }

    fn refusal(status: u64, body: Value) -> Self {
        Self {
            status,
            body,
            etag: None,
            challenge: None,
        }
    }

    fn etag(self, version: u32) -> Self {
        Self {
            etag: Some(format!("\"{version}\"")),
            ..self
        }
    }

    fn challenge(self, challenge: &str) -> Self {
        Self {
            challenge: Some(challenge.to_owned()),
            ..self
        }
    }

    fn invalid_token(self, fault: &str) -> Self {
        self.challenge(&format!(
            "Bearer error=\"invalid_token\", error_description=\"{fault}\""
        ))
    }

    fn check(&self, answer: &Answer, event: &Value) {
        let mut body = self.body.clone();
        if self.status != 200 {
            body["requestId"] = json!(request_id(event));
        }
        assert_eq!((answer.status, &answer.body), (self.status, &body));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("x-request-id"), Some(request_id(event)));
        assert_eq!(answer.header("etag"), self.etag.as_deref());
        assert_eq!(answer.header("www-authenticate"), self.challenge.as_deref());
    }
}

/// What a function answers to API Gateway.
struct Answer {
    status: u64,
    headers: BTreeMap<String, String>,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// The functions, over a database that holds the demo data and nothing else.
struct Function {
    service: Arc<Service>,
    _database: Database,
}

impl Function {
    async fn over_demo_data() -> Self {
        // The events name organizations, so that these tests cannot each have one of their own.
        let database = Database::with_demo_data().await;
        Self {
            service: Arc::new(service_at(NOW, database.store().await)),
            _database: database,
        }
    }

    /// The answer of the function that the event's folder is named for.
    async fn handle(&self, name: &str, event: &Value) -> Answer {
        let payload: LambdaRequest = serde_json::from_value(event.clone()).unwrap();
        let (function, _) = name.split_once('/').unwrap();
        let mut handler = Adapter::from(lambda_http::service_fn(|request| async {
            let service = Arc::clone(&self.service);
            Ok::<_, std::convert::Infallible>(match function {
                "verify-phone-number" => ::verify_phone_number::handle(service, request).await,
                "verify-contact-method" => ::verify_contact_method::handle(service, request).await,
                "verify-contact" => ::verify_contact::handle(service, request).await,
                "upsert-contact" => ::upsert_contact::handle(service, request).await,
                "get-contact" => ::get_contact::handle(service, request).await,
                "contact-status" => ::contact_status::handle(service, request).await,
                "add-contact-method" => ::add_contact_method::handle(service, request).await,
                "remove-contact-method" => ::remove_contact_method::handle(service, request).await,
                "subscribe" => ::subscribe::handle(service, request).await,
                "unsubscribe" => ::unsubscribe::handle(service, request).await,
                _ => panic!("no function is called {function}"),
            })
        }));
        let event = LambdaEvent {
            payload,
            context: Context::default(),
        };
        let answer = serde_json::to_value(handler.call(event).await.unwrap()).unwrap();
        assert_eq!(answer["isBase64Encoded"], false, "an answer is text");
        Answer {
            status: answer["statusCode"].as_u64().unwrap(),
            headers: serde_json::from_value(answer["headers"].clone()).unwrap(),
            // 304 has none.
            body: answer["body"].as_str().map_or(Value::Null, |body| {
                serde_json::from_str(body).unwrap_or(Value::Null)
            }),
        }
    }
}

fn request_id(event: &Value) -> &str {
    event["requestContext"]["requestId"].as_str().unwrap()
}
