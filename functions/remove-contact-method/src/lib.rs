//! `POST /api/contacts/{id}/contact-methods/remove`.

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::http::{Answer, Call, Failure, crm};
use shared::store::{EditMethod, EditMethodKind};

/// Removes a phone number or an e-mail address from a contact.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request);
    call.answer(
        "POST /api/contacts/{id}/contact-methods/remove",
        remove(&call),
        crm::failure,
    )
    .await
}

async fn remove(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate().await?;
    let mut members = call.members()?;
    let value = members.method("type", "value", call.service.default_phone_region);
    // It changes nothing here, but is a member of both bodies.
    let is_primary = members.boolean("isPrimary");
    let expected_version = members.expected_version(call);
    let (Some(value), Some(_), Some(expected_version)) = (value, is_primary, expected_version)
    else {
        return Err(members.into_failure());
    };
    let edit = EditMethod {
        value,
        kind: EditMethodKind::Remove,
        expected_version,
        metadata: call.metadata(caller.actor()),
    };
    crm::edit_method(call, caller, &edit).await
}
