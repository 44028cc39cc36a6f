//! Endpoints 1 and 2 (contract sections 2 to 6, 8 and 9). The tests check every answer against the schemas that clients of
//! the CRM know.

mod actors;
mod contact_view;
mod if_match;
mod labels;
mod matching;
mod outcomes;
mod payloads;
mod precedence;
mod super_admins;
mod times;
mod unavailable;

use std::sync::LazyLock;

use black_box_tests::schema::Schema;
use black_box_tests::{Answer, Api, Database, service_at};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

/// The time of every request.
const NOW: &str = "2026-06-02T08:00:00.000Z";
/// The time at which contacts that are seeded without another time were created and last changed.
const BEFORE: &str = "2026-05-01T14:30:00.000Z";

const PHONE: &str = "+14165550100";
const EMAIL: &str = "alex@example.com";

static CHANGED: LazyLock<Schema> =
    LazyLock::new(|| Schema::of_crm("ContactWrappedMutationResponse"));
static REFUSED: LazyLock<Schema> = LazyLock::new(|| Schema::of_crm("LegacyErrorResponse"));

/// An API at [`NOW`].
struct Crm {
    api: Api,
}

impl Crm {
    async fn start() -> Self {
        let database = Database::start().await;
        let service = service_at(NOW, database.store().await);
        Self::over(Api::with_service(database, service).await)
    }

    fn over(api: Api) -> Self {
        Self { api }
    }

    /// An API with one contact, `c_1`, which has these members.
    async fn with_contact(members: Value) -> Self {
        let crm = Self::start().await;
        crm.seed("c_1", members).await;
        crm
    }

    /// An API with one contact, `c_1`, which has the phone number [`PHONE`] and the address [`EMAIL`].
    async fn with_plain_contact() -> Self {
        Self::with_contact(plain_contact()).await
    }

    /// An API with one contact, `c_1`, whose phone number [`PHONE`] has this verification.
    async fn with_verified_phone(verification: Value) -> Self {
        Self::with_contact(
            json!({ "phoneNumber": [with(&json!({ "value": PHONE }), &verification)] }),
        )
        .await
    }

    async fn seed(&self, id: &str, members: Value) {
        let contact = with(
            &json!({ "id": id, "createdAt": BEFORE, "updatedAt": BEFORE }),
            &members,
        );
        self.api.seed(json!([contact])).await;
    }

    /// Calls endpoint 1 for `c_1`.
    async fn verify_phone_number(&self, body: Value) -> Answer {
        self.send(self.phone_request().json(&body)).await
    }

    /// Calls endpoint 2 for `c_1`.
    async fn verify_contact_method(&self, body: Value) -> Answer {
        self.send(self.method_request().json(&body)).await
    }

    /// A request to endpoint 1 for `c_1` by a person of this test's organization, without a body.
    fn phone_request(&self) -> RequestBuilder {
        self.request("c_1", "phone-number/verify", &self.api.user_token())
    }

    /// A request to endpoint 2 for `c_1` by a person of this test's organization, without a body.
    fn method_request(&self) -> RequestBuilder {
        self.request("c_1", "verify-contact-methods", &self.api.user_token())
    }

    fn request(&self, id: &str, action: &str, token: &str) -> RequestBuilder {
        self.api
            .request(&format!("/api/contacts/{id}/{action}"))
            .bearer_auth(token)
    }

    /// Sends a request, and asserts the properties that all answers share.
    async fn send(&self, request: RequestBuilder) -> Answer {
        let answer = self.api.send(request).await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let request_id = answer.header("x-request-id").unwrap();
        assert!(!request_id.is_empty());
        let schema = if answer.status == 200 {
            &CHANGED
        } else {
            &REFUSED
        };
        assert_eq!(schema.faults(&answer.body), [""; 0], "{}", answer.body);
        if answer.status == 200 {
            assert!(answer.header("etag").is_some());
        } else {
            let text = answer.body["error"].as_str().unwrap();
            assert_eq!(
                answer.body,
                json!({ "error": text, "message": text, "requestId": request_id })
            );
        }
        answer
    }
}

fn plain_contact() -> Value {
    json!({ "phoneNumber": [{ "value": PHONE }], "emails": [{ "value": EMAIL }] })
}

/// A body that verifies [`PHONE`] on endpoint 2, with additional or changed members.
fn verify_phone(members: &Value) -> Value {
    let body = json!({ "type": "phone", "value": PHONE, "verifiedAt": "2026-05-20T15:04:01.135Z" });
    with(&body, members)
}

/// A body that verifies [`EMAIL`] on endpoint 2, with additional or changed members.
fn verify_email(members: &Value) -> Value {
    let body = json!({ "type": "email", "value": EMAIL, "verifiedAt": "2026-05-20T15:04:01.135Z" });
    with(&body, members)
}

/// The members of both objects. If both have a member, the value of the second object wins.
fn with(object: &Value, members: &Value) -> Value {
    let mut object = object.as_object().unwrap().clone();
    object.extend(members.as_object().unwrap().clone());
    Value::Object(object)
}

fn outcome(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["data"]["outcome"].as_str().unwrap()
}

/// The first phone number of the contact in an answer.
fn phone(answer: &Answer) -> &Value {
    &answer.body["data"]["contact"]["phoneNumber"][0]
}

/// The first e-mail address of the contact in an answer.
fn email(answer: &Answer) -> &Value {
    &answer.body["data"]["contact"]["emails"][0]
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, text: &str) {
    assert_eq!(
        (answer.status, answer.body["error"].as_str()),
        (status, Some(text))
    );
}

/// Asserts that a body is refused because of exactly these members.
#[track_caller]
fn assert_invalid(answer: &Answer, members: &[&str]) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    let text = answer.body["error"].as_str().unwrap();
    let faults = text.strip_prefix("Invalid payload: ").unwrap().split("; ");
    let found: Vec<_> = faults
        .map(|fault| fault.split_once(" must be ").unwrap().0)
        .collect();
    assert_eq!(found, members);
}
