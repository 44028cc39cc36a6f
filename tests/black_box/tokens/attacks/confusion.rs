//! Key confusion: a public key, which everybody knows, as the secret of an HMAC.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use black_box_tests::keys::{SigningKey, key_set};

use super::{ALGORITHM, SIGNATURE, guarded};

/// The public part of a key, in every form in which a library could hold it.
fn public_forms(key: &SigningKey) -> Vec<Vec<u8>> {
    let der = key.public_bytes();
    let info = subject_public_key_info(&der);
    let jwk = key.jwk();
    let mut forms = vec![
        pem("RSA PUBLIC KEY", &der),
        pem("PUBLIC KEY", &info),
        jwk.to_string().into_bytes(),
        key_set(&[key]).to_string().into_bytes(),
        der,
        info,
    ];
    // The forms without the last line break, and with the line breaks of another system.
    for pem in [forms[0].clone(), forms[1].clone()] {
        forms.push(pem.trim_ascii_end().to_vec());
        let text = String::from_utf8(pem).unwrap();
        forms.push(text.replace('\n', "\r\n").into_bytes());
    }
    for member in ["n", "x", "y", "kid"] {
        if let Some(text) = jwk[member].as_str() {
            forms.push(text.as_bytes().to_vec());
        }
    }
    forms
}

/// The `SubjectPublicKeyInfo` of an RSA key (RFC 5280 section 4.1.2.7).
fn subject_public_key_info(key: &[u8]) -> Vec<u8> {
    // rsaEncryption (1.2.840.113549.1.1.1) with a null.
    let algorithm = [
        0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0,
    ];
    let bits = der(3, &[&[0][..], key].concat());
    der(0x30, &[&algorithm[..], &bits].concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82, high, low][..], content].concat()
}

fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
    .into_bytes()
}

async fn refuses_confusion(algorithm: &'static str) {
    let (key, api) = guarded(algorithm).await;
    for secret in public_forms(&key) {
        let forger = SigningKey::hmac("HS256", "key_1", &secret);
        api.refuses(&forger.token(&api.claims()), ALGORITHM).await;
        // The other half of the attack: the header keeps the key's algorithm.
        let token = forger.token_with_header(&key.header(), &api.claims());
        api.refuses(&token, SIGNATURE).await;
    }
}

/// RFC 8725 sections 2.1 and 3.1; CVE-2015-9235, CVE-2016-5431, CVE-2016-10555, CVE-2017-11424, CVE-2023-48223.
#[tokio::test]
async fn an_rsa_public_key_is_no_hmac_secret_in_any_form() {
    refuses_confusion("RS256").await;
}

/// RFC 8725 section 3.1; CVE-2024-33663 and CVE-2022-29217 for keys of other kinds than RSA.
#[tokio::test]
async fn a_public_point_is_no_hmac_secret() {
    refuses_confusion("ES256").await;
    refuses_confusion("EdDSA").await;
}

/// RFC 8725 section 3.5; CVE-2019-20933 for the empty secret.
#[tokio::test]
async fn a_well_known_secret_is_not_the_secret_of_the_key() {
    let (_, api) = guarded("HS256").await;
    for secret in [
        "",
        "secret",
        "your-256-bit-secret",
        "key_1",
        "changeme",
        "null",
        "undefined",
    ] {
        let forger = SigningKey::hmac("HS256", "key_1", secret.as_bytes());
        api.refuses(&forger.token(&api.claims()), SIGNATURE).await;
    }
    let zeros = SigningKey::hmac("HS256", "key_1", &[0; 64]);
    api.refuses(&zeros.token(&api.claims()), SIGNATURE).await;
}

/// Only `contacts serve` accepts the published secret of the development key (contract section 11).
#[tokio::test]
async fn the_published_development_secret_is_not_the_secret_of_the_key() {
    let (_, api) = guarded("HS256").await;
    for id in ["key_1", "development"] {
        let forger = SigningKey::hmac("HS256", id, shared::auth::DEVELOPMENT_SECRET);
        let description = if id == "key_1" {
            SIGNATURE
        } else {
            super::UNKNOWN_KEY
        };
        api.refuses(&forger.token(&api.claims()), description).await;
    }
}
