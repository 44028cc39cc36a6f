//! The cost of each request (docs/data-model.md): the database calls, how many of them run one after another, and the capacity
//! that the database reports as consumed.
//!
//! A proxy below the SDK counts the calls, so the SDK's retries would count too. The tests check capacity where the engine
//! reports what AWS charges. The embedded engine does: 1 write unit per KB, and 2 units for each item of a transaction, read or
//! written. A consistent read takes 1 read unit per 4 KB, any other read half of that, and a missing item costs as much as the
//! smallest one. DynamoDB Local 3.0.0 does not always: it reports 2 units for a transaction of any number of items, and 0 for a
//! read that finds nothing. No engine reports the capacity of a failed condition, for which AWS charges a write.

mod contacts;

use ::contacts::development::Identity;
use ::contacts::seed::Seed;
use black_box_tests::proxy::{Call, PATIENT, Proxy};
use black_box_tests::{Answer, Api, token};
use serde_json::{Value, json};
use shared::domain::PhoneRegion;
use uuid::Uuid;

/// An API whose calls of the database are counted.
struct Counted {
    api: Api,
    proxy: Proxy,
    /// The contact's id. It is unique in the table, because super administrators search the whole table.
    id: String,
}

/// The time that the requests of these tests report.
const VERIFIED_AT: &str = "2026-05-20T15:04:01.135Z";
/// An earlier time.
const EARLIER: &str = "2026-01-01T00:00:00.000Z";

impl Counted {
    /// Starts with a contact that the client has onboarded.
    async fn start() -> Self {
        Self::with(json!({ "subscriptions": [
            { "audience": "newsletter", "client": "website", "status": "subscribed" },
            { "audience": "newsletter", "status": "subscribed" },
        ] }))
        .await
    }

    /// Starts with a contact that has these members, a phone number and an e-mail address.
    async fn with(members: Value) -> Self {
        let counted = Self::without_contact().await;
        let contact = counted.contact_with(members);
        counted.api.seed(json!([contact])).await;
        counted
    }

    /// Starts with a contact that also has subscriptions of two clients in each of a hundred other audiences.
    async fn with_many_subscriptions() -> Self {
        let counted = Self::without_contact().await;
        let others: Vec<_> = (0..100).map(|n| format!("audience_{n}")).collect();
        let mut subscriptions = vec![
            json!({ "audience": "newsletter", "client": "website", "status": "subscribed" }),
            json!({ "audience": "newsletter", "client": "app", "status": "subscribed" }),
            json!({ "audience": "newsletter", "status": "subscribed" }),
        ];
        for audience in &others {
            for client in ["website", "app"] {
                subscriptions.push(
                    json!({ "audience": audience, "client": client, "status": "subscribed" }),
                );
            }
        }
        let audiences = [vec!["newsletter".to_owned()], others].concat();
        let seed = json!({ "organizations": [{
            "id": counted.api.organization,
            "audiences": audiences,
            "clients": ["website", "app"],
            "contacts": [counted.contact_with(json!({ "subscriptions": subscriptions }))],
        }] });
        let seed = Seed::parse(&seed.to_string(), PhoneRegion::CANADA).unwrap();
        let store = counted.api.database.store().await;
        seed.load(&store).await.unwrap();
        counted
    }

    async fn without_contact() -> Self {
        let (api, proxy) = Api::through_proxy(PATIENT).await;
        let id = format!("c_{}", Uuid::new_v4().simple());
        Self { api, proxy, id }
    }

    fn contact_with(&self, members: Value) -> Value {
        let mut contact = members;
        contact["id"] = json!(self.id);
        contact["phoneNumber"] = json!([{ "value": "+14165550100", "isPrimary": true }]);
        contact["emails"] = json!([{ "value": "jane@example.com", "isPrimary": true }]);
        contact
    }

    /// Calls endpoint 1.
    async fn phone_number(&self, number: &str, verified_at: Option<&str>) -> Answer {
        let body = json!({ "phoneNumber": number, "verifiedAt": verified_at });
        self.logged_as_made(self.api.verify_phone_number(&self.id, body))
            .await
    }

