//! A server that is no API.

use std::sync::{Arc, Mutex};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;

/// Path and `If-Match` of the requests so far.
pub(crate) type Requests = Mutex<Vec<(String, Option<String>)>>;

/// A server on a free port of this machine that is no API. The server ends with the test.
pub(crate) struct Other {
    pub(crate) url: String,
    pub(crate) requests: Arc<Requests>,
}

impl Other {
    /// Starts a server. `answer` gets the number of earlier requests, and returns the answer, or `None` to hang up.
    pub(crate) async fn start(
        answer: impl Fn(usize, &Request<Incoming>) -> Option<Response<String>> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen) = (Arc::new(answer), Arc::clone(&requests));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                let service = service_fn(move |request| {
                    let answer = respond(&*answer, &seen, &request);
                    async { answer.ok_or("hangs up") }
                });
                tokio::spawn(async move {
                    let http = Builder::new(TokioExecutor::new());
                    // Some tests want the server to hang up, which is an error here.
                    let _ = http.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { url, requests }
    }
}

fn respond(
    answer: &(impl Fn(usize, &Request<Incoming>) -> Option<Response<String>> + ?Sized),
    seen: &Requests,
    request: &Request<Incoming>,
) -> Option<Response<Full<Bytes>>> {
    let mut seen = seen.lock().unwrap();
    let response = answer(seen.len(), request);
    let if_match = request.headers().get("if-match");
    seen.push((
        request.uri().path().to_owned(),
        if_match.map(|value| value.to_str().unwrap().to_owned()),
    ));
    Some(response?.map(Full::from))
}
