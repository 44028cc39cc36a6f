//! Other texts for the same bytes (RFC 7515 section 2: base64url without padding; RFC 4648 section 3.5: the same bytes have one
//! text).
//!
//! A changed header or signature is malformed. A payload that is changed on its way breaks the signature. The tests also try each
//! attack with a valid signature of the changed text, which only the key's holder could make.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE};
use black_box_tests::keys::{SigningKey, base64url};

use super::super::Guarded;
use super::{MALFORMED, SIGNATURE, guarded, sign_text};

/// The parts of a valid token.
fn parts(key: &SigningKey, api: &Guarded) -> [String; 3] {
    let token = key.token(&api.claims());
    let parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts.try_into().unwrap()
}

/// Asserts that the API refuses a token with one rewritten part, for each of its parts.
async fn refuses_rewritten(rewrite: impl Fn(&str) -> String) {
    let (key, api) = guarded("HS256").await;
    let [header, payload, signature] = parts(&key, &api);
    api.refuses(
        &format!("{}.{payload}.{signature}", rewrite(&header)),
        MALFORMED,
    )
    .await;
    api.refuses(
        &format!("{header}.{}.{signature}", rewrite(&payload)),
        SIGNATURE,
    )
    .await;
    api.refuses(
        &format!("{header}.{payload}.{}", rewrite(&signature)),
        MALFORMED,
    )
    .await;
    api.refuses(
        &sign_text(&key, &format!("{}.{payload}", rewrite(&header))),
        MALFORMED,
    )
    .await;
    api.refuses(
        &sign_text(&key, &format!("{header}.{}", rewrite(&payload))),
        MALFORMED,
    )
    .await;
}

#[tokio::test]
async fn padding_is_refused() {
    for padding in ["=", "==", "%3D"] {
        refuses_rewritten(|part| format!("{part}{padding}")).await;
    }
    let (key, api) = guarded("HS256").await;
    let claims = BASE64_URL_SAFE.encode(api.claims_with("pad", "a").to_string());
    let claims = if claims.ends_with('=') {
        claims
    } else {
        BASE64_URL_SAFE.encode(api.claims_with("pad", "ab").to_string())
    };
    assert!(claims.ends_with('='));
    let header = base64url(key.header().to_string().as_bytes());
    api.refuses(&sign_text(&key, &format!("{header}.{claims}")), MALFORMED)
        .await;
}

#[tokio::test]
async fn white_space_is_refused() {
    for space in [" ", "\t", "  "] {
        refuses_rewritten(|part| format!("{}{space}{}", &part[..8], &part[8..])).await;
    }
}

/// The alphabet of RFC 4648 section 4, whose `+` and `/` a lenient decoder accepts too.
#[tokio::test]
async fn the_other_alphabet_is_refused() {
    let (key, api) = guarded("HS256").await;
    let header = base64url(key.header().to_string().as_bytes());
    // The bits of these characters need the letters in which the alphabets differ.
    let claims = api
        .claims_with("sub", "\u{fb}\u{ff}\u{bf}???>>>~~~")
        .to_string();
    let other = BASE64_STANDARD_NO_PAD.encode(&claims);
    assert!(other.contains('/') || other.contains('+'));
    api.refuses(&sign_text(&key, &format!("{header}.{other}")), MALFORMED)
        .await;
    // The signature has such a letter in most tokens.
    let mut changed = (0..100).map(|number| {
        let token = key.token(&api.claims_with("jti", number));
        let (message, signature) = token.rsplit_once('.').unwrap();
        (
            message.to_owned(),
            signature.replace('-', "+").replace('_', "/"),
        )
    });
    let (message, signature) = changed
        .find(|(_, signature)| signature.contains(['+', '/']))
        .unwrap();
    api.refuses(&format!("{message}.{signature}"), MALFORMED)
        .await;
}

/// RFC 4648 section 3.5: the surplus bits of the last letter are zero.
#[tokio::test]
async fn bits_after_the_last_byte_are_refused() {
    let (key, api) = guarded("HS256").await;
    // The last letter of 32 bytes has two such bits.
    let [header, payload, signature] = parts(&key, &api);
    let with_next_letter = |part: &str| {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let (rest, last) = part.split_at(part.len() - 1);
        let position = alphabet.find(last).unwrap();
        format!("{rest}{}", &alphabet[position + 1..position + 2])
    };
    let changed = with_next_letter(&signature);
    api.refuses(&format!("{header}.{payload}.{changed}"), MALFORMED)
        .await;
    let claims = (0..3).map(|length| {
        base64url(
            api.claims_with("pad", "a".repeat(length))
                .to_string()
                .as_bytes(),
        )
    });
    for claims in claims.filter(|claims| claims.len() % 4 != 0) {
        let changed = with_next_letter(&claims);
        api.refuses(&sign_text(&key, &format!("{header}.{changed}")), MALFORMED)
            .await;
    }
}

#[tokio::test]
async fn letters_that_are_no_base64_are_refused() {
    for letter in ["!", "*", "~", "%00"] {
        refuses_rewritten(|part| format!("{}{letter}{}", &part[..4], &part[4..])).await;
    }
}
