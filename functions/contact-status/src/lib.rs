//! `GET /api/contacts/status`: tells an application whether it may send to an address (contract section 7).

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::http::{Answer, Call, Failure, Members, Route, mailer, parse};

/// Answers with the status of the contact that owns an address, as the client may see it.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request, Route::ContactStatus);
    call.answer(show(&call), mailer::failure).await
}

async fn show(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate_reader().await?;
    let (tenant, client) = caller.application().ok_or(Failure::ForeignClient)?;
    let query = call.query();
    let mut parameters = Members::of(&query)?;
    let client = mailer::client(&mut parameters, client)?;
    let address = parameters.read("email", parse::email_address_of_query);
    let audience = parameters.read("audience", parse::audience);
    let (Some(client), Some(address), Some(audience)) = (client, address, audience) else {
        return Err(parameters.into_failure());
    };
    let store = &call.service.store;
    let contact = store
        .audience_contact(tenant, &address, &audience, &client)
        .await?;
    mailer::contact_status(&address, &audience, &client, contact.as_ref())
}
