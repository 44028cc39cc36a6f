//! A proxy in front of the database: it records every call, makes the faults that a test asks for, and runs what a
//! test wants to happen between two calls.
//!
//! It works on HTTP, below the SDK, so that the SDK's own retries, timeouts and reading of errors are part of the test.

mod answers;

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
use serde_json::Value;
use shared::store::ClientTimeouts;
use tokio::sync::watch;
use url::Url;

use self::answers::{cancelled, conflict, error, of_one_key};

/// Waits for answers that come, however busy the machine is: a call that is repeated counts.
pub const PATIENT: ClientTimeouts = ClientTimeouts {
    connect: Duration::from_mins(1),
    attempt: Duration::from_mins(1),
    operation: Duration::from_mins(4),
    attempts: 4,
};

/// In place of an operation's name: every call.
pub const ANY: &str = "any operation";
/// In place of an operation's name: every call that reads.
pub const READ: &str = "any read";
/// In place of an operation's name: every call that writes.
pub const WRITE: &str = "any write";

const READS: [&str; 4] = ["BatchGetItem", "GetItem", "Query", "TransactGetItems"];
const WRITES: [&str; 5] = [
    "BatchWriteItem",
    "DeleteItem",
    "PutItem",
    "TransactWriteItems",
    "UpdateItem",
];
/// The operations that DynamoDB refuses while a transaction holds one of their items, as far as the functions use them.
const CONFLICTING: [&str; 3] = ["TransactGetItems", "TransactWriteItems", "UpdateItem"];

/// Whether an operation is the one of this name, or one of those that the name stands for.
fn matches(name: &str, operation: &str) -> bool {
    match name {
        ANY => true,
        READ => READS.contains(&operation),
        WRITE => WRITES.contains(&operation),
        name => name == operation,
    }
}