    /// Calls endpoint 2.
    async fn email(&self, address: &str, verified_at: Option<&str>) -> Answer {
        let body = json!({ "type": "email", "value": address, "verifiedAt": verified_at });
        self.logged_as_made(self.api.verify_contact_method(&self.id, body))
            .await
    }

    /// Calls endpoint 2 with a token of the role `SUPERADMIN` without an organization.
    async fn email_as_super_admin(&self, id: &str, verified_at: Option<&str>) -> Answer {
        let body =
            json!({ "type": "email", "value": "jane@example.com", "verifiedAt": verified_at });
        let path = format!("/api/contacts/{id}/verify-contact-methods");
        self.logged_as_made(self.api.patch(&path, &super_admin_token(), body))
            .await
    }

    /// Calls endpoint 3.
    async fn contact(&self, id: &str, audience: &str, verified_at: Option<&str>) -> Answer {
        let body = json!({
            "verified": verified_at.is_some(), "verified_at": verified_at, "audience": audience, "client": "website",
        });
        self.logged_as_made(self.api.verify_contact(id, body)).await
    }

    /// Calls endpoint 3, which verifies now if `If-Match` names the contact's version.
    async fn contact_if_match(&self, entity_tags: &str) -> Answer {
        let path = format!("/api/contacts/{}/verification", self.id);
        let request = self.api.request(&path);
        let request = request
            .bearer_auth(self.api.application_token("website"))
            .header("if-match", entity_tags);
        let body = json!({ "verified": true, "audience": "newsletter", "client": "website" });
        self.logged_as_made(self.api.send(request.json(&body)))
            .await
    }

    /// Sends a request, and asserts that its log line has the number of calls that it made.
    async fn logged_as_made(&self, request: impl Future<Output = Answer>) -> Answer {
        let before = self.proxy.operations().len();
        let answer = request.await;
        let made = self.proxy.operations().len() - before;
        assert_eq!(answer.logged()["dynamodb.calls"], made);
        answer
    }

    /// Returns the calls since the last use of this function, and forgets them.
    fn calls(&self) -> Vec<Call> {
        let calls = self.proxy.calls();
        self.proxy.forget();
        calls
    }

    /// Asserts that these calls, and no others, were made since the last check, one after another.
    fn assert_calls(&self, expected: &[&str]) -> Vec<Call> {
        assert_eq!(self.proxy.operations(), expected);
        assert_eq!(self.proxy.rounds(), expected.len());
        self.calls()
    }
}

/// A token of the role `SUPERADMIN` without an organization.
fn super_admin_token() -> String {
    token(&Identity {
        subject: "admin_1".to_owned(),
        role: Some("SUPERADMIN".to_owned()),
        ..Identity::default()
    })
}

/// Whether the engine charges for transactions and missing items as AWS does.
fn engine_charges_like_aws() -> bool {
    black_box_tests::is_engine_embedded()
}

fn assert_outcome(answer: &Answer, outcome: &str) {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    // Endpoint 3 has the outcome at the top level.
    let found = answer
        .body
        .get("outcome")
        .unwrap_or(&answer.body["data"]["outcome"]);
    assert_eq!(found, outcome);
}

/// Asserts the capacity that each of these calls consumed.
fn assert_capacity(calls: &[Call], expected: &[f64]) {
    let consumed: Vec<_> = calls.iter().map(Call::capacity_units).collect();
    let expected: Vec<_> = expected.iter().copied().map(Some).collect();
    assert_eq!(consumed, expected);
}

// Endpoints 1 and 2: one update, whatever the outcome.

#[tokio::test]
async fn recording_a_phone_number_costs_one_update_of_one_unit() {
    let counted = Counted::start().await;
    let answer = counted
        .phone_number("+14165550100", Some(VERIFIED_AT))
        .await;
    assert_outcome(&answer, "recorded");
    assert_capacity(&counted.assert_calls(&["UpdateItem"]), &[1.0]);
}

