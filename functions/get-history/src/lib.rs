//! `GET /api/contacts/{id}/verification-history`: the history of a contact (contract section 13).

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::http::{Answer, Call, Failure, Members, Route, crm, parse};
use shared::store::HistoryQuery;

/// The default number of entries in a page.
const LIMIT: u16 = 50;

/// Answers with a page of a contact's history, newest first.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request, Route::GetHistory);
    call.answer(show(&call), crm::failure).await
}

async fn show(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate_reader().await?;
    let query = call.query();
    let mut parameters = Members::of(&query)?;
    let method = crm::optional_method(
        &mut parameters,
        parse::phone_number_of_query(call.service.default_phone_region),
    );
    let limit = parameters.optional("limit", parse::page_limit);
    let cursor = parameters.optional("cursor", parse::text);
    let (Some(method), Some(limit), Some(cursor)) = (method, limit, cursor) else {
        return Err(parameters.into_failure());
    };
    let query = &HistoryQuery {
        method,
        limit: limit.unwrap_or(LIMIT),
        cursor,
    };
    let (store, id) = (&call.service.store, &call.contact_id()?);
    let page = store
        .in_reach(&caller.reach(), id, |tenant| async move {
            call.log_tenant(&tenant);
            store.history(&tenant, id, query).await
        })
        .await?;
    crm::history(id, &page)
}
