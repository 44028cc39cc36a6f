//! Several audiences, and tokens without `aud`.

use black_box_tests::keys::{SigningKey, key_set};
use serde_json::{Value, json};

use super::{AUDIENCE, Guarded, any_key};

const NOT_ACCEPTED: &str = "audience is not accepted";

async fn guarded(audiences: &str) -> (SigningKey, Guarded) {
    let key = any_key();
    let keys = key_set(&[&key]).to_string();
    let settings = [("JWT_KEYS", keys.as_str()), ("JWT_AUDIENCE", audiences)];
    (key, Guarded::with_settings(&settings).await)
}

/// Claims without `aud` and with this `client_id`.
fn of_client(api: &Guarded, client_id: impl Into<Value>) -> Value {
    let mut claims = api.claims_without("aud");
    claims["client_id"] = client_id.into();
    claims
}

#[tokio::test]
async fn a_token_for_any_of_several_audiences_is_accepted() {
    let (key, api) =
        guarded(" contacts ,1h57kf5cpq17m0eml12EXAMPLE,, https://crm.example.com").await;
    for audience in [
        json!("contacts"),
        json!("1h57kf5cpq17m0eml12EXAMPLE"),
        json!("https://crm.example.com"),
        json!(["other", "contacts"]),
        json!(["contacts", "https://crm.example.com"]),
    ] {
        api.accepts(&key.token(&api.claims_with("aud", audience)))
            .await;
    }
}

#[tokio::test]
async fn a_token_for_none_of_several_audiences_is_refused() {
    let (key, api) = guarded("contacts, mailer").await;
    for audience in [
        "",
        "contact",
        "contacts,mailer",
        "contacts, mailer",
        " mailer",
        "Contacts",
    ] {
        let token = key.token(&api.claims_with("aud", audience));
        api.refuses(&token, NOT_ACCEPTED).await;
    }
    let others = key.token(&api.claims_with("aud", json!(["a", "b"])));
    api.refuses(&others, NOT_ACCEPTED).await;
}

#[tokio::test]
async fn the_client_id_names_the_audience_if_there_is_no_aud() {
    let (key, api) = guarded("contacts,1h57kf5cpq17m0eml12example").await;
    api.accepts(&key.token(&of_client(&api, "1h57kf5cpq17m0eml12example")))
        .await;
    let mut null = of_client(&api, "contacts");
    null["aud"] = Value::Null;
    api.accepts(&key.token(&null)).await;
}

#[tokio::test]
async fn another_client_id_is_refused_without_an_audience() {
    let (key, api) = guarded("contacts,mailer").await;
    for client_id in ["", "website", "contacts,mailer", "contacts "] {
        api.refuses(&key.token(&of_client(&api, client_id)), NOT_ACCEPTED)
            .await;
    }
}

#[tokio::test]
async fn a_client_id_of_another_type_is_malformed_without_an_audience() {
    let (key, api) = guarded("contacts").await;
    for client_id in [
        json!(1),
        json!(["contacts"]),
        json!({ "contacts": 1 }),
        json!(true),
    ] {
        let token = key.token(&of_client(&api, client_id));
        api.refuses(&token, "claim malformed: client_id").await;
    }
}

#[tokio::test]
async fn a_client_id_that_is_null_counts_as_absent() {
    let (key, api) = guarded("contacts").await;
    let token = key.token(&of_client(&api, Value::Null));
    api.refuses(&token, "claim missing: aud").await;
}

#[tokio::test]
async fn a_client_id_does_not_stand_in_for_another_audience() {
    let (key, api) = guarded("contacts").await;
    for audience in [json!("other"), json!([]), json!(["other"])] {
        let mut claims = of_client(&api, "contacts");
        claims["aud"] = audience;
        api.refuses(&key.token(&claims), NOT_ACCEPTED).await;
    }
}

#[tokio::test]
async fn an_audience_of_another_type_is_malformed() {
    let (key, api) = guarded("contacts").await;
    for audience in [
        json!(1),
        json!(true),
        json!({ "contacts": 1 }),
        json!(["contacts", 1]),
        json!([null]),
    ] {
        let mut claims = of_client(&api, "contacts");
        claims["aud"] = audience;
        api.refuses(&key.token(&claims), "claim malformed: aud")
            .await;
    }
}

/// Two readers could understand such a token differently.
#[tokio::test]
async fn a_repeated_client_id_is_malformed() {
    let (key, api) = guarded(AUDIENCE).await;
    let claims = of_client(&api, AUDIENCE).to_string();
    let claims = claims.replacen('{', "{\"client_id\":\"other\",", 1);
    let token = key.token_of_text(&key.header().to_string(), &claims);
    api.refuses(&token, "malformed token").await;
}