#[tokio::test]
async fn recording_an_email_costs_one_update_of_one_unit() {
    let counted = Counted::start().await;
    let answer = counted.email("jane@example.com", Some(VERIFIED_AT)).await;
    assert_outcome(&answer, "recorded");
    assert_capacity(&counted.assert_calls(&["UpdateItem"]), &[1.0]);
}

#[tokio::test]
async fn recording_over_a_later_verification_costs_one_update_of_one_unit() {
    let counted = Counted::start().await;
    counted
        .email("jane@example.com", Some("2026-12-31T00:00:00Z"))
        .await;
    counted.calls();
    let answer = counted.email("jane@example.com", Some(VERIFIED_AT)).await;
    assert_outcome(&answer, "recorded");
    assert_capacity(&counted.assert_calls(&["UpdateItem"]), &[1.0]);
}

#[tokio::test]
async fn keeping_a_phone_numbers_verification_costs_one_update() {
    let counted = Counted::start().await;
    counted
        .phone_number("+14165550100", Some(VERIFIED_AT))
        .await;
    counted.calls();
    let answer = counted
        .phone_number("+14165550100", Some(VERIFIED_AT))
        .await;
    assert_outcome(&answer, "kept");
    counted.assert_calls(&["UpdateItem"]);
}

#[tokio::test]
async fn keeping_an_emails_verification_costs_one_update() {
    let counted = Counted::start().await;
    counted.email("jane@example.com", Some(VERIFIED_AT)).await;
    counted.calls();
    let answer = counted.email("jane@example.com", Some(VERIFIED_AT)).await;
    assert_outcome(&answer, "kept");
    counted.assert_calls(&["UpdateItem"]);
}

#[tokio::test]
async fn clearing_a_phone_number_costs_one_update_of_one_unit() {
    let counted = Counted::start().await;
    counted
        .phone_number("+14165550100", Some(VERIFIED_AT))
        .await;
    counted.calls();
    let answer = counted.phone_number("+14165550100", None).await;
    assert_outcome(&answer, "cleared");
    assert_capacity(&counted.assert_calls(&["UpdateItem"]), &[1.0]);
}

#[tokio::test]
async fn clearing_an_email_costs_one_update_of_one_unit() {
    let counted = Counted::start().await;
    counted.email("jane@example.com", Some(VERIFIED_AT)).await;
    counted.calls();
    let answer = counted.email("jane@example.com", None).await;
    assert_outcome(&answer, "cleared");
    assert_capacity(&counted.assert_calls(&["UpdateItem"]), &[1.0]);
}

#[tokio::test]
async fn a_clear_of_a_phone_number_that_finds_nothing_costs_one_update() {
    let counted = Counted::start().await;
    let answer = counted.phone_number("+14165550100", None).await;
    assert_outcome(&answer, "unchanged");
    counted.assert_calls(&["UpdateItem"]);
}

#[tokio::test]
async fn a_clear_of_an_email_that_finds_nothing_costs_one_update() {
    let counted = Counted::start().await;
    let answer = counted.email("jane@example.com", None).await;
    assert_outcome(&answer, "unchanged");
    counted.assert_calls(&["UpdateItem"]);
}

#[tokio::test]
async fn a_phone_number_that_the_contact_does_not_have_costs_one_update() {
    let counted = Counted::start().await;
    let answer = counted
        .phone_number("+14165550199", Some(VERIFIED_AT))
        .await;
    assert_eq!(answer.status, 404);
    counted.assert_calls(&["UpdateItem"]);
}

#[tokio::test]
async fn an_email_that_the_contact_does_not_have_costs_one_update() {
    let counted = Counted::start().await;
    let answer = counted.email("john@example.com", Some(VERIFIED_AT)).await;
    assert_eq!(answer.status, 404);
    counted.assert_calls(&["UpdateItem"]);
}

