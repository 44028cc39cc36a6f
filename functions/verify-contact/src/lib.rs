//! Endpoint 3: `PATCH /api/contacts/{id}/verification` (contract section 7).

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::domain::AudienceSlug;
use shared::http::{Answer, Call, Failure, mailer};
use shared::store::VerifyContact;

/// Records or clears the verification of a contact and of a client's subscription in an audience.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request);
    call.answer(
        "PATCH /api/contacts/{id}/verification",
        verify(&call),
        mailer::failure,
    )
    .await
}

async fn verify(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate().await?;
    let (tenant, client) = caller.application().ok_or(Failure::ForeignClient)?;
    let mut members = call.members()?;
    let client = mailer::client(&mut members, client)?;
    let audience = members.required_text("audience");
    let verified_at = members.verified_at(
        "verified",
        "verified_at",
        call.service.time_zone,
        call.now(),
    );
    let expected_version = members.expected_version(call);
    let (Some(client), Some(audience), Some(verified_at), Some(expected_version)) =
        (client, audience, verified_at, expected_version)
    else {
        return Err(members.into_failure());
    };
    // What is not a slug is no audience's.
    let audience = AudienceSlug::parse(&audience).map_err(|_| Failure::AudienceNotFound)?;
    let store = &call.service.store;
    let Ok(id) = call.contact_id() else {
        return Err(store
            .audience_or_contact_missing(tenant, &audience)
            .await
            .into());
    };
    let metadata = call.metadata(caller.actor());
    let change = VerifyContact {
        audience,
        client,
        verified_at,
        expected_version,
        metadata,
    };
    let (outcome, contact) = store.verify_contact(tenant, &id, &change).await?;
    mailer::contact_changed(outcome, &contact)
}
