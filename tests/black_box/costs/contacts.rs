//! The cost of the endpoints for contacts, contact methods, subscriptions, the history and erasure.
//!
//! For the creation of a contact, the tests assert only the calls: engines differ in how they count a transaction's writes to
//! the indexes.

use black_box_tests::Answer;
use black_box_tests::proxy::Call;
use serde_json::{Value, json};

use super::{Counted, assert_capacity, engine_charges_like_aws, super_admin_token};

impl Counted {
    async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.logged_as_made(self.api.post(path, token, body)).await
    }

    /// A request of the application `website` about the contact's address.
    async fn apply(&self, path: &str, members: Value) -> Answer {
        let mut body =
            json!({ "email": "jane@example.com", "audience": "newsletter", "client": "website" });
        let body_members = body.as_object_mut().unwrap();
        body_members.extend(members.as_object().unwrap().clone());
        self.post(path, &self.api.application_token("website"), body)
            .await
    }

    async fn upsert(&self, members: Value) -> Answer {
        self.apply("/api/contacts", members).await
    }

    /// A request of a person about a method of the contact.
    async fn method(&self, path: &str, kind: &str, value: &str) -> Answer {
        let path = format!("/api/contacts/{}/{path}", self.id);
        let body = json!({ "type": kind, "value": value });
        self.post(&path, &self.api.user_token(), body).await
    }

    async fn status(&self, address: &str) -> Answer {
        let path =
            format!("/api/contacts/status?email={address}&audience=newsletter&client=website");
        let token = self.api.application_token("website");
        self.logged_as_made(self.api.get(&path, &token)).await
    }
}

fn assert_answered(answer: &Answer, status: u16, outcome: &str) {
    assert_eq!(answer.status, status, "{:?}", answer.body);
    assert_eq!(answer.logged()["outcome"], outcome);
}

/// The reads: the address, then the contact with its two subscriptions.
const READS: [&str; 2] = ["GetItem", "TransactGetItems"];

/// Asserts the capacity of [`READS`] and of the writes after them.
fn assert_units(calls: &[Call], writes: &[f64]) {
    if engine_charges_like_aws() {
        assert_capacity(calls, &[&[1.0, 6.0], writes].concat());
    }
}

#[tokio::test]
async fn creating_a_contact_costs_two_reads_and_a_transaction() {
    let counted = Counted::start().await;
    for path in ["/api/contacts", "/api/subscriptions/subscribe"] {
        let new = json!({ "email": format!("{}@example.com", &path[5..8]) });
        let answer = counted.apply(path, new).await;
        assert_answered(&answer, 201, "created");
        // The reads are of the address that nobody owns, and of the audience.
        counted.assert_calls(&["GetItem", "GetItem", "TransactWriteItems"]);
    }
}

#[tokio::test]
async fn a_change_of_a_subscription_costs_two_reads_and_a_transaction_of_two_items() {
    for counted in [
        Counted::start().await,
        Counted::with_many_subscriptions().await,
    ] {
        for (path, members) in [
            ("/api/contacts", json!({ "verified": true })),
            (
                "/api/contacts",
                json!({ "status": "unsubscribed", "firstName": "Jane" }),
            ),
            ("/api/subscriptions/subscribe", json!({})),
            (
                "/api/subscriptions/unsubscribe",
                json!({ "scope": "client" }),
            ),
            (
                "/api/subscriptions/unsubscribe",
                json!({ "scope": "audience" }),
            ),
        ] {
            let answer = counted.apply(path, members.clone()).await;
            assert_eq!(answer.status, 200, "{members}: {:?}", answer.body);
            let calls = counted.assert_calls(&[&READS[..], &["TransactWriteItems"]].concat());
            assert_units(&calls, &[4.0]);
        }
    }
}

#[tokio::test]
async fn a_change_of_both_subscriptions_costs_two_units_more() {
    let counted = Counted::start().await;
    for scope in ["client", "audience"] {
        let unsubscribed = counted
            .apply("/api/subscriptions/unsubscribe", json!({ "scope": scope }))
            .await;
        assert_answered(&unsubscribed, 200, "updated");
    }
    counted.calls();
    let scope = json!({ "scope": "audience" });
    let answer = counted.apply("/api/subscriptions/subscribe", scope).await;
    assert_answered(&answer, 200, "updated");
    let calls = counted.assert_calls(&[&READS[..], &["TransactWriteItems"]].concat());
    assert_units(&calls, &[6.0]);
}

#[tokio::test]
async fn a_change_of_the_contact_alone_costs_two_reads_and_an_update_of_one_unit() {
    let counted = Counted::start().await;
    for (path, members) in [
        ("/api/contacts", json!({ "firstName": "Jane" })),
        (
            "/api/subscriptions/unsubscribe",
            json!({ "scope": "global" }),
        ),
    ] {
        let answer = counted.apply(path, members).await;
        assert_answered(&answer, 200, "updated");
        let calls = counted.assert_calls(&[&READS[..], &["UpdateItem"]].concat());
        assert_units(&calls, &[1.0]);
    }
}