#[tokio::test]
async fn a_clear_of_an_email_that_the_contact_does_not_have_costs_one_update() {
    let counted = Counted::start().await;
    let answer = counted.email("john@example.com", None).await;
    assert_eq!(answer.status, 404);
    counted.assert_calls(&["UpdateItem"]);
}

#[tokio::test]
async fn a_missing_contact_costs_one_update() {
    let counted = Counted {
        id: "nobody".to_owned(),
        ..Counted::start().await
    };
    let answer = counted.email("jane@example.com", Some(VERIFIED_AT)).await;
    assert_eq!(answer.status, 404);
    counted.assert_calls(&["UpdateItem"]);
}

#[tokio::test]
async fn another_organizations_contact_costs_as_much_as_a_missing_one() {
    let mut counted = Counted::start().await;
    counted.api.organization = black_box_tests::fresh_organization();
    let answer = counted.email("jane@example.com", Some(VERIFIED_AT)).await;
    assert_eq!(answer.status, 404);
    counted.assert_calls(&["UpdateItem"]);
}

#[tokio::test]
async fn an_id_that_no_contact_can_have_costs_nothing() {
    let counted = Counted {
        id: "no.body".to_owned(),
        ..Counted::start().await
    };
    let answer = counted.email("jane@example.com", Some(VERIFIED_AT)).await;
    assert_eq!(answer.status, 404);
    counted.assert_calls(&[]);
}

#[tokio::test]
async fn a_method_change_whose_precondition_fails_costs_one_update() {
    let counted = Counted::start().await;
    let path = format!("/api/contacts/{}/phone-number/verify", counted.id);
    let request = counted.api.request(&path);
    let request = request
        .bearer_auth(counted.api.user_token())
        .header("if-match", "\"7\"");
    let body = json!({ "phoneNumber": "+14165550100", "verifiedAt": VERIFIED_AT });
    let answer = counted.api.send(request.json(&body)).await;
    assert_eq!(answer.status, 412);
    counted.assert_calls(&["UpdateItem"]);
}

#[tokio::test]
async fn a_national_number_costs_no_more_than_an_international_one() {
    let counted = Counted::start().await;
    let answer = counted
        .phone_number("(416) 555-0100", Some(VERIFIED_AT))
        .await;
    assert_outcome(&answer, "recorded");
    assert_capacity(&counted.assert_calls(&["UpdateItem"]), &[1.0]);
}

// A super administrator: a query of the index comes first.

#[tokio::test]
async fn a_super_administrators_change_costs_half_a_read_unit_more() {
    let counted = Counted::start().await;
    let answer = counted
        .email_as_super_admin(&counted.id, Some(VERIFIED_AT))
        .await;
    assert_outcome(&answer, "recorded");
    let calls = counted.assert_calls(&["Query", "UpdateItem"]);
    assert_capacity(&calls, &[0.5, 1.0]);
}

#[tokio::test]
async fn a_super_administrators_change_in_the_organization_of_the_token_costs_no_more() {
    let counted = Counted::start().await;
    let token = token(&Identity {
        role: Some("SUPERADMIN".to_owned()),
        ..counted.api.identity()
    });
    let path = format!("/api/contacts/{}/verify-contact-methods", counted.id);
    let body = json!({ "type": "email", "value": "jane@example.com", "verifiedAt": VERIFIED_AT });
    let answer = counted.api.patch(&path, &token, body).await;
    assert_outcome(&answer, "recorded");
    assert_capacity(&counted.assert_calls(&["UpdateItem"]), &[1.0]);
}

#[tokio::test]
async fn a_super_administrators_change_that_keeps_costs_a_query_and_an_update() {
    let counted = Counted::start().await;
    counted.email("jane@example.com", Some(VERIFIED_AT)).await;
    counted.calls();
    let answer = counted
        .email_as_super_admin(&counted.id, Some(VERIFIED_AT))
        .await;
    assert_outcome(&answer, "kept");
    counted.assert_calls(&["Query", "UpdateItem"]);
}

