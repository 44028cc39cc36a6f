//! Endpoint 1: `PATCH /api/contacts/{id}/phone-number/verify` (contract section 5).

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::domain::MethodValue;
use shared::http::{Answer, Call, Failure, Route, crm, parse};
use shared::store::VerifyMethod;

/// Records or clears the verification of a phone number of a contact.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request, Route::VerifyPhoneNumber);
    call.answer(verify(&call), crm::failure).await
}

async fn verify(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate().await?;
    let mut members = call.members()?;
    let region = call.service.default_phone_region;
    let number = members.read("phoneNumber", parse::phone_number(region));
    let verified_at = members.optional_clearing("verifiedAt", parse::date_time);
    let expected_version = call.expected_version(&mut members);
    let (Some(number), Some(verified_at), Some(expected_version)) =
        (number, verified_at, expected_version)
    else {
        return Err(members.into_failure());
    };
    let change = VerifyMethod {
        method: MethodValue::Phone(number),
        verification: verified_at.map(|at| (at, None)),
        expected_version,
        metadata: call.change_metadata(caller.actor()),
    };
    let (store, id, change) = (&call.service.store, &call.contact_id()?, &change);
    let (outcome, contact) = store
        .in_reach(&caller.reach(), id, |tenant| async move {
            call.log_tenant(&tenant);
            store.verify_method(&tenant, id, change).await
        })
        .await?;
    crm::method_verified(change, outcome, &contact)
}
