//! One request from its arrival to its answer, and its line in the log.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use futures_util::FutureExt;
use lambda_http::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt};
use serde::Serialize;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::if_match::{entity_tag, expected_version, has_version};
use super::members::check_body;
use super::{Failure, Members, Problem};
use crate::Service;
use crate::auth::{Caller, Reach, Refusal};
use crate::domain::{Actor, ContactId, ExpectedVersion, Outcome, Tenant, Timestamp, Version};
use crate::log::{Measured, RequestLine, write_request};
use crate::store::{ChangeMetadata, Found, Tally, tallied};

/// The header that names a request, in answers.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Whether the process has had a request.
static HAS_SERVED: AtomicBool = AtomicBool::new(false);

/// One request.
pub struct Call<'a> {
    /// What the handler works with.
    pub service: &'a Service,
    request: Request,
    request_id: String,
    received_at: Timestamp,
    received: Instant,
    /// Whether it is the first of its process.
    is_cold_start: bool,
    caller: OnceLock<Arc<Caller>>,
    /// The organization that is worked on, where it need not be the caller's.
    tenant: OnceLock<Tenant>,
}

/// A successful answer.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    /// What the log calls it.
    outcome: &'static str,
    /// That of the contact that it shows, if it shows one.
    version: Option<Version>,
    /// The body; none where the caller has it already.
    body: Option<String>,
}

impl Answer {
    /// The answer that shows one contact.
    ///
    /// # Errors
    /// When the body cannot be written as JSON.
    pub fn contact(
        outcome: Outcome,
        version: Version,
        body: &impl Serialize,
    ) -> Result<Self, Failure> {
        Ok(Self {
            status: StatusCode::OK,
            outcome: outcome.as_str(),
            version: Some(version),
            body: Some(json(body)?),
        })
    }

    /// The answer to a question, which shows a contact at this version, if it shows one.
    ///
    /// # Errors
    /// When the body cannot be written as JSON.
    pub fn read(version: Option<Version>, body: &impl Serialize) -> Result<Self, Failure> {
        Ok(Self {
            status: StatusCode::OK,
            outcome: "read",
            version,
            body: Some(json(body)?),
        })
    }

    /// The answer to a caller that has this version of the contact already: 304 (RFC 9110 section 15.4.5).
    #[must_use]
    pub fn not_modified(version: Version) -> Self {
        Self {
            status: StatusCode::NOT_MODIFIED,
            outcome: "not_modified",
            version: Some(version),
            body: None,
        }
    }

    /// The same answer with the status 201, where the contact `is_new`.
    #[must_use]
    pub fn created_if(self, is_new: bool) -> Self {
        Self {
            status: if is_new {
                StatusCode::CREATED
            } else {
                self.status
            },
            ..self
        }
    }
}

impl<'a> Call<'a> {
    /// A request that has arrived.
    #[must_use]
    pub fn new(service: &'a Service, request: Request) -> Self {
        let request_id = request_id(&request);
        Self {
            service,
            request_id,
            received_at: (service.clock)(),
            received: Instant::now(),
            is_cold_start: !HAS_SERVED.swap(true, Ordering::Relaxed),
            request,
            caller: OnceLock::new(),
            tenant: OnceLock::new(),
        }
    }

    /// The caller, once its token is verified, and only if what it sent can be a body: the checks that come before
    /// all others (contract section 3: 401, then 413 and 415).
    ///
    /// # Errors
    /// Why the caller is not let in, or why its body is not read.
    pub async fn authenticate(&self) -> Result<&Caller, Failure> {
        let caller = self.authenticate_reader().await?;
        check_body(self.request.headers(), self.request.body())?;
        Ok(caller)
    }

    /// The caller, once its token is verified, of a request whose body nobody reads.
    ///
    /// # Errors
    /// Why the caller is not let in.
    pub async fn authenticate_reader(&self) -> Result<&Caller, Failure> {
        let authorization = self.request.headers().get(header::AUTHORIZATION);
        let caller = self
            .service
            .authenticator
            .authenticate(authorization, self.received_at)
            .await?;
        Ok(self.caller.get_or_init(|| caller))
    }

