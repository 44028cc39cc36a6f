//! A proxy in front of the database: it records every call, simulates faults for a test, and runs a test's code between
//! two calls.
//!
//! The proxy works on HTTP, below the SDK. So the tests include the SDK's own retries, timeouts and parsing of errors.

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

/// Timeouts that are long enough for a slow machine: a retry of the SDK would change the number of calls.
pub const PATIENT: ClientTimeouts = ClientTimeouts {
    connect: Duration::from_mins(1),
    attempt: Duration::from_mins(1),
    operation: Duration::from_mins(4),
    attempts: 4,
};

/// Stands for every call, instead of an operation's name.
pub const ANY: &str = "any operation";
/// Stands for every read, instead of an operation's name.
pub const READ: &str = "any read";
/// Stands for every write, instead of an operation's name.
pub const WRITE: &str = "any write";

const READS: [&str; 4] = ["BatchGetItem", "GetItem", "Query", "TransactGetItems"];
/// The operations that write.
pub const WRITES: [&str; 5] = [
    "BatchWriteItem",
    "DeleteItem",
    "PutItem",
    "TransactWriteItems",
    "UpdateItem",
];
/// The functions' operations that DynamoDB refuses while a transaction uses one of their items.
const CONFLICTING: [&str; 3] = ["TransactGetItems", "TransactWriteItems", "UpdateItem"];

/// Whether an operation has this name, or belongs to the group that the name stands for.
fn matches(name: &str, operation: &str) -> bool {
    match name {
        ANY => true,
        READ => READS.contains(&operation),
        WRITE => WRITES.contains(&operation),
        name => name == operation,
    }
}

/// A fault of a call of the database.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// The database does nothing and answers with this status and error code.
    Error(u16, &'static str),
    /// A transaction uses the item, or the first of the items.
    Conflict,
    /// The database does nothing. The answer has this status and this JSON body.
    Answer(u16, &'static str),
    /// The database cancels the transaction, with one of these codes as the reason for each item.
    Cancelled(&'static [&'static str]),
    /// A `BatchGetItem` looks up only one of its keys.
    UnprocessedKeys,
    /// The database does nothing. The answer has this status and is not JSON, like the answer of a load balancer.
    NotJson(u16),
    /// The database does nothing, and no answer comes.
    Hang,
    /// The database does nothing, and the connection closes without an answer.
    Reset,
    /// The database does the call after this delay.
    Delay(Duration),
    /// The database does the call, its answer is lost, and the caller sees this fault instead.
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
    /// The body of the request.
    pub request: Value,
    /// The answer to the caller; `None` if the caller got no answer.
    pub answer: Option<DatabaseAnswer>,
    began: u64,
    ended: Option<u64>,
}

/// The answer of the database that the caller saw.
#[derive(Debug, Clone)]
pub struct DatabaseAnswer {
    /// The status code.
    pub status: u16,
    /// The body, or null if it is not JSON.
    pub body: Value,
}

impl Call {
    /// The capacity units that the answer reports, or `None` if it reports none.
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
    /// The URL of the proxy.
    pub url: Url,
    state: Arc<State>,
}

struct State {
    database: Url,
    http: reqwest::Client,
    script: Mutex<Script>,
    /// [`Proxy::after`] locks this during its work. Every call waits for it.
    gate: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Script {
    /// Counts the beginnings and ends of calls, which gives their order without a clock.
    ticks: watch::Sender<u64>,
    calls: Vec<Call>,
    /// Faults of the next calls of an operation, one each.
    next: Vec<(&'static str, Planned)>,
    /// Faults of all other calls of an operation.
    always: Vec<(&'static str, Fault)>,
    conflicts: Option<Conflicts>,
    actions: Vec<Action>,
}

/// The plan for one call.
struct Planned {
    fault: Fault,
    /// The place for the request, if the proxy holds it back.
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

/// A request of a caller, unchanged.
#[derive(Clone)]
struct HeldBack {
    headers: HeaderMap,
    body: Bytes,
}

/// A share of calls that meet a conflict, chosen at random. With a pattern, the last caller of many could be refused in each
/// attempt, without end.
struct Conflicts {
    /// About one call in this number meets a conflict.
    every: usize,
    random: fastrand::Rng,
}

/// Code of a test that runs at a call.
struct Action {
    moment: Moment,
    operation: &'static str,
    /// The number of the operation's calls that pass first.
    passing: usize,
    work: Work,
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The time at which an action runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Before the database gets the call.
    Before,
    /// After the database has done the call, if it gets the call, and before the caller gets an answer.
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
                    // A fault may break the connection.
                    let _ = connection.await;
                });
            }
        });
        Self { url, state }
    }

    /// Simulates these faults in the next calls of an operation, one in each call.
    ///
    /// Here and below, an operation is DynamoDB's name, or [`ANY`], [`READ`] or [`WRITE`].
    pub fn fail(&self, operation: &'static str, faults: impl IntoIterator<Item = Fault>) {
        let mut script = self.state.script();
        let planned = faults.into_iter().map(|fault| (operation, fault.into()));
        script.next.extend(planned);
    }

    /// Simulates this fault in every call of an operation, until [`Proxy::heal`].
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

    /// Refuses about one in `every` calls of `UpdateItem`, `TransactGetItems` and `TransactWriteItems` with a conflict, until
    /// [`Proxy::heal`].
    pub fn refuse_with_conflicts(&self, every: usize) {
        // Each run refuses the same calls if they come in the same order.
        let random = fastrand::Rng::with_seed(1);
        self.state.script().conflicts = Some(Conflicts { every, random });
    }

    /// Stops all faults.
    pub fn heal(&self) {
        let mut script = self.state.script();
        script.next.clear();
        script.always.clear();
        script.conflicts = None;
    }

    /// Runs `work` before the database gets the `nth` call of an operation from now on (1 is the next call).
    pub fn before(
        &self,
        operation: &'static str,
        nth: usize,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.at(Moment::Before, operation, nth, work);
    }

    /// Runs `work` after the database has done the `nth` call of an operation from now on (1 is the next call), and
    /// before the caller gets an answer or sees the fault. If a fault keeps the call from the database, `work` runs
    /// instead of the call.
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

    /// The number of calls of an operation so far.
    #[must_use]
    pub fn count(&self, operation: &str) -> usize {
        let script = self.state.script();
        script
            .calls
            .iter()
            .filter(|call| matches(operation, &call.operation))
            .count()
    }

    /// The length of the longest chain of sequential calls, in which each call began after the previous one had ended.
    #[must_use]
    pub fn rounds(&self) -> usize {
        let mut spans: Vec<_> = self
            .calls()
            .iter()
            .map(|call| (call.ended.unwrap_or(u64::MAX), call.began))
            .collect();
        // A chain that always continues with the call that ends first is a longest one.
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

    /// Deletes the record of the calls so far.
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

    /// Runs the work while all other calls wait. The work continues if the caller of this call gives up.
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
        // These headers belong to the connection, and the proxy uses another connection.
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

    /// The plan for a call that begins now.
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
        let is_refused = conflicts.random.usize(..conflicts.every) == 0;
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

/// A call's entry in the record. It ends with the call: with an answer, with a broken connection, or when the caller
/// gives up.
struct Recorded<'a> {
    state: &'a State,
    /// The beginning of the call, which identifies it.
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

    /// Changes the entry, unless it was deleted.
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
