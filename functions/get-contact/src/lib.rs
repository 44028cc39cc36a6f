//! `GET /api/contacts/{id}`: a contact as the CRM sees it (contract section 8).

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::http::{Answer, Call, Failure, Route, crm};

/// Answers with a contact.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request, Route::GetContact);
    call.answer(show(&call), crm::failure).await
}

async fn show(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate_reader().await?;
    let (store, id) = (&call.service.store, &call.contact_id()?);
    let contact = store
        .in_reach(&caller.reach(), id, |tenant| async move {
            call.log_tenant(&tenant);
            store.get_contact(&tenant, id).await
        })
        .await?;
    if call.has_version(contact.version) {
        return Ok(Answer::not_modified(contact.version));
    }
    crm::contact(&contact)
}