    /// The members of the body.
    ///
    /// # Errors
    /// When the body is not JSON, or not an object.
    pub fn members(&self) -> Result<Members<'_>, Failure> {
        Members::read(self.request.body())
    }

    /// The parameters of the query as a JSON object of texts, to be read like a body. Of several of one name the last counts.
    #[must_use]
    pub fn query(&self) -> Body {
        // In a form, a blank is written as a plus. No parameter here holds blanks, and addresses hold pluses.
        let query = self.request.uri().query().unwrap_or_default();
        let query = query.replace('+', "%2B");
        let parameters: Map<String, Value> = form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into()))
            .collect();
        Body::from(Value::Object(parameters).to_string())
    }

    /// Whether the caller has this version of a contact already (`If-None-Match`).
    #[must_use]
    pub fn has_version(&self, version: Version) -> bool {
        has_version(self.request.headers(), version)
    }

    /// The versions that `If-Match` names; `None` when it is not a list of strong entity tags.
    pub(super) fn expected_version(&self) -> Option<ExpectedVersion> {
        expected_version(self.request.headers())
    }

    /// The contact that the path names.
    ///
    /// # Errors
    /// [`Failure::ContactNotFound`]: an id that does not fit the pattern is a contact that does not exist.
    pub fn contact_id(&self) -> Result<ContactId, Failure> {
        let parameters = self.request.path_parameters();
        parameters
            .first("id")
            .and_then(|id| ContactId::parse(id).ok())
            .ok_or(Failure::ContactNotFound)
    }

    /// The organization whose contact this is: the caller's own, or for a super administrator the one that has a
    /// contact of this id.
    ///
    /// # Errors
    /// When no organization has it, or when several have it and the token names none of them.
    pub async fn tenant(&self, caller: &Caller, id: &ContactId) -> Result<Tenant, Failure> {
        let tenant = match caller.reach() {
            Reach::Own(tenant) => tenant,
            Reach::Any(super_admin) => {
                match self.service.store.find_tenant(&super_admin, id).await? {
                    Found::In(tenant) => tenant,
                    Found::Nowhere => return Err(Failure::ContactNotFound),
                    Found::Ambiguous => return Err(Failure::invalid("id", Problem::Ambiguous)),
                }
            }
        };
        Ok(self.tenant.get_or_init(|| tenant).clone())
    }

    /// The caller's own organization, which is the only one that it may write to, whoever it is.
    ///
    /// # Errors
    /// [`Failure::ContactNotFound`] for a super administrator without one: what it cannot reach does not exist.
    pub fn own_tenant<'c>(&self, caller: &'c Caller) -> Result<&'c Tenant, Failure> {
        caller.tenant().ok_or(Failure::ContactNotFound)
    }

    /// When the request arrived.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.received_at
    }

    /// What marks a change that this request makes.
    #[must_use]
    pub fn metadata(&self, actor: &Actor) -> ChangeMetadata {
        ChangeMetadata {
            actor: actor.clone(),
            now: self.received_at,
            request_id: self.request_id.clone(),
        }
    }

    /// Runs the work of the request and writes its answer, in a dialect whose way to write a failure is `render`.
    /// Whatever happens, the caller gets an answer in that dialect and the log gets one line.
    pub async fn answer(
        &self,
        route: &'static str,
        work: impl Future<Output = Result<Answer, Failure>>,
        render: impl FnOnce(&Failure, &str) -> Response<Body>,
    ) -> Response<Body> {
        let work =
            AssertUnwindSafe(tokio::time::timeout(self.service.deadline, work)).catch_unwind();
        let (result, tally) = tallied(work).await;
        let result = match result {
            Ok(Ok(result)) => result,
            Ok(Err(late)) => Err(Failure::Unavailable(Box::new(late))),
            // Its message may hold personal data; the panic hook has logged its place.
            Err(_) => Err(Failure::Internal("panicked".into())),
        };
        let (mut response, outcome, failure) = match result {
            Ok(answer) => {
                let outcome = answer.outcome;
                (success(answer), outcome, None)
            }
            Err(failure) => (
                render(&failure, &self.request_id),
                failure.kind(),
                Some(failure),
            ),
        };
        if let Ok(id) = HeaderValue::from_str(&self.request_id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        self.log(route, response.status(), outcome, failure.as_ref(), tally);
        response
    }

    /// One line per request, and one more for a failure that is ours, with its cause.
    fn log(
        &self,
        route: &'static str,
        status: StatusCode,
        outcome: &str,
        failure: Option<&Failure>,
        tally: Tally,
    ) {
        if let Some(failure) = failure
            && status.is_server_error()
        {
            tracing::error!(
                request.id = self.request_id,
                route,
                error = causes(failure),
                "request failed"
            );
        }
        let caller = self.caller.get().map(Arc::as_ref);
        let tenant = self
            .tenant
            .get()
            .or_else(|| caller.and_then(Caller::tenant));
        let line = RequestLine {
            request_id: &self.request_id,
            trace_id: trace_id(&self.request),
            route,
            status: status.as_u16(),
            organization_id: tenant.map(|tenant| tenant.organization().as_str()),
            caller_kind: caller.map(|caller| caller.kind().as_str()),
            cold_start: self.is_cold_start,
        };
        let measured = Measured {
            outcome,
            duration_ms: self.received.elapsed().as_secs_f64() * 1000.0,
            dynamodb_calls: tally.calls,
            conflicts_retried: tally.conflicts_retried,
        };
        write_request(&line, &measured, (self.service.clock)());
    }
}

