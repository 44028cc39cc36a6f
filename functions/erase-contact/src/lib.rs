//! `DELETE /api/contacts/{id}`: erases a contact (contract section 13).

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::http::{Answer, Call, Failure, Members, Route, crm};
use shared::store::EraseContact;

/// Erases a contact, or completes an erasure that was interrupted.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request, Route::EraseContact);
    call.answer(erase(&call), crm::failure).await
}

async fn erase(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate().await?;
    if !caller.is_admin() && !caller.is_super_admin() {
        return Err(Failure::NotAdministrator);
    }
    let query = call.query();
    let mut parameters = Members::of(&query)?;
    let Some(expected_version) = call.expected_version(&mut parameters) else {
        return Err(parameters.into_failure());
    };
    let request = &EraseContact {
        expected_version,
        metadata: call.change_metadata(caller.actor()),
    };
    let (store, id) = (&call.service.store, &call.contact_id()?);
    let erasure = store
        .in_reach(&caller.reach(), id, |tenant| async move {
            call.log_tenant(&tenant);
            store.erase_contact(&tenant, id, request).await
        })
        .await?;
    crm::erased(erasure)
}
