//! `GET /api/contacts/status`: may the application send to an address?

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::domain::AudienceSlug;
use shared::http::{Answer, Call, Failure, Members, mailer};

/// Answers what a client may know of the contact that owns an address.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request);
    call.answer("GET /api/contacts/status", show(&call), mailer::failure)
        .await
}

async fn show(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate_reader().await?;
    let (tenant, client) = caller.application().ok_or(Failure::ForeignClient)?;
    let query = call.query();
    let mut parameters = Members::of_query(&query)?;
    let client = mailer::client(&mut parameters, client)?;
    let address = parameters.email_address_of_query("email");
    let audience = parameters.required_text("audience");
    let (Some(client), Some(address), Some(audience)) = (client, address, audience) else {
        return Err(parameters.into_failure());
    };
    // What is not a slug is no audience's.
    let audience = AudienceSlug::parse(&audience).map_err(|_| Failure::AudienceNotFound)?;
    let store = &call.service.store;
    match store
        .audience_contact(tenant, &address, &audience, &client)
        .await?
    {
        Some(contact) => mailer::contact_status(&address, &contact),
        None => mailer::unknown_contact_status(&address, &audience, &client),
    }
}
