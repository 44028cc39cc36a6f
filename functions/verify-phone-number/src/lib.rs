//! Endpoint 1: `PATCH /api/contacts/{id}/phone-number/verify` (contract section 5).

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::domain::MethodValue;
use shared::http::{Answer, Call, Failure, crm, parse};
use shared::store::{Connections, VerifyMethod};
use shared::{Service, reached_tenant};

const ROUTE: &str = "PATCH /api/contacts/{id}/phone-number/verify";

/// The most connections to the database that a request uses at the same time.
pub const CONNECTIONS: Connections = Connections::by_item(1);

/// Records or clears the verification of a phone number of a contact.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request, ROUTE);
    call.answer(verify(&call), crm::failure).await
}

async fn verify(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate().await?;
    let mut members = call.members()?;
    let region = call.service.default_phone_region;
    let number = members.read("phoneNumber", parse::phone_number(region));
    let verified_at = members.optional("verifiedAt", parse::date_time);
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
    let id = call.contact_id()?;
    let tenant = reached_tenant(call, caller, &id).await?;
    let store = &call.service.store;
    let changed = store.verify_method(&tenant, &id, &change).await;
    let (outcome, contact) = changed.map_err(Failure::of_method(change.method.kind()))?;
    crm::method_verified(&change, outcome, &contact)
}
