//! Endpoint 2: `PATCH /api/contacts/{id}/verify-contact-methods` (contract section 6).

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::http::{Answer, Call, Failure, Route, crm, parse};
use shared::store::VerifyMethod;

/// Records or clears the verification of a phone number or e-mail address of a contact.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request, Route::VerifyContactMethod);
    call.answer(verify(&call), crm::failure).await
}

async fn verify(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate().await?;
    let mut members = call.members()?;
    let method = crm::method(
        &mut members,
        parse::phone_number(call.service.default_phone_region),
    );
    let verified_at = members.optional_clearing("verifiedAt", parse::date_time);
    let source = members.optional("verificationSource", parse::label);
    let expected_version = call.expected_version(&mut members);
    let (Some(method), Some(verified_at), Some(source), Some(expected_version)) =
        (method, verified_at, source, expected_version)
    else {
        return Err(members.into_failure());
    };
    let change = VerifyMethod {
        method,
        verification: verified_at.map(|at| (at, source)),
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
