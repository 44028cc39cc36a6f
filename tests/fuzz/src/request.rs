//! A request as API Gateway passes it on, and its answer.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;

use contacts::demo::{CRM_ORGANIZATION, MAILER_ORGANIZATION};
use contacts::development::{AUDIENCE, ISSUER, signed};
use contacts::serve::event::{Arrival, Event};
use contacts::serve::routes::handle;
use lambda_http::http::{HeaderName, HeaderValue, Request as HttpRequest};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent, Service as _};
use serde_json::{Map, Value, json};
use shared::Service;
use shared::auth::DEVELOPMENT_SECRET;
use shared::http::{Dialect, Route};

use crate::choices::line;

/// The id that API Gateway gives to each request.
pub(crate) const REQUEST_ID: &str = "JKJaXmPLvHcESHA=";

/// The callers, and the claims of their tokens. A caller of another name has no token.
const CALLERS: [(&str, &str); 8] = [
    ("person", r#"{"sub":"user_1"}"#),
    ("member", r#"{"sub":"user_1","organizationId":"org_a"}"#),
    (
        "administrator",
        r#"{"sub":"admin_1","role":"ADMIN","organizationId":"org_a"}"#,
    ),
    (
        "superadmin",
        r#"{"sub":"operator_1","role":"SUPERADMIN","organizationId":"org_b"}"#,
    ),
    (
        "application",
        r#"{"sub":"website","client":"website","organizationId":"org_a"}"#,
    ),
    (
        "app",
        r#"{"sub":"app","client":"app","organizationId":"org_a"}"#,
    ),
    (
        "stranger",
        r#"{"sub":"website","client":"website","organizationId":"org_b"}"#,
    ),
    (
        "superapp",
        r#"{"sub":"website","client":"website","role":["SUPERADMIN"]}"#,
    ),
];

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Its route.
    pub(crate) route: Route,
    caller: String,
    id: String,
    query: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

impl Request {
    /// A request with a JSON body.
    pub(crate) fn of(function: &str, caller: &str, id: &str, body: &str) -> Self {
        let json = HeaderValue::from_static("application/json");
        Self {
            route: route(function.as_bytes()),
            caller: caller.to_owned(),
            id: id.to_owned(),
            query: String::new(),
            headers: vec![(HeaderName::from_static("content-type"), json)],
            body: body.as_bytes().to_vec(),
        }
    }

    /// The request with one more header.
    pub(crate) fn header(mut self, name: &'static str, value: HeaderValue) -> Self {
        self.headers.push((HeaderName::from_static(name), value));
        self
    }

    /// The request with this query.
    pub(crate) fn query(self, query: String) -> Self {
        Self { query, ..self }
    }

    /// Reads a request from an input: the function and the caller, the id in the path, the query, then headers, and after an
    /// empty line the body. Each part may be anything.
    pub(crate) fn read(mut input: &[u8]) -> Self {
        let lossy = |line: &[u8]| String::from_utf8_lossy(line).into_owned();
        let mut first = line(&mut input).splitn(2, |byte| *byte == b' ');
        let route = route(first.next().unwrap_or_default());
        let caller = lossy(first.next().unwrap_or_default());
        let id = lossy(line(&mut input));
        let query = lossy(line(&mut input));
        let mut headers = Vec::new();
        while !input.is_empty() {
            let header = line(&mut input);
            if header.is_empty() {
                break;
            }
            let (name, value) = match header.iter().position(|byte| *byte == b':') {
                Some(end) => (&header[..end], header[end + 1..].trim_ascii()),
                None => continue,
            };
            // The front end of an API refuses invalid headers.
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
            {
                headers.push((name, value));
            }
        }
        Self {
            route,
            caller,
            id,
            query,
            headers,
            body: input.to_vec(),
        }
    }

    /// The event of the request, as `serve` makes it. `None` if its path or query is invalid.
    pub(crate) fn event(&self) -> Option<Value> {
        let path = self.route.path_of(&encoded(&self.id));
        let request = HttpRequest::builder()
            .method(self.route.method())
            .uri(format!("{path}?{}", self.query));
        let (mut parts, ()) = request.body(()).ok()?.into_parts();
        parts
            .headers
            .insert("host", HeaderValue::from_static("api.example.com"));
        if let Some(token) = token(&self.caller) {
            parts
                .headers
                .insert("authorization", HeaderValue::from_str(&token).ok()?);
        }
        for (name, value) in &self.headers {
            if name != "host" {
                parts.headers.append(name, value.clone());
            }
        }
        let parameters = [("id".to_owned(), encoded(&self.id))];
        let parameters = if self.route.path().contains("{id}") {
            &parameters[..]
        } else {
            &[]
        };
        let arrival = Arrival {
            account_id: "123456789012",
            api_id: "a1b2c3d4e5",
            source_ip: Ipv4Addr::LOCALHOST.into(),
            request_id: REQUEST_ID.to_owned(),
            time: 1_780_387_200_000,
        };
        Some(json!(Event::new(
            &parts, self.route, parameters, &self.body, arrival
        )))
    }
}

/// The route of the function with this name. Any other name selects one of the routes.
fn route(function: &[u8]) -> Route {
    let named = Route::ALL
        .into_iter()
        .find(|route| route.function().as_bytes() == function);
    let sum: usize = function.iter().map(|byte| usize::from(*byte)).sum();
    named.unwrap_or(Route::ALL[sum % Route::ALL.len()])
}

/// The value of a caller's `Authorization` header.
fn token(caller: &str) -> Option<String> {
    let (_, own) = CALLERS.into_iter().find(|(name, _)| *name == caller)?;
    let mut claims = Map::from_iter([
        ("iss".to_owned(), json!(ISSUER)),
        ("aud".to_owned(), json!(AUDIENCE)),
        ("exp".to_owned(), json!(4_070_908_800_u64)),
        ("organizationId".to_owned(), json!(CRM_ORGANIZATION)),
    ]);
    claims.extend(serde_json::from_str::<Map<String, Value>>(own).unwrap());
    Some(format!(
        "Bearer {}",
        signed(&claims, DEVELOPMENT_SECRET).unwrap()
    ))
}

/// A segment of a path, percent-encoded.
fn encoded(segment: &str) -> String {
    let encode = |byte: u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'-' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    segment.bytes().map(encode).collect()
}

/// The answer of a function to API Gateway.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body, or null if the answer has none.
    pub(crate) body: Value,
}

impl Answer {
    /// The answer of a route's function to an event.
    pub(crate) async fn of(route: Route, service: &Arc<Service>, payload: LambdaRequest) -> Self {
        let mut handler = Adapter::from(lambda_http::service_fn(|request| async {
            Ok::<_, Infallible>(handle(route, Arc::clone(service), request).await)
        }));
        let context = Context::default();
        let answer = handler
            .call(LambdaEvent { payload, context })
            .await
            .unwrap();
        let answer = serde_json::to_value(answer).unwrap();
        assert_eq!(answer["isBase64Encoded"], false, "an answer is text");
        let body = answer["body"].as_str().filter(|body| !body.is_empty());
        Self {
            status: answer["statusCode"].as_u64().unwrap().try_into().unwrap(),
            headers: serde_json::from_value(answer["headers"].clone()).unwrap(),
            body: body.map_or(Value::Null, |body| {
                serde_json::from_str(body).unwrap_or_else(|_| panic!("not JSON: {body}"))
            }),
        }
    }

    /// Whether the body is an error in the form of this dialect.
    pub(crate) fn is_error_in(&self, dialect: Dialect) -> bool {
        let error = &self.body["error"];
        let text = match dialect {
            Dialect::Crm => error.is_string() && *error == self.body["message"],
            Dialect::Mailer => error["code"].is_string(),
        };
        text && self.body["requestId"].is_string()
    }
}

/// The organization of most contacts.
pub(crate) const ORGANIZATION: &str = MAILER_ORGANIZATION;