/// The id that API Gateway gave the request. It is the one that a caller sees and the one in the log.
fn request_id(request: &Request) -> String {
    let from_gateway = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    from_gateway
        .or_else(|| {
            request
                .lambda_context_ref()
                .map(|context| context.request_id.clone())
        })
        .unwrap_or_default()
}

/// The id of the request's trace in AWS X-Ray, if it has one of the documented form. A caller can send one, so that
/// nothing else is taken for one.
fn trace_id(request: &Request) -> Option<&str> {
    let trace = request.lambda_context_ref()?.xray_trace_id.as_deref()?;
    let root = trace
        .split(';')
        .find_map(|part| part.trim().strip_prefix("Root="))?;
    let is_hex =
        |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit());
    let mut parts = root.split('-');
    let is_trace_id = parts.next() == Some("1")
        && parts.next().is_some_and(|time| is_hex(time, 8))
        && parts.next().is_some_and(|random| is_hex(random, 24))
        && parts.next().is_none();
    is_trace_id.then_some(root)
}

fn json(body: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(body).map_err(|error| Failure::Internal(Box::new(error)))
}

fn success(answer: Answer) -> Response<Body> {
    let mut response = if let Some(body) = answer.body {
        json_response(answer.status, body)
    } else {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = answer.status;
        response
    };
    if let Some(version) = answer.version
        && let Ok(tag) = HeaderValue::from_str(&entity_tag(version))
    {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The response to a failure, whose body a dialect has made.
pub(super) fn failure_response(failure: &Failure, body: &impl Serialize) -> Response<Body> {
    // Texts under fixed names: there is nothing in them that JSON cannot hold.
    let mut response = json_response(
        failure.status(),
        serde_json::to_string(body).unwrap_or_default(),
    );
    add_failure_headers(&mut response, failure);
    response
}

/// A response whose body is this JSON. As text it reaches API Gateway as it is, not in base64.
fn json_response(status: StatusCode, json: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(json));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// The headers that a failure carries in either dialect.
fn add_failure_headers(response: &mut Response<Body>, failure: &Failure) {
    let headers = response.headers_mut();
    match failure {
        Failure::Refused(Refusal::MissingAuthorization | Refusal::NotBearer) => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        Failure::Refused(Refusal::InvalidToken(fault)) => {
            // What RFC 6750 section 3 allows in a description; a configured claim name may hold something else.
            let description = fault
                .to_string()
                .replace(|c| !matches!(c, ' '..='~') || matches!(c, '"' | '\\'), "?");
            let challenge =
                format!("Bearer error=\"invalid_token\", error_description=\"{description}\"");
            if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
        }
        Failure::Refused(Refusal::KeysUnavailable(_)) | Failure::Unavailable(_) => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        Failure::VersionMismatch(Some(version)) => {
            if let Ok(tag) = HeaderValue::from_str(&entity_tag(*version)) {
                headers.insert(header::ETAG, tag);
            }
        }
        _ => {}
    }
}

/// An error and what caused it, down to the root.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
