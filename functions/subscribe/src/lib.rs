//! `POST /api/subscriptions/subscribe`: a person wants an application's mail.

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::domain::{
    ContactId, ContactPatch, SubscriptionPatch, SubscriptionStatus, SuppressionPatch,
};
use shared::http::{Answer, Call, Failure, Problem, mailer};
use shared::store::{ChangeAudienceContact, IfMissing};

/// Subscribes the contact that owns an address, which is created if nobody does. No verification is touched.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request);
    call.answer(
        "POST /api/subscriptions/subscribe",
        subscribe(&call),
        mailer::failure,
    )
    .await
}

async fn subscribe(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate().await?;
    let (tenant, client) = caller.application().ok_or(Failure::ForeignClient)?;
    let mut members = call.members()?;
    let member = mailer::audience_member(&mut members, client)?;
    let scope = members.one_of("scope", Problem::MustBeScope, mailer::Scope::parse);
    let expected_version = members.expected_version(call);
    let (Some(member), Some(scope), Some(expected_version)) = (member, scope, expected_version)
    else {
        return Err(members.into_failure());
    };
    let subscribed = SubscriptionPatch {
        status: Some(SubscriptionStatus::Subscribed),
        ..SubscriptionPatch::default()
    };
    // What has been ended for more than the client stays so, unless it is said to begin anew as well.
    let scope = scope.unwrap_or(mailer::Scope::Client);
    let change = ChangeAudienceContact {
        address: member.address,
        audience: member.audience.ok_or(Failure::AudienceNotFound)?,
        client: member.client,
        contact_patch: ContactPatch {
            globally_unsubscribed: (scope == mailer::Scope::Global)
                .then_some(SuppressionPatch::Lifted),
            ..ContactPatch::default()
        },
        audience_patch: (scope >= mailer::Scope::Audience).then(|| subscribed.clone()),
        client_patch: subscribed,
        if_missing: IfMissing::Create(ContactId::random()),
        expected_version,
        metadata: call.metadata(caller.actor()),
    };
    mailer::change_audience_contact(call, tenant, &change).await
}
