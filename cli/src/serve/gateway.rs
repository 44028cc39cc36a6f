//! What API Gateway does with a request: route it, make a payload 2.0 event of it, and make an HTTP response of what
//! the function answers. The event goes through `lambda_http`'s own parsing, so what works here works there.

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
use hyper::header::{
    CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, http::request::Parts};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent, Service as _};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::Service;
use tokio::net::TcpListener;

use super::routes::{Handler, Routes, Target};

/// Largest body that API Gateway takes, in bytes.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// How long requests that are under way may take to end once the server is asked to stop.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// The API, on one machine.
pub struct Gateway {
    routes: Routes,
    service: Arc<Service>,
}

impl Gateway {
    /// The API of the template over a service.
    ///
    /// # Errors
    /// When the template's routes cannot be served.
    pub fn new(service: Service) -> anyhow::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            routes: Routes::of_template()?,
            service: Arc::new(service),
        }))
    }

    /// Serves until `stop` completes, then lets the requests that are under way end.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, stop: impl Future<Output = ()>) {
        let http = Builder::new(TokioExecutor::new());
        let connections = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let (stream, peer) = tokio::select! {
                () = &mut stop => break,
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of file descriptors, mostly: it passes when connections end.
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            // Answers are small, and a caller waits for each: none may wait in Nagle's buffer for the next.
            let _ = stream.set_nodelay(true);
            let gateway = Arc::clone(&self);
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
        let Some(target) = self.routes.find(parts.method.as_str(), parts.uri.path()) else {
            return gateway_answer(StatusCode::NOT_FOUND, "Not Found");
        };
        let body = match Limited::new(body, MAX_BODY_BYTES).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return gateway_answer(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
            }
            Err(_) => return gateway_answer(StatusCode::BAD_REQUEST, "Bad Request"),
        };
        let handler = target.handler;
        let event = event(&parts, &target, &body, peer);
        // In a task of its own, as a function is in a sandbox of its own: a caller that hangs up does not stop it half
        // way, and what panics ends only itself.
        let invocation = tokio::spawn(invoke(handler, Arc::clone(&self.service), event));
        match invocation.await.map_err(anyhow::Error::from).flatten() {
            Ok(response) => response,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "an invocation failed");
                gateway_answer(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        }
    }
}

/// An answer of the gateway's own.
fn gateway_answer(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(json!({ "message": message }).to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The payload 2.0 event of a request.
fn event(parts: &Parts, target: &Target<'_>, body: &Bytes, peer: SocketAddr) -> Value {
    let now = Utc::now();
    let host = text_of(&parts.headers, &HOST).unwrap_or("localhost");
    let domain = host.split(':').next().unwrap_or(host);
    let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy();
    let query = parts.uri.query().unwrap_or_default();
    let route_key = format!("{} {}", parts.method, target.path);
    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": joined_headers(&parts.headers, peer),
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": domain,
            "domainPrefix": domain.split('.').next(),
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": format!("{:?}", parts.version),
                "sourceIp": peer.ip().to_string(),
                "userAgent": text_of(&parts.headers, &USER_AGENT).unwrap_or_default(),
            },
            "requestId": uuid::Uuid::new_v4().to_string(),
            "routeKey": route_key,
            "stage": "$default",
            "time": now.format("%d/%b/%Y:%H:%M:%S %z").to_string(),
            "timeEpoch": now.timestamp_millis(),
        },
        "pathParameters": target
            .parameters
            .iter()
            .map(|(name, value)| (name.as_str(), percent_decode_str(value).decode_utf8_lossy().into_owned()))
            .collect::<HashMap<_, _>>(),
        "isBase64Encoded": false,
    });
    let cookies: Vec<_> = parts
        .headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split("; "))
        .collect();
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !query.is_empty() {
        event["queryStringParameters"] = json!(joined_query(query));
    }
    if !body.is_empty() {
        match std::str::from_utf8(body) {
            Ok(text) if is_text(&parts.headers) => event["body"] = json!(text),
            _ => {
                event["body"] = json!(BASE64_STANDARD.encode(body));
                event["isBase64Encoded"] = json!(true);
            }
        }
    }
    event
}

fn text_of<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The headers with lower-case names, several of one name joined by a comma, and cookies left out.
fn joined_headers(headers: &HeaderMap, peer: SocketAddr) -> HashMap<String, String> {
    let mut joined: HashMap<String, String> = HashMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| *name != COOKIE) {
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str().to_owned())
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    joined.insert("x-forwarded-for".to_owned(), peer.ip().to_string());
    joined.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    joined
}

/// The query's parameters, several of one name joined by a comma.
fn joined_query(query: &str) -> HashMap<String, String> {
    url::form_urlencoded::parse(query.as_bytes()).fold(
        HashMap::new(),
        |mut joined, (name, value)| {
            joined
                .entry(name.into_owned())
                .and_modify(|values: &mut String| {
                    values.push(',');
                    values.push_str(&value);
                })
                .or_insert_with(|| value.into_owned());
            joined
        },
    )
}

/// Whether API Gateway passes a body of this type as text. All others come in base64.
fn is_text(headers: &HeaderMap) -> bool {
    let content_type = text_of(headers, &CONTENT_TYPE)
        .unwrap_or("text/plain")
        .to_ascii_lowercase();
    [
        "text/",
        "application/json",
        "application/javascript",
        "application/xml",
    ]
    .iter()
    .any(|text| content_type.starts_with(text))
}

/// What a function's answer looks like to API Gateway.
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
    handler: Handler,
    service: Arc<Service>,
    event: Value,
) -> anyhow::Result<Response<Full<Bytes>>> {
    let payload: LambdaRequest =
        serde_json::from_value(event).context("the event cannot be read")?;
    let mut context = Context::default();
    context.request_id = uuid::Uuid::new_v4().to_string();
    let mut function = Adapter::from(lambda_http::service_fn(move |request| {
        let answer = handler(Arc::clone(&service), request);
        async { Ok::<_, std::convert::Infallible>(answer.await) }
    }));
    let answer = function.call(LambdaEvent { payload, context }).await?;
    let answer: FunctionAnswer = serde_json::from_value(serde_json::to_value(answer)?)?;

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
