//! Signatures that are removed, cut, lengthened or changed, with each kind of key.

use black_box_tests::keys::{base64url, unsigned};
use serde_json::json;

use super::{MALFORMED, guarded, refuses_signatures};

const ALGORITHMS: [&str; 7] = [
    "HS256", "HS512", "RS256", "PS256", "ES256", "ES384", "EdDSA",
];

/// Asserts that the API refuses a valid message with these changes of its valid signature, with each kind of key.
async fn refuses_changed(change: impl Fn(&[u8]) -> Vec<Vec<u8>>) {
    for algorithm in ALGORITHMS {
        refuses_signatures(algorithm, &change).await;
    }
}

/// RFC 8725 sections 2.1 and 3.3 (signature stripping).
#[tokio::test]
async fn an_empty_signature_is_refused() {
    refuses_changed(|_| vec![Vec::new()]).await;
}

/// RFC 8725 section 3.3: a text without the last dot is not a token.
#[tokio::test]
async fn a_token_without_its_third_part_is_malformed() {
    for algorithm in ALGORITHMS {
        let (key, api) = guarded(algorithm).await;
        let message = unsigned(&key.header(), &api.claims());
        api.refuses(&message, MALFORMED).await;
    }
}

/// RFC 2104 section 5 allows short codes; RFC 7518 section 3.2 does not.
#[tokio::test]
async fn a_truncated_signature_is_refused() {
    refuses_changed(|right| {
        let lengths = [1, 16, 31, right.len() - 1];
        Vec::from(lengths.map(|length| right[..length].to_vec()))
    })
    .await;
}

#[tokio::test]
async fn an_extended_signature_is_refused() {
    refuses_changed(|right| {
        let extras: [&[u8]; 3] = [&[0], &[0; 32], &[0xff]];
        let both_ends = extras
            .into_iter()
            .flat_map(|extra| [[right, extra].concat(), [extra, right].concat()]);
        both_ends.chain([right.repeat(2)]).collect()
    })
    .await;
}

/// The test changes one bit in every fifth byte, so the comparison must cover the whole signature.
#[tokio::test]
async fn a_signature_with_one_other_bit_is_refused() {
    for algorithm in ["HS256", "ES256", "EdDSA"] {
        refuses_signatures(algorithm, |right| {
            let positions = (0..right.len()).step_by(5);
            let changed = positions.map(|position| {
                let mut changed = right.to_vec();
                changed[position] ^= 1 << (position % 8);
                changed
            });
            changed.collect()
        })
        .await;
    }
}

/// A comparison with nothing, or with a text in another encoding, would accept these signatures.
#[tokio::test]
async fn a_signature_of_constant_bytes_is_refused() {
    refuses_changed(|right| {
        let constants = [0, 1, b'0', 0xff].map(|byte| vec![byte; right.len()]);
        let encoded = base64url(right).into_bytes();
        constants.into_iter().chain([encoded]).collect()
    })
    .await;
}

/// The signature of one token on another message.
#[tokio::test]
async fn the_signature_of_another_token_is_refused() {
    for algorithm in ALGORITHMS {
        let (key, api) = guarded(algorithm).await;
        let token = key.token(&api.claims());
        let (_, signature) = token.rsplit_once('.').unwrap();
        for name in ["sub", "organizationId", "role", "exp", "aud"] {
            let claims = api.claims_with(name, json!("another"));
            let message = unsigned(&key.header(), &claims);
            let changed = format!("{message}.{signature}");
            api.refuses(&changed, super::SIGNATURE).await;
        }
    }
}
