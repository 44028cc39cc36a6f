//! `POST /api/contacts`: an application says what it knows of a contact, by its e-mail address.

mod body;

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::domain::ContactId;
use shared::http::{Answer, Call, Failure, mailer};
use shared::store::{AudienceContactChange, Connections, IfMissing};

/// How many connections to the database a request uses at the same time, at most.
pub const CONNECTIONS: Connections = Connections::by_batch(1);

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
    let subject = mailer::subject(&mut members, client)?;
    let facts = body::facts(&mut members, call, caller.actor());
    let expected_version = members.expected_version(call);
    let (Some(subject), Some(facts), Some(expected_version)) = (subject, facts, expected_version)
    else {
        return Err(members.into_failure());
    };
    let audience = subject.audience.ok_or(Failure::AudienceNotFound)?;
    let body::Facts {
        contact: mut contact_facts,
        subscription: client_facts,
        tags,
    } = facts;
    contact_facts
        .tags
        .extend(tags.map(|tags| (audience.clone(), tags)));
    let change = AudienceContactChange {
        address: subject.address,
        audience,
        client: subject.client,
        contact_facts,
        client_facts,
        audience_facts: None,
        if_missing: IfMissing::Create(ContactId::random()),
        expected_version,
        stamp: call.stamp(caller.actor()),
    };
    mailer::change_audience_contact(call, tenant, &change).await
}
