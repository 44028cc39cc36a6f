//! A proxy in front of the database: it records every call, makes the faults that a test asks for, and runs what a
//! test wants to happen between two calls.
//!
//! It works on HTTP, below the SDK, so that the SDK's own retries, timeouts and reading of errors are part of the test.

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use contacts::serve::engine;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use shared::store::ClientTimeouts;
use tokio::sync::watch;
use url::Url;

/// Waits for answers that come, however busy the machine is: a call that is repeated counts.
pub const PATIENT: ClientTimeouts = ClientTimeouts {
    connect: Duration::from_mins(1),
    attempt: Duration::from_mins(1),
    operation: Duration::from_mins(4),
    attempts: 4,
};

/// What goes wrong with a call of the database.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// The database answers this status and error code, and does nothing.
    Error(u16, &'static str),
    /// A transaction holds the item, or one of the items.
    Conflict,
    /// The transaction is cancelled, with these codes as its reasons, one for each item.
    Cancelled(&'static [&'static str]),
    /// Of the keys that a `BatchGetItem` asks for, only one is looked up.
    UnprocessedKeys,
    /// The answer has this status and is not JSON, and nothing is done: what a load balancer in between says.
    NotJson(u16),
    /// Nothing is done and no answer ever comes.
    Hang,
    /// The connection is closed without an answer, and nothing is done.
    Reset,
    /// The call is done after this long.
    Delay(Duration),
    /// The call is done, its answer is lost, and the caller gets to see this fault instead.
    AfterDoing(&'static Fault),
}

impl Fault {
    /// The table's partition, or the account, has no capacity left.
    pub const THROTTLED: Self = Self::Error(400, "ProvisionedThroughputExceededException");
}

/// A call of the database.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its name, such as `UpdateItem`.
    pub operation: String,
    /// What was asked.
    pub request: Value,
    /// What the caller got; nothing where it got no answer.
    pub answer: Option<DatabaseAnswer>,
    began: u64,
    ended: Option<u64>,
}

/// What the database answered, as far as the caller could see.
#[derive(Debug, Clone)]
pub struct DatabaseAnswer {
    /// The status code.
    pub status: u16,
    /// The body; null where it is not JSON.
    pub body: Value,
}

impl Call {
    /// What it consumed, in capacity units of its kind, as the answer says: nothing where the answer says nothing.
    #[must_use]
    pub fn capacity_units(&self) -> Option<f64> {
        match &self.answer.as_ref()?.body["ConsumedCapacity"] {
            Value::Null => None,
            Value::Array(tables) => tables.iter().map(units).sum(),
            table => units(table),
        }
    }
}

fn units(consumed: &Value) -> Option<f64> {
    consumed["CapacityUnits"].as_f64()
}

/// The proxy. It ends with the test's runtime.
pub struct Proxy {
    /// Where it listens.
    pub url: Url,
    state: Arc<State>,
}

struct State {
    database: Url,
    http: reqwest::Client,
    script: Mutex<Script>,
}

#[derive(Default)]
struct Script {
    /// Counts beginnings and ends of calls, so that their order is known without a clock.
    ticks: watch::Sender<u64>,
    calls: Vec<Call>,
    /// Faults of the next calls of an operation, one each.
    next: HashMap<&'static str, VecDeque<Fault>>,
    /// Faults of all other calls of an operation.
    always: HashMap<&'static str, Fault>,
    actions: Vec<Action>,
}

/// What is to happen before a call is done.
struct Action {
    operation: &'static str,
    /// Calls of the operation to let pass first.
    passing: usize,
    work: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Proxy {
    /// A proxy in front of `database`, on a free port.
    pub async fn start(database: &Url) -> Self {
        let listener = engine::listen(0).await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let state = Arc::new(State {
            database: database.clone(),
            http: crate::http_client(),
            script: Mutex::default(),
        });
        let serving = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let state = Arc::clone(&serving);
                let answer = service_fn(move |request| Arc::clone(&state).answer(request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(async {
                    // It breaks off whenever a fault says so.
                    let _ = connection.await;
                });
            }
        });
        Self { url, state }
    }

    /// Makes these faults in the next calls of an operation, one each.
    pub fn fail(&self, operation: &'static str, faults: impl IntoIterator<Item = Fault>) {
        let mut script = self.state.script();
        script.next.entry(operation).or_default().extend(faults);
    }

    /// Makes this fault in every call of an operation, until [`Proxy::heal`].
    pub fn always(&self, operation: &'static str, fault: Fault) {
        self.state.script().always.insert(operation, fault);
    }

    /// Makes no more faults.
    pub fn heal(&self) {
        let mut script = self.state.script();
        script.next.clear();
        script.always.clear();
    }

    /// Lets `work` happen before the `nth` call of an operation from now on is done (1 is the next): after its caller
    /// has decided on it, and with everything before it done.
    pub fn before(
        &self,
        operation: &'static str,
        nth: usize,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.state.script().actions.push(Action {
            operation,
            passing: nth.checked_sub(1).unwrap(),
            work: Box::pin(work),
        });
    }