#[tokio::test]
async fn an_upsert_or_a_subscribe_without_a_change_costs_two_reads() {
    let counted = Counted::start().await;
    let answer = counted
        .upsert(json!({ "phoneNumber": "+14165550100" }))
        .await;
    assert_answered(&answer, 200, "unchanged");
    assert_units(&counted.assert_calls(&READS), &[]);
    let answer = counted
        .apply("/api/subscriptions/subscribe", json!({}))
        .await;
    assert_answered(&answer, 200, "unchanged");
    assert_units(&counted.assert_calls(&READS), &[]);
}

#[tokio::test]
async fn an_unknown_audience_or_address_costs_one_more_read() {
    let counted = Counted::start().await;
    let answer = counted.upsert(json!({ "audience": "nobodys" })).await;
    assert_answered(&answer, 400, "audience_not_found");
    let calls = counted.assert_calls(&["GetItem", "TransactGetItems", "GetItem"]);
    assert_units(&calls[..2], &[]);

    let nobody = json!({ "scope": "client", "email": "nobody@example.com" });
    let answer = counted
        .apply("/api/subscriptions/unsubscribe", nobody)
        .await;
    assert_answered(&answer, 404, "contact_not_found");
    counted.assert_calls(&["GetItem", "GetItem"]);
}

#[tokio::test]
async fn a_precondition_that_fails_costs_the_reads() {
    let counted = Counted::start().await;
    let request = |path: &str, token: &str, body: Value| {
        let request = counted.api.request_by("POST", path).bearer_auth(token);
        let request = request.header("if-match", "\"99\"").json(&body);
        counted.logged_as_made(counted.api.send(request))
    };
    let body = json!({
        "email": "jane@example.com", "audience": "newsletter", "client": "website", "firstName": "Jane",
    });
    let application = counted.api.application_token("website");
    let answer = request("/api/contacts", &application, body).await;
    assert_answered(&answer, 412, "version_mismatch");
    assert_units(&counted.assert_calls(&READS), &[]);

    let path = format!("/api/contacts/{}/contact-methods", counted.id);
    let method = json!({ "type": "phone", "value": "+14165550101" });
    let answer = request(&path, &counted.api.user_token(), method).await;
    assert_answered(&answer, 412, "version_mismatch");
    assert_capacity(&counted.assert_calls(&["GetItem"]), &[1.0]);
}

#[tokio::test]
async fn reading_a_contact_costs_one_read_of_one_unit() {
    let counted = Counted::start().await;
    let path = format!("/api/contacts/{}", counted.id);
    let token = counted.api.user_token();
    let answer = counted.logged_as_made(counted.api.get(&path, &token)).await;
    assert_answered(&answer, 200, "read");
    assert_capacity(&counted.assert_calls(&["GetItem"]), &[1.0]);

    let request = counted.api.request_by("GET", &path).bearer_auth(&token);
    let request = request.header("if-none-match", answer.header("etag").unwrap());
    let answer = counted.logged_as_made(counted.api.send(request)).await;
    assert_answered(&answer, 304, "not_modified");
    assert_capacity(&counted.assert_calls(&["GetItem"]), &[1.0]);

    let nobody = counted.api.get("/api/contacts/c_nobody", &token);
    let answer = counted.logged_as_made(nobody).await;
    assert_answered(&answer, 404, "contact_not_found");
    counted.assert_calls(&["GetItem"]);
}

#[tokio::test]
async fn a_super_administrators_read_of_a_contact_costs_one_more_query() {
    let counted = Counted::start().await;
    let token = super_admin_token();
    let path = format!("/api/contacts/{}", counted.id);
    let answer = counted.logged_as_made(counted.api.get(&path, &token)).await;
    assert_answered(&answer, 200, "read");
    let calls = counted.assert_calls(&["Query", "GetItem"]);
    assert_capacity(&calls, &[0.5, 1.0]);
}

#[tokio::test]
async fn the_status_of_a_known_address_costs_seven_read_units() {
    for counted in [
        Counted::start().await,
        Counted::with_many_subscriptions().await,
    ] {
        let answer = counted.status("jane@example.com").await;
        assert_eq!(answer.body["exists"], true);
        assert_units(&counted.assert_calls(&READS), &[]);
        let answer = counted.status("nobody@example.com").await;
        assert_eq!(answer.body["exists"], false);
        counted.assert_calls(&["GetItem", "GetItem"]);
    }
}

#[tokio::test]
async fn adding_and_removing_a_number_costs_a_read_and_an_update_of_one_unit_each() {
    let counted = Counted::start().await;
    for path in ["contact-methods", "contact-methods/remove"] {
        let answer = counted.method(path, "phone", "+14165550101").await;
        assert_answered(&answer, 200, "updated");
        let calls = counted.assert_calls(&["GetItem", "UpdateItem"]);
        assert_capacity(&calls, &[1.0, 1.0]);
    }
}

