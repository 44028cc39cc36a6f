//! Load on a server, over a number of connections, each of which waits for its answer before it asks again.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use aws_sdk_dynamodb::Client;
use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use url::Url;

use super::bare::Calls;
use super::scene::{Endpoint, Outcome, contact_id};

/// Something to send requests to.
pub(crate) trait Target: Send + Sync + 'static {
    /// What one caller holds on to.
    type Connection: Send;

    fn connect(&self) -> impl Future<Output = anyhow::Result<Self::Connection>> + Send;

    /// Sends a request about a contact, and waits for the right answer.
    fn send(
        &self,
        connection: &mut Self::Connection,
        contact: usize,
    ) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// `contacts serve`.
pub(crate) struct Api {
    address: SocketAddr,
    host: HeaderValue,
    authorization: HeaderValue,
    endpoint: Endpoint,
    body: Bytes,
    outcome: String,
}

impl Api {
    pub(crate) fn new(url: &Url, endpoint: Endpoint, outcome: Outcome) -> anyhow::Result<Self> {
        let address = url
            .socket_addrs(|| None)?
            .first()
            .copied()
            .context("no address")?;
        Ok(Self {
            address,
            host: address.to_string().parse()?,
            authorization: format!("Bearer {}", endpoint.token()?).parse()?,
            endpoint,
            body: endpoint.body().into(),
            outcome: format!("\"outcome\":\"{outcome}\""),
        })
    }
}

impl Target for Api {
    type Connection = SendRequest<Full<Bytes>>;

    async fn connect(&self) -> anyhow::Result<Self::Connection> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn send(&self, connection: &mut Self::Connection, contact: usize) -> anyhow::Result<()> {
        let request = Request::builder()
            .method(Method::PATCH)
            .uri(self.endpoint.path(&contact_id(contact)))
            .header(HOST, &self.host)
            .header(AUTHORIZATION, &self.authorization)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(self.body.clone()))?;
        connection.ready().await?;
        let answer = connection.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        let body = std::str::from_utf8(&body)?;
        ensure!(
            status == StatusCode::OK && body.contains(&self.outcome),
            "endpoint {} answers {status}: {body}",
            self.endpoint
        );
        Ok(())
    }
}

/// The bare SDK, on an engine. Its connections are its own affair.
pub(crate) struct Bare {
    client: Client,
    calls: Arc<Calls>,
}

impl Bare {
    pub(crate) fn new(client: Client, calls: Arc<Calls>) -> Self {
        Self { client, calls }
    }
}

impl Target for Bare {
    type Connection = ();

    async fn connect(&self) -> anyhow::Result<()> {
        Ok(())
    }

    async fn send(&self, (): &mut (), contact: usize) -> anyhow::Result<()> {
        self.calls.make(&self.client, &contact_id(contact)).await
    }
}

/// How load was answered.
#[derive(Debug)]
pub(super) struct Answered {
    /// Latencies in nanoseconds.
    pub(super) latencies: Histogram<u64>,
    /// From the first request to the last answer.
    pub(super) elapsed: Duration,
}

impl Answered {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 requests")]
    pub(super) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// A histogram of latencies in nanoseconds.
pub(crate) fn histogram() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new(3)?)
}

/// Latencies of the API and of the bare SDK, asked by turns, each over one connection and about contacts of its own. The
/// first `warm_up` of each are not counted.
pub(crate) async fn by_turns(
    api: &Api,
    bare: &Bare,
    contacts: Range<usize>,
    warm_up: usize,
) -> anyhow::Result<[Histogram<u64>; 2]> {
    let (mut connection, ()) = (api.connect().await?, bare.connect().await?);
    let mut latencies = [histogram()?, histogram()?];
    for (turn, contact) in contacts.enumerate() {
        let began = Instant::now();
        if turn % 2 == 0 {
            api.send(&mut connection, contact).await?;
        } else {
            bare.send(&mut (), contact).await?;
        }
        if turn >= 2 * warm_up {
            latencies[turn % 2].record(nanoseconds(began.elapsed()))?;
        }
    }
    ensure!(latencies[0].len() == latencies[1].len(), "unequal turns");
    Ok(latencies)
}

/// A request about each of the contacts. The first on each connection is not counted: it opens what is behind it too.
/// `began` is called when all that is done.
pub(super) async fn load<T: Target>(
    target: Arc<T>,
    contacts: Range<usize>,
    connections: usize,
    began: impl FnOnce(),
) -> anyhow::Result<Answered> {
    ensure!(
        contacts.len() > connections,
        "fewer contacts than connections"
    );
    let end = contacts.end;
    let next = Arc::new(AtomicUsize::new(contacts.start + connections));
    let barrier = Arc::new(Barrier::new(connections + 1));
    let mut callers = JoinSet::new();
    for first in contacts.start..contacts.start + connections {
        let (target, next, barrier) =
            (Arc::clone(&target), Arc::clone(&next), Arc::clone(&barrier));
        callers.spawn(async move {
            let mut latencies = histogram()?;
            let ready = async {
                let mut connection = target.connect().await?;
                target.send(&mut connection, first).await?;
                anyhow::Ok(connection)
            };
            let ready = ready.await;
            // Twice: all are ready, and then it is noted that they are.
            barrier.wait().await;
            barrier.wait().await;
            let mut connection = ready?;
            loop {
                let contact = next.fetch_add(1, Ordering::Relaxed);
                if contact >= end {
                    return anyhow::Ok(latencies);
                }
                let asked = Instant::now();
                target.send(&mut connection, contact).await?;
                latencies.record(nanoseconds(asked.elapsed()))?;
            }
        });
    }
    barrier.wait().await;
    began();
    let start = Instant::now();
    barrier.wait().await;
    let mut latencies = histogram()?;
    while let Some(caller) = callers.join_next().await {
        latencies.add(caller??)?;
    }
    Ok(Answered {
        latencies,
        elapsed: start.elapsed(),
    })
}

pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
