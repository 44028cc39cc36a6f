//! `GET /api/contacts/{id}`: a contact as the CRM sees it (contract section 8).

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::http::{Answer, Call, Failure, crm};

/// Answers a contact.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request);
    call.answer("GET /api/contacts/{id}", show(&call), crm::failure)
        .await
}

async fn show(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate_reader().await?;
    crm::show_contact(call, caller).await
}
