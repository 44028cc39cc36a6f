//! Endpoint 1: `PATCH /api/contacts/{id}/phone-number/verify` (contract section 5).

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::domain::MethodValue;
use shared::http::{Answer, Call, Failure, crm};
use shared::store::VerifyMethod;

/// Records or clears the verification of a phone number of a contact.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request);
    call.answer(
        "PATCH /api/contacts/{id}/phone-number/verify",
        verify(&call),
        crm::failure,
    )
    .await
}

async fn verify(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate().await?;
    let mut members = call.members()?;
    let number = members.phone_number("phoneNumber", call.service.default_phone_region);
    let verified_at = members.date_time_or_null("verifiedAt");
    let expected_version = members.expected_version(call);
    let (Some(number), Some(verified_at), Some(expected_version)) =
        (number, verified_at, expected_version)
    else {
        return Err(members.into_failure());
    };
    let change = VerifyMethod {
        method: MethodValue::Phone(number),
        verification: verified_at.map(|at| (at, None)),
        expected_version,
        metadata: call.metadata(caller.actor()),
    };
    crm::change_method(call, caller, &change).await
}