/// What goes wrong with a call of the database.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// The database answers this status and error code, and does nothing.
    Error(u16, &'static str),
    /// A transaction holds the item, or the first of the items.
    Conflict,
    /// The answer has this status and this JSON body, and nothing is done.
    Answer(u16, &'static str),
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
    /// Held while the work of [`Proxy::after`] goes on. Every call waits for it.
    gate: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Script {
    /// Counts beginnings and ends of calls, so that their order is known without a clock.
    ticks: watch::Sender<u64>,
    calls: Vec<Call>,
    /// Faults of the next calls of an operation, one each.
    next: Vec<(&'static str, Planned)>,
    /// Faults of all other calls of an operation.
    always: Vec<(&'static str, Fault)>,
    conflicts: Option<Conflicts>,
    actions: Vec<Action>,
}

/// What is to become of one call.
struct Planned {
    fault: Fault,
    /// Where the request is kept, if it is held back.
    held_back: Option<Arc<Mutex<Option<HeldBack>>>>,
}

impl From<Fault> for Planned {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            held_back: None,
        }
    }
}

/// A request as its caller sent it.
#[derive(Clone)]
struct HeldBack {
    headers: HeaderMap,
    body: Bytes,
}

/// A share of calls that meet a conflict.
struct Conflicts {
    /// One call in so many.
    every: usize,
    /// The calls so far that could have met one.
    calls: usize,
}

/// What a test wants to happen at a call.
struct Action {
    moment: Moment,
    operation: &'static str,
    /// Calls of the operation to let pass first.
    passing: usize,
    work: Work,
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// When the work of an action is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Before the database gets the call.
    Before,
    /// After the database has done the call, if it gets it, and before the caller hears of it.
    After,
}

/// A request that the proxy holds back from the database until the test delivers it.
pub struct LateDelivery {
    state: Arc<State>,
    held_back: Arc<Mutex<Option<HeldBack>>>,
}

impl LateDelivery {
    /// Whether the caller has sent the request.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.held_back.lock().unwrap().is_some()
    }

    /// Delivers the request to the database, and returns the database's answer, which the caller never sees. It may be
    /// delivered more than once.
    pub async fn deliver(&self) -> DatabaseAnswer {
        let held_back = self.held_back.lock().unwrap().clone();
        let HeldBack { headers, body } = held_back.unwrap();
        let (status, body) = self.state.forward(&headers, body).await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        DatabaseAnswer { status, body }
    }
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
            gate: Arc::default(),
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
    ///
    /// Here and below, an operation is DynamoDB's name, or [`ANY`], [`READ`] or [`WRITE`].
    pub fn fail(&self, operation: &'static str, faults: impl IntoIterator<Item = Fault>) {
        let mut script = self.state.script();
        let planned = faults.into_iter().map(|fault| (operation, fault.into()));
        script.next.extend(planned);
    }

    /// Makes this fault in every call of an operation, until [`Proxy::heal`].
    pub fn always(&self, operation: &'static str, fault: Fault) {
        let mut script = self.state.script();
        script.always.retain(|(name, _)| *name != operation);
        script.always.push((operation, fault));
    }

    /// Holds the next call of an operation back from the database. Its caller sees the fault `seen`, which must do
    /// nothing itself.
    #[must_use]
    pub fn hold_back(&self, operation: &'static str, seen: Fault) -> LateDelivery {
        let held_back = Arc::default();
        let planned = Planned {
            fault: seen,
            held_back: Some(Arc::clone(&held_back)),
        };
        self.state.script().next.push((operation, planned));
        LateDelivery {
            state: Arc::clone(&self.state),
            held_back,
        }
    }

    /// Refuses one in `every` calls of `UpdateItem`, `TransactGetItems` and `TransactWriteItems` with a conflict, until
    /// [`Proxy::heal`].
    pub fn refuse_with_conflicts(&self, every: usize) {
        self.state.script().conflicts = Some(Conflicts { every, calls: 0 });
    }

    /// Makes no more faults.
    pub fn heal(&self) {
        let mut script = self.state.script();
        script.next.clear();
        script.always.clear();
        script.conflicts = None;
    }

    /// Lets `work` happen before the `nth` call of an operation from now on is done (1 is the next): after its caller
    /// has decided on it, and with everything before it done.
    pub fn before(
        &self,
        operation: &'static str,
        nth: usize,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.at(Moment::Before, operation, nth, work);
    }

    /// Lets `work` happen after the database has done the `nth` call of an operation from now on (1 is the next), and
    /// before the caller gets an answer or sees the fault. If a fault keeps the call from the database, `work` happens
    /// in its place.
    ///
    /// No other call is done before `work` ends, so `work` must not use this proxy. A panic of `work` reaches the
    /// caller as a broken connection, so a test has to see for itself that `work` ended.
    pub fn after(
        &self,
        operation: &'static str,
        nth: usize,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.at(Moment::After, operation, nth, work);
    }

    fn at(
        &self,
        moment: Moment,
        operation: &'static str,
        nth: usize,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.state.script().actions.push(Action {
            moment,
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
        self.until(count, move |call| matches(operation, &call.operation))
    }

    /// Completes when `count` calls of an operation have ended.
    pub fn ended(
        &self,
        operation: &'static str,
        count: usize,
    ) -> impl Future<Output = ()> + Send + 'static {
        self.until(count, move |call| {
            matches(operation, &call.operation) && call.ended.is_some()
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
            .filter(|call| matches(operation, &call.operation))
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

        let (planned, before, after) = {
            let mut script = self.script();
            (
                script.plan(&operation),
                script.due(Moment::Before, &operation),
                script.due(Moment::After, &operation),
            )
        };
        let recorded = Recorded::begin(&self, operation, &body);
        drop(self.gate.lock().await);
        for work in before {
            work.await;
        }
        let (status, answer) = self.act(planned, &parts.headers, body, after).await?;
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
        planned: Option<Planned>,
        headers: &HeaderMap,
        body: Bytes,
        after: Vec<Work>,
    ) -> io::Result<(u16, Bytes)> {
        let mut fault = planned.map(|planned| {
            if let Some(held_back) = planned.held_back {
                *held_back.lock().unwrap() = Some(HeldBack {
                    headers: headers.clone(),
                    body: body.clone(),
                });
            }
            planned.fault
        });
        while let Some(Fault::AfterDoing(then)) = fault {
            self.forward(headers, body.clone()).await?;
            fault = Some(*then);
        }
        let json = |status, body: Value| (status, Bytes::from(body.to_string()));
        let answer = match fault {
            None | Some(Fault::AfterDoing(_)) => Ok(self.forward(headers, body).await?),
            Some(Fault::Delay(delay)) => {
                tokio::time::sleep(delay).await;
                Ok(self.forward(headers, body).await?)
            }
            Some(Fault::Error(status, code)) => Ok(json(status, error(code))),
            Some(Fault::Answer(status, body)) => Ok((status, Bytes::from_static(body.as_bytes()))),
            Some(Fault::Conflict) => Ok(json(400, conflict(&body))),
            Some(Fault::Cancelled(codes)) => Ok(json(400, cancelled(codes))),
            Some(Fault::UnprocessedKeys) => {
                let (status, answer) = self.forward(headers, body.clone()).await?;
                Ok(json(status, of_one_key(&body, &answer)))
            }
            Some(Fault::NotJson(status)) => Ok((status, Bytes::from_static(b"<html></html>"))),
            Some(fault @ (Fault::Reset | Fault::Hang)) => Err(fault),
        };
        if !after.is_empty() {
            self.work(after).await;
        }
        match answer {
            Ok(answer) => Ok(answer),
            Err(Fault::Hang) => std::future::pending().await,
            Err(_) => Err(ErrorKind::ConnectionReset.into()),
        }
    }

    /// Does the work while all other calls wait. It goes on if the caller of this call gives up.
    async fn work(&self, works: Vec<Work>) {
        let gate = Arc::clone(&self.gate).lock_owned().await;
        let working = tokio::spawn(async move {
            for work in works {
                work.await;
            }
            drop(gate);
        });
        working.await.unwrap();
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

    /// What is to become of a call that begins now.
    fn plan(&mut self, operation: &str) -> Option<Planned> {
        let is_next = |(name, _): &(&str, Planned)| matches(name, operation);
        if let Some(position) = self.next.iter().position(is_next) {
            return Some(self.next.remove(position).1);
        }
        let is_always = |(name, _): &&(&str, Fault)| matches(name, operation);
        if let Some((_, fault)) = self.always.iter().find(is_always) {
            return Some((*fault).into());
        }
        let conflicts = self.conflicts.as_mut()?;
        if !CONFLICTING.contains(&operation) {
            return None;
        }
        conflicts.calls += 1;
        let is_refused = conflicts.calls.is_multiple_of(conflicts.every);
        is_refused.then_some(Fault::Conflict.into())
    }

    /// The work that is due at a call that begins now.
    fn due(&mut self, moment: Moment, operation: &str) -> Vec<Work> {
        let is_concerned =
            |action: &Action| action.moment == moment && matches(action.operation, operation);
        let due = self
            .actions
            .extract_if(.., |action| is_concerned(action) && action.passing == 0)
            .map(|action| action.work)
            .collect();
        for action in &mut self.actions {
            if is_concerned(action) {
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
