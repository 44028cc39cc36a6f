//! Endpoint 3: `PATCH /api/contacts/{id}/verification` (contract section 7).

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::http::{Answer, Call, Failure, Route, mailer, parse};
use shared::store::VerifyContact;

/// Records or clears the verification of an address of a contact for a client in an audience.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request, Route::VerifyContact);
    call.answer(verify(&call), mailer::failure).await
}

async fn verify(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate().await?;
    let (tenant, client) = caller.application().ok_or(Failure::ForeignClient)?;
    let mut members = call.members()?;
    let client = mailer::client(&mut members, client)?;
    let audience = members.read("audience", parse::audience);
    let address = members.optional("email", parse::email_address);
    let verified = members.required("verified", parse::boolean);
    let verified_at = mailer::verified_at(&mut members, verified, call);
    let expected_version = call.expected_version(&mut members);
    let (Some(client), Some(audience), Some(address), Some(verified_at), Some(expected_version)) =
        (client, audience, address, verified_at, expected_version)
    else {
        return Err(members.into_failure());
    };
    let store = &call.service.store;
    let Ok(id) = call.contact_id() else {
        return Err(store
            .audience_or_contact_missing(tenant, &audience)
            .await
            .into());
    };
    let change = VerifyContact {
        audience,
        client,
        address,
        verified_at,
        expected_version,
        metadata: call.change_metadata(caller.actor()),
    };
    let (outcome, contact) = store.verify_contact(tenant, &id, &change).await?;
    mailer::contact_changed(outcome, None, &contact)
}
