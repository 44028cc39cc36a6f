//! `POST /api/subscriptions/subscribe`: begins a person's subscription (contract section 12).

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::domain::{ContactId, Scope};
use shared::http::{Answer, Call, Failure, Problem, Route, mailer, parse};
use shared::store::{ChangeAudienceContact, IfMissing};

/// Subscribes the contact that owns an address; creates a contact if no contact owns it. Verifications do not change.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request, Route::Subscribe);
    call.answer(subscribe(&call), mailer::failure).await
}

async fn subscribe(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate().await?;
    let (tenant, client) = caller.application().ok_or(Failure::ForeignClient)?;
    let mut members = call.members()?;
    let member = mailer::audience_member(&mut members, client)?;
    let scope = members.optional("scope", parse::one_of(Problem::MustBeScope));
    let expected_version = call.expected_version(&mut members);
    let (Some(member), Some(scope), Some(expected_version)) = (member, scope, expected_version)
    else {
        return Err(members.into_failure());
    };
    let change = ChangeAudienceContact {
        address: member.address,
        audience: member.audience,
        client: member.client,
        patch: scope.unwrap_or(Scope::Client).subscribe(),
        if_missing: IfMissing::Create(ContactId::random()),
        expected_version,
        metadata: call.change_metadata(caller.actor()),
    };
    let store = &call.service.store;
    let changed = store.change_audience_contact(tenant, &change).await?;
    let answer = mailer::contact_changed(changed.outcome, None, &changed.contact)?;
    Ok(answer.created_if(changed.is_new))
}
