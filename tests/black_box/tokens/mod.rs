//! The tokens that the API accepts, and its answers to the others (contract section 3).

mod attacks;
mod audiences;
mod claim_names;
mod claim_shapes;
mod claims;
mod header;
mod key_kinds;
mod malformed;
mod provider_keys;
mod published_keys;
mod signatures;

use black_box_tests::identity_provider::IdentityProvider;
use black_box_tests::keys::{SigningKey, key_set, now_seconds};
use black_box_tests::{Answer, Api, Database};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use serde_json::{Value, json};
use shared::Service;
use shared::http::{Dialect, Route};
use shared::settings::Settings;
use uuid::Uuid;

/// A reason to refuse a token, like the two below.
const ALGORITHM: &str = "algorithm is not the one of the key";
const UNKNOWN_KEY: &str = "signature key unknown";
const SIGNATURE: &str = "signature is invalid";

const ISSUER: &str = "https://idp.example.com/";
const AUDIENCE: &str = "https://contacts.example.com";

/// The three endpoints. Each has its own function, and endpoint 3 its own dialect.
const ENDPOINTS: [Route; 3] = [
    Route::VerifyPhoneNumber,
    Route::VerifyContactMethod,
    Route::VerifyContact,
];

/// An API with one contact, which every endpoint finds.
struct Guarded {
    api: Api,
    contact: String,
}

impl Guarded {
    /// An API that accepts the tokens of these keys.
    async fn by(keys: &[&SigningKey]) -> Self {
        Self::by_key_set(&key_set(keys)).await
    }

    /// An API that accepts the tokens of the keys in this JWK Set.
    async fn by_key_set(keys: &Value) -> Self {
        Self::with_settings(&[("JWT_KEYS", &keys.to_string())]).await
    }

    /// An API that accepts the tokens of the keys that `provider` publishes.
    async fn by_provider(provider: &IdentityProvider) -> Self {
        Self::with_settings(&[("JWT_KEYS_URL", provider.url.as_str())]).await
    }

    /// An API with these settings, read as a function reads them.
    async fn with_settings(settings: &[(&'static str, &str)]) -> Self {
        let database = Database::start().await;
        let service = service(&database, settings).await;
        Self::with_service(database, service).await
    }

    async fn with_service(database: Database, service: Service) -> Self {
        let api = Api::with_service(database, service).await;
        // The id is unique, since a super administrator finds the contact by its id alone.
        let contact = format!("c_{}", Uuid::new_v4().simple());
        api.seed(json!([{
            "id": contact,
            "phoneNumber": [{ "value": "+14165550100", "isPrimary": true }],
            "emails": [{ "value": "jane@example.com" }],
            "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }],
        }]))
        .await;
        Self { api, contact }
    }

    /// The claims of a token that every endpoint accepts: an application's.
    fn claims(&self) -> Value {
        json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "subject_1",
            "exp": now_seconds() + 3600,
            "organizationId": self.api.organization,
            "client": "website",
        })
    }

    /// [`Self::claims`] with another value of one claim.
    fn claims_with(&self, name: &str, value: impl Into<Value>) -> Value {
        let mut claims = self.claims();
        claims[name] = value.into();
        claims
    }

    /// [`Self::claims`] without one of them.
    fn claims_without(&self, name: &str) -> Value {
        let mut claims = self.claims();
        claims.as_object_mut().unwrap().remove(name).unwrap();
        claims
    }

    /// A request that is valid except for its missing `Authorization`.
    fn request(&self, endpoint: Route) -> reqwest::RequestBuilder {
        self.request_to(endpoint, &self.contact)
            .json(&body(endpoint))
    }

    /// A request about `contact`, without a body.
    fn request_to(&self, endpoint: Route, contact: &str) -> reqwest::RequestBuilder {
        self.api.request(&endpoint.path_of(contact))
    }

    async fn send(&self, endpoint: Route, token: &str) -> Answer {
        self.api
            .send(self.request(endpoint).bearer_auth(token))
            .await
    }

    async fn send_authorization(&self, endpoint: Route, authorization: &[u8]) -> Answer {
        let authorization = HeaderValue::from_bytes(authorization).unwrap();
        let request = self.request(endpoint).header(AUTHORIZATION, authorization);
        self.api.send(request).await
    }

    /// Records a verification with this token and a body that names another actor. Returns the `verifiedBy` of the answer.
    async fn recorded_by(&self, token: &str) -> Value {
        let body = json!({
            "type": "phone", "value": "+14165550100", "verifiedAt": "2026-05-15T09:12:00Z",
            "verifiedBy": "somebody_else", "sub": "somebody_else",
        });
        let request = self
            .request_to(Route::VerifyContactMethod, &self.contact)
            .bearer_auth(token)
            .json(&body);
        let answer = self.api.send(request).await;
        assert_eq!(answer.body["data"]["outcome"], "recorded");
        answer.body["data"]["contact"]["phoneNumber"][0]["verifiedBy"].clone()
    }

