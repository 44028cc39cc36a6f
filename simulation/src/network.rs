//! The network between the AWS SDK and the database: an HTTP connector whose connections are slow, break, and lose messages.

use std::fmt;
use std::io;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame};
use shared::store::{ClientTimeouts, configure};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::database::{Answer, Call, Database};
use crate::faults::Fault;
use crate::invocation::Invocation;
use crate::random::Random;
use crate::trace::Trace;

/// The network between the processes and the database.
#[derive(Clone)]
pub struct Network {
    /// The database behind the network.
    pub database: Database,
    /// Decides what goes wrong.
    pub random: Random,
    /// The trace of the history.
    pub trace: Trace,
    /// The fault that is planted into the program, if any.
    pub fault: Option<&'static Fault>,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

/// An answer, or a broken connection.
type Carried = Result<HttpResponse, ConnectorError>;

impl Network {
    /// A client of the database with the timeouts and retries of a function.
    #[must_use]
    pub fn client(&self) -> Client {
        let builder = Builder::new()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("local"))
            .credentials_provider(Credentials::new("local", "local", None, None, "simulation"))
            .http_client(self.clone())
            // Each process has its own retry budget.
            .retry_partition(RetryPartition::custom("simulation").build());
        Client::from_conf(configure(builder, ClientTimeouts::default()).build())
    }

    /// Sends a call of the program, changed by the planted fault, and returns its answer.
    async fn carry(self, call: Call) -> Carried {
        let calls = match self.fault {
            Some(fault) => fault.calls(call),
            None => vec![call],
        };
        let mut last = None;
        for call in calls {
            let again = self.fault.and_then(|fault| fault.repeated(&call));
            let mut carried = self.clone().travel(call).await;
            let is_ambiguous = carried
                .as_ref()
                .map_or(true, |answer| answer.status().as_u16() >= 500);
            if let Some(again) = again.filter(|_| is_ambiguous) {
                carried = self.clone().travel(again).await;
            }
            let carried = carried?;
            let is_failure = carried.status().as_u16() != 200;
            last = Some(carried);
            if is_failure {
                break;
            }
        }
        match last {
            Some(carried) => Ok(carried),
            None => Ok(response(&Answer {
                status: 200,
                body: serde_json::json!({}),
            })),
        }
    }

    async fn travel(self, call: Call) -> Carried {
        let invocation = Invocation::current();
        if let Some(invocation) = &invocation {
            invocation.reach_call(&self.trace).await;
        }
        let (answered, answer) = oneshot::channel();
        // The call goes on even if the process dies or no longer waits.
        let network = self.clone();
        tokio::spawn(async move {
            if let Some(carried) = network.trip(call).await {
                let _ = answered.send(carried);
            }
        });
        match answer.await {
            Ok(carried) => {
                if let Some(invocation) = &invocation {
                    invocation.reach_call(&self.trace).await;
                }
                carried
            }
            Err(_) => std::future::pending().await,
        }
    }

    /// Takes a call to the database and its answer back. Returns `None` if the request or the answer is lost.
    async fn trip(self, call: Call) -> Option<Carried> {
        let (random, weather) = (&self.random, self.database.weather());
        sleep(random.milliseconds(1..12)).await;
        if random.chance(weather.slow) {
            sleep(random.milliseconds(1..1000)).await;
        }
        if random.chance(weather.late) {
            self.trace.note("late", || call.operation.clone());
            sleep(random.milliseconds(1000..60_000)).await;
        }
        if random.chance(weather.lost_request) {
            self.trace.note("request lost", || call.operation.clone());
            return None;
        }
        if let Some(refusal) = self.refusal(&call) {
            self.trace.note("turned away", || refusal.body.to_string());
            return Some(Ok(response(&refusal)));
        }
        let breaks = random.chance(weather.broken);
        if breaks && random.chance(0.5) {
            self.trace.note("broken before", || call.operation.clone());
            return Some(Err(broken()));
        }
        let asked = call.clone();
        let mut answer = self.database.answer(call).await;
        if let Some(fault) = self.fault {
            fault.change_answer(&asked, &mut answer);
        }
        sleep(random.milliseconds(1..10)).await;
        if random.chance(weather.slow) {
            sleep(random.milliseconds(1..3000)).await;
        }
        if breaks {
            self.trace.note("broken after", || asked.operation.clone());
            return Some(Err(broken()));
        }
        if random.chance(weather.lost_answer) {
            self.trace.note("answer lost", || asked.operation.clone());
            return None;
        }
        if random.chance(weather.error) {
            self.trace.note("error after", || asked.operation.clone());
            return Some(Ok(response(&Answer::error(500, "InternalServerError"))));
        }
        if random.chance(weather.cut) {
            self.trace.note("cut", || asked.operation.clone());
            return Some(Ok(cut(&answer)));
        }
        Some(Ok(response(&answer)))
    }

    /// The refusal of a call that does not reach the database.
    fn refusal(&self, call: &Call) -> Option<Answer> {
        let (random, weather) = (&self.random, self.database.weather());
        let count = call.body["TransactItems"].as_array().map_or(0, Vec::len);
        if random.chance(weather.error) {
            return Some(Answer::error(500, "InternalServerError"));
        }
        if random.chance(weather.throttled) {
            let code = random.of_these(&[
                "ThrottlingException",
                "ProvisionedThroughputExceededException",
            ]);
            if count > 0 && random.chance(0.5) {
                return Some(Answer::cancelled(&vec!["ThrottlingError"; count]));
            }
            return Some(Answer::error(400, code));
        }
        if random.chance(weather.conflict) {
            return match call.operation.as_str() {
                "TransactWriteItems" if random.chance(0.3) => {
                    Some(Answer::error(400, "TransactionInProgressException"))
                }
                "TransactWriteItems" | "TransactGetItems" => {
                    Some(Answer::cancelled(&vec!["TransactionConflict"; count]))
                }
                "PutItem" | "UpdateItem" | "DeleteItem" => {
                    Some(Answer::error(400, "TransactionConflictException"))
                }
                _ => None,
            };
        }
        None
    }
}

impl HttpConnector for Network {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let body = request.body().bytes().unwrap_or_default();
        let body = serde_json::from_slice(body).unwrap();
        HttpConnectorFuture::new(self.clone().carry(Call { operation, body }))
    }
}

impl HttpClient for Network {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn response(answer: &Answer) -> HttpResponse {
    with_body(
        answer,
        SdkBody::from(serde_json::to_vec(&answer.body).unwrap()),
    )
}

/// The first half of an answer, after which the connection breaks.
fn cut(answer: &Answer) -> HttpResponse {
    let mut body = serde_json::to_vec(&answer.body).unwrap();
    body.truncate(body.len() / 2);
    let end = io::Error::from(io::ErrorKind::UnexpectedEof);
    let frames = [Ok(Frame::data(Bytes::from(body))), Err(end)];
    let body = StreamBody::new(stream::iter(frames));
    with_body(answer, SdkBody::from_body_1_x(body))
}

fn with_body(answer: &Answer, body: SdkBody) -> HttpResponse {
    let status = answer.status.try_into().unwrap();
    let mut response = HttpResponse::new(status, body);
    response
        .headers_mut()
        .insert("content-type", "application/x-amz-json-1.0");
    response
        .headers_mut()
        .insert("x-amzn-requestid", "simulated");
    response
}

fn broken() -> ConnectorError {
    ConnectorError::io("the connection broke".into())
}

/// The time that API Gateway waits for a function.
pub const GATEWAY_TIMEOUT: Duration = Duration::from_secs(30);
