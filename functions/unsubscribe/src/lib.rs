//! `POST /api/subscriptions/unsubscribe`: a person wants no more mail of an application, in an audience, or at all.

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::domain::{ContactPatch, SubscriptionPatch, SubscriptionStatus, SuppressionPatch};
use shared::http::{Answer, Call, Failure, Problem, mailer};
use shared::store::{ChangeAudienceContact, IfMissing};

/// Unsubscribes a contact that the client has onboarded, as far as `scope` says. No verification is touched.
pub async fn handle(service: Arc<Service>, request: Request) -> Response<Body> {
    let call = Call::new(&service, request);
    call.answer(
        "POST /api/subscriptions/unsubscribe",
        unsubscribe(&call),
        mailer::failure,
    )
    .await
}

async fn unsubscribe(call: &Call<'_>) -> Result<Answer, Failure> {
    let caller = call.authenticate().await?;
    let (tenant, client) = caller.application().ok_or(Failure::ForeignClient)?;
    let mut members = call.members()?;
    let member = mailer::audience_member(&mut members, client)?;
    let scope = members.required_one_of("scope", Problem::MustBeScope, mailer::Scope::parse);
    let reason = members.optional_text("reason");
    let expected_version = members.expected_version(call);
    let (Some(member), Some(scope), Some(reason), Some(expected_version)) =
        (member, scope, reason, expected_version)
    else {
        return Err(members.into_failure());
    };
    let reason = reason.unwrap_or_default();
    let unsubscribed = SubscriptionPatch {
        status: Some(SubscriptionStatus::Unsubscribed),
        reason: reason.clone(),
        ..SubscriptionPatch::default()
    };
    let change = ChangeAudienceContact {
        address: member.address,
        audience: member.audience.ok_or(Failure::AudienceNotFound)?,
        client: member.client,
        contact_patch: match scope {
            mailer::Scope::Global => ContactPatch {
                globally_unsubscribed: Some(SuppressionPatch::Since(call.now())),
                global_unsubscribe_reason: Some(reason),
                ..ContactPatch::default()
            },
            _ => ContactPatch::default(),
        },
        audience_patch: (scope == mailer::Scope::Audience).then(|| unsubscribed.clone()),
        client_patch: match scope {
            mailer::Scope::Client => unsubscribed,
            _ => SubscriptionPatch::default(),
        },
        if_missing: IfMissing::Refuse,
        expected_version,
        metadata: call.metadata(caller.actor()),
    };
    mailer::change_audience_contact(call, tenant, &change).await
}
