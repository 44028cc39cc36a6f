//! The organization whose contact an id names, for the routes on which a super administrator reaches every organization.

use crate::auth::{Caller, Reach};
use crate::domain::{ContactId, Tenant};
use crate::http::{Call, Failure, Problem};
use crate::store::Found;

/// The caller's own organization; for a super administrator, the organization that has a contact with this id.
///
/// # Errors
/// When no organization has the contact, when several have it and the token names none of them, or when the database does
/// not answer.
pub async fn reached_tenant(
    call: &Call<'_>,
    caller: &Caller,
    id: &ContactId,
) -> Result<Tenant, Failure> {
    let tenant = match caller.reach() {
        Reach::Own(tenant) => tenant,
        Reach::Any(super_admin) => match call.service.store.find_tenant(&super_admin, id).await? {
            Found::In(tenant) => tenant,
            Found::Nowhere => return Err(Failure::ContactNotFound),
            Found::Ambiguous => return Err(Failure::invalid("id", Problem::Ambiguous)),
        },
    };
    call.log_tenant(&tenant);
    Ok(tenant)
}
