//! `GET /api/contacts/{id}`: a contact as the CRM sees it (contract section 8).

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::http::{Answer, Call, Failure, crm};
use shared::store::Connections;
use shared::{Service, reached_tenant};

const ROUTE: &str = "GET /api/contacts/{id}";

/// The most connections to the database that a request uses at the same time.
pub const CONNECTIONS: Connections = Connections::by_item(1);

/// Answers a contact.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request, ROUTE);
    call.answer(show(&call), crm::failure).await
}

async fn show(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate_reader().await?;
    let id = call.contact_id()?;
    let tenant = reached_tenant(call, caller, &id).await?;
    let contact = call.service.store.get_contact(&tenant, &id).await?;
    if call.has_version(contact.version) {
        return Ok(Answer::not_modified(contact.version));
    }
    crm::contact(&contact)
}
