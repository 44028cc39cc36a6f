//! Attacks on `alg`.

use black_box_tests::keys::unsigned;
use serde_json::{Value, json};

use super::{ALGORITHM, MALFORMED, guarded, header_with, refuses_headers};

/// Asserts that the API refuses the tokens of an attacker without a key, with an empty signature or without one.
async fn refuses_unsigned(algorithms: &[Value], description: &str) {
    for kind in ["HS256", "RS256", "ES256", "EdDSA"] {
        let (key, api) = guarded(kind).await;
        for algorithm in algorithms {
            let header = header_with(&key, "alg", algorithm.clone());
            let unsigned = unsigned(&header, &api.claims());
            api.refuses(&format!("{unsigned}."), description).await;
            api.refuses(&unsigned, description).await;
        }
    }
}

/// RFC 8725 sections 2.1 and 3.2, RFC 7518 section 3.6; CVE-2015-2964, CVE-2022-23540.
#[tokio::test]
async fn the_algorithm_none_is_refused() {
    refuses_unsigned(&[json!("none")], ALGORITHM).await;
}

/// RFC 8725 section 3.1: another spelling evades a list of forbidden algorithms. CVE-2020-15957 is about `none` itself.
#[tokio::test]
async fn the_algorithm_none_is_refused_in_every_spelling() {
    let (key, api) = guarded("RS256").await;
    for none in [
        "None",
        "NONE",
        "nOnE",
        "noNe",
        " none",
        "none ",
        "none\u{0}",
        "n\u{200b}one",
        "\u{ff4e}one",
        "",
        " ",
        "null",
        "undefined",
    ] {
        let unsigned = unsigned(&header_with(&key, "alg", none), &api.claims());
        api.refuses(&format!("{unsigned}."), ALGORITHM).await;
    }
}

/// RFC 7515 section 4.1.1: the parameter must be present. A library that takes a missing one for `none` admits everybody.
#[tokio::test]
async fn a_missing_algorithm_is_not_taken_for_none() {
    let (key, api) = guarded("HS256").await;
    let mut header = key.header();
    header.as_object_mut().unwrap().remove("alg");
    api.refuses(&format!("{}.", unsigned(&header, &api.claims())), MALFORMED)
        .await;
    api.refuses(&key.token_with_header(&header, &api.claims()), MALFORMED)
        .await;
}

/// RFC 7515 section 4.1.1: the parameter is a string. Comparisons in some languages take a list of one text for the text.
#[tokio::test]
async fn an_algorithm_of_another_type_is_refused() {
    let algorithms = [
        json!(["HS256"]),
        json!(256),
        json!(null),
        json!(true),
        json!(0),
        json!({ "HS256": 1 }),
    ];
    refuses_unsigned(&algorithms, MALFORMED).await;
    refuses_headers("alg", algorithms, MALFORMED).await;
}

/// RFC 7515 section 4.1.1: `alg` is case-sensitive.
#[tokio::test]
async fn an_algorithm_in_other_letters_is_refused() {
    let others = [
        "hs256",
        "Hs256",
        "HS256 ",
        "HS\u{ff12}56",
        "HS-256",
        "SHA256",
        "HMACSHA256",
    ];
    refuses_headers("alg", others, ALGORITHM).await;
}

/// RFC 8725 section 3.1: a key has one algorithm. Neither a weaker hash nor an encryption algorithm can replace it.
#[tokio::test]
async fn an_algorithm_that_the_key_is_not_for_is_refused() {
    let others = [
        "HS384",
        "HS1",
        "RS256",
        "ES256",
        "ES256K",
        "EdDSA",
        "Ed25519",
        "dir",
        "A256GCMKW",
        "PBES2-HS256+A128KW",
    ];
    refuses_headers("alg", others, ALGORITHM).await;
}
