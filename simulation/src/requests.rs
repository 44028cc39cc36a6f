//! Requests of callers, as events of API Gateway, and their answers.

use std::time::Duration;

use contacts::development::{AUDIENCE, ISSUER, signed};
use serde_json::{Map, Value, json};
use shared::auth::DEVELOPMENT_SECRET;
use shared::domain::Timestamp;
use shared::http::Route;

/// Tokens are valid until 2200.
const EXPIRES_AT: u64 = 7_258_118_400;

/// The content of a request, as the checks need it.
#[expect(missing_docs, reason = "the fields are members of the requests")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Endpoints 1 and 2. Without a time, the request clears the verification.
    VerifyMethod {
        kind: &'static str,
        value: String,
        at: Option<String>,
        label: Option<String>,
    },
    /// Endpoint 3. Without a time, the clock of the process counts.
    VerifyContact {
        audience: String,
        client: String,
        address: Option<String>,
        verified: bool,
        at: Option<String>,
    },
    /// Upserts the contact of an address.
    Upsert {
        audience: String,
        client: String,
        address: String,
        verified_at: Option<String>,
        lifts_bounce: bool,
        has_finding: bool,
    },
    /// Imports a contact with the operator's tool: its address is verified since this time.
    Import { address: String, at: String },
    /// Adds a method.
    Add { kind: &'static str, value: String },
    /// Removes a method.
    Remove { kind: &'static str, value: String },
    /// Subscribes an address.
    Subscribe {
        scope: &'static str,
        address: String,
    },
    /// Unsubscribes an address.
    Unsubscribe { address: String },
    /// Reads a contact.
    Read,
    /// Reads the status of an address.
    Status {
        audience: String,
        client: String,
        address: String,
    },
    /// Reads a page of a history, optionally with the cursor of a page of this organization and contact.
    History { cursor_of: Option<(String, String)> },
    /// Erases a contact.
    Erase,
}

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The caller's organization.
    pub organization: &'static str,
    /// The caller's subject, or `client:` and the slug of its application.
    pub actor: String,
    /// The route.
    pub route: Route,
    /// The contact in the path; blank if the path names none.
    pub contact: String,
    /// The content, as the checks need it.
    pub asked: Asked,
    /// The body, or for a `GET` the parameters of the query.
    pub content: Value,
    /// The version in `If-Match`.
    pub if_match: Option<u64>,
    /// The token.
    pub token: String,
}

/// An answer that arrived.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The version in `ETag`.
    pub version: Option<u64>,
    /// The body.
    pub body: Value,
}

/// A sent request, and its answer.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The request.
    pub request: Request,
    /// Its id, which every item that it changes contains.
    pub id: String,
    /// When the caller sent it.
    pub began: Duration,
    /// The time of the process's clock at that moment, in milliseconds since 1970.
    pub clock_ms: i64,
    /// When its answer arrived, or when the wait for it ended.
    pub ended: Duration,
    /// The answer, if one arrived.
    pub response: Option<Response>,
}

impl Sent {
    /// The answer, unless it leaves the outcome open (5xx).
    #[must_use]
    pub fn definite(&self) -> Option<&Response> {
        self.response
            .as_ref()
            .filter(|response| response.status < 500)
    }

    /// The `outcome` in an answer of success.
    #[must_use]
    pub fn outcome(&self) -> Option<&str> {
        let body = &self
            .definite()
            .filter(|response| response.status < 300)?
            .body;
        let outcome = body
            .get("outcome")
            .or_else(|| body.pointer("/data/outcome"))?;
        outcome.as_str()
    }

    /// The time of the process's clock, as the program writes it.
    #[must_use]
    pub fn clock(&self) -> String {
        Timestamp::of_unix_milliseconds(self.clock_ms)
            .unwrap()
            .to_string()
    }
}

/// The identity of a caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The organization.
    pub organization: Option<&'static str>,
    /// The subject.
    pub subject: String,
    /// The role.
    pub role: Option<&'static str>,
    /// The client, for an application.
    pub client: Option<&'static str>,
}

impl Caller {
    /// The caller's token.
    #[must_use]
    pub fn token(&self) -> String {
        let claims =
            json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": self.subject, "exp": EXPIRES_AT });
        let mut claims: Map<String, Value> = claims.as_object().cloned().unwrap_or_default();
        let others = [
            ("organizationId", self.organization),
            ("role", self.role),
            ("client", self.client),
        ];
        for (name, value) in others {
            claims.extend(value.map(|value| (name.to_owned(), json!(value))));
        }
        signed(&claims, DEVELOPMENT_SECRET).unwrap()
    }
}

impl Request {
    /// The request as API Gateway sends it to the function.
    #[must_use]
    pub fn event(&self, id: &str) -> String {
        let method = self.route.method();
        let path = self.route.path_of(&self.contact);
        let mut headers =
            json!({ "authorization": format!("Bearer {}", self.token), "host": "localhost" });
        if let Some(version) = self.if_match {
            headers["if-match"] = json!(format!("\"{version}\""));
        }
        let mut event = json!({
            "version": "2.0", "routeKey": self.route.key(), "rawPath": path, "rawQueryString": "",
            "requestContext": {
                "accountId": "0", "apiId": "local", "domainName": "localhost", "domainPrefix": "localhost",
                "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "simulation" },
                "requestId": id, "routeKey": self.route.key(), "stage": "$default",
                "time": "01/Jan/2100:00:00:00 +0000", "timeEpoch": 0,
            },
            "isBase64Encoded": false,
        });
        if !self.contact.is_empty() {
            event["pathParameters"] = json!({ "id": self.contact });
        }
        if method == "GET" {
            let parameters = self.content.as_object().into_iter().flatten();
            let parameters = parameters.map(|(name, value)| {
                let value = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                format!("{name}={value}")
            });
            event["rawQueryString"] = json!(parameters.collect::<Vec<_>>().join("&"));
        } else {
            headers["content-type"] = json!("application/json");
            event["body"] = json!(self.content.to_string());
        }
        event["headers"] = headers;
        event.to_string()
    }
}