    /// Completes when `count` calls of an operation have begun.
    pub fn begun(
        &self,
        operation: &'static str,
        count: usize,
    ) -> impl Future<Output = ()> + Send + 'static {
        self.until(count, move |call| call.operation == operation)
    }

    /// Completes when `count` calls of an operation have ended.
    pub fn ended(
        &self,
        operation: &'static str,
        count: usize,
    ) -> impl Future<Output = ()> + Send + 'static {
        self.until(count, move |call| {
            call.operation == operation && call.ended.is_some()
        })
    }

    fn until(
        &self,
        count: usize,
        counts: impl Fn(&Call) -> bool + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let state = Arc::clone(&self.state);
        let mut ticks = state.script().ticks.subscribe();
        async move {
            while state
                .script()
                .calls
                .iter()
                .filter(|call| counts(call))
                .count()
                < count
            {
                ticks.changed().await.unwrap();
            }
        }
    }

    /// Lets the next calls of two operations be done only once both have begun: a caller that sends one after the other
    /// never gets an answer.
    pub fn together(&self, one: &'static str, other: &'static str) {
        self.before(one, 1, self.begun(other, self.count(other) + 1));
        self.before(other, 1, self.begun(one, self.count(one) + 1));
    }

    /// Every call so far, in the order in which they began.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.state.script().calls.clone()
    }

    /// The names of all calls so far, in the order in which they began.
    #[must_use]
    pub fn operations(&self) -> Vec<String> {
        let script = self.state.script();
        script
            .calls
            .iter()
            .map(|call| call.operation.clone())
            .collect()
    }

    /// How many calls of an operation there were so far.
    #[must_use]
    pub fn count(&self, operation: &str) -> usize {
        let script = self.state.script();
        script
            .calls
            .iter()
            .filter(|call| call.operation == operation)
            .count()
    }

    /// How many calls came one after another: the most of which each began when the one before it had ended. Calls
    /// that overlap count once.
    #[must_use]
    pub fn rounds(&self) -> usize {
        let mut spans: Vec<_> = self
            .calls()
            .iter()
            .map(|call| (call.ended.unwrap_or(u64::MAX), call.began))
            .collect();
        // The chain that always goes on with what ends first is a longest one.
        spans.sort_unstable();
        let (rounds, _) = spans.iter().fold((0, 0), |(rounds, free), (ended, began)| {
            if *began >= free {
                (rounds + 1, *ended)
            } else {
                (rounds, free)
            }
        });
        rounds
    }

    /// Forgets the calls so far.
    pub fn forget(&self) {
        self.state.script().calls.clear();
    }
}

impl State {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// Answers one call. An error makes the server close the connection.
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> io::Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let operation = operation(&parts.headers).to_owned();

        let (fault, actions) = {
            let mut script = self.script();
            (script.fault(&operation), script.actions(&operation))
        };
        let recorded = Recorded::begin(&self, operation, &body);
        for action in actions {
            action.await;
        }
        let (status, answer) = self.act(fault, &parts.headers, body).await?;
        recorded.answered(status, &answer);

        let mut response = Response::new(Full::from(answer));
        *response.status_mut() = status.try_into().map_err(io::Error::other)?;
        response.headers_mut().insert(
            CONTENT_TYPE,
            "application/x-amz-json-1.0"
                .parse()
                .map_err(io::Error::other)?,
        );
        Ok(response)
    }

    async fn act(
        &self,
        mut fault: Option<Fault>,
        headers: &HeaderMap,
        body: Bytes,
    ) -> io::Result<(u16, Bytes)> {
        while let Some(Fault::AfterDoing(then)) = fault {
            self.forward(headers, body.clone()).await?;
            fault = Some(*then);
        }
        let json = |status, body: Value| Ok((status, Bytes::from(body.to_string())));
        match fault {
            None | Some(Fault::AfterDoing(_)) => self.forward(headers, body).await,
            Some(Fault::Delay(delay)) => {
                tokio::time::sleep(delay).await;
                self.forward(headers, body).await
            }
            Some(Fault::Error(status, code)) => json(status, error(code)),
            Some(Fault::Conflict) if operation(headers) == "TransactWriteItems" => {
                json(400, cancelled(&["TransactionConflict", "None"]))
            }
            Some(Fault::Conflict) => json(400, error("TransactionConflictException")),
            Some(Fault::Cancelled(codes)) => json(400, cancelled(codes)),
            Some(Fault::UnprocessedKeys) => {
                let (status, answer) = self.forward(headers, body.clone()).await?;
                json(status, of_one_key(&body, &answer))
            }
            Some(Fault::NotJson(status)) => Ok((status, Bytes::from_static(b"<html></html>"))),
            Some(Fault::Reset) => Err(ErrorKind::ConnectionReset.into()),
            Some(Fault::Hang) => std::future::pending().await,
        }
    }

    async fn forward(&self, headers: &HeaderMap, body: Bytes) -> io::Result<(u16, Bytes)> {
        let mut headers = headers.clone();
        // These belong to the connection, and this is another.
        for name in [CONNECTION, CONTENT_LENGTH, HOST] {
            headers.remove(name);
        }
        let call = self.http.post(self.database.clone()).headers(headers);
        let answer = call.body(body).send().await.map_err(io::Error::other)?;
        let status = answer.status().as_u16();
        Ok((status, answer.bytes().await.map_err(io::Error::other)?))
    }
}

