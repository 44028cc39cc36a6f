//! One request from its arrival to its answer, and its line in the log.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use futures_util::FutureExt;
use lambda_http::http::{HeaderValue, Response, StatusCode, header};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt};
use serde_json::json;
use url::form_urlencoded;

use super::body::check_body;
use super::if_match::{expected_version, has_version};
use super::{Answer, Failure, Members, Problem, Route};
use crate::Service;
use crate::auth::Caller;
use crate::domain::{Actor, ContactId, ExpectedVersion, Tenant, Timestamp, Version};
use crate::log::{Measured, RequestLine, causes, write_request};
use crate::store::{ChangeMetadata, Tally, tallied};

/// 2020-01-01T00:00:00Z in Unix milliseconds. A clock before it is broken (contract section 10).
const EARLIEST_CLOCK: i64 = 1_577_836_800_000;

/// Whether this process has received a request.
static HAS_SERVED: AtomicBool = AtomicBool::new(false);

/// One request.
pub struct Call<'a> {
    /// The service that handles the request.
    pub service: &'a Service,
    route: &'static str,
    request: Request,
    request_id: String,
    /// When the request arrived.
    pub received_at: Timestamp,
    received: Instant,
    /// Whether it is the first request of its process.
    is_cold_start: bool,
    caller: OnceLock<Arc<Caller>>,
    /// The organization for the log, if it can differ from the caller's organization.
    tenant: Mutex<Option<Tenant>>,
}

impl<'a> Call<'a> {
    /// A request that has arrived on this route.
    #[must_use]
    pub fn new(service: &'a Service, request: Request, route: Route) -> Self {
        Self::beside_the_api(service, request, route.key())
    }

    /// A request that has arrived on a route outside the API. `route` has the method and path, as API Gateway writes them.
    #[must_use]
    pub fn beside_the_api(service: &'a Service, request: Request, route: &'static str) -> Self {
        Self {
            service,
            route,
            request_id: request_id(&request),
            received_at: (service.clock)(),
            received: Instant::now(),
            is_cold_start: !HAS_SERVED.swap(true, Ordering::Relaxed),
            request,
            caller: OnceLock::new(),
            tenant: Mutex::new(None),
        }
    }

    /// Verifies the token, then checks the size and type of the body. These checks come before all others (contract section 3:
    /// 401, then 413 and 415).
    ///
    /// # Errors
    /// When the caller or the body is refused.
    pub async fn authenticate(&self) -> Result<&Caller, Failure> {
        let caller = self.authenticate_reader().await?;
        check_body(self.request.headers(), self.request.body())?;
        Ok(caller)
    }

    /// Verifies the token of a request without a body.
    ///
    /// # Errors
    /// When the caller is refused. While the clock is wrong, every caller gets [`Failure::Unavailable`].
    pub async fn authenticate_reader(&self) -> Result<&Caller, Failure> {
        // With a wrong clock, the function would record wrong verification times and accept expired tokens.
        let now = self.received_at;
        if now.unix_milliseconds() < EARLIEST_CLOCK {
            let wrong = format!(
                "the clock of this machine is wrong: it says {now}, and no time before 2020 is accepted"
            );
            return Err(Failure::Unavailable(wrong.into()));
        }
        let authorization = self.request.headers().get(header::AUTHORIZATION);
        let authenticator = &self.service.authenticator;
        let caller = authenticator.authenticate(authorization, now).await?;
        Ok(self.caller.get_or_init(|| caller))
    }

