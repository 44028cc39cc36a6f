//! Attacks on `kid` (RFC 8725 section 3.10: it is a received claim like any other). The function compares it with the names in the
//! set. It reaches no file, no query and no shell.

use black_box_tests::keys::SigningKey;
use serde_json::{Value, json};

use super::{MALFORMED, UNKNOWN_KEY, accepts_header, guarded, header_with, refuses_headers};

/// Asserts that the API refuses each `kid`, with a valid signature, and with that of an attacker who knows the result of a path or
/// a query.
async fn refuses_ids(ids: &[&str]) {
    let (key, api) = guarded("HS256").await;
    let known = [&b""[..], b"0", b"key_1"].map(|secret| SigningKey::hmac("HS256", "key_1", secret));
    for id in ids {
        for signer in known.iter().chain([&key]) {
            let token = signer.token_with_header(&header_with(signer, "kid", *id), &api.claims());
            api.refuses(&token, UNKNOWN_KEY).await;
        }
    }
}

#[tokio::test]
async fn a_key_id_that_is_a_path_chooses_no_key() {
    refuses_ids(&[
        "../../../../dev/null",
        "/dev/null",
        "/proc/sys/kernel/randomize_va_space",
        "..\\..\\key_1",
        "file:///dev/null",
        "./key_1",
    ])
    .await;
}

#[tokio::test]
async fn a_key_id_that_is_a_query_chooses_no_key() {
    refuses_ids(&[
        "' UNION SELECT 'key' --",
        "key_1' OR '1'='1",
        "key_1\"; DROP TABLE keys; --",
        "*)(uid=*))(|(uid=*",
        "{\"$ne\": null}",
    ])
    .await;
}

#[tokio::test]
async fn a_key_id_that_is_a_command_chooses_no_key() {
    refuses_ids(&[
        "key_1|whoami",
        "$(id)",
        "`id`",
        "key_1; sleep 10",
        "${jndi:ldap://127.0.0.1/a}",
    ])
    .await;
}

/// In C, a text ends at the null byte.
#[tokio::test]
async fn a_key_id_with_a_null_byte_chooses_no_key() {
    refuses_ids(&["key_1\u{0}", "key_1\u{0}.pem", "\u{0}", "\u{0}key_1"]).await;
}

#[tokio::test]
async fn a_key_id_that_is_not_quite_the_keys_chooses_no_key() {
    refuses_ids(&[
        "",
        " ",
        "KEY_1",
        "key_1 ",
        " key_1",
        "key_1\n",
        "key_",
        "key_11",
        "key\u{ff3f}1",
        "key_1\u{200b}",
        "%6bey_1",
    ])
    .await;
}

#[tokio::test]
async fn a_very_long_key_id_chooses_no_key() {
    refuses_ids(&[&"key_1".repeat(1000)]).await;
}

#[tokio::test]
async fn a_key_id_of_another_type_is_refused() {
    let ids = [
        json!(1),
        json!(1.5),
        json!(["key_1"]),
        json!({ "key_1": 1 }),
        json!(true),
    ];
    refuses_headers("kid", ids, MALFORMED).await;
}

/// Harmless: null counts as absent, and a set of one key needs no `kid` (contract section 3).
#[tokio::test]
async fn a_key_id_that_is_null_counts_as_absent() {
    accepts_header("kid", Value::Null).await;
}
