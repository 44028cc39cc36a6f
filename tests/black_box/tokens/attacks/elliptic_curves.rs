//! Attacks on ECDSA and `EdDSA` signatures.

use black_box_tests::keys::{SigningKey, base64url, unsigned};
use serde_json::json;

use super::super::Guarded;
use super::{ALGORITHM, SIGNATURE, guarded, refuses_signatures, token_of};

/// The order of P-256 (FIPS 186-4 appendix D.1.2.3), big-endian.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The order of Ed25519's base point (RFC 8032 section 5.1), little-endian.
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// RFC 8725 section 3.4; CVE-2022-21449 ("psychic signatures").
#[tokio::test]
async fn a_signature_of_zeros_is_refused() {
    refuses_signatures("ES256", |_| vec![vec![0; 64]]).await;
    refuses_signatures("ES384", |_| vec![vec![0; 96]]).await;
    refuses_signatures("EdDSA", |_| vec![vec![0; 64]]).await;
}

/// FIPS 186-4 section 6.4: r and s are from 1 to n - 1. CVE-2022-21449 is about zero alone.
#[tokio::test]
async fn a_half_of_a_signature_out_of_its_range_is_refused() {
    refuses_signatures("ES256", |right| {
        let (r, s) = right.split_at(32);
        let mut one = [0; 32];
        one[31] = 1;
        let values: [&[u8]; 4] = [&[0; 32], &P256_ORDER, &[0xff; 32], &one];
        let forged = values.into_iter().flat_map(|value| {
            [
                [r, value].concat(),
                [value, s].concat(),
                [value, value].concat(),
            ]
        });
        forged.collect()
    })
    .await;
}

/// If (r, s) is an ECDSA signature, (r, n - s) is one too, and everybody can make it. Here it is harmless: it signs the same
/// message, and nothing identifies a token by its signature (unlike in CVE-2020-13822).
#[tokio::test]
async fn the_other_signature_of_the_same_message_is_accepted() {
    let (key, api) = guarded("ES256").await;
    let message = unsigned(&key.header(), &api.claims());
    let mut signature = key.sign(message.as_bytes());
    let mut borrow = 0;
    for (byte, order) in signature[32..].iter_mut().zip(P256_ORDER).rev() {
        let difference = i16::from(order) - i16::from(*byte) - borrow;
        borrow = i16::from(difference < 0);
        *byte = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    api.accepts(&token_of(&message, &signature)).await;
}

/// RFC 8032 section 5.1.7: s is smaller than the order, so an Ed25519 signature has no second form.
#[tokio::test]
async fn the_other_form_of_an_ed25519_signature_is_refused() {
    refuses_signatures("EdDSA", |right| {
        let mut forged = right.to_vec();
        let mut carry = 0;
        for (byte, order) in forged[32..].iter_mut().zip(ED25519_ORDER) {
            let sum = u16::from(order) + u16::from(*byte) + carry;
            carry = sum >> 8;
            *byte = u8::try_from(sum & 0xff).unwrap();
        }
        vec![forged]
    })
    .await;
}

/// RFC 7518 section 3.4: a signature is r and then s, each in full length. No other encoding of these numbers is valid.
#[tokio::test]
async fn a_signature_in_der_is_refused() {
    refuses_signatures("ES256", |right| {
        let integer = |half: &[u8]| {
            // The first bit is the sign.
            let sign: &[u8] = if half[0] < 0x80 { &[] } else { &[0] };
            let length = u8::try_from(half.len() + sign.len()).unwrap();
            [&[2, length][..], sign, half].concat()
        };
        let (r, s) = right.split_at(32);
        let content = [integer(r), integer(s)].concat();
        let length = u8::try_from(content.len()).unwrap();
        vec![[&[0x30, length][..], &content].concat()]
    })
    .await;
}

/// CVE-2020-13822: zeros before r and s, or missing zeros.
#[tokio::test]
async fn a_signature_whose_halves_have_another_length_is_refused() {
    refuses_signatures("ES256", |right| {
        let (r, s) = right.split_at(32);
        let (zero, zeros): (&[u8], &[u8]) = (&[0], &[0; 16]);
        vec![
            [zero, r, zero, s].concat(),
            [r, zero, s].concat(),
            [r, zeros, s, zeros].concat(),
            [&r[1..], &s[1..]].concat(),
            s.to_vec(),
            [s, r].concat(),
        ]
    })
    .await;
}

/// RFC 7518 section 3.4: each algorithm has its curve.
#[tokio::test]
async fn a_signature_on_another_curve_is_refused() {
    let (key, api) = guarded("ES256").await;
    let other = SigningKey::generate("ES384", "key_1");
    api.refuses(&other.token(&api.claims()), ALGORITHM).await;
    let token = other.token_with_header(&key.header(), &api.claims());
    api.refuses(&token, SIGNATURE).await;
    let of_ed25519 = SigningKey::generate("EdDSA", "key_1");
    let token = of_ed25519.token_with_header(&key.header(), &api.claims());
    api.refuses(&token, SIGNATURE).await;
}

/// RFC 8725 section 3.4: the point of a key is checked. A point that is not on the curve verifies nothing.
#[tokio::test]
async fn a_key_off_its_curve_verifies_nothing() {
    let key = SigningKey::generate("ES256", "key_1");
    for (x, y) in [
        ([0; 32], [0; 32]),
        ([1; 32], [1; 32]),
        ([0xff; 32], [0xff; 32]),
    ] {
        let mut jwk = key.jwk();
        jwk["x"] = json!(base64url(&x));
        jwk["y"] = json!(base64url(&y));
        let api = Guarded::by_key_set(&json!({ "keys": [jwk] })).await;
        let message = unsigned(&key.header(), &api.claims());
        for signature in [key.sign(message.as_bytes()), vec![0; 64], vec![1; 64]] {
            api.refuses(&token_of(&message, &signature), SIGNATURE)
                .await;
        }
    }
}
