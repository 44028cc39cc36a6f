//! `POST /api/subscriptions/unsubscribe`: ends a person's mail from an application, in an audience, or entirely.

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::domain::Scope;
use shared::http::{Answer, Call, Failure, Problem, Route, mailer, parse};
use shared::store::{ChangeAudienceContact, IfMissing};

/// Unsubscribes a contact that the client has onboarded, at the level of `scope`. Verifications do not change.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request, Route::Unsubscribe);
    call.answer(unsubscribe(&call), mailer::failure).await
}

async fn unsubscribe(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate().await?;
    let (tenant, client) = caller.application().ok_or(Failure::ForeignClient)?;
    let mut members = call.members()?;
    let member = mailer::audience_member(&mut members, client)?;
    let scope = members.required("scope", parse::one_of::<Scope>(Problem::MustBeScope));
    let reason = members.optional("reason", parse::text);
    let expected_version = call.expected_version(&mut members);
    let (Some(member), Some(scope), Some(reason), Some(expected_version)) =
        (member, scope, reason, expected_version)
    else {
        return Err(members.into_failure());
    };
    let change = ChangeAudienceContact {
        address: member.address,
        audience: member.audience,
        client: member.client,
        patch: scope.unsubscribe(reason.unwrap_or_default(), call.received_at),
        if_missing: IfMissing::Refuse,
        expected_version,
        metadata: call.change_metadata(caller.actor()),
    };
    let store = &call.service.store;
    let changed = store.change_audience_contact(tenant, &change).await?;
    let answer = mailer::contact_changed(changed.outcome, None, &changed.contact)?;
    Ok(answer.created_if(changed.is_new))
}
