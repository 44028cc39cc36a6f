//! `POST /api/contacts/{id}/contact-methods`.

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::http::{Answer, Call, Failure, crm};
use shared::store::{EditMethod, EditMethodKind};

/// Adds a phone number or an e-mail address to a contact.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request);
    call.answer(
        "POST /api/contacts/{id}/contact-methods",
        add(&call),
        crm::failure,
    )
    .await
}

async fn add(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate().await?;
    let mut members = call.members()?;
    let value = members.new_method("type", "value", call.service.default_phone_region);
    let is_primary = members.boolean("isPrimary");
    let expected_version = members.expected_version(call);
    let (Some(value), Some(is_primary), Some(expected_version)) =
        (value, is_primary, expected_version)
    else {
        return Err(members.into_failure());
    };
    let edit = EditMethod {
        value,
        kind: EditMethodKind::Add {
            is_primary: is_primary == Some(true),
        },
        expected_version,
        metadata: call.metadata(caller.actor()),
    };
    crm::edit_method(call, caller, &edit).await
}
