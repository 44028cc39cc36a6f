//! `POST /api/contacts/{id}/contact-methods/remove`.

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::http::{Answer, Call, Failure, Route, crm, parse};
use shared::store::{EditMethod, EditMethodKind};

/// Removes a phone number or an e-mail address from a contact.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request, Route::RemoveContactMethod);
    call.answer(remove(&call), crm::failure).await
}

async fn remove(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate().await?;
    let mut members = call.members()?;
    let value = crm::method(
        &mut members,
        parse::phone_number(call.service.default_phone_region),
    );
    // The route only checks this member: both routes of contact methods take the same members.
    let is_primary = members.optional("isPrimary", parse::boolean);
    let expected_version = call.expected_version(&mut members);
    let (Some(value), Some(_), Some(expected_version)) = (value, is_primary, expected_version)
    else {
        return Err(members.into_failure());
    };
    let edit = EditMethod {
        value,
        kind: EditMethodKind::Remove,
        expected_version,
        metadata: call.change_metadata(caller.actor()),
    };
    let id = call.contact_id()?;
    let tenant = caller.tenant().ok_or(Failure::ContactNotFound)?;
    let store = &call.service.store;
    let (outcome, contact) = store.edit_method(tenant, &id, &edit).await?;
    crm::method_changed(edit.value.kind(), "removed", outcome, &contact)
}
