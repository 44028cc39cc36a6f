//! The operator's command-line tool, which imports records of another system.

use std::time::Duration;

use serde_json::json;
use shared::domain::{
    Actor, ContactId, ContactPatch, ContactRecord, EmailAddress, MethodValue, NewMethod,
    OrganizationId, Timestamp, Verification, VerificationState,
};
use shared::store::{
    Existing, Import, ImportOutcome, ImportRecord, ImportRefusal, RetryBudget, Store,
};

use crate::requests::Response;

/// Imports a record with an address of a contact that is verified since the time `at`. Answers as a request does.
pub async fn import(
    store: &Store,
    clock: &(dyn Fn() -> Timestamp + Send + Sync),
    (organization, contact): (&str, &str),
    (address, at): (&str, &str),
    request_id: &str,
) -> Response {
    let organization = OrganizationId::parse(organization).unwrap();
    let actor = Actor::subject(&format!("{organization}_import"));
    let address = MethodValue::Email(EmailAddress::parse(address).unwrap());
    let verification = Verification {
        at: Timestamp::parse_rfc3339(at).unwrap(),
        by: Some(actor.clone()),
        source: None,
    };
    let method = NewMethod {
        verification: VerificationState::from(Some(verification)),
        ..NewMethod::of(address)
    };
    let record = ContactRecord {
        id: Some(ContactId::parse(contact).unwrap()),
        patch: ContactPatch {
            methods: vec![method],
            ..ContactPatch::default()
        },
        ..ContactRecord::default()
    };
    let import = Import {
        organization: &organization,
        actor,
        route: "import",
        existing: Existing::Update,
        clock,
        dry_run: false,
        retry_budget: &RetryBudget::new(Duration::from_secs(20)),
    };
    let record = ImportRecord {
        record,
        request_id: request_id.to_owned(),
    };
    let (outcomes, done) = store.import(&import, vec![record]).await;
    let outcome = outcomes.into_iter().next().flatten();
    let (status, outcome) = match (outcome, done) {
        (Some(ImportOutcome::Created), _) => (200, "created"),
        (Some(ImportOutcome::Updated), _) => (200, "updated"),
        (Some(ImportOutcome::Unchanged), _) => (200, "unchanged"),
        (Some(ImportOutcome::Rejected(ImportRefusal::InDoubt)) | None, _) => (503, "in doubt"),
        (Some(ImportOutcome::Rejected(_)), _) => (400, "rejected"),
    };
    let body = if status == 200 {
        json!({ "outcome": outcome })
    } else {
        json!({ "error": outcome })
    };
    Response {
        status,
        version: None,
        body,
    }
}