    /// The members of the body.
    ///
    /// # Errors
    /// When the body is not JSON, or not an object.
    pub fn members(&self) -> Result<Members<'_>, Failure> {
        Members::of(self.request.body())
    }

    /// The parameters of the query as a JSON object of texts, for [`Members::of`]. If a name is repeated, the last one
    /// counts.
    #[must_use]
    pub fn query(&self) -> Body {
        // In a form, a plus means a blank. Here it stays a plus, because addresses contain pluses and no parameter needs a blank.
        let query = self.request.uri().query().unwrap_or_default();
        let query = query.replace('+', "%2B");
        let parameters: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
        Body::from(json!(parameters).to_string())
    }

    /// Whether the caller has this version of a contact already (`If-None-Match`).
    #[must_use]
    pub fn has_version(&self, version: Version) -> bool {
        has_version(self.request.headers(), version)
    }

    /// The versions that `If-Match` names. A fault of the header is noted among the faults of the members, as `if_match`.
    pub fn expected_version(&self, members: &mut Members<'_>) -> Option<ExpectedVersion> {
        let expected = expected_version(self.request.headers());
        members.note("if_match", expected.ok_or(Problem::MustBeEntityTags))
    }

    /// The id in the path.
    ///
    /// # Errors
    /// [`Failure::ContactNotFound`] when the text is not a valid id: no contact has it.
    pub fn contact_id(&self) -> Result<ContactId, Failure> {
        let parameters = self.request.path_parameters();
        let id = parameters.first("id").unwrap_or_default();
        ContactId::parse(id).map_err(|_| Failure::ContactNotFound)
    }

    /// Sets the organization in the log line of the request. The last value counts.
    pub fn log_tenant(&self, tenant: &Tenant) {
        *self.tenant.lock().unwrap_or_else(PoisonError::into_inner) = Some(tenant.clone());
    }

    /// The metadata of a change by this request.
    #[must_use]
    pub fn change_metadata(&self, actor: &Actor) -> ChangeMetadata {
        let request_id = self.request_id.clone();
        ChangeMetadata::new(actor.clone(), self.received_at, self.route, request_id)
    }

    /// Runs `work` and makes the response; `render` is a dialect's function for failures.
    ///
    /// Every request gets a response in its dialect and one line in the log, also after a panic or a timeout.
    pub async fn answer(
        &self,
        work: impl Future<Output = Result<Answer, Failure>>,
        render: impl FnOnce(&Failure, &str) -> Response<Body>,
    ) -> Response<Body> {
        let work =
            AssertUnwindSafe(tokio::time::timeout(self.service.deadline, work)).catch_unwind();
        let (result, tally) = tallied(work).await;
        let result = match result {
            Ok(Ok(result)) => result,
            Ok(Err(late)) => Err(Failure::Unavailable(Box::new(late))),
            // The panic's message may hold personal data; the panic hook has logged its place.
            Err(_) => Err(Failure::Internal("panicked".into())),
        };
        let (outcome, mut response) = match result {
            Ok(answer) => (answer.outcome, answer.response),
            Err(failure) => {
                let (status, kind) = failure.status_and_kind();
                if status.is_server_error() {
                    tracing::error!(
                        request.id = self.request_id,
                        route = self.route,
                        error = causes(&failure),
                        "request failed"
                    );
                }
                (kind, render(&failure, &self.request_id))
            }
        };
        if let Ok(id) = HeaderValue::from_str(&self.request_id) {
            response.headers_mut().insert("x-request-id", id);
        }
        self.log_request(response.status(), outcome, tally);
        response
    }

    /// Writes the log line of the request.
    fn log_request(&self, status: StatusCode, outcome: &str, tally: Tally) {
        let caller = self.caller.get().map(Arc::as_ref);
        let tenant = self.tenant.lock().unwrap_or_else(PoisonError::into_inner);
        let tenant = tenant.as_ref().or_else(|| caller.and_then(Caller::tenant));
        let line = RequestLine {
            request_id: &self.request_id,
            trace_id: trace_id(&self.request),
            route: self.route,
            status: status.as_u16(),
            organization_id: tenant.map(|tenant| tenant.organization().as_str()),
            caller_kind: caller.map(Caller::kind),
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

/// The request's id for `x-request-id` and the log: API Gateway's, or else Lambda's.
fn request_id(request: &Request) -> String {
    let of_gateway = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.as_ref(),
        _ => None,
    };
    let of_lambda = request
        .lambda_context_ref()
        .map(|lambda| &lambda.request_id);
    of_gateway.or(of_lambda).cloned().unwrap_or_default()
}

/// The id of the request's trace in AWS X-Ray. A caller can send any text, so only the documented form is accepted.
fn trace_id(request: &Request) -> Option<&str> {
    let trace = request.lambda_context_ref()?.xray_trace_id.as_deref()?;
    let root = trace
        .split(';')
        .find_map(|part| part.trim().strip_prefix("Root="))?;
    let (time, random) = root.strip_prefix("1-")?.split_once('-')?;
    let is_hex =
        |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit());
    (is_hex(time, 8) && is_hex(random, 24)).then_some(root)
}
