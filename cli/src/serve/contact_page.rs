//! `/contacts/{id}`: a contact and its history, as a page for people. The server renders all of it; the page has no scripts.
//!
//! A form asks for the token and sends it in the body of a POST, so the token is in no URL, cookie or log. The page writes
//! nothing, and shows a caller the same contacts as the API.

mod form;
mod layout;
mod methods;
mod person;
mod subscriptions;
mod timeline;
mod words;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue,
    REFERRER_POLICY, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use lambda_http::{Body, Context, RequestExt};
use maud::Markup;
use shared::Service;
use shared::auth::Authenticator;
use shared::domain::ContactId;
use shared::http::{Answer, Call, Failure, crm};
use shared::store::{ChangeError, ExportedContact, HistoryPage, HistoryQuery};
use uuid::Uuid;

use self::form::{Form, MAX_BODY_BYTES};
use self::layout::{Layout, STYLE};
use super::policy::policy;

const PATH: &str = "/contacts/";

/// The page's route in the log.
const ROUTE: &str = "POST /contacts/{id}";

/// The maximum number of history entries on a page.
const ENTRIES: u16 = 25;

/// The path of a contact's page.
pub(super) fn path_of(contact: &str) -> String {
    format!("{PATH}{contact}")
}

/// The pages of contacts.
pub(super) struct ContactPage {
    layout: Layout,
    policy: HeaderValue,
}

/// A contact, and a page of its history.
struct Read {
    contact: ExportedContact,
    history: HistoryPage,
}

impl ContactPage {
    /// The pages of a server that checks tokens with this authenticator.
    ///
    /// # Errors
    /// Never, as long as a hash is a valid header.
    pub(super) fn new(authenticator: &Authenticator) -> anyhow::Result<Self> {
        Ok(Self {
            layout: Layout {
                takes_development_tokens: authenticator.accepts_development_tokens(),
            },
            policy: policy(STYLE, "'self'")?,
        })
    }

    /// Whether the request is for the page of a contact.
    pub(super) fn is_asked_for(request: &Parts) -> bool {
        let id = request.uri.path().strip_prefix(PATH);
        matches!(request.method, Method::GET | Method::HEAD | Method::POST)
            && id.is_some_and(|id| !id.contains('/'))
    }

    /// The answer: the form that asks for a token, or for a sent form the contact.
    pub(super) async fn answer(
        &self,
        service: &Service,
        request: Parts,
        body: Incoming,
    ) -> Response<Full<Bytes>> {
        let id = request.uri.path().strip_prefix(PATH).unwrap_or_default();
        let Ok(id) = ContactId::parse(id) else {
            // No contact can have this id, so the answer needs no token.
            return self.respond(StatusCode::NOT_FOUND, self.layout.not_found(None));
        };
        if request.method != Method::POST {
            return self.respond(StatusCode::OK, self.layout.token_form(&id, None));
        }
        if !Form::is_form(&request.headers) {
            let failure = Failure::UnsupportedMediaType;
            let page = self.layout.token_form(
                &id,
                Some("Send the form as a browser does: application/x-www-form-urlencoded."),
            );
            return self.respond(failure.status(), page);
        }
        let body = match Limited::new(body, MAX_BODY_BYTES).collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => return self.refuse(&id, &Failure::PayloadTooLarge, None),
        };
        let response = self.show(service, &id, &Form::read(&body)).await;
        response.map(|body| Full::from(Bytes::copy_from_slice(&body)))
    }

    /// The contact, for the caller that the form's token proves.
    async fn show(&self, service: &Service, id: &ContactId, form: &Form) -> Response<Body> {
        let mut request = lambda_http::Request::new(Body::Empty);
        if let Some(authorization) = form.authorization() {
            request.headers_mut().insert(AUTHORIZATION, authorization);
        }
        let mut context = Context::default();
        context.request_id = Uuid::new_v4().to_string();
        let request_id = context.request_id.clone();
        let call = Call::beside_the_api(service, request.with_lambda_context(context), ROUTE);
        let work = async {
            let read = read(&call, id, form).await?;
            let page = layout::contact(&read, form);
            Ok(Answer::page(self.respond(StatusCode::OK, page)))
        };
        let refuse = |failure: &Failure, _: &str| self.refuse(id, failure, Some(&request_id));
        call.answer(work, refuse).await
    }

    /// The answer to a failure. It is the same for a foreign contact and for a contact that does not exist.
    fn refuse<B: From<String>>(
        &self,
        id: &ContactId,
        failure: &Failure,
        request_id: Option<&str>,
    ) -> Response<B> {
        let status = failure.status();
        let page = if status == StatusCode::NOT_FOUND {
            self.layout.not_found(Some(id))
        } else {
            let mut reason = crm::sentence(failure);
            if let (true, Some(id)) = (status.is_server_error(), request_id) {
                reason = format!("{reason} (request {id})");
            }
            self.layout.token_form(id, Some(&reason))
        };
        let mut response: Response<B> = self.respond(status, page);
        let headers = response.headers_mut();
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }

    fn respond<B: From<String>>(&self, status: StatusCode, page: Markup) -> Response<B> {
        let mut response = Response::new(B::from(page.into_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        for (name, value) in [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            // The page shows personal data and holds the token.
            (CACHE_CONTROL, "no-store"),
            (REFERRER_POLICY, "no-referrer"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// Reads a contact and a page of its history, if the caller has access to it.
async fn read(call: &Call<'_>, id: &ContactId, form: &Form) -> Result<Read, Failure> {
    let caller = call.authenticate_reader().await?;
    let query = &HistoryQuery {
        method: None,
        limit: ENTRIES,
        cursor: form.cursor.clone(),
    };
    let store = &call.service.store;
    let read = store
        .in_reach(&caller.reach(), id, |tenant| async move {
            call.log_tenant(&tenant);
            let contact = store.exported(tenant.organization(), id).await?;
            Ok(Read {
                contact: contact.ok_or(ChangeError::ContactNotFound)?,
                history: store.history(&tenant, id, query).await?,
            })
        })
        .await?;
    Ok(read)
}

#[cfg(test)]
mod tests;
