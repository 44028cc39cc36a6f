//! The sample events of `events/`. `lambda_http` parses each event for its function, which runs over the demo data.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use black_box_tests::events::{Case, NOW, case, cases, files, write};
use black_box_tests::{Database, service_at};
use contacts::serve::routes::handle;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent, Service as _};
use serde_json::Value;
use shared::Service;
use shared::http::Route;

mod replays;

/// `UPDATE_EVENTS=1 cargo test -p black-box-tests events` writes the events.
#[test]
fn the_events_that_are_checked_in_are_up_to_date() {
    let wanted: BTreeMap<_, _> = cases()
        .iter()
        .map(|case| (case.file(), case.text()))
        .collect();
    if std::env::var_os("UPDATE_EVENTS").is_some() {
        write(&wanted);
    }
    let found = files();
    let files: BTreeSet<_> = wanted.keys().chain(found.keys()).collect();
    let stale = files
        .into_iter()
        .filter(|file| wanted.get(*file) != found.get(*file));
    assert_eq!(
        stale.collect::<Vec<_>>(),
        [""; 0],
        "stale; renew them: UPDATE_EVENTS=1 cargo test -p black-box-tests events"
    );
}

#[test]
fn every_function_has_events() {
    let with_events: BTreeSet<_> = cases().iter().map(|case| case.route).collect();
    assert_eq!(with_events, BTreeSet::from(Route::ALL));
}

#[tokio::test]
async fn each_event_is_answered_as_its_name_says() {
    for case in cases() {
        let name = case.file().display().to_string();
        let function = Function::over_demo_data().await;
        if let Some(before) = case.after {
            let before = if before.contains('/') {
                before.to_owned()
            } else {
                format!("{}/{before}", case.route.function())
            };
            let answer = function.handle(&self::case(&before)).await;
            assert_eq!(answer.status, 200, "{name}: {before}");
        }
        let answer = function.handle(&case).await;
        let said = (answer.status, answer.version());
        let expected = case.version.map(|version| format!("\"{version}\""));
        assert_eq!(
            said,
            (case.status, expected.as_deref()),
            "{name}: {}",
            answer.body
        );
        answer.check(&case, &name);
    }
}

/// The answer of a function to API Gateway.
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    fn version(&self) -> Option<&str> {
        self.header("etag")
    }

    /// The gist of the answer: the outcome, the faults, or its subject.
    fn says(&self) -> String {
        let text = |place: &str| self.body.pointer(place)?.as_str().map(str::to_owned);
        let outcome = || text("/data/outcome").or_else(|| text("/outcome"));
        let error = || {
            let fields = self.body.pointer("/error/fields").map(ToString::to_string);
            fields
                .or_else(|| text("/error/code"))
                .or_else(|| text("/error"))
        };
        if let Some(verification) = text("/verification_outcome") {
            return format!("{}, {verification}", outcome().unwrap_or_default());
        }
        let subject = || {
            let places = ["/firstName", "/email", "/contactId", "/message"];
            places.into_iter().find_map(text)
        };
        outcome()
            .or_else(error)
            .or_else(subject)
            .unwrap_or_default()
    }

    fn check(&self, case: &Case, name: &str) {
        let says = self.says();
        match case.says.split_once('…') {
            Some((beginning, _)) => assert!(says.starts_with(beginning), "{name}: {says}"),
            None => assert_eq!(says, case.says, "{name}"),
        }
        let event = case.event();
        let request_id = event["requestContext"]["requestId"].as_str();
        assert_eq!(self.header("x-request-id"), request_id, "{name}");
        assert_eq!(
            self.header("www-authenticate").is_some(),
            case.status == 401,
            "{name}"
        );
        if case.status >= 400 {
            assert_eq!(self.body["requestId"].as_str(), request_id, "{name}");
        }
        if case.status != 304 {
            assert_eq!(
                self.header("content-type"),
                Some("application/json"),
                "{name}"
            );
        }
    }
}

/// The functions, over a database that holds the demo data and nothing else.
struct Function {
    service: Arc<Service>,
    _database: Database,
}

impl Function {
    async fn over_demo_data() -> Self {
        // The events name organizations, so these tests cannot each use an organization of their own.
        let database = Database::with_demo_data().await;
        Self {
            service: Arc::new(service_at(NOW, database.store().await)),
            _database: database,
        }
    }

    /// The answer of the function that the case is about.
    async fn handle(&self, case: &Case) -> Answer {
        let payload: LambdaRequest = serde_json::from_value(case.event()).unwrap();
        let mut handler = Adapter::from(lambda_http::service_fn(|request| async {
            let service = Arc::clone(&self.service);
            Ok::<_, std::convert::Infallible>(handle(case.route, service, request).await)
        }));
        let event = LambdaEvent {
            payload,
            context: Context::default(),
        };
        let answer = serde_json::to_value(handler.call(event).await.unwrap()).unwrap();
        assert_eq!(answer["isBase64Encoded"], false, "an answer is text");
        Answer {
            status: answer["statusCode"].as_u64().unwrap().try_into().unwrap(),
            headers: serde_json::from_value(answer["headers"].clone()).unwrap(),
            // 304 has no body.
            body: answer["body"].as_str().map_or(Value::Null, |body| {
                serde_json::from_str(body).unwrap_or(Value::Null)
            }),
        }
    }
}
