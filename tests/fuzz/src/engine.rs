//! The embedded engine without a socket: the AWS SDK calls it as an HTTP connector. An input costs no round trips, and everything
//! runs in one thread, in the same order each time.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use black_box_tests::proxy::WRITES;
use dynoxide::{Database, DynoxideError};
use serde_json::Value;
use shared::store::{ClientTimeouts, configure};

/// Timeouts that no input reaches, since no input waits for anything.
const TIMEOUTS: ClientTimeouts = ClientTimeouts {
    connect: Duration::from_mins(1),
    attempt: Duration::from_mins(1),
    operation: Duration::from_mins(1),
    attempts: 1,
};

/// The embedded engine, and the writes through it.
#[derive(Clone)]
pub(crate) struct Engine {
    database: Database,
    writes: Arc<Mutex<Vec<String>>>,
    is_changed: Arc<AtomicBool>,
}

impl Engine {
    /// An engine without tables.
    pub(crate) fn new() -> Self {
        Self {
            database: Database::memory().unwrap(),
            writes: Arc::default(),
            is_changed: Arc::default(),
        }
    }

    /// A client of the SDK.
    pub(crate) fn client(&self) -> Client {
        let connector = SharedHttpConnector::new(self.clone());
        let builder = Builder::new()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("local"))
            .endpoint_url("http://127.0.0.1")
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .http_client(http_client_fn(move |_, _| connector.clone()));
        Client::from_conf(configure(builder, TIMEOUTS).build())
    }

    /// The operations that have written something since the last use of this function.
    pub(crate) fn take_writes(&self) -> Vec<String> {
        std::mem::take(&mut self.writes.lock().unwrap())
    }

    /// Whether something was written since the last use of this function.
    pub(crate) fn take_is_changed(&self) -> bool {
        self.is_changed.swap(false, Ordering::Relaxed)
    }

    /// Notes that the table may have other items than the wanted ones.
    pub(crate) fn note_change(&self) {
        self.is_changed.store(true, Ordering::Relaxed);
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.split_once('.').unwrap().1;
        let body = request.body().bytes().unwrap();
        let (status, text) = match run(&self.database, operation, body) {
            Ok(text) => {
                if WRITES.contains(&operation) {
                    self.note_change();
                    self.writes.lock().unwrap().push(operation.to_owned());
                }
                (200, text)
            }
            Err(error) => (error.status_code(), error.to_json()),
        };
        HttpResponse::new(status.try_into().unwrap(), text.into())
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

impl HttpConnector for Engine {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(Ok(self.answer(&request)))
    }
}

/// Runs an operation, as the engine's own server does.
fn run(database: &Database, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
    macro_rules! run {
        ($method:ident) => {{
            let request = serde_json::from_slice(body)
                .map_err(|error| DynoxideError::SerializationException(error.to_string()))?;
            serde_json::to_string(&database.$method(request)?)
        }};
    }
    let answer = match operation {
        "BatchGetItem" => run!(batch_get_item),
        "BatchWriteItem" => run!(batch_write_item),
        "CreateTable" => run!(create_table),
        "DeleteItem" => run!(delete_item),
        "GetItem" => run!(get_item),
        "PutItem" => run!(put_item),
        "Query" => run!(query),
        "Scan" => run!(scan),
        "TransactGetItems" => run!(transact_get_items),
        "TransactWriteItems" => {
            // The engine would keep each token, with its data, for ten minutes.
            let mut request: Value = serde_json::from_slice(body)
                .map_err(|error| DynoxideError::SerializationException(error.to_string()))?;
            request["ClientRequestToken"] = Value::Null;
            let request = serde_json::from_value(request)
                .map_err(|error| DynoxideError::SerializationException(error.to_string()))?;
            serde_json::to_string(&database.transact_write_items(request)?)
        }
        "UpdateItem" => run!(update_item),
        _ => panic!("no target needs {operation}"),
    };
    Ok(answer.unwrap())
}
