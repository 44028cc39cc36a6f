//! `POST /api/contacts`: an application says what it knows of a contact, by its e-mail address.

mod body;

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::domain::ContactId;
use shared::http::{Answer, Call, Failure, mailer};
use shared::store::{ChangeAudienceContact, IfMissing};

/// Creates or updates the contact that owns an address, and the client's subscription.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request);
    call.answer("POST /api/contacts", upsert(&call), mailer::failure)
        .await
}

async fn upsert(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate().await?;
    let (tenant, client) = caller.application().ok_or(Failure::ForeignClient)?;
    let mut members = call.members()?;
    let member = mailer::audience_member(&mut members, client)?;
    let patch = body::patch(&mut members, call, caller.actor());
    let expected_version = members.expected_version(call);
    let (Some(member), Some(patch), Some(expected_version)) = (member, patch, expected_version)
    else {
        return Err(members.into_failure());
    };
    let audience = member.audience.ok_or(Failure::AudienceNotFound)?;
    let body::Patch {
        contact: mut contact_patch,
        subscription: client_patch,
        tags,
    } = patch;
    contact_patch
        .tags
        .extend(tags.map(|tags| (audience.clone(), tags)));
    let change = ChangeAudienceContact {
        address: member.address,
        audience,
        client: member.client,
        contact_patch,
        client_patch,
        audience_patch: None,
        if_missing: IfMissing::Create(ContactId::random()),
        expected_version,
        metadata: call.metadata(caller.actor()),
    };
    mailer::change_audience_contact(call, tenant, &change).await
}