impl Script {
    fn tick(&mut self) -> u64 {
        self.ticks.send_modify(|ticks| *ticks += 1);
        *self.ticks.borrow()
    }

    fn fault(&mut self, operation: &str) -> Option<Fault> {
        let next = self.next.get_mut(operation).and_then(VecDeque::pop_front);
        next.or_else(|| self.always.get(operation).copied())
    }

    /// What is due before a call that begins now.
    fn actions(&mut self, operation: &str) -> Vec<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let due = self
            .actions
            .extract_if(.., |action| {
                action.operation == operation && action.passing == 0
            })
            .map(|action| action.work)
            .collect();
        for action in &mut self.actions {
            if action.operation == operation {
                action.passing -= 1;
            }
        }
        due
    }
}

/// A call's entry in the record. It ends with the call, however that ends: answered, broken off, or given up by its
/// caller.
struct Recorded<'a> {
    state: &'a State,
    /// When it began, which no other call did.
    began: u64,
}

impl<'a> Recorded<'a> {
    fn begin(state: &'a State, operation: String, request: &[u8]) -> Self {
        let mut script = state.script();
        let began = script.tick();
        script.calls.push(Call {
            operation,
            request: serde_json::from_slice(request).unwrap_or_default(),
            answer: None,
            began,
            ended: None,
        });
        Self { state, began }
    }

    fn answered(&self, status: u16, body: &[u8]) {
        let body = serde_json::from_slice(body).unwrap_or_default();
        self.change(|call, _| call.answer = Some(DatabaseAnswer { status, body }));
    }

    /// Changes the entry, unless it is forgotten.
    fn change(&self, change: impl FnOnce(&mut Call, u64)) {
        let mut script = self.state.script();
        let now = script.tick();
        let mut calls = script.calls.iter_mut();
        if let Some(call) = calls.find(|call| call.began == self.began) {
            change(call, now);
        }
    }
}

impl Drop for Recorded<'_> {
    fn drop(&mut self) {
        self.change(|call, now| call.ended = Some(now));
    }
}

/// `X-Amz-Target: DynamoDB_20120810.UpdateItem`.
fn operation(headers: &HeaderMap) -> &str {
    let target = headers.get("x-amz-target").unwrap().to_str().unwrap();
    target.split_once('.').unwrap().1
}

/// An error as DynamoDB writes it. The namespace is that of the layer which found it, and tells nothing.
fn error(code: &str) -> Value {
    match code {
        "ThrottlingException" => json!({
            "__type": "com.amazon.coral.availability#ThrottlingException",
            "message": "Rate exceeded",
        }),
        "AccessDeniedException" => json!({
            "__type": "com.amazon.coral.service#AccessDeniedException",
            "Message": "User: arn:aws:sts::123456789012:assumed-role/x/y is not authorized to perform this",
        }),
        "TransactionConflictException" => json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException",
            "message": "Transaction is ongoing for the item",
        }),
        code => json!({
            "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"),
            "message": format!("{code} that a test has asked for"),
        }),
    }
}

/// A cancelled transaction as DynamoDB writes it.
fn cancelled(codes: &[&str]) -> Value {
    let reasons: Vec<_> = codes
        .iter()
        .map(|code| match *code {
            "None" => json!({ "Code": "None" }),
            "TransactionConflict" => {
                json!({ "Code": code, "Message": "Transaction is ongoing for the item" })
            }
            "ConditionalCheckFailed" => {
                json!({ "Code": code, "Message": "The conditional request failed" })
            }
            _ => json!({ "Code": code, "Message": format!("{code} that a test has asked for") }),
        })
        .collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": message,
        "CancellationReasons": reasons,
    })
}

/// The answer to a `BatchGetItem` as if only the first item had been looked up and the rest had been throttled.
fn of_one_key(request: &[u8], answer: &[u8]) -> Value {
    let request: Value = serde_json::from_slice(request).unwrap();
    let mut answer: Value = serde_json::from_slice(answer).unwrap();
    let mut unprocessed = request["RequestItems"].clone();
    for (table, wanted) in unprocessed.as_object_mut().unwrap() {
        let items = answer["Responses"][table].as_array_mut().unwrap();
        items.truncate(1);
        let keys = wanted["Keys"].as_array_mut().unwrap();
        keys.retain(|key| {
            let key = key.as_object().unwrap();
            let is_of = |item: &Value| key.iter().all(|(name, value)| item[name] == *value);
            !items.iter().any(is_of)
        });
    }
    answer["UnprocessedKeys"] = unprocessed;
    answer
}