#[tokio::test]
async fn a_super_administrators_request_for_a_missing_contact_costs_a_query() {
    let counted = Counted::start().await;
    let nobody = Uuid::new_v4().to_string();
    let answer = counted
        .email_as_super_admin(&nobody, Some(VERIFIED_AT))
        .await;
    assert_eq!(answer.status, 404);
    let calls = counted.assert_calls(&["Query"]);
    if engine_charges_like_aws() {
        assert_capacity(&calls, &[0.5]);
    }
}

// Endpoint 3: a read of the contact and its two subscriptions, and a transaction if something changes.

/// The cost of the read: three items, whether they exist or not.
const READ_UNITS: f64 = 6.0;

/// Asserts a read and no write.
fn assert_read_alone(counted: &Counted) {
    let calls = counted.assert_calls(&["TransactGetItems"]);
    if engine_charges_like_aws() {
        assert_capacity(&calls, &[READ_UNITS]);
    }
}

/// Asserts a read, then a transaction of two items.
fn assert_read_then_transaction(counted: &Counted) {
    let calls = counted.assert_calls(&["TransactGetItems", "TransactWriteItems"]);
    if engine_charges_like_aws() {
        assert_capacity(&calls, &[READ_UNITS, 4.0]);
    }
}

/// Asserts a read, then a lookup of the audience.
fn assert_read_then_audience(counted: &Counted) {
    let calls = counted.assert_calls(&["TransactGetItems", "GetItem"]);
    if engine_charges_like_aws() {
        assert_capacity(&calls[..1], &[READ_UNITS]);
    }
    let audience = calls[1].capacity_units().unwrap();
    assert!(audience <= 1.0, "{audience}");
}

impl Counted {
    /// Calls endpoint 3, which verifies the contact.
    async fn verify(&self) -> Answer {
        self.contact(&self.id, "newsletter", Some(VERIFIED_AT))
            .await
    }
}

#[tokio::test]
async fn a_contacts_first_verification_costs_a_read_and_a_transaction_of_four_units() {
    let counted = Counted::start().await;
    assert_outcome(&counted.verify().await, "recorded");
    assert_read_then_transaction(&counted);
}

#[tokio::test]
async fn recording_over_later_verifications_costs_what_the_first_costs() {
    let later = "2026-12-31T00:00:00Z";
    let counted = Counted::with(json!({
        "verifiedAt": later,
        "subscriptions": [{
            "audience": "newsletter", "client": "website", "status": "subscribed", "verifiedAt": later,
        }],
    }))
    .await;
    assert_outcome(&counted.verify().await, "recorded");
    assert_read_then_transaction(&counted);
}

#[tokio::test]
async fn recording_right_after_another_change_costs_no_more() {
    let counted = Counted::start().await;
    counted.email("jane@example.com", Some(VERIFIED_AT)).await;
    counted.calls();
    assert_outcome(&counted.contact_if_match("\"2\"").await, "recorded");
    assert_read_then_transaction(&counted);
}

#[tokio::test]
async fn recording_the_clients_level_alone_costs_the_same() {
    let counted = Counted::with(json!({
        "verifiedAt": EARLIER,
        "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }],
    }))
    .await;
    assert_outcome(&counted.verify().await, "recorded");
    assert_read_then_transaction(&counted);
}

#[tokio::test]
async fn recording_the_contacts_level_alone_costs_an_update_of_one_unit() {
    let counted = Counted::with(json!({ "subscriptions": [{
        "audience": "newsletter", "client": "website", "status": "subscribed", "verifiedAt": EARLIER,
    }] }))
    .await;
    assert_outcome(&counted.verify().await, "recorded");
    let calls = counted.assert_calls(&["TransactGetItems", "UpdateItem"]);
    assert_capacity(&calls[1..], &[1.0]);
}

