//! `POST /api/contacts`: an application reports its data about the contact that owns an e-mail address.

mod body;

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::domain::ContactId;
use shared::http::{Answer, Call, Failure, Route, mailer};
use shared::store::{ChangeAudienceContact, IfMissing};

/// Creates or updates the contact that owns an address, and the client's subscription.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request, Route::UpsertContact);
    call.answer(upsert(&call), mailer::failure).await
}

async fn upsert(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate().await?;
    let (tenant, client) = caller.application().ok_or(Failure::ForeignClient)?;
    let mut members = call.members()?;
    let member = mailer::audience_member(&mut members, client)?;
    let patch = body::patch(&mut members, call, caller.actor());
    let expected_version = call.expected_version(&mut members);
    let (Some(member), Some(patch), Some(expected_version)) = (member, patch, expected_version)
    else {
        return Err(members.into_failure());
    };
    let change = ChangeAudienceContact {
        address: member.address,
        patch: patch.in_audience(&member.audience),
        audience: member.audience,
        client: member.client,
        if_missing: IfMissing::Create(ContactId::random()),
        expected_version,
        metadata: call.change_metadata(caller.actor()),
    };
    let store = &call.service.store;
    let changed = store.change_audience_contact(tenant, &change).await?;
    let verification_outcome = changed.verification_outcome;
    let answer = mailer::contact_changed(changed.outcome, verification_outcome, &changed.contact)?;
    Ok(answer.created_if(changed.is_new))
}