    /// Asserts that every endpoint accepts this token.
    async fn accepts(&self, token: &str) {
        for endpoint in ENDPOINTS {
            let answer = self.send(endpoint, token).await;
            assert_eq!(answer.status, 200, "{endpoint:?}: {answer:?}");
        }
    }

    /// Asserts that every endpoint refuses this token with this description.
    async fn refuses(&self, token: &str, description: &str) {
        for endpoint in ENDPOINTS {
            let answer = self.send(endpoint, token).await;
            assert_invalid_token(endpoint, &answer, description);
            let whole_answer = format!("{answer:?}");
            // Any answer could contain parts of a few letters.
            for part in token.split('.').filter(|part| part.len() > 8) {
                assert!(!whole_answer.contains(part), "{whole_answer}");
            }
        }
    }

    /// Asserts that every endpoint answers 503, because it has no keys yet.
    async fn is_unavailable_to(&self, token: &str) {
        for endpoint in ENDPOINTS {
            assert_unavailable(endpoint, &self.send(endpoint, token).await);
        }
    }
}

/// A valid body that changes nothing: it clears a verification that does not exist.
fn body(endpoint: Route) -> Value {
    match endpoint.dialect() {
        Dialect::Crm => {
            json!({ "phoneNumber": "+14165550100", "type": "phone", "value": "+14165550100" })
        }
        Dialect::Mailer => {
            json!({ "verified": false, "audience": "newsletter", "client": "website" })
        }
    }
}

/// A service over `database` with these settings, and with test values for the other required ones.
async fn service(database: &Database, settings: &[(&'static str, &str)]) -> Service {
    let settings = Settings::read(|name| {
        let set = settings.iter().find(|(set, _)| *set == name);
        Ok(match (set, name) {
            (Some((_, value)), _) => Some((*value).to_owned()),
            (None, "TABLE_NAME") => Some(database.table.clone()),
            (None, "JWT_ISSUER") => Some(ISSUER.to_owned()),
            (None, "JWT_AUDIENCE") => Some(AUDIENCE.to_owned()),
            _ => None,
        })
    });
    Service::new(settings.unwrap(), database.store().await)
}

/// A key for tests in which the kind of the key does not matter.
fn any_key() -> SigningKey {
    SigningKey::generate("HS256", "key_1")
}

/// The header of a key's tokens with one changed or added parameter.
fn header_with(key: &SigningKey, name: &str, value: impl Into<Value>) -> Value {
    let mut header = key.header();
    header[name] = value.into();
    header
}

/// Asserts that the request was refused because its token is invalid.
fn assert_invalid_token(endpoint: Route, answer: &Answer, description: &str) {
    assert_refused(
        endpoint,
        answer,
        "invalid_token",
        description,
        &format!("Bearer error=\"invalid_token\", error_description=\"{description}\""),
    );
}

/// Asserts that the request was refused because it has no token.
fn assert_no_token(endpoint: Route, answer: &Answer, code: &str, text: &str) {
    assert_refused(endpoint, answer, code, text, "Bearer");
}

/// Asserts a 401 in the dialect of the endpoint. `code` belongs to the dialect of endpoint 3, and `text` to both dialects.
fn assert_refused(endpoint: Route, answer: &Answer, code: &str, text: &str, challenge: &str) {
    assert_eq!(answer.status, 401, "{endpoint:?}: {answer:?}");
    assert_eq!(answer.header("www-authenticate"), Some(challenge));
    assert_failure(
        endpoint,
        answer,
        code,
        text,
        &format!("Unauthorized: {text}"),
    );
}

/// Asserts a 503 in the dialect of the endpoint.
fn assert_unavailable(endpoint: Route, answer: &Answer) {
    assert_eq!(answer.status, 503, "{endpoint:?}: {answer:?}");
    let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(seconds > 0);
    let text = "Service temporarily unavailable";
    assert_failure(endpoint, answer, "unavailable", text, text);
}

fn assert_failure(endpoint: Route, answer: &Answer, code: &str, message: &str, text: &str) {
    let request_id = answer.header("x-request-id").unwrap();
    assert!(!request_id.is_empty());
    let expected = match endpoint.dialect() {
        Dialect::Crm => json!({ "error": text, "message": text, "requestId": request_id }),
        Dialect::Mailer => {
            json!({ "error": { "code": code, "message": message }, "requestId": request_id })
        }
    };
    assert_eq!(answer.body, expected);
}
