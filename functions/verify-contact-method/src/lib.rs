//! Endpoint 2: `PATCH /api/contacts/{id}/verify-contact-methods` (contract section 6).

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::http::{Answer, Call, Failure, crm};
use shared::store::VerifyMethod;

/// Records or clears the verification of a phone number or e-mail address of a contact.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request);
    call.answer(
        "PATCH /api/contacts/{id}/verify-contact-methods",
        verify(&call),
        crm::failure,
    )
    .await
}

async fn verify(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate().await?;
    let mut members = call.members()?;
    let method = members.method("type", "value", call.service.default_phone_region);
    let verified_at = members.date_time_or_null("verifiedAt");
    let source = members.label("verificationSource");
    let expected_version = members.expected_version(call);
    let (Some(method), Some(verified_at), Some(source), Some(expected_version)) =
        (method, verified_at, source, expected_version)
    else {
        return Err(members.into_failure());
    };
    let change = VerifyMethod {
        method,
        verification: verified_at.map(|at| (at, source)),
        expected_version,
        metadata: call.metadata(caller.actor()),
    };
    crm::change_method(call, caller, &change).await
}