#[tokio::test]
async fn adding_and_removing_an_address_costs_a_read_and_a_transaction_of_two_items() {
    let counted = Counted::start().await;
    // An address without an owner is in both indexes.
    for (path, written) in [
        ("contact-methods", 4.0),
        ("contact-methods/remove", 6.0),
        ("contact-methods", 6.0),
    ] {
        let answer = counted.method(path, "email", "second@example.com").await;
        assert_answered(&answer, 200, "updated");
        let calls = counted.assert_calls(&["TransactGetItems", "TransactWriteItems"]);
        assert_eq!(
            calls[1].request["TransactItems"].as_array().unwrap().len(),
            2
        );
        if engine_charges_like_aws() {
            assert_capacity(&calls, &[4.0, written]);
        }
    }
}

#[tokio::test]
async fn a_subscription_for_an_address_that_had_another_owner_costs_one_more_transaction() {
    let counted = Counted::start().await;
    let removed = counted.method("contact-methods/remove", "email", "jane@example.com");
    assert_answered(&removed.await, 200, "updated");
    counted.calls();
    let answer = counted.upsert(json!({})).await;
    assert_answered(&answer, 201, "created");
    let reads = ["GetItem", "GetItem", "TransactGetItems"];
    let calls = counted.assert_calls(&[&reads[..], &["TransactWriteItems"]].concat());
    let written = calls[3].request["TransactItems"].as_array().unwrap();
    assert_eq!(written.len(), 3);
    if engine_charges_like_aws() {
        // The transaction reads the address and two subscriptions.
        assert_capacity(&calls[..3], &[1.0, 1.0, 6.0]);
    }
}

#[tokio::test]
async fn an_addition_of_a_known_method_or_a_removal_of_a_missing_one_costs_a_read() {
    let counted = Counted::start().await;
    for (path, kind, value, status) in [
        ("contact-methods", "phone", "+14165550100", 200),
        ("contact-methods/remove", "phone", "+14165550199", 404),
    ] {
        assert_eq!(counted.method(path, kind, value).await.status, status);
        assert_capacity(&counted.assert_calls(&["GetItem"]), &[1.0]);
    }
    for (path, value, status) in [
        ("contact-methods", "jane@example.com", 200),
        ("contact-methods/remove", "nobody@example.com", 404),
    ] {
        assert_eq!(counted.method(path, "email", value).await.status, status);
        counted.assert_calls(&["TransactGetItems"]);
    }
}

#[tokio::test]
async fn an_invalid_request_costs_nothing() {
    let counted = Counted::start().await;
    let answer = counted.upsert(json!({ "email": "jane@" })).await;
    assert_eq!(answer.status, 400);
    let answer = counted.status("jane@").await;
    assert_eq!(answer.status, 400);
    let answer = counted.method("contact-methods", "fax", "1").await;
    assert_eq!(answer.status, 400);
    counted.assert_calls(&[]);
}

#[tokio::test]
async fn a_page_of_the_history_costs_a_read_and_one_query() {
    let counted = Counted::start().await;
    let path = format!("/api/contacts/{}/verification-history", counted.id);
    let token = counted.api.user_token();
    for query in ["", "?limit=1", "?type=phone&value=%2B14165550100"] {
        let path = format!("{path}{query}");
        let answer = counted.logged_as_made(counted.api.get(&path, &token)).await;
        assert_answered(&answer, 200, "read");
        counted.assert_calls(&["GetItem", "Query"]);
    }
    let nobody = "/api/contacts/c_nobody/verification-history";
    let answer = counted
        .logged_as_made(counted.api.get(nobody, &token))
        .await;
    assert_answered(&answer, 404, "contact_not_found");
    counted.assert_calls(&["GetItem"]);
}

#[tokio::test]
async fn an_erasure_costs_the_calls_of_its_steps() {
    let counted = Counted::start().await;
    let path = format!("/api/contacts/{}", counted.id);
    let send = |role: Option<&str>| {
        let token = black_box_tests::token(&contacts::development::Identity {
            role: role.map(str::to_owned),
            ..counted.api.identity()
        });
        let request = counted.api.request_by("DELETE", &path);
        counted.api.send(request.bearer_auth(token))
    };
    let answer = counted.logged_as_made(send(None)).await;
    assert_answered(&answer, 403, "forbidden");
    counted.assert_calls(&[]);
    let answer = counted.logged_as_made(send(Some("ADMIN"))).await;
    assert_answered(&answer, 200, "erased");
    let calls = counted.assert_calls(&[
        "GetItem",
        "Query",
        "TransactGetItems",
        "TransactWriteItems",
        "TransactGetItems",
        "Query",
        "BatchWriteItem",
        "Query",
        "UpdateItem",
    ]);
    if engine_charges_like_aws() {
        // The transactions are of one address. The engine reports nothing for the batch, which deletes two subscriptions.
        assert_capacity(&calls[..6], &[1.0, 1.0, 2.0, 4.0, 2.0, 1.0]);
        // The update takes the contact out of both indexes.
        assert_capacity(&calls[7..], &[1.0, 3.0]);
    }
    let answer = counted.logged_as_made(send(Some("ADMIN"))).await;
    assert_answered(&answer, 404, "contact_not_found");
    counted.assert_calls(&["GetItem"]);
}