#[tokio::test]
async fn clearing_a_contact_costs_a_read_and_a_transaction_of_four_units() {
    let counted = Counted::start().await;
    counted.verify().await;
    counted.calls();
    let answer = counted.contact(&counted.id, "newsletter", None).await;
    assert_outcome(&answer, "cleared");
    assert_read_then_transaction(&counted);
}

#[tokio::test]
async fn keeping_a_contacts_verification_costs_a_read_and_no_write() {
    let counted = Counted::start().await;
    counted.verify().await;
    counted.calls();
    assert_outcome(&counted.verify().await, "kept");
    assert_read_alone(&counted);
}

#[tokio::test]
async fn a_clear_of_a_contact_that_finds_nothing_costs_a_read_and_no_write() {
    let counted = Counted::start().await;
    let answer = counted.contact(&counted.id, "newsletter", None).await;
    assert_outcome(&answer, "unchanged");
    assert_read_alone(&counted);
}

#[tokio::test]
async fn a_contact_without_a_subscription_at_audience_level_costs_no_more() {
    let counted = Counted::with(json!({ "subscriptions": [
        { "audience": "newsletter", "client": "website", "status": "subscribed" },
    ] }))
    .await;
    assert_outcome(&counted.verify().await, "recorded");
    assert_read_then_transaction(&counted);
}

#[tokio::test]
async fn a_verification_whose_precondition_fails_costs_a_read_and_no_write() {
    let counted = Counted::start().await;
    let answer = counted.contact_if_match("\"7\"").await;
    assert_eq!(answer.status, 412);
    assert_read_alone(&counted);
}

#[tokio::test]
async fn an_address_that_the_contact_does_not_have_costs_a_read_and_no_write() {
    let counted = Counted::start().await;
    let body = json!({
        "verified": true, "audience": "newsletter", "client": "website", "email": "nobody@example.com",
    });
    let request = counted.api.verify_contact(&counted.id, body);
    assert_eq!(counted.logged_as_made(request).await.status, 400);
    assert_read_alone(&counted);
}

#[tokio::test]
async fn a_missing_contact_costs_one_more_read() {
    let counted = Counted::start().await;
    for verified_at in [Some(VERIFIED_AT), None] {
        let answer = counted.contact("nobody", "newsletter", verified_at).await;
        assert_eq!(answer.status, 404);
        assert_read_then_audience(&counted);
    }
}

#[tokio::test]
async fn a_contact_that_the_client_has_not_onboarded_costs_one_more_read() {
    let counted = Counted::with(json!({})).await;
    assert_eq!(counted.verify().await.status, 404);
    assert_read_then_audience(&counted);
}

#[tokio::test]
async fn a_missing_audience_costs_one_more_read() {
    let counted = Counted::start().await;
    let answer = counted
        .contact(&counted.id, "nowhere", Some(VERIFIED_AT))
        .await;
    assert_eq!(answer.status, 400);
    assert_read_then_audience(&counted);
}

#[tokio::test]
async fn an_id_that_no_contact_can_have_costs_a_lookup_of_the_audience() {
    let counted = Counted::start().await;
    let answer = counted
        .contact("no.body", "newsletter", Some(VERIFIED_AT))
        .await;
    assert_eq!(answer.status, 404);
    counted.assert_calls(&["GetItem"]);
}

#[tokio::test]
async fn an_audience_that_cannot_exist_costs_nothing() {
    let counted = Counted::start().await;
    let answer = counted
        .contact(&counted.id, "No Where", Some(VERIFIED_AT))
        .await;
    assert_eq!(answer.status, 400);
    counted.assert_calls(&[]);
}

// Requests that are refused without a call of the database.

/// The paths of the three endpoints after the contact's id.
const ENDPOINTS: [&str; 3] = [
    "phone-number/verify",
    "verify-contact-methods",
    "verification",
];

#[tokio::test]
async fn a_request_without_a_token_costs_nothing() {
    let counted = Counted::start().await;
    for endpoint in ENDPOINTS {
        let path = format!("/api/contacts/{}/{endpoint}", counted.id);
        let request = counted.api.request(&path).json(&json!({}));
        assert_eq!(counted.api.send(request).await.status, 401, "{endpoint}");
    }
    counted.assert_calls(&[]);
}

