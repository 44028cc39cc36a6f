//! Does what API Gateway does with a request: routes it, converts it to a payload 2.0 event, and converts the function's
//! answer to an HTTP response. `lambda_http` itself parses the event, so what works here also works on AWS.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
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
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::Service;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::docs::Docs;
use super::routes::{Handler, Routes, Target};

/// The largest body that API Gateway accepts, in bytes.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// How long requests in progress may take after the server is asked to stop.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// The API on this machine.
pub struct Gateway {
    docs: Docs,
    routes: Routes,
    service: Arc<Service>,
}

impl Gateway {
    /// The API of the template, answered by a service.
    ///
    /// # Errors
    /// When the template's routes cannot be served.
    pub fn new(service: Service) -> anyhow::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            docs: Docs::default(),
            routes: Routes::of_template()?,
            service: Arc::new(service),
        }))
    }

    /// Serves until `stop` completes, then waits for the requests in progress.
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
                        // Most often there are no file descriptors left, until connections end.
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            // Answers are small, and a caller waits for each: Nagle's algorithm must not delay one.
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
        // The documentation is beside the API: no route of the API has its paths.
        if let Some(response) = self.docs.answer(&parts) {
            return response;
        }
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
        let invocation = async {
            let event = event(&parts, &target, &body, peer)?;
            // Each invocation has its own task, as each function on AWS has its own sandbox: a caller that hangs up does
            // not stop it, and a panic ends only this task.
            tokio::spawn(invoke(handler, Arc::clone(&self.service), event)).await?
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

/// The payload 2.0 event of a request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'static str,
    route_key: &'a str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<&'a str>,
    headers: HashMap<&'a str, String>,
    #[serde(skip_serializing_if = "HashMap::is_empty")]
    query_string_parameters: HashMap<String, String>,
    request_context: RequestContext<'a>,
    path_parameters: HashMap<&'a str, Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'static str,
    api_id: &'static str,
    domain_name: &'a str,
    domain_prefix: Option<&'a str>,
    http: HttpDescription<'a>,
    request_id: String,
    route_key: &'a str,
    stage: &'static str,
    time: String,
    time_epoch: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HttpDescription<'a> {
    method: &'a str,
    path: &'a str,
    protocol: String,
    source_ip: IpAddr,
    user_agent: &'a str,
}

/// The payload 2.0 event of a request, as the JSON that Lambda passes to a function.
fn event(
    parts: &Parts,
    target: &Target<'_>,
    body: &Bytes,
    peer: SocketAddr,
) -> serde_json::Result<Vec<u8>> {
    let now = Utc::now();
    let host = text_of(&parts.headers, &HOST).unwrap_or("localhost");
    let domain = host.split(':').next().unwrap_or(host);
    let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy();
    let query = parts.uri.query().unwrap_or_default();
    let method = parts.method.as_str();
    let route_key = format!("{method} {}", target.path);
    let (body, is_base64_encoded) = match str::from_utf8(body) {
        Ok("") => (None, false),
        Ok(text) if is_text(&parts.headers) => (Some(Cow::Borrowed(text)), false),
        _ => (Some(Cow::Owned(BASE64_STANDARD.encode(body))), true),
    };
    let cookies = parts.headers.get_all(COOKIE).iter();
    let parameters = target.parameters.iter();
    serde_json::to_vec(&Event {
        version: "2.0",
        route_key: &route_key,
        raw_path: &path,
        raw_query_string: query,
        cookies: cookies
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split("; "))
            .collect(),
        headers: joined_headers(&parts.headers, peer),
        query_string_parameters: joined_query(query),
        request_context: RequestContext {
            account_id: "000000000000",
            api_id: "local",
            domain_name: domain,
            domain_prefix: domain.split('.').next(),
            http: HttpDescription {
                method,
                path: &path,
                protocol: format!("{:?}", parts.version),
                source_ip: peer.ip(),
                user_agent: text_of(&parts.headers, &USER_AGENT).unwrap_or_default(),
            },
            request_id: Uuid::new_v4().to_string(),
            route_key: &route_key,
            stage: "$default",
            time: now.format("%d/%b/%Y:%H:%M:%S %z").to_string(),
            time_epoch: now.timestamp_millis(),
        },
        path_parameters: parameters
            .map(|(name, value)| (name.as_str(), percent_decode_str(value).decode_utf8_lossy()))
            .collect(),
        body,
        is_base64_encoded,
    })
}

fn text_of<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The headers without cookies. Names are lower-case; a comma joins the values of one name.
fn joined_headers(headers: &HeaderMap, peer: SocketAddr) -> HashMap<&str, String> {
    let mut joined: HashMap<&str, String> = HashMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| *name != COOKIE) {
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str())
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    joined.insert("x-forwarded-for", peer.ip().to_string());
    joined.insert("x-forwarded-proto", "http".to_owned());
    joined
}

/// The query's parameters. A comma joins the values of one name.
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

/// Whether API Gateway passes a body of this type as text. It encodes all others in base64.
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
    handler: Handler,
    service: Arc<Service>,
    event: Vec<u8>,
) -> anyhow::Result<Response<Full<Bytes>>> {
    let payload: LambdaRequest =
        serde_json::from_slice(&event).context("the event cannot be read")?;
    let mut context = Context::default();
    context.request_id = Uuid::new_v4().to_string();
    let mut function = Adapter::from(lambda_http::service_fn(move |request| {
        let answer = handler(Arc::clone(&service), request);
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
