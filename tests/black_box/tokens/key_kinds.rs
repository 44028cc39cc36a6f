//! Every kind of key verifies its own tokens and rejects those of others.

use black_box_tests::keys::{SigningKey, unsigned};
use serde_json::json;

use super::{Guarded, SIGNATURE};

/// Defines the tests of each algorithm.
macro_rules! kinds {
    ($($name:ident: $algorithm:literal,)*) => { $(
        mod $name {
            #[tokio::test]
            async fn a_token_is_accepted() {
                super::token_is_accepted($algorithm).await;
            }

            #[tokio::test]
            async fn a_token_of_another_key_is_refused() {
                super::token_of_another_key_is_refused($algorithm).await;
            }

            #[tokio::test]
            async fn claims_that_were_changed_are_refused() {
                super::changed_claims_are_refused($algorithm).await;
            }
        }
    )* };
}

kinds! {
    hs256: "HS256",
    hs384: "HS384",
    hs512: "HS512",
    rs256: "RS256",
    rs384: "RS384",
    rs512: "RS512",
    ps256: "PS256",
    ps384: "PS384",
    ps512: "PS512",
    es256: "ES256",
    es384: "ES384",
    eddsa: "EdDSA",
}

async fn token_is_accepted(algorithm: &'static str) {
    let key = SigningKey::generate(algorithm, "key_1");
    let api = Guarded::by(&[&key]).await;
    api.accepts(&key.token(&api.claims())).await;
}

async fn token_of_another_key_is_refused(algorithm: &'static str) {
    let key = SigningKey::generate(algorithm, "key_1");
    let api = Guarded::by(&[&key]).await;
    api.refuses(&key.impostor().token(&api.claims()), SIGNATURE)
        .await;
}

async fn changed_claims_are_refused(algorithm: &'static str) {
    let key = SigningKey::generate(algorithm, "key_1");
    let api = Guarded::by(&[&key]).await;
    let token = key.token(&api.claims());
    let (_, signature) = token.rsplit_once('.').unwrap();
    let mut claims = api.claims();
    claims["role"] = json!("SUPERADMIN");
    let changed = format!("{}.{signature}", unsigned(&key.header(), &claims));
    api.refuses(&changed, SIGNATURE).await;
}