#[tokio::test]
async fn a_bad_token_costs_nothing() {
    let counted = Counted::start().await;
    for endpoint in ENDPOINTS {
        let path = format!("/api/contacts/{}/{endpoint}", counted.id);
        let answer = counted.api.patch(&path, "x.y.z", json!({})).await;
        assert_eq!(answer.status, 401, "{endpoint}");
    }
    counted.assert_calls(&[]);
}

#[tokio::test]
async fn a_bad_body_costs_nothing() {
    let counted = Counted::start().await;
    for endpoint in ENDPOINTS {
        let path = format!("/api/contacts/{}/{endpoint}", counted.id);
        // This token may call all three endpoints.
        let token = counted.api.application_token("website");
        let answer = counted.api.patch(&path, &token, json!([])).await;
        assert_eq!(answer.status, 400, "{endpoint}");
    }
    counted.assert_calls(&[]);
}

#[tokio::test]
async fn a_super_administrators_bad_body_costs_no_query() {
    let counted = Counted::start().await;
    let answer = counted
        .email_as_super_admin(&counted.id, Some("yesterday"))
        .await;
    assert_eq!(answer.status, 400);
    counted.assert_calls(&[]);
}

#[tokio::test]
async fn a_body_that_is_too_large_costs_nothing() {
    let counted = Counted::start().await;
    for endpoint in ENDPOINTS {
        let path = format!("/api/contacts/{}/{endpoint}", counted.id);
        let token = counted.api.application_token("website");
        let body = json!({ "padding": "x".repeat(16 * 1024) });
        let answer = counted.api.patch(&path, &token, body).await;
        assert_eq!(answer.status, 413, "{endpoint}");
    }
    counted.assert_calls(&[]);
}

#[tokio::test]
async fn a_client_that_is_not_the_tokens_costs_nothing() {
    let counted = Counted::start().await;
    let body = json!({ "verified": true, "audience": "newsletter", "client": "app" });
    let answer = counted.api.verify_contact(&counted.id, body).await;
    assert_eq!(answer.status, 403);
    counted.assert_calls(&[]);
}

// Contacts with many subscriptions, and organizations with many contacts.

#[tokio::test]
async fn a_method_change_costs_no_more_where_the_contact_has_many_subscriptions() {
    let counted = Counted::with_many_subscriptions().await;
    let answer = counted.email("jane@example.com", Some(VERIFIED_AT)).await;
    assert_outcome(&answer, "recorded");
    assert_capacity(&counted.assert_calls(&["UpdateItem"]), &[1.0]);
}

#[tokio::test]
async fn a_super_administrators_change_costs_no_more_where_the_contact_has_many_subscriptions() {
    let counted = Counted::with_many_subscriptions().await;
    let answer = counted
        .email_as_super_admin(&counted.id, Some(VERIFIED_AT))
        .await;
    assert_outcome(&answer, "recorded");
    let calls = counted.assert_calls(&["Query", "UpdateItem"]);
    assert_capacity(&calls, &[0.5, 1.0]);
}

#[tokio::test]
async fn a_contact_change_costs_no_more_where_the_contact_has_many_subscriptions() {
    let counted = Counted::with_many_subscriptions().await;
    assert_outcome(&counted.verify().await, "recorded");
    assert_read_then_transaction(&counted);
}

#[tokio::test]
async fn a_contact_change_costs_no_more_where_the_organization_has_many_contacts() {
    let counted = Counted::start().await;
    let others: Vec<_> = (0..100)
        .map(|n| json!({ "id": format!("c_{n}"), "emails": [{ "value": "jane@example.com" }] }))
        .collect();
    counted.api.seed(json!(others)).await;
    assert_outcome(&counted.verify().await, "recorded");
    assert_read_then_transaction(&counted);
}
