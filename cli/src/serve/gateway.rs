//! Handles a request as API Gateway does: routes it, converts it to a payload 2.0 event, and converts the function's answer to
//! an HTTP response. `lambda_http` itself parses the event, so a request that works here also works on AWS.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::Utc;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, ORIGIN};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, http::request::Parts};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent, Service as _};
use serde::Deserialize;
use serde_json::json;
use shared::Service;
use shared::http::Route;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::contact_page::ContactPage;
use super::cors::Cors;
use super::docs::Docs;
use super::event::{Arrival, Event};
use super::home::Home;
use super::host::is_this_machine;
use super::routes::{Router, handle};

/// The maximum length of a body for API Gateway, in bytes.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// The time that requests in progress have after the server is asked to stop.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// The API on this machine.
pub struct Gateway {
    contact_page: ContactPage,
    docs: Docs,
    home: Option<Home>,
    cors: Option<Cors>,
    router: Router,
    service: Arc<Service>,
}

impl Gateway {
    /// The API, answered by a service.
    ///
    /// # Errors
    /// Never, as long as the routes do not contradict each other.
    pub fn new(service: Service) -> anyhow::Result<Self> {
        Ok(Self {
            contact_page: ContactPage::new(&service.authenticator)?,
            docs: Docs::default(),
            home: None,
            cors: None,
            router: Router::new()?,
            service: Arc::new(service),
        })
    }

    /// The gateway with this page at `/`.
    pub(super) fn with_home(self, home: Home) -> Self {
        let home = Some(home);
        Self { home, ..self }
    }

    /// The gateway with these answers to pages of other origins.
    pub(super) fn with_cors(self, cors: Option<Cors>) -> Self {
        Self { cors, ..self }
    }

    /// Serves until `stop` completes, then waits for the requests in progress.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let gateway = Arc::new(self);
        let http = Builder::new(TokioExecutor::new());
        let connections = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let (stream, peer) = tokio::select! {
                () = &mut stop => break,
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Most often the process has no file descriptors left until connections end.
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            // Answers are small, and a caller waits for each: Nagle's algorithm must not delay one.
            let _ = stream.set_nodelay(true);
            let gateway = Arc::clone(&gateway);
            let answer = service_fn(move |request| {
                let gateway = Arc::clone(&gateway);
                async move { Ok::<_, std::convert::Infallible>(gateway.answer(request, peer).await) }
            });
            let connection = http.serve_connection(TokioIo::new(stream), answer);
            let connection = connections.watch(connection.into_owned());
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(error, "a connection broke off");
                }
            });
        }
        drop(listener);
        let _ = tokio::time::timeout(STOP_GRACE, connections.shutdown()).await;
    }

    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        // A page that reaches this server by DNS rebinding could make a development token, but no token of an identity provider.
        if self.service.authenticator.accepts_development_tokens() && !is_this_machine(&parts) {
            let message =
                "With development tokens this server answers only as 127.0.0.1, [::1] or localhost";
            return gateway_answer(StatusCode::MISDIRECTED_REQUEST, message);
        }
        // The pages come first. No route of the API has their paths.
        let home = self.home.as_ref().and_then(|home| home.answer(&parts));
        if let Some(page) = home.or_else(|| self.docs.answer(&parts)) {
            return page;
        }
        if ContactPage::is_asked_for(&parts) {
            return self.contact_page.answer(&self.service, parts, body).await;
        }
        let Some(cors) = &self.cors else {
            return self.answer_of_api(parts, body, peer).await;
        };
        if let Some(response) = cors.preflight(&parts) {
            return response;
        }
        let origin = parts.headers.get(ORIGIN).cloned();
        let mut response = self.answer_of_api(parts, body, peer).await;
        cors.expose(origin.as_ref(), response.headers_mut());
        response
    }

    async fn answer_of_api(
        &self,
        mut parts: Parts,
        body: Incoming,
        peer: SocketAddr,
    ) -> Response<Full<Bytes>> {
        let found = self.router.find(parts.method.as_str(), parts.uri.path());
        let Some((route, parameters)) = found else {
            return gateway_answer(StatusCode::NOT_FOUND, "Not Found");
        };
        let body = match Limited::new(body, MAX_BODY_BYTES).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return gateway_answer(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
            }
            Err(_) => return gateway_answer(StatusCode::BAD_REQUEST, "Bad Request"),
        };
        let invocation = async {
            let peer = peer.ip();
            let forwarded = HeaderValue::try_from(peer.to_string())?;
            parts.headers.insert("x-forwarded-for", forwarded);
            let http = HeaderValue::from_static("http");
            parts.headers.insert("x-forwarded-proto", http);
            let arrival = Arrival {
                account_id: "000000000000",
                api_id: "local",
                source_ip: peer,
                request_id: Uuid::new_v4().to_string(),
                time: Utc::now().timestamp_millis(),
            };
            let event = Event::new(&parts, route, &parameters, &body, arrival);
            let event = serde_json::to_vec(&event)?;
            // Each invocation has its own task, as each function on AWS has its own sandbox. A caller that hangs up does not stop
            // the task, and a panic ends only this task.
            tokio::spawn(invoke(route, Arc::clone(&self.service), event)).await?
        };
        match invocation.await {
            Ok(response) => response,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "an invocation failed");
                gateway_answer(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        }
    }
}

/// An answer that API Gateway gives without a function.
fn gateway_answer(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(json!({ "message": message }).to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The answer of a function, in the form that API Gateway reads.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionAnswer {
    status_code: u16,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(default)]
    multi_value_headers: HashMap<String, Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

async fn invoke(
    route: Route,
    service: Arc<Service>,
    event: Vec<u8>,
) -> anyhow::Result<Response<Full<Bytes>>> {
    let payload: LambdaRequest =
        serde_json::from_slice(&event).context("the event cannot be read")?;
    let mut context = Context::default();
    context.request_id = Uuid::new_v4().to_string();
    let mut function = Adapter::from(lambda_http::service_fn(move |request| {
        let answer = handle(route, Arc::clone(&service), request);
        async { Ok::<_, std::convert::Infallible>(answer.await) }
    }));
    let answer = function.call(LambdaEvent { payload, context }).await?;
    let answer: FunctionAnswer = serde_json::from_slice(&serde_json::to_vec(&answer)?)?;

    let body = match answer.body {
        Some(body) if answer.is_base64_encoded => Bytes::from(BASE64_STANDARD.decode(body)?),
        Some(body) => Bytes::from(body),
        None => Bytes::new(),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = StatusCode::from_u16(answer.status_code)?;
    let single = answer
        .headers
        .into_iter()
        .map(|(name, value)| (name, vec![value]));
    for (name, values) in single.chain(answer.multi_value_headers) {
        let name = HeaderName::try_from(name)?;
        response.headers_mut().remove(&name);
        for value in values.into_iter().filter(|_| name != CONTENT_LENGTH) {
            response
                .headers_mut()
                .append(&name, HeaderValue::try_from(value)?);
        }
    }
    Ok(response)
}
