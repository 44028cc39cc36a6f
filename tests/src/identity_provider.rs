//! An identity provider: a server that publishes a JWK Set, counts its requests, and can simulate faults.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{CONTENT_TYPE, LOCATION};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use url::Url;

/// A provider on a free port. It gives the same answer to every request: the answer that the test published last.
pub struct IdentityProvider {
    /// The URL of its keys.
    pub url: Url,
    shared: Arc<Shared>,
}

struct Shared {
    published: Mutex<Published>,
    requests: watch::Sender<usize>,
    held: watch::Sender<bool>,
}

/// The answer of a provider.
#[derive(Debug, Clone)]
pub enum Published {
    /// 200 with this document.
    Keys(Value),
    /// 200 with this text.
    Text(String),
    /// 200 with an incomplete document: the connection breaks first.
    BrokenOff,
    /// This status with valid keys, which the product must not use.
    Status(u16, Value),
    /// A redirect.
    Redirect(Url),
}

impl IdentityProvider {
    /// A provider that publishes `published`.
    pub async fn start(published: Published) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            published: Mutex::new(published),
            requests: watch::Sender::new(0),
            held: watch::Sender::new(false),
        });
        // The task ends with the test's runtime.
        tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self {
            url: url.parse().unwrap(),
            shared,
        }
    }

    /// Changes the answer from now on.
    pub fn publish(&self, published: Published) {
        *self.shared.published.lock().unwrap() = published;
    }

    /// The number of requests so far.
    #[must_use]
    pub fn requests(&self) -> usize {
        *self.shared.requests.borrow()
    }

    /// Waits until this many requests have arrived.
    pub async fn requested(&self, times: usize) {
        let mut requests = self.shared.requests.subscribe();
        requests.wait_for(|count| *count >= times).await.unwrap();
    }

    /// Makes requests wait for their answers until [`Self::release`].
    pub fn hold(&self) {
        self.shared.held.send_replace(true);
    }

    /// Answers the waiting requests and all later requests.
    pub fn release(&self) {
        self.shared.held.send_replace(false);
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let shared = Arc::clone(&shared);
        let answer = service_fn(move |_: Request<Incoming>| answer(Arc::clone(&shared)));
        tokio::spawn(async move {
            // A test may break the connection, or end before the connection does.
            let _ = Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}

async fn answer(shared: Arc<Shared>) -> Result<Response<BoxBody<Bytes, BrokenOff>>, Infallible> {
    shared.requests.send_modify(|count| *count += 1);
    let mut held = shared.held.subscribe();
    // This fails when the test is over. Then nobody waits for the answer.
    let _ = held.wait_for(|held| !*held).await;
    let published = shared.published.lock().unwrap().clone();
    let (status, document) = match published {
        Published::Keys(keys) => (StatusCode::OK, keys.to_string()),
        Published::Text(text) => (StatusCode::OK, text),
        Published::Status(status, keys) => {
            (StatusCode::from_u16(status).unwrap(), keys.to_string())
        }
        Published::BrokenOff => {
            return Ok(Response::new(HalfDocument { is_sent: false }.boxed()));
        }
        Published::Redirect(url) => {
            let mut redirect = Response::new(Full::default().map_err(never).boxed());
            *redirect.status_mut() = StatusCode::FOUND;
            let location = url.as_str().parse().unwrap();
            redirect.headers_mut().insert(LOCATION, location);
            return Ok(redirect);
        }
    };
    let mut answer = Response::new(Full::from(document).map_err(never).boxed());
    *answer.status_mut() = status;
    let json = "application/json".parse().unwrap();
    answer.headers_mut().insert(CONTENT_TYPE, json);
    Ok(answer)
}

/// A body that breaks after its first bytes.
struct HalfDocument {
    is_sent: bool,
}

/// The error of that body.
#[derive(Debug)]
struct BrokenOff;

impl std::fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the document breaks off")
    }
}

impl std::error::Error for BrokenOff {}

impl Body for HalfDocument {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let frame = if self.is_sent {
            Err(BrokenOff)
        } else {
            Ok(Frame::data(Bytes::from_static(b"{\"keys\":[")))
        };
        self.is_sent = true;
        Poll::Ready(Some(frame))
    }
}

fn never(infallible: Infallible) -> BrokenOff {
    match infallible {}
}
